/** RBAC over Polder's own kinds: roles for people, and for the programs that read and write these kinds. */
import type { JsonObject } from '../apiserver/api/json.ts';
import type { Kind } from '../apiserver/api/kind.ts';
import { STATE_KINDS } from '../webhooks/state.ts';

const READ = ['get', 'list', 'watch'];
const WRITE = ['create', 'update', 'patch', 'delete', 'deletecollection'];
/** Who may do what in a tenant: given to its administrators only. */
const POLICY_KINDS = ['AccessPolicy', 'DataPolicy'];
type Aggregate = 'view' | 'edit' | 'admin';

/** Roles of people. RBAC is only the outer gate: inside, the access policies of Polder decide object by object. */
export function userRoles(kinds: readonly Kind[]): readonly JsonObject[] {
  const stored = kinds.filter(({ storage }) => storage === 'stored');
  const inTenants = stored.filter(({ scope }) => scope === 'Namespaced');
  const platform = stored.filter(({ scope }) => scope === 'Cluster');
  const writable = inTenants.filter(({ readOnlyForUsers }) => !readOnlyForUsers);
  const isPolicy = ({ kind }: Kind): boolean => POLICY_KINDS.includes(kind);
  const reviews = kinds.filter(({ storage, scope }) => storage === 'virtual' && scope === 'Namespaced');
  const ordinary = writable.filter((kind) => !isPolicy(kind));
  return [
    clusterRole('polder-view', rules(inTenants, READ), 'view'),
    clusterRole(
      'polder-edit',
      [...rules(ordinary, WRITE), ...scale(ordinary), ...rules(reviews, ['create'])],
      'edit',
    ),
    clusterRole('polder-admin', rules(writable.filter(isPolicy), WRITE), 'admin'),
    clusterRole('polder-operator', [
      ...rules(platform, [...READ, ...WRITE]),
      ...rules(inTenants, READ),
      ...rules(
        kinds.filter(({ storage }) => storage === 'virtual'),
        ['create'],
      ),
    ]),
  ];
}

/** What everybody may try when RBAC leaves the decision to the policies of Polder. */
export function openRole(kinds: readonly Kind[]): JsonObject {
  const stored = kinds.filter(({ storage }) => storage === 'stored');
  const virtual = kinds.filter(({ storage }) => storage === 'virtual');
  return clusterRole('polder-user', [
    ...rules(stored, [...READ, ...WRITE]),
    ...scale(stored),
    ...rules(virtual, ['create']),
  ]);
}

/** Objects that reconcilers make, see `ensure` in controllers/reconcilers. */
const MADE = ['AccessPolicy', 'PlaneWork'];
/** Objects whose finalizers or annotations reconcilers set. */
const KEPT = ['DataCluster', 'DataPlane', 'Tenant'];

/** What the programs themselves need of our own kinds. */
export function programRoles(kinds: readonly Kind[]): readonly JsonObject[] {
  const stored = kinds.filter(({ storage }) => storage === 'stored');
  const withStatus = stored.filter(({ hasStatus }) => hasStatus);
  return [
    clusterRole('polder-controllers-kinds', [
      ...rules(stored, READ),
      ...rules(named(kinds, MADE), ['create']),
      ...rules(named(kinds, [...MADE, ...KEPT]), ['patch']),
      // A tenant that goes takes everything of its own along.
      ...rules(
        stored.filter(({ scope }) => scope === 'Namespaced'),
        ['delete'],
      ),
      // Both verbs are one right; an update is held against the version that was read (the hub and its planes).
      ...rules(withStatus, ['patch', 'update'], 'status'),
    ]),
    clusterRole(
      'polder-webhooks-kinds',
      rules(
        STATE_KINDS.filter(({ origin }) => origin === 'own'),
        READ,
      ),
    ),
  ];
}

const named = (kinds: readonly Kind[], names: readonly string[]): readonly Kind[] =>
  kinds.filter(({ kind }) => names.includes(kind));

function clusterRole(name: string, given: readonly JsonObject[], aggregate?: Aggregate): JsonObject {
  const labels: Record<string, string> = { 'app.kubernetes.io/part-of': 'polder' };
  if (aggregate !== undefined) labels[`rbac.authorization.k8s.io/aggregate-to-${aggregate}`] = 'true';
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name, labels },
    rules: [...given],
  };
}

/** One rule per group, naming every resource: a kind that is added later is not granted by accident. */
function rules(
  kinds: readonly Kind[],
  verbs: readonly string[],
  subresource?: string,
): readonly JsonObject[] {
  const groups = [...new Set(kinds.map(({ group }) => group))].sort();
  const suffix = subresource === undefined ? '' : `/${subresource}`;
  return groups.map((group) => ({
    apiGroups: [group],
    resources: kinds
      .filter((kind) => kind.group === group)
      .map(({ plural }) => `${plural}${suffix}`)
      .sort(),
    verbs: [...verbs],
  }));
}

const scale = (kinds: readonly Kind[]): readonly JsonObject[] =>
  rules(
    kinds.filter((kind) => kind.scale !== undefined),
    ['get', 'update', 'patch'],
    'scale',
  );
