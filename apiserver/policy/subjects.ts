/**
 * What a caller is, as the set of typed subjects that one enforcement looks at. Values after the first colon are
 * opaque: a user named like a role or a group stays a user.
 */
import { BREAK_GLASS_GROUP, SYSTEM_NAMESPACE, type UserInfo } from '../api/identity.ts';

export interface Caller {
  /** How denials name the caller. */
  readonly name: string;
  readonly subjects: ReadonlySet<string>;
  /** One of our own service accounts: tenants' policies neither grant to it nor bind it. */
  readonly component: boolean;
  /** Allowed everything outside tenants; inside only by break-glass. */
  readonly superuser: boolean;
  /** May act inside a tenant that carries a break-glass reason. */
  readonly breakGlass: boolean;
}

export const SUPERUSERS_GROUP = 'system:masters';
export const AUTHENTICATED_GROUP = 'system:authenticated';
export const UNAUTHENTICATED_GROUP = 'system:unauthenticated';
/** Derived from the name only; a certificate or token cannot claim it. */
export const AGENTS_GROUP = 'polder:agents';
/** Controllers of the host cluster that empty namespaces, collect garbage and count quotas in tenants too. */
export const HOST_CONTROLLERS_GROUP = 'polder:host-controllers';
/** No certificate, token or header can claim these. */
export const DERIVED_GROUPS: ReadonlySet<string> = new Set([AGENTS_GROUP, HOST_CONTROLLERS_GROUP]);
const ANONYMOUS_USER = 'system:anonymous';
const SERVICE_ACCOUNT = 'system:serviceaccount:';
const COMPONENT = `${SERVICE_ACCOUNT}${SYSTEM_NAMESPACE}:`;
const AGENT = `${COMPONENT}agent-`;

const HOST_CONTROLLERS: ReadonlySet<string> = new Set([
  // Without --use-service-account-credentials all controllers have this one name.
  'system:kube-controller-manager',
  ...['generic-garbage-collector', 'namespace-controller', 'resourcequota-controller'].map(
    (name) => `${SERVICE_ACCOUNT}kube-system:${name}`,
  ),
]);

/**
 * Polder's own components and the host's controllers are known by their names. Only whoever holds a namespace that
 * belongs to the system gives them out; no token file, no issuer outside and no impersonation does.
 */
export const isComponentName = (name: string): boolean =>
  name.startsWith(COMPONENT) || HOST_CONTROLLERS.has(name);

export const isComponent = ({ name }: UserInfo): boolean => isComponentName(name) && name !== COMPONENT;

/** Polder's own programs, without the host's. */
export const isOurs = ({ name }: UserInfo): boolean => name.startsWith(COMPONENT) && name !== COMPONENT;

export const isSuperuser = (user: UserInfo): boolean => user.groups.includes(SUPERUSERS_GROUP);

export const userSubject = (name: string): string => `user:${name}`;
export const groupSubject = (name: string): string => `group:${name}`;
export const serviceAccountSubject = (namespace: string, name: string): string => `sa:${namespace}/${name}`;
/** Another tenant as a whole, by UID: what a provider shares with it. */
export const tenantSubject = (uid: string): string => `tenant:${uid}`;

export function toCaller(user: UserInfo): Caller {
  const component = isComponent(user);
  const groups = component ? [] : user.groups.filter((group) => group !== '' && !DERIVED_GROUPS.has(group));
  const anonymous = user.name === ANONYMOUS_USER || user.groups.includes(UNAUTHENTICATED_GROUP);
  const subjects = new Set([userSubject(user.name), ...groups.map(groupSubject)]);
  if (!anonymous && !component) {
    subjects.add(groupSubject(AUTHENTICATED_GROUP));
    // What the wildcard subjects of a policy stand for.
    subjects.add(groupSubject('*'));
  }
  addServiceAccount(subjects, user.name);
  if (user.name.startsWith(AGENT)) subjects.add(groupSubject(AGENTS_GROUP));
  if (HOST_CONTROLLERS.has(user.name)) subjects.add(groupSubject(HOST_CONTROLLERS_GROUP));
  const superuser = !component && isSuperuser(user);
  return {
    name: user.name,
    subjects:
      anonymous || component || user.name.startsWith(SERVICE_ACCOUNT) ? subjects : subjects.add('user:*'),
    component,
    superuser,
    breakGlass: superuser || groups.includes(BREAK_GLASS_GROUP),
  };
}

function addServiceAccount(subjects: Set<string>, user: string): void {
  if (!user.startsWith(SERVICE_ACCOUNT)) return;
  const [namespace = '', name = '', ...rest] = user.slice(SERVICE_ACCOUNT.length).split(':');
  if (namespace === '' || name === '' || rest.length > 0) return;
  subjects.add(serviceAccountSubject(namespace, name));
  subjects.add(serviceAccountSubject(namespace, '*'));
}

/** Another tenant asking to use what is shared with it. */
export const tenantCaller = (name: string, uid: string): Caller => ({
  name,
  subjects: new Set([tenantSubject(uid)]),
  component: false,
  superuser: false,
  breakGlass: false,
});

/** Same caller, same key: lengths are part of the JSON text, so no two callers share one. */
export const callerKey = (user: UserInfo): string => JSON.stringify([user.name, ...[...user.groups].sort()]);
