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
/** Derived from the service-account name only; a certificate or token cannot claim it. */
export const AGENTS_GROUP = 'polder:agents';
const ANONYMOUS_USER = 'system:anonymous';
const SERVICE_ACCOUNT = 'system:serviceaccount:';
const COMPONENT = `${SERVICE_ACCOUNT}${SYSTEM_NAMESPACE}:`;
const AGENT = `${COMPONENT}agent-`;

/** Whether this is one of our own components, known by the name that only the API server gives out. */
export const isComponent = (user: UserInfo): boolean =>
  user.name.startsWith(COMPONENT) && user.name.length > COMPONENT.length;

export const isSuperuser = (user: UserInfo): boolean => user.groups.includes(SUPERUSERS_GROUP);

export const userSubject = (name: string): string => `user:${name}`;
export const groupSubject = (name: string): string => `group:${name}`;
export const serviceAccountSubject = (namespace: string, name: string): string => `sa:${namespace}/${name}`;
/** Another tenant as a whole, by UID: what a provider shares with it. */
export const tenantSubject = (uid: string): string => `tenant:${uid}`;

export function toCaller(user: UserInfo): Caller {
  const component = isComponent(user);
  const groups = component ? [] : user.groups.filter((group) => group !== AGENTS_GROUP && group !== '');
  const anonymous = user.name === ANONYMOUS_USER || user.groups.includes(UNAUTHENTICATED_GROUP);
  const subjects = new Set([userSubject(user.name), ...groups.map(groupSubject)]);
  if (!anonymous && !component) {
    subjects.add(groupSubject(AUTHENTICATED_GROUP));
    // What the wildcard subjects of a policy stand for.
    subjects.add(groupSubject('*'));
  }
  addServiceAccount(subjects, user.name);
  if (user.name.startsWith(AGENT)) subjects.add(groupSubject(AGENTS_GROUP));
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
