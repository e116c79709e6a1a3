/** Objects every installation starts with: the default namespaces, built-in roles and policies, the role of tenants. */
import { ApiError } from './api/errors.ts';
import { addMissing } from './built-in-additions.ts';
import { SYSTEM_NAMESPACE, type UserInfo } from './api/identity.ts';
import { at, type JsonObject } from './api/json.ts';
import type { Kind } from './api/kind.ts';
import { AccessRole } from './kinds/access-role.ts';
import { ClusterAccessPolicy } from './kinds/cluster-access-policy.ts';
import { ClusterRole } from './kinds/native/cluster-role.ts';
import { Namespace } from './kinds/native/namespace.ts';
import { BUILT_IN_POLICIES, BUILT_IN_ROLES } from './policy/built-in.ts';
import type { PolicyFeed } from './policy/policy.ts';
import type { Context, Registry } from './registry/registry.ts';
import type { Log } from './runtime/log.ts';
import { TENANT_EDITOR_ROLE } from './tenant-editor-role.ts';

/** The API server itself, where it acts on its own behalf. */
const SERVER_USER: UserInfo = {
  name: `system:serviceaccount:${SYSTEM_NAMESPACE}:controllers`,
  groups: ['system:serviceaccounts', `system:serviceaccounts:${SYSTEM_NAMESPACE}`, 'system:authenticated'],
  extra: {},
};
const NAMESPACES = ['default', 'kube-system', 'kube-public', SYSTEM_NAMESPACE];

export const serverContext = (signal: AbortSignal): Context => ({
  user: SERVER_USER,
  signal,
  warn: () => undefined,
  annotate: () => undefined,
});

/**
 * Creates what is missing, and adds what this version's built-in roles and policies have beside those of the version
 * that wrote them. On an empty store no policy allows anything yet, so the built-in ones are in force before they are
 * stored.
 */
export async function seedObjects(
  registry: Registry,
  feed: PolicyFeed,
  options: {
    readonly signal: AbortSignal;
    readonly log: Log;
    /** Namespaces and ClusterRoles too: nobody else provides them. */
    readonly natives: boolean;
  },
): Promise<void> {
  const { signal, natives, log } = options;
  for (const object of BUILT_IN_ROLES) anticipate(registry, feed, AccessRole, object);
  for (const object of BUILT_IN_POLICIES) anticipate(registry, feed, ClusterAccessPolicy, object);
  const namespaces = (natives ? NAMESPACES : []).map((name): JsonObject => ({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels: { 'kubernetes.io/metadata.name': name } },
  }));
  for (const object of namespaces) await ensure(registry, Namespace, object, signal);
  for (const object of BUILT_IN_ROLES) await ensure(registry, AccessRole, object, signal);
  for (const object of BUILT_IN_POLICIES) await ensure(registry, ClusterAccessPolicy, object, signal);
  const context = serverContext(signal);
  for (const object of BUILT_IN_ROLES) await addMissing({ registry, context, log }, AccessRole, object);
  for (const object of BUILT_IN_POLICIES)
    await addMissing({ registry, context, log }, ClusterAccessPolicy, object);
  if (natives) await ensure(registry, ClusterRole, TENANT_EDITOR_ROLE, signal);
}

function anticipate(registry: Registry, feed: PolicyFeed, kind: Kind, object: JsonObject): void {
  const name = at(object, 'metadata.name');
  if (typeof name === 'string' && registry.peek(kind, '', name) === undefined)
    feed.apply(kind, '', name, object);
}

async function ensure(
  registry: Registry,
  kind: Kind,
  object: JsonObject,
  signal: AbortSignal,
): Promise<void> {
  const name = at(object, 'metadata.name');
  if (typeof name !== 'string' || registry.peek(kind, '', name) !== undefined) return;
  const body = { value: object, duplicates: [], lossy: [] };
  const options = { dryRun: false, fieldManager: 'polder', fieldValidation: 'Strict' as const };
  try {
    await registry.create(serverContext(signal), { kind, namespace: '', name }, body, options);
  } catch (error) {
    if (!(error instanceof ApiError) || error.reason !== 'AlreadyExists') throw error;
  }
}
