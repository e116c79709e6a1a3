/**
 * Puts the API server together: store, registry, access engine, admission, transport. Everything it needs comes
 * in as a dependency; what it starts it closes. Both modes are made of it: with a host cluster it serves our own
 * kinds only, without one it is a plane of its own and serves the native kinds too.
 */
import { createAdmission } from './admission/admission.ts';
import { createCaller } from './admission/webhooks/call.ts';
import { createWebhooks, type Webhooks, type WebhookSource } from './admission/webhooks/dispatch.ts';
import { createVirtualHandlers } from './admission/virtual.ts';
import type { JsonObject } from './api/json.ts';
import type { Kind } from './api/kind.ts';
import { createAudit } from './http/audit.ts';
import type { Authenticator } from './http/authentication/authenticator.ts';
import type { HealthCheck } from './http/health.ts';
import { createOpenApiDocuments } from './http/openapi/documents.ts';
import type { ExtraRoute, Limits, Tls } from './http/server-options.ts';
import { createHttpServer, type HttpServer } from './http/server.ts';
import { createReviews } from './http/virtual-reviews.ts';
import { DataPlane } from './kinds/data-plane.ts';
import { KINDS } from './kinds/index.ts';
import { NATIVE_KINDS } from './kinds/native/index.ts';
import type { AccessGate, PolicyFeed } from './policy/policy.ts';
import { createCasbinEngine, type Engine } from './policy/engine.ts';
import { feedPolicies, policyKinds } from './policy-feed.ts';
import { createRegistry, type LocalRegistry } from './registry/create-registry.ts';
import { createLocalPlane } from './registry/local-plane/local-plane.ts';
import type { Loop } from './registry/local-plane/namespace-emptying.ts';
import type { Namespaces } from './registry/namespace-lifecycle.ts';
import type { Quotas } from './registry/quota/ledger.ts';
import type { Registry } from './registry/registry.ts';
import type { Clock } from './runtime/clock.ts';
import type { Log } from './runtime/log.ts';
import type { Metrics } from './runtime/metrics.ts';
import { seedObjects, serverContext } from './seed-objects.ts';
import { createCompactor, type Compactor } from './store/compaction.ts';
import type { Store } from './store/store.ts';
import { createTenantGate, type TenantGate } from './tenant-gate.ts';
import { localWebhookSource, patchedByWebhook } from './webhook-sources.ts';

export interface CoreOptions {
  /** Not started; the server starts and closes it. */
  readonly store: Store;
  readonly tls: Tls;
  readonly authenticator: Authenticator;
  /** Set when we are part of a cluster; undefined: namespaces and all other native kinds are kept here. */
  readonly host?: HostCluster;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Takes whole lines of audit records. */
  readonly writeAudit: (lines: Buffer) => void;
  /** 32 secret bytes under which credentials are fingerprinted; the same over restarts. */
  readonly fingerprintKey: Uint8Array;
  readonly version: string;
  /** Changes that are kept to look back on; default: the compactor's. */
  readonly historyRevisions?: number;
  readonly limits?: Partial<Limits>;
  readonly extraRoutes?: readonly ExtraRoute[];
  readonly health?: readonly HealthCheck[];
}

export interface ApiServer {
  readonly registry: Registry;
  readonly http: HttpServer;
  /** Opens the store, loads the cache, then listens. `port` 0: any free one. */
  start(port: number, host: string): Promise<{ readonly port: number }>;
  /** Drains for at most `drainMs`, then closes everything, the store last. */
  close(drainMs: number, delayMs?: number): Promise<void>;
}

/** What the API server takes from the cluster it is part of. */
export interface HostCluster {
  /** Asked before our own access engine: both must allow. */
  readonly gate: AccessGate;
  /** Where the namespaces are that our objects live in. */
  readonly namespaces: Namespaces;
  /** What bounds them. */
  readonly quotas: Quotas;
  /** Other people's webhooks on our kinds. */
  readonly webhooks: WebhookSource;
  /** Tells the engine which namespace belongs to which tenant; the result ends it. */
  feed(feed: PolicyFeed): () => void;
}

export function createCoreServer(options: CoreOptions): ApiServer {
  return new CoreServer(options);
}

/** Known to the access engine everywhere: roles name native kinds too. */
const ALL_KINDS: readonly Kind[] = [...KINDS, ...NATIVE_KINDS];

class CoreServer implements ApiServer {
  readonly registry: LocalRegistry;
  readonly http: HttpServer;
  private readonly options: CoreOptions;
  private readonly served: readonly Kind[];
  private readonly engine: Engine;
  private readonly stopping = new AbortController();
  private readonly localPlane: Loop | undefined;
  private readonly compactor: Compactor;
  private readonly webhooks: Webhooks;
  private gate: TenantGate | undefined;
  private endFeed: () => void = () => undefined;
  private isLoaded = false;

  constructor(options: CoreOptions) {
    this.options = options;
    const { store, clock, log, metrics, host } = options;
    this.served = host === undefined ? ALL_KINDS : KINDS;
    this.engine = createCasbinEngine({
      kinds: ALL_KINDS,
      now: () => clock.now(),
      after: (delayMs, task) => clock.after(delayMs, task),
      find: (kind, namespace, name) => this.stored(kind, namespace, name),
      onError: (error) => log.error('access decision failed and was denied', { error }),
    });
    this.webhooks = createWebhooks({
      source: host?.webhooks ?? localWebhookSource(() => this.registry),
      caller: createCaller(),
      patched: patchedByWebhook,
      log,
      metrics,
    });
    const admission = createAdmission({
      webhooks: this.webhooks,
      engine: this.engine,
      lookup: {
        find: (kind, namespace, name) => this.stored(kind, namespace, name),
        findAll: (kind, namespace) => this.registry.peekAll(kind, namespace),
      },
      now: () => clock.now(),
      fingerprintKey: options.fingerprintKey,
    });
    this.registry = createRegistry({
      store,
      kinds: this.served,
      ...(host === undefined ? {} : { hostNamespaces: host.namespaces, hostQuotas: host.quotas }),
      admission,
      clock,
      log,
      metrics,
      virtual: {
        ...createReviews(this.engine),
        ...createVirtualHandlers({
          engine: this.engine,
          admission,
          now: () => clock.now(),
          writeRegistration: (plane, registration) => this.writeRegistration(plane, registration),
        }),
      },
      visibilityKinds: policyKinds(this.served),
    });
    this.localPlane =
      host === undefined
        ? createLocalPlane({ registry: this.registry, kinds: this.served, clock, log })
        : undefined;
    const { historyRevisions: keepRevisions } = options;
    this.compactor = createCompactor({
      store,
      clock,
      log,
      ...(keepRevisions === undefined ? {} : { keepRevisions }),
    });
    this.http = this.createHttp();
  }

  async start(port: number, host: string): Promise<{ readonly port: number }> {
    await this.options.store.start();
    await this.registry.start();
    const endOwn = feedPolicies(this.registry, this.engine, policyKinds(this.served));
    const endHost = this.options.host?.feed(this.engine);
    this.endFeed = () => {
      endOwn();
      endHost?.();
    };
    await seedObjects(this.registry, this.engine, {
      signal: this.stopping.signal,
      log: this.options.log,
      natives: this.options.host === undefined,
    });
    this.gate = createTenantGate(this.registry, this.options.clock);
    this.localPlane?.start();
    this.compactor.start();
    this.isLoaded = true;
    return this.http.start(port, host);
  }

  async close(drainMs: number, delayMs = 0): Promise<void> {
    await this.http.close(drainMs, delayMs);
    this.stopping.abort(new Error('server is stopping'));
    this.gate?.close();
    this.webhooks.close();
    await this.localPlane?.close();
    this.endFeed();
    this.engine.close();
    await this.registry.close();
    await this.compactor.close();
    await this.options.store.close();
  }

  /** Native kinds of a host cluster are not kept here. */
  private stored(kind: Kind, namespace: string, name: string): JsonObject | undefined {
    if (kind.origin === 'native' && this.options.host !== undefined) return undefined;
    return this.registry.peek(kind, namespace, name)?.read();
  }

  private createHttp(): HttpServer {
    const { authenticator, tls, host, clock, log, metrics, limits } = this.options;
    const health: readonly HealthCheck[] = [
      { name: 'cache', probes: ['ready'], check: () => (this.isLoaded ? undefined : 'the cache is loading') },
      ...storeChecks(this.options.store),
      ...(this.options.health ?? []),
    ];
    return createHttpServer({
      registry: this.registry,
      authorizer: this.engine,
      ...(host === undefined ? {} : { gate: host.gate }),
      authenticator,
      kinds: this.served,
      openApi: createOpenApiDocuments(this.served, { title: 'Polder', version: this.options.version }),
      log,
      metrics,
      audit: createAudit({ write: this.options.writeAudit, clock }),
      clock,
      ...(limits === undefined ? {} : { limits }),
      health,
      tls,
      version: versionBody(this.options.version),
      ready: (attributes, user) => this.gate?.ready(attributes, user),
      extraRoutes: this.options.extraRoutes ?? [],
    });
  }

  /** Merges into `status.registration` of one DataPlane, on the server's own behalf. */
  private async writeRegistration(dataPlane: string, registration: JsonObject): Promise<void> {
    const target = { kind: DataPlane, namespace: '', name: dataPlane, subresource: 'status' as const };
    const body = { value: { status: { registration } }, duplicates: [], lossy: [] };
    const options = { dryRun: false, fieldManager: 'polder', fieldValidation: 'Strict' as const };
    await this.registry.patch(serverContext(this.stopping.signal), target, { type: 'merge', body }, options);
  }
}

/** A store that is another program may be gone while this process is well. */
const storeChecks = (store: Store): readonly HealthCheck[] =>
  store.sync === undefined
    ? []
    : [{ name: 'store', probes: ['ready'], check: async () => await store.sync?.().then(() => undefined) }];

/** kubectl compares major and minor; we serve the API conventions of this Kubernetes version. */
const versionBody = (version: string): Readonly<Record<string, string>> => ({
  major: '1',
  minor: '36',
  gitVersion: `v1.36.0+polder-${version}`,
  gitCommit: '',
  gitTreeState: 'clean',
  buildDate: '',
  goVersion: '',
  compiler: process.version,
  platform: `${process.platform}/${process.arch}`,
});
