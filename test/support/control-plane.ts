/** An API server in this process with the real controllers on it, in memory, for tests of what controllers do. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SYSTEM_NAMESPACE } from '../../apiserver/api/identity.ts';
import { createClient, type Client } from '../../apiserver/client/client.ts';
import { createInformer } from '../../apiserver/client/informer.ts';
import type { ApiObject, ObjectRef, Resource } from '../../apiserver/client/resource.ts';
import { ensureIdentity } from '../../apiserver/embedded-identity.ts';
import { systemClock, type Clock } from '../../apiserver/runtime/clock.ts';
import { createComponentTokens } from '../../apiserver/runtime/component-tokens.ts';
import { createLog, silentLog } from '../../apiserver/runtime/log.ts';
import { createMetrics, type Metrics } from '../../apiserver/runtime/metrics.ts';
import { createApiServer } from '../../apiserver/server.ts';
import { createMemoryStore } from '../../apiserver/store/memory/store.ts';
import { createControllers } from '../../controllers/controllers.ts';
import type { ReconcilerFactory } from '../../controllers/reconcilers/core/reconciler.ts';

export interface ControlPlane {
  readonly url: string;
  readonly ca: string;
  /** With the rights of our controllers: a test sets up what it wants. */
  readonly admin: Client;
  readonly metrics: Metrics;
  /** Log lines of the controllers, parsed. */
  readonly lines: readonly Readonly<Record<string, unknown>>[];
  /** Resolves with the object as soon as it satisfies; rejects with its last state after 10 s. */
  until<T extends ApiObject>(
    resource: Resource<T>,
    ref: ObjectRef,
    wanted: (object: T) => boolean,
  ): Promise<T>;
  untilGone<T extends ApiObject>(resource: Resource<T>, ref: ObjectRef): Promise<void>;
  /** Stops and starts the controllers, as a restart of their process does. */
  restartControllers(): Promise<void>;
  close(): Promise<void>;
}

const PATIENCE_MS = 20_000;

interface Options {
  /** Of the controllers; default the system's. */
  readonly clock?: Clock;
  readonly reconcilers?: readonly ReconcilerFactory[];
}

export async function startControlPlane(options: Options = {}): Promise<ControlPlane> {
  const folder = mkdtempSync(join(tmpdir(), 'polder-control-plane-'));
  const identity = await ensureIdentity(folder, Date.now());
  const tokens = createComponentTokens();
  const lines: Readonly<Record<string, unknown>>[] = [];
  const log = createLog({
    write: (line) => void lines.push(JSON.parse(line) as Readonly<Record<string, unknown>>),
  });
  const api = createApiServer({
    store: createMemoryStore(),
    identity,
    componentKey: tokens.publicKey,
    tokens: [],
    clock: systemClock,
    log,
    metrics: createMetrics(),
    writeAudit: () => undefined,
    version: 'test',
    fingerprintKey: randomBytes(32),
  });
  const { port } = await api.start(0, '127.0.0.1');
  const url = `https://127.0.0.1:${port}`;
  const credentials = { token: () => tokens.mint(SYSTEM_NAMESPACE, 'controllers') };
  const admin = createClient({ server: url, ca: identity.ca, credentials, log });
  const apiClient = createClient({ server: url, ca: identity.ca, credentials, log });
  const start = (metrics: Metrics): ReturnType<typeof createControllers> => {
    const controllers = createControllers({ apiClient, log, metrics, ...options });
    controllers.start();
    return controllers;
  };
  const metrics = createMetrics();
  let controllers = start(metrics);
  return {
    url,
    ca: identity.ca,
    admin,
    metrics,
    lines,
    until: async (resource, ref, wanted) => {
      const object = await waitFor(admin, resource, ref, (each) => each !== undefined && wanted(each));
      if (object === undefined) throw new Error('unreachable: absence was not asked for');
      return object;
    },
    untilGone: async (resource, ref) =>
      void (await waitFor(admin, resource, ref, (each) => each === undefined)),
    restartControllers: async () => {
      await controllers.close();
      controllers = start(createMetrics());
    },
    close: async () => {
      await controllers.close();
      await apiClient.close();
      await admin.close();
      await api.close(0);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Follows one object until it is as wanted; undefined stands for its absence. Rejects after 10 s. */
export async function waitFor<T extends ApiObject>(
  client: Client,
  resource: Resource<T>,
  ref: ObjectRef,
  wanted: (object: T | undefined) => boolean,
): Promise<T | undefined> {
  const informer = createInformer(resource, {
    client,
    log: silentLog,
    namespace: ref.namespace ?? '',
    fieldSelector: `metadata.name=${ref.name}`,
  });
  const found = Promise.withResolvers<T | undefined>();
  const look = (object: T | undefined): void => {
    if (wanted(object)) found.resolve(object);
  };
  informer.start();
  const cancel = systemClock.after(PATIENCE_MS, () => {
    const state = JSON.stringify(informer.get(ref), null, 2);
    found.reject(new Error(`${resource.kind} ${ref.name} did not get there: ${state}`));
  });
  try {
    await informer.synced;
    look(informer.get(ref));
    informer.onChange((change) => look(change.type === 'deleted' ? undefined : change.object));
    return await found.promise;
  } finally {
    cancel();
    await informer.close();
  }
}
