/** Registry, access engine and admission together on a memory store, without transport: writes as any user. */
import type { UserInfo } from '../../apiserver/api/identity.ts';
import type { JsonObject } from '../../apiserver/api/json.ts';
import type { Kind } from '../../apiserver/api/kind.ts';
import { createAdmission } from '../../apiserver/admission/admission.ts';
import { createVirtualHandlers } from '../../apiserver/admission/virtual.ts';
import { KINDS } from '../../apiserver/kinds/index.ts';
import { NATIVE_KINDS } from '../../apiserver/kinds/native/index.ts';
import { Namespace } from '../../apiserver/kinds/native/namespace.ts';
import { DataPlane } from '../../apiserver/kinds/data-plane.ts';
import { AccessPolicy } from '../../apiserver/kinds/access-policy.ts';
import { Tenant } from '../../apiserver/kinds/tenant.ts';
import { apiVersionOf } from '../../apiserver/api/kind.ts';
import { createCasbinEngine, type Engine } from '../../apiserver/policy/engine.ts';
import type { Lookup } from '../../apiserver/policy/rules/rule.ts';
import { feedPolicies, policyKinds } from '../../apiserver/policy-feed.ts';
import { createRegistry } from '../../apiserver/registry/create-registry.ts';
import type { Context, Registry, StoredObject } from '../../apiserver/registry/registry.ts';
import { createFakeClock, type FakeClock } from '../../apiserver/runtime/clock.ts';
import { silentLog } from '../../apiserver/runtime/log.ts';
import { createMetrics } from '../../apiserver/runtime/metrics.ts';
import { seedObjects } from '../../apiserver/seed-objects.ts';
import { createMemoryStore } from '../../apiserver/store/memory/store.ts';
import { controllers, group, START_MS } from './policy.ts';
import { body, WRITE } from './registry.ts';

export interface Platform {
  readonly registry: Registry;
  readonly engine: Engine;
  readonly clock: FakeClock;
  readonly warnings: string[];
  readonly audit: Map<string, string>;
  readonly as: (user: UserInfo) => Context;
  readonly create: (
    user: UserInfo,
    kind: Kind,
    object: JsonObject,
    dryRun?: boolean,
  ) => Promise<StoredObject>;
  readonly update: (
    user: UserInfo,
    kind: Kind,
    object: JsonObject,
    subresource?: '' | 'status',
  ) => Promise<StoredObject>;
  /** Merge patch. */
  readonly patch: (
    user: UserInfo,
    kind: Kind,
    name: readonly [namespace: string, name: string],
    patch: JsonObject,
  ) => Promise<StoredObject>;
  readonly close: () => Promise<void>;
}

/** Started, with the built-in rules and tenants acme and globex as the tenant controller would leave them. */
export async function startPlatform(): Promise<Platform> {
  const clock = createFakeClock(START_MS);
  const store = createMemoryStore();
  const warnings: string[] = [];
  const audit = new Map<string, string>();
  await store.start();
  const kinds = [...KINDS, ...NATIVE_KINDS];
  const lookup: Lookup = {
    find: (kind, namespace, name) => registry.peek(kind, namespace, name)?.read(),
    findAll: (kind, namespace) => registry.peekAll(kind, namespace),
  };
  const engine = createCasbinEngine({
    kinds,
    now: () => clock.now(),
    after: (delayMs, task) => clock.after(delayMs, task),
    find: (kind, namespace, name) => lookup.find(kind, namespace, name),
    onError: (error) => {
      throw error;
    },
  });
  const admission = createAdmission({
    engine,
    lookup,
    now: () => clock.now(),
    fingerprintKey: new Uint8Array(32).fill(7),
  });
  const registry: Registry = createRegistry({
    store,
    kinds,
    admission,
    clock,
    log: silentLog,
    metrics: createMetrics(),
    virtual: createVirtualHandlers({
      engine,
      admission,
      now: () => clock.now(),
      writeRegistration: async (dataPlane, registration) => {
        await registry.patch(
          as(controllers),
          { kind: DataPlane, namespace: '', name: dataPlane, subresource: 'status' },
          { type: 'merge', body: body({ status: { registration } }) },
          WRITE,
        );
      },
    }),
  });
  const as = (user: UserInfo): Context => ({
    user,
    signal: new AbortController().signal,
    warn: (text) => void warnings.push(text),
    annotate: (key, value) => void audit.set(key, value),
  });
  await registry.start();
  const endFeed = feedPolicies(registry, engine, policyKinds(kinds));
  await seedObjects(registry, engine, {
    signal: new AbortController().signal,
    log: silentLog,
    natives: true,
  });

  const target = (kind: Kind, object: JsonObject): { kind: Kind; namespace: string; name: string } => {
    const { namespace = '', name } = object['metadata'] as { namespace?: string; name: string };
    return { kind, namespace, name };
  };
  const complete = (kind: Kind, object: JsonObject): JsonObject => ({
    apiVersion: apiVersionOf(kind),
    kind: kind.kind,
    ...object,
  });
  const platform: Platform = {
    registry,
    engine,
    clock,
    warnings,
    audit,
    as,
    create: async (user, kind, object, dryRun = false) =>
      (
        await registry.create(as(user), target(kind, object), body(complete(kind, object)), {
          ...WRITE,
          dryRun,
        })
      ).object,
    update: async (user, kind, object, subresource = '') => {
      const to = target(kind, object);
      const resourceVersion = String(registry.peek(kind, to.namespace, to.name)?.revision);
      const metadata = { ...(object['metadata'] as JsonObject), resourceVersion };
      const sent = body(complete(kind, { ...object, metadata }));
      return (await registry.update(as(user), { ...to, subresource }, sent, WRITE)).object;
    },
    patch: async (user, kind, [namespace, name], patch) =>
      (
        await registry.patch(
          as(user),
          { kind, namespace, name, subresource: '' },
          { type: 'merge', body: body(patch) },
          WRITE,
        )
      ).object,
    close: async () => {
      endFeed();
      engine.close();
      await registry.close();
      await store.close();
    },
  };
  for (const tenant of ['acme', 'globex']) await addTenant(platform, tenant);
  return platform;
}

async function addTenant(platform: Platform, name: string): Promise<void> {
  const tenant = await platform.create(controllers, Tenant, { metadata: { name }, spec: {} });
  const { uid } = tenant.read()['metadata'] as { uid: string };
  const labels = { 'polder.dev/tenant': name, 'polder.dev/tenant-uid': uid };
  await platform.create(controllers, Namespace, { metadata: { name: `tn-${name}`, labels } });
  const policy = (suffix: string, role: string): JsonObject => ({
    metadata: { namespace: `tn-${name}`, name: suffix },
    spec: { effect: 'Allow', subjects: [group(`${name}-${suffix}`)], roleRef: { name: role } },
  });
  await platform.create(controllers, AccessPolicy, policy('admins', 'tenant-admin'));
  await platform.create(controllers, AccessPolicy, policy('developers', 'data-developer'));
}
