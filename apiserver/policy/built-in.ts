/**
 * The roles and policies that every installation starts with, as the objects that are stored: visible, and for
 * operators to change. Nobody has rights that are not written down here or in a policy, except `system:masters`.
 */
import type { JsonObject } from '../api/json.ts';
import { apiVersionOf, resourceName, type Kind } from '../api/kind.ts';
import { BREAK_GLASS_GROUP, OPERATORS_GROUP, SYSTEM_NAMESPACE } from '../api/identity.ts';
import { AccessRole } from '../kinds/access-role.ts';
import { ClusterAccessPolicy } from '../kinds/cluster-access-policy.ts';
import { KINDS } from '../kinds/index.ts';
import { NATIVE_KINDS } from '../kinds/native/index.ts';
import { REVIEWS } from './actions.ts';
import {
  AGENTS_GROUP,
  AUTHENTICATED_GROUP,
  HOST_CONTROLLERS_GROUP,
  UNAUTHENTICATED_GROUP,
} from './subjects.ts';

/**
 * Annotation on everything made from this file, which nobody else may set. Its value is the generation of the object
 * that this program wrote last: another generation means that an operator changed it.
 */
export const BUILT_IN_ANNOTATION = 'polder.dev/built-in';

const READ = ['get', 'list', 'watch'];
const WRITE = ['create', 'update', 'patch', 'delete', 'deletecollection'];
const PATHS = ['health', 'version', 'discovery', 'metrics'].map((path) => `${path}:get`);

const on = (resources: readonly string[], verbs: readonly string[]): readonly string[] =>
  resources.flatMap((resource) => verbs.map((verb) => `${resource}:${verb}`));

/** Objects and all of their subresources. */
const whole = (kinds: readonly Kind[]): readonly string[] =>
  kinds.flatMap((kind) => [`${named(kind)}:*`, `${named(kind)}/*:*`]);

/** Natives carry their group, so that no later kind of the same plural is meant by accident. */
const named = (kind: Kind): string => {
  if (kind.origin === 'own') return kind.plural;
  return kind.group === '' ? `${kind.plural}.core` : resourceName(kind);
};

const isNamespace = (kind: Kind): boolean => kind.group === '' && kind.plural === 'namespaces';
/** A Secret on a plane holds what a Credential seals: nobody reads it through us. */
const isSecret = (kind: Kind): boolean => kind.group === '' && kind.plural === 'secrets';
const nativeRead = (kinds: readonly Kind[]): readonly string[] =>
  on(kinds.filter((kind) => kind.scope === 'Namespaced' && !isSecret(kind)).map(named), READ);

const reviews = (wanted: (plural: string) => boolean): readonly string[] =>
  Object.entries(REVIEWS).flatMap(([group, plurals]) =>
    plurals.filter(wanted).map((plural) => `${plural}.${group}:create`),
  );

const storedNatives = NATIVE_KINDS.filter((kind) => kind.storage === 'stored');
const dataKinds = KINDS.filter((kind) => kind.scope === 'Namespaced' && kind.storage === 'stored');
const platformKinds = KINDS.filter((kind) => kind.scope === 'Cluster');

/** What objects of tenants name on the platform; the targets' own allow-lists still apply. */
const platformUses = [
  ...new Set(
    KINDS.flatMap((kind) => (kind.scope === 'Namespaced' ? kind.references : [])).flatMap(({ to, verb }) =>
      platformKinds.filter((kind) => kind.kind === to).map((kind) => `${kind.plural}:${verb ?? 'use'}`),
    ),
  ),
];

const ROLES: Readonly<Record<string, { readonly description: string; readonly actions: readonly string[] }>> =
  {
    operator: {
      description:
        'Runs the platform: everything on platform kinds and outside tenants, nothing inside them.',
      actions: [
        ...platformKinds.map((kind) => `${kind.plural}:*`),
        ...whole(storedNatives.filter((kind) => !isNamespace(kind))),
        ...on(['namespaces.core'], [...READ, ...WRITE]),
        // Outside tenants there are none of these; `kubectl get all` there shall show that instead of refusals.
        ...on(
          dataKinds.map((kind) => kind.plural),
          READ,
        ),
        ...reviews(() => true),
        ...PATHS,
      ],
    },
    'tenant-admin': {
      description: 'Everything on the kinds of one tenant, and a look at what runs in its namespaces.',
      actions: ['*:*', ...on(['namespaces.core'], READ), ...nativeRead(storedNatives)],
    },
    'data-developer': {
      description: 'Builds and runs data products of one tenant.',
      actions: [
        ...on(
          ['depots', 'credentials', 'dataproducts', 'releases', 'dataproductruns'],
          [...READ, ...WRITE, 'use'],
        ),
        ...on(['credentials', 'depots'], ['rotate']),
        ...on(['dataproducts'], ['release', 'promote', 'run']),
        ...on(['dataproductruns'], ['abort']),
        ...on(['releasebindings', 'deploymentpipelines'], [...READ, 'create', 'update', 'patch', 'use']),
        ...on(['dataclusters', 'environments'], [...READ, 'create', 'update', 'patch', 'use']),
        ...on(['accesspolicies', 'datapolicies', 'planeworks'], READ),
        'accessreviews:create',
        ...on(['namespaces.core'], READ),
        ...nativeRead(storedNatives),
      ],
    },
    'data-consumer': {
      description: 'Finds and uses the data products and depots of one tenant.',
      actions: [
        ...on(['depots', 'dataproducts'], [...READ, 'use', 'data:read', 'data:query']),
        ...on(['dataclusters', 'environments', 'releases', 'releasebindings', 'dataproductruns'], READ),
        'accessreviews:create',
        ...on(['namespaces.core'], READ),
      ],
    },
    auditor: {
      description: 'Reads everything but secret values, changes nothing.',
      actions: [
        ...on(['*'], READ),
        'accessreviews:create',
        ...on(['namespaces.core'], READ),
        ...nativeRead(storedNatives),
        ...PATHS,
      ],
    },
    'polder-controllers': {
      description: 'The controllers and the hub of Polder.',
      actions: [...whole(KINDS), ...whole(storedNatives), ...reviews(() => true), ...PATHS],
    },
    'polder-webhooks': {
      description: 'The webhooks of Polder: what they decide from, see webhooks/state.ts.',
      actions: [
        ...on(['tenants', 'accessroles', 'clusteraccesspolicies', 'accesspolicies'], READ),
        ...on(['computes', 'credentials', 'depots'], READ),
        ...PATHS,
      ],
    },
    'polder-host-controllers': {
      description:
        'The controllers of the host cluster: namespace deletion, garbage collection, quota counting.',
      actions: [
        ...on(KINDS.filter((kind) => kind.storage === 'stored').map(named), [
          ...READ,
          'update',
          'patch',
          'delete',
          'deletecollection',
        ]),
        ...PATHS,
      ],
    },
    'polder-agents': {
      description: 'The agent of a data plane that is served by this API server.',
      actions: [...whole(storedNatives), ...reviews((plural) => plural.startsWith('self')), ...PATHS],
    },
    'polder-authenticated': {
      description: 'What everybody with an identity may ask and look up.',
      actions: [
        ...reviews((plural) => plural.startsWith('self')),
        ...PATHS.filter((path) => !path.startsWith('metrics')),
        ...on(['accessroles', 'stacks'], READ),
        ...platformUses,
      ],
    },
    'polder-public': {
      description: 'What anybody may ask without an identity.',
      actions: ['health:get', 'version:get', 'discovery:get'],
    },
  };

const SERVICE_ACCOUNTS = (name: string): JsonObject => ({
  kind: 'ServiceAccount',
  namespace: SYSTEM_NAMESPACE,
  name,
});
const GROUP = (name: string): JsonObject => ({ kind: 'Group', name });

/** Allow policies; the role of the same name unless another one is given. */
const POLICIES: Readonly<
  Record<string, { readonly role?: string; readonly subjects: readonly JsonObject[] }>
> = {
  'polder-operators': { role: 'operator', subjects: [GROUP(OPERATORS_GROUP), GROUP(BREAK_GLASS_GROUP)] },
  'polder-controllers': {
    subjects: [SERVICE_ACCOUNTS('controllers'), SERVICE_ACCOUNTS('polder-controllers')],
  },
  'polder-webhooks': { subjects: [SERVICE_ACCOUNTS('polder-webhooks')] },
  'polder-host-controllers': { subjects: [GROUP(HOST_CONTROLLERS_GROUP)] },
  'polder-agents': { subjects: [GROUP(AGENTS_GROUP)] },
  'polder-authenticated': { subjects: [GROUP(AUTHENTICATED_GROUP)] },
  'polder-public': { subjects: [GROUP(UNAUTHENTICATED_GROUP), GROUP(AUTHENTICATED_GROUP)] },
};

/** Roles of our own programs: an operator who changed one does not expect the next version to stop working. */
export const isOfComponents = (name: string): boolean => COMPONENT_ROLES.has(name);
const COMPONENT_ROLES: ReadonlySet<string> = new Set(
  Object.entries(POLICIES).flatMap(([name, { subjects, role = name }]) =>
    subjects.every(isComponentName) ? [role] : [],
  ),
);

function isComponentName({ kind, namespace, name }: JsonObject): boolean {
  if (kind === 'ServiceAccount') return namespace === SYSTEM_NAMESPACE;
  return name === AGENTS_GROUP;
}

const metadata = (name: string): JsonObject => ({ name, annotations: { [BUILT_IN_ANNOTATION]: '1' } });

/** AccessRoles to create when they are not there. */
export const BUILT_IN_ROLES: readonly JsonObject[] = Object.entries(ROLES).map(([name, role]) => ({
  apiVersion: apiVersionOf(AccessRole),
  kind: AccessRole.kind,
  metadata: metadata(name),
  spec: { description: role.description, actions: [...new Set(role.actions)] },
}));

/** ClusterAccessPolicies to create when they are not there. */
export const BUILT_IN_POLICIES: readonly JsonObject[] = Object.entries(POLICIES).map(([name, policy]) => ({
  apiVersion: apiVersionOf(ClusterAccessPolicy),
  kind: ClusterAccessPolicy.kind,
  metadata: metadata(name),
  spec: {
    effect: 'Allow',
    subjects: policy.subjects,
    roleRef: { name: policy.role ?? name },
  },
}));
