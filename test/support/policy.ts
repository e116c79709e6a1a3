/** Builders for tests of access: an engine with the built-in rules and the tenants acme and globex. */
import type { Attributes, Decision, UserInfo } from '../../apiserver/api/identity.ts';
import { OPERATORS_GROUP, tenantNamespace } from '../../apiserver/api/identity.ts';
import type { JsonObject } from '../../apiserver/api/json.ts';
import type { Kind } from '../../apiserver/api/kind.ts';
import { AccessPolicy } from '../../apiserver/kinds/access-policy.ts';
import { AccessRole } from '../../apiserver/kinds/access-role.ts';
import { ClusterAccessPolicy } from '../../apiserver/kinds/cluster-access-policy.ts';
import { KINDS } from '../../apiserver/kinds/index.ts';
import { NATIVE_KINDS } from '../../apiserver/kinds/native/index.ts';
import { Namespace } from '../../apiserver/kinds/native/namespace.ts';
import { Tenant } from '../../apiserver/kinds/tenant.ts';
import { BUILT_IN_POLICIES, BUILT_IN_ROLES } from '../../apiserver/policy/built-in.ts';
import { createCasbinEngine, type Engine } from '../../apiserver/policy/engine.ts';
import { createFakeClock, timestamp, type FakeClock } from '../../apiserver/runtime/clock.ts';

export type ResourceAttributes = Attributes & { readonly is: 'resource' };

export const user = (name: string, ...groups: string[]): UserInfo => ({
  name,
  groups: [...groups, 'system:authenticated'],
  extra: {},
});
export const op = user('op', OPERATORS_GROUP);
export const ann = user('ann', 'acme-admins');
export const dev = user('dev', 'acme-developers');
export const gil = user('gil', 'globex-admins');
export const root = user('root', 'system:masters');
export const controllers = user('system:serviceaccount:polder-system:controllers', 'system:serviceaccounts');
export const agent = user('system:serviceaccount:polder-system:agent-eu1');

export const START_MS = Date.UTC(2026, 0, 7, 12, 0, 0);

export interface World {
  readonly engine: Engine;
  readonly clock: FakeClock;
  readonly stored: Map<string, JsonObject>;
  readonly errors: unknown[];
  /** Stores an object and tells the engine, as the composition root does. */
  readonly put: (kind: Kind, object: JsonObject) => void;
  readonly remove: (kind: Kind, namespace: string, name: string) => void;
  readonly can: (...question: Question) => boolean;
  readonly decide: (...question: Question) => Decision;
  /** Tenant with its namespace, and a policy that makes `<name>-admins` its administrators. */
  readonly addTenant: (name: string, uid?: string) => void;
  readonly addPolicy: (namespace: string, name: string, spec: JsonObject) => void;
  readonly addClusterPolicy: (name: string, spec: JsonObject) => void;
}
type Question = [who: UserInfo, verb: string, resource: string, namespace?: string, name?: string];

export const group = (name: string): JsonObject => ({ kind: 'Group', name });
export const person = (name: string): JsonObject => ({ kind: 'User', name });

const keyOf = (kind: Kind, namespace: string, name: string): string =>
  `${kind.group}/${kind.plural}/${namespace}/${name}`;

/** `depots`, `pods`, `pods/exec`, `deployments.apps`; unknown plurals are taken as core resources. */
export function attributesOf(verb: string, resource: string, namespace = '', name = ''): ResourceAttributes {
  const [qualified = '', subresource = ''] = resource.split('/');
  const [plural = '', ...rest] = qualified.split('.');
  const kind = [...KINDS, ...NATIVE_KINDS].find((known) => known.plural === plural);
  const group = rest.length > 0 ? rest.join('.') : (kind?.group ?? '');
  return { is: 'resource', verb, group, version: 'v1', resource: plural, subresource, namespace, name };
}

export function createWorld(): World {
  const clock = createFakeClock(START_MS);
  const stored = new Map<string, JsonObject>();
  const errors: unknown[] = [];
  const engine = createCasbinEngine({
    kinds: [...KINDS, ...NATIVE_KINDS],
    now: () => clock.now(),
    after: (delayMs, task) => clock.after(delayMs, task),
    find: (kind, namespace, name) => stored.get(keyOf(kind, namespace, name)),
    onError: (error) => errors.push(error),
  });
  const put = (kind: Kind, object: JsonObject): void => {
    const metadata = object['metadata'] as JsonObject & {
      readonly name: string;
      readonly namespace?: string;
    };
    const { namespace = '', name } = metadata;
    const complete = { ...object, metadata: { creationTimestamp: timestamp(clock.now()), ...metadata } };
    stored.set(keyOf(kind, namespace, name), complete);
    engine.apply(kind, namespace, name, complete);
  };
  const decide: World['decide'] = (who, ...question) => engine.authorize(who, attributesOf(...question));
  const world: World = {
    engine,
    clock,
    stored,
    errors,
    put,
    remove: (kind, namespace, name) => {
      stored.delete(keyOf(kind, namespace, name));
      engine.apply(kind, namespace, name, undefined);
    },
    decide,
    can: (...question) => decide(...question).allowed,
    addTenant: (name, uid = `uid-${name}`) => {
      put(Tenant, { metadata: { name, uid }, spec: {} });
      const labels = { 'polder.dev/tenant': name, 'polder.dev/tenant-uid': uid };
      put(Namespace, { metadata: { name: tenantNamespace(name), labels } });
      world.addPolicy(tenantNamespace(name), 'polder-tenant-admins', {
        effect: 'Allow',
        subjects: [group(`${name}-admins`)],
        roleRef: { name: 'tenant-admin' },
      });
    },
    addPolicy: (namespace, name, spec) => put(AccessPolicy, { metadata: { namespace, name }, spec }),
    addClusterPolicy: (name, spec) => put(ClusterAccessPolicy, { metadata: { name }, spec }),
  };
  for (const role of BUILT_IN_ROLES) put(AccessRole, role);
  for (const policy of BUILT_IN_POLICIES) put(ClusterAccessPolicy, policy);
  for (const tenant of ['acme', 'globex']) world.addTenant(tenant);
  world.addPolicy('tn-acme', 'developers', {
    effect: 'Allow',
    subjects: [group('acme-developers')],
    roleRef: { name: 'data-developer' },
  });
  return world;
}
