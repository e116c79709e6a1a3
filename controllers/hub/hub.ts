/**
 * The hub: the one place agents dial in to. It exchanges registration tokens, proves sessions, sends each plane
 * its signed bundles and writes the planes' reports back. It dials nobody and offers no proxy and no exec.
 */
import { randomBytes, randomUUID, type KeyObject } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import { SYSTEM_NAMESPACE } from '../../apiserver/api/identity.ts';
import type { Client } from '../../apiserver/client/client.ts';
import type { Informer } from '../../apiserver/client/informer.ts';
import { DataPlane } from '../../apiserver/kinds/data-plane.ts';
import { PlaneWork } from '../../apiserver/kinds/plane-work.ts';
import { Tenant } from '../../apiserver/kinds/tenant.ts';
import { timestamp, type Clock } from '../../apiserver/runtime/clock.ts';
import type { Log } from '../../apiserver/runtime/log.ts';
import type { Metrics } from '../../apiserver/runtime/metrics.ts';
import { createInformers, type Informers, type SharedInformers } from '../reconcilers/core/informers.ts';
import { CLOSE, MAX_UPLINK_BYTES, type Up } from '../replica/messages.ts';
import { createBundleLog, type BundleEntry } from './bundle-log.ts';
import { declareHubMetrics, type HubMetrics } from './hub-metrics.ts';
import { createProver, identityOf, isSameIdentity, isSameSettings, type Prove } from './plane-identity.ts';
import type { PlaneIdentity } from './plane-identity.ts';
import { createRegistrationEndpoint, type RegistrationEndpoint } from './registration-endpoint.ts';
import { createSession, type Admission, type Session, type SessionReports } from './session.ts';
import { createSigner, type BundleSigner } from './signer.ts';
import { createStatusWriter, type StatusWriter } from './status-writer.ts';

export const REGISTER_PATH = '/hub/v1/register';
export const REPLAY_PATH = '/hub/v1/replay';

export interface HubOptions {
  /** Reaches the API server as the hub's own service account. */
  readonly client: Client;
  /** Ed25519 private key that bundles are signed with. */
  readonly signingKey: KeyObject;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Copies of the API that somebody else in this process closes. Default: its own. */
  readonly informers?: Informers;
}

export interface Hub {
  /** Resolves when the first complete state is in; agents are told to come back before. */
  start(): Promise<void>;
  /** Tells agents to come back later and closes. */
  close(): Promise<void>;
  /** Answers `POST /hub/v1/register`; false for any other request. */
  handle(request: IncomingMessage, response: ServerResponse): boolean;
  /** Takes the upgrade of `/hub/v1/replay`; false for any other path. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean;
}

const PING_MS = 20_000;
const HEAD_MS = 60_000;
const HEAD_DEBOUNCE_MS = 1_000;
/** Sockets that have not proven yet who they are; each may take 10 s. */
const MAX_GREETING = 256;

export function createHub(options: HubOptions): Hub {
  return new ReplayHub(options);
}

interface Live {
  readonly session: Session;
  readonly instanceId: string;
  readonly plane: PlaneIdentity;
}

class ReplayHub implements Hub {
  private readonly options: HubOptions;
  private readonly sockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: MAX_UPLINK_BYTES,
  });
  private readonly bundles = createBundleLog();
  /** Proven sessions by data plane. */
  private readonly live = new Map<string, Live>();
  private readonly open = new Set<Session>();
  /** Undefined where the copies are shared. */
  private readonly ownInformers: SharedInformers | undefined;
  /** What `start` began to listen to. */
  private subscriptions: readonly (() => void)[] = [];
  private readonly informers: {
    readonly planes: Informer<DataPlane>;
    readonly works: Informer<PlaneWork>;
    readonly tenants: Informer<Tenant>;
  };
  private readonly writer: StatusWriter;
  private readonly metric: HubMetrics;
  private readonly registration: RegistrationEndpoint;
  private readonly prove: Prove;
  private signer: BundleSigner | undefined;
  private timers: readonly (() => void)[] = [];
  private readonly headsDue = new Set<string>();

  constructor(options: HubOptions) {
    this.options = options;
    const { client, clock, log, metrics } = options;
    this.metric = declareHubMetrics(metrics, () => this.live.size);
    let { informers } = options;
    if (informers === undefined) {
      this.ownInformers = createInformers({ apiClient: client, clock, log });
      informers = this.ownInformers;
    }
    this.informers = {
      planes: informers.of(DataPlane),
      works: informers.of(PlaneWork),
      tenants: informers.of(Tenant),
    };
    this.writer = createStatusWriter({
      client,
      log,
      stored: (entry) => this.informers.works.get({ namespace: entry.namespace, name: entry.name }),
    });
    this.registration = createRegistrationEndpoint({
      client,
      clock,
      log,
      hubKeys: () => this.signer?.publicKeys,
      counted: (result) => this.metric.registrations.inc({ result }),
    });
    this.prove = createProver({ client, clock, cached: (name) => this.informers.planes.get({ name }) });
  }

  async start(): Promise<void> {
    const { planes, works, tenants } = this.informers;
    const signer = await createSigner(this.options.signingKey, (name) => tenants.get({ name })?.metadata.uid);
    this.bundles.onChange((dataPlane, entry) => this.onBundle(dataPlane, entry));
    this.subscriptions = [
      works.onChange(({ type, object }) => {
        if (type === 'deleted') this.bundles.remove(object);
        else this.onWork(object);
      }),
      // A bundle names its tenant's UID: a work that arrived before its tenant waits for it.
      tenants.onChange(({ type, object }) => {
        if (type !== 'added') return;
        for (const work of works.list())
          if (work.spec.tenant === object.metadata.name) this.bundles.put(work);
      }),
      planes.onChange(({ type, object }) => this.onPlane(object, type === 'deleted')),
    ];
    for (const informer of [planes, works, tenants]) informer.start();
    await Promise.all([planes.synced, works.synced, tenants.synced]);
    this.signer = signer;
    this.every(PING_MS, () => {
      for (const session of this.open) session.ping();
    });
    this.every(HEAD_MS, () => {
      for (const { session } of this.live.values()) session.sendHead();
    });
  }

  async close(): Promise<void> {
    this.signer = undefined;
    for (const cancel of this.timers) cancel();
    for (const session of this.open) session.close(1001, 'hub is stopping');
    await this.writer.idle();
    for (const unsubscribe of this.subscriptions) unsubscribe();
    await this.ownInformers?.close();
    this.sockets.close();
  }

  handle(request: IncomingMessage, response: ServerResponse): boolean {
    if (pathOf(request) !== REGISTER_PATH) return false;
    this.registration.answer(request, response);
    return true;
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    if (pathOf(request) !== REPLAY_PATH) return false;
    const { signer } = this;
    if (signer === undefined || this.open.size - this.live.size >= MAX_GREETING) {
      socket.end('HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\n\r\n');
      return true;
    }
    const name = new URL(request.url ?? '/', 'https://hub').searchParams.get('dataPlane') ?? '';
    this.sockets.handleUpgrade(request, socket, head, (opened) => this.accept(opened, name, signer));
    return true;
  }

  private accept(socket: WebSocket, name: string, signer: BundleSigner): void {
    const { clock, log } = this.options;
    let session: Session | undefined;
    session = createSession({
      socket,
      bundles: this.bundles,
      signer,
      clock,
      log,
      nonce: randomBytes(32).toString('base64url'),
      sessionId: randomUUID(),
      reports: this.reportsOf(name, () => session),
      counts: {
        sent: (what) => this.metric.sent.inc({ what }),
        started: (mode) => this.metric.modes.inc({ mode }),
      },
    });
    this.open.add(session);
  }

  private reportsOf(name: string, session: () => Session | undefined): SessionReports {
    const now = (): string => timestamp(this.options.clock.now());
    return {
      prove: (nonce, hello) => this.prove(name, nonce, hello),
      admit: (plane, hello) => {
        const mine = session();
        if (mine === undefined) throw new Error('a session spoke before it was made');
        return this.admit(plane, hello, mine);
      },
      headRV: () => this.headRV(),
      heartbeat: (beat) =>
        this.writer.plane(name, {
          agent: { connected: true, lastHeartbeatTime: now() },
          appliedRevision: beat.rv,
          digest: beat.digest,
          driftCorrections: beat.driftCorrected,
          components: beat.components,
        }),
      result: (entry, report) => {
        this.metric.results.inc({ result: report.state });
        if (report.gen === entry.gen) this.writer.work(entry, report, now());
      },
      ended: (code) => {
        const mine = session();
        this.metric.ended.inc({ code: this.metric.codeLabel(code) });
        if (code === CLOSE.unauthorized || code === CLOSE.forbidden) {
          this.options.log.error('agent refused', { plane: name.slice(0, 253), code });
        }
        if (mine !== undefined) this.open.delete(mine);
        if (mine === undefined || this.live.get(name)?.session !== mine) return;
        this.live.delete(name);
        this.writer.plane(name, { agent: { connected: false, lastDisconnectedTime: now() } });
      },
    };
  }

  private admit(plane: PlaneIdentity, hello: Up<'HELLO'>, session: Session): Admission {
    const newest = this.informers.planes.get({ name: plane.name });
    if (contradicts(newest, plane)) {
      return { is: 'refused', code: CLOSE.unauthorized, reason: 'unauthorized' };
    }
    const current = this.live.get(plane.name);
    const isCopy = plane.clusterUID !== undefined && plane.clusterUID !== hello.clusterUID;
    // The same instance reconnects after a broken link; another one with the same key is a clone.
    if (isCopy || (current !== undefined && current.instanceId !== hello.instanceId)) {
      this.metric.clones.inc();
      const reason = isCopy
        ? 'this data plane was registered from another cluster'
        : 'another live agent instance holds this data plane';
      return { is: 'refused', code: CLOSE.forbidden, reason };
    }
    this.live.set(plane.name, { session, instanceId: hello.instanceId, plane });
    current?.session.close(CLOSE.superseded, 'superseded by a newer session of this agent');
    this.writer.plane(plane.name, {
      agent: {
        connected: true,
        replicas: 1,
        version: hello.agentVersion,
        lastConnectedTime: timestamp(this.options.clock.now()),
      },
    });
    return { is: 'admitted' };
  }

  /** A list of what cannot be there still says how far the store is. */
  private async headRV(): Promise<number> {
    const { resourceVersion } = await this.options.client.list(PlaneWork, { namespace: SYSTEM_NAMESPACE });
    return Number(resourceVersion);
  }

  private onWork(work: PlaneWork): void {
    const isKnown = this.informers.tenants.get({ name: work.spec.tenant ?? '' }) !== undefined;
    // What is to go goes, also when its tenant went first.
    if (isKnown || work.spec.tombstone !== undefined) this.bundles.put(work);
  }

  private onBundle(dataPlane: string, entry: BundleEntry | undefined): void {
    if (entry !== undefined) this.live.get(dataPlane)?.session.changed(entry);
    if (this.headsDue.size === 0) {
      this.options.clock.after(HEAD_DEBOUNCE_MS, () => {
        for (const due of this.headsDue) this.live.get(due)?.session.sendHead();
        this.headsDue.clear();
      });
    }
    this.headsDue.add(dataPlane);
  }

  /** Revocation, re-registration and deletion close the session at once; new settings ask for a new one. */
  private onPlane(object: DataPlane, deleted: boolean): void {
    const live = this.live.get(object.metadata.name);
    if (live === undefined) return;
    if (contradicts(deleted ? undefined : object, live.plane, deleted)) {
      live.session.close(CLOSE.unauthorized, 'the identity of this data plane was revoked');
      return;
    }
    const now = identityOf(object);
    if (now !== undefined && now.rv > live.plane.rv && !isSameSettings(now.settings, live.plane.settings)) {
      live.session.goAway('the settings of this data plane changed');
    }
  }

  private every(intervalMs: number, task: () => void): void {
    const index = this.timers.length;
    const arm = (): void => {
      const cancel = this.options.clock.after(intervalMs, () => {
        task();
        arm();
      });
      this.timers = [...this.timers.slice(0, index), cancel, ...this.timers.slice(index + 1)];
    };
    arm();
  }
}

/** What our copy says now is newer than the proven identity, and something else. */
function contradicts(newest: DataPlane | undefined, plane: PlaneIdentity, deleted = false): boolean {
  if (newest === undefined) return deleted;
  if (Number(newest.metadata.resourceVersion) <= plane.rv) return false;
  const now = identityOf(newest);
  return now === undefined || !isSameIdentity(now, plane);
}

const pathOf = (request: IncomingMessage): string => (request.url ?? '').split('?')[0] ?? '';
