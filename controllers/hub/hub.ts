/**
 * The hub: the one place agents dial in to. It exchanges registration tokens, proves sessions, sends each plane
 * its signed bundles and writes the planes' reports back. It dials nobody and offers no proxy and no exec.
 */
import { randomBytes, randomUUID, type KeyObject } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import { ApiError, badRequest } from '../../apiserver/api/errors.ts';
import type { Client } from '../../apiserver/client/client.ts';
import { createInformer, type Informer } from '../../apiserver/client/informer.ts';
import { DataPlane } from '../../apiserver/kinds/data-plane.ts';
import { PlaneWork } from '../../apiserver/kinds/plane-work.ts';
import { Tenant } from '../../apiserver/kinds/tenant.ts';
import { timestamp, type Clock } from '../../apiserver/runtime/clock.ts';
import type { Log } from '../../apiserver/runtime/log.ts';
import type { Metrics } from '../../apiserver/runtime/metrics.ts';
import { CLOSE, MAX_UPLINK_BYTES } from '../replica/messages.ts';
import type { PublicJwk } from '../replica/signature.ts';
import { createBundleLog, type BundleEntry } from './bundle-log.ts';
import { parseRegistration, redeem } from './registration.ts';
import { createSession, type PlaneIdentity, type Session, type SessionReports } from './session.ts';
import { createSigner, type BundleSigner } from './signer.ts';
import { createStatusWriter } from './status-writer.ts';

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
}

export interface Hub {
  /** Resolves when the first complete state is in; agents are refused before. */
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
const MAX_REGISTRATION_BYTES = 16 * 1024;
/** Registrations under way at once; each is cheap, a flood of guesses is not. */
const MAX_REGISTRATIONS = 64;

export function createHub(options: HubOptions): Hub {
  return new ReplayHub(options);
}

interface Live {
  readonly session: Session;
  readonly instanceId: string;
  readonly kid: string;
}

class ReplayHub implements Hub {
  private readonly options: HubOptions;
  private readonly sockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: MAX_UPLINK_BYTES,
  });
  private readonly bundles = createBundleLog();
  private readonly live = new Map<string, Live>();
  private readonly open = new Set<Session>();
  private readonly informers: {
    readonly planes: Informer<DataPlane>;
    readonly works: Informer<PlaneWork>;
    readonly tenants: Informer<Tenant>;
  };
  private readonly writer: ReturnType<typeof createStatusWriter>;
  private readonly metric: HubMetrics;
  private signer: BundleSigner | undefined;
  private registrations = 0;
  private timers: readonly (() => void)[] = [];
  private headDue = false;

  constructor(options: HubOptions) {
    this.options = options;
    const { client, clock, log } = options;
    this.writer = createStatusWriter(client, log);
    this.metric = declareMetrics(options.metrics, () => this.live.size);
    this.informers = {
      planes: createInformer(DataPlane, { client, clock, log }),
      works: createInformer(PlaneWork, { client, clock, log }),
      tenants: createInformer(Tenant, { client, clock, log }),
    };
  }

  async start(): Promise<void> {
    const { planes, works, tenants } = this.informers;
    this.signer = await createSigner(this.options.signingKey, (name) => tenants.get({ name })?.metadata.uid);
    this.bundles.onChange((entry) => this.onBundle(entry));
    works.onChange(({ type, object }) => {
      if (type === 'deleted') this.bundles.remove(object);
      else if (tenants.get({ name: object.spec.tenant ?? '' }) !== undefined) this.bundles.put(object);
    });
    // A bundle names its tenant's UID: a work that arrived before its tenant waits for it.
    tenants.onChange(({ object }) => {
      for (const work of works.list()) if (work.spec.tenant === object.metadata.name) this.bundles.put(work);
    });
    planes.onChange(({ type, object }) => this.onPlane(object, type === 'deleted'));
    for (const informer of [planes, works, tenants]) informer.start();
    await Promise.all([planes.synced, works.synced, tenants.synced]);
    this.every(PING_MS, () => {
      for (const session of this.open) session.ping();
    });
    this.every(HEAD_MS, () => {
      for (const { session } of this.live.values()) session.sendHead();
    });
  }

  async close(): Promise<void> {
    for (const cancel of this.timers) cancel();
    for (const session of this.open) session.close(1001, 'hub is stopping');
    await this.writer.idle();
    await Promise.all(Object.values(this.informers).map((informer) => informer.close()));
    this.sockets.close();
  }

  handle(request: IncomingMessage, response: ServerResponse): boolean {
    if (pathOf(request) !== REGISTER_PATH) return false;
    this.register(request)
      .then((answer) => respond(response, 200, answer))
      .catch((error: unknown) => {
        const known =
          error instanceof ApiError ? error : new ApiError('InternalError', 'registration failed');
        if (known !== error) this.options.log.error('registration failed', { error });
        this.metric.registrations.inc({ result: known.message.split(':')[0] ?? 'error' });
        respond(response, known.code, known.status());
      });
    return true;
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    if (pathOf(request) !== REPLAY_PATH) return false;
    const name = new URL(request.url ?? '/', 'https://hub').searchParams.get('dataPlane') ?? '';
    this.sockets.handleUpgrade(request, socket, head, (opened) => this.accept(opened, name));
    return true;
  }

  private async register(request: IncomingMessage): Promise<object> {
    if (request.method !== 'POST') throw new ApiError('MethodNotAllowed', `use POST on ${REGISTER_PATH}`);
    if (this.registrations >= MAX_REGISTRATIONS) {
      throw new ApiError('TooManyRequests', 'too many registrations at once; try again', {
        details: { retryAfterSeconds: 1 },
      });
    }
    this.registrations += 1;
    try {
      const parsed = parseRegistration(await readJson(request));
      const answer = await redeem(this.options.client, parsed, {
        now: () => this.options.clock.now(),
        hubKeys: this.signer?.publicKeys ?? [],
      });
      this.metric.registrations.inc({ result: 'registered' });
      this.options.log.info('data plane registered', { plane: answer.dataPlane, epoch: answer.epoch });
      return answer;
    } finally {
      this.registrations -= 1;
    }
  }

  private accept(socket: WebSocket, name: string): void {
    const { clock, log } = this.options;
    const plane = identityOf(this.informers.planes.get({ name }));
    if (plane === undefined || this.signer === undefined || !this.informers.works.hasSynced) {
      // The same answer for unknown, unregistered and revoked: no detail for strangers.
      socket.close(CLOSE.unauthorized, 'unauthorized');
      return;
    }
    const sessionId = randomUUID();
    let session: Session | undefined;
    const started = createSession({
      socket,
      plane,
      bundles: this.bundles,
      signer: this.signer,
      clock,
      log,
      nonce: randomBytes(32).toString('base64url'),
      sessionId,
      reports: this.reportsOf(plane, () => session),
    });
    session = started;
    this.open.add(started);
  }

  private reportsOf(plane: PlaneIdentity, session: () => Session | undefined): SessionReports {
    const { clock } = this.options;
    const now = (): string => timestamp(clock.now());
    return {
      admit: (instanceId, hello) => {
        const current = this.live.get(plane.name);
        const mine = session();
        if (mine === undefined) return false;
        // The same instance reconnects after a broken link; another one with the same key is a clone.
        if (current !== undefined && current.instanceId !== instanceId) {
          this.metric.clones.inc();
          return false;
        }
        current?.session.close(CLOSE.superseded, 'superseded by a newer session of this agent');
        this.live.set(plane.name, { session: mine, instanceId, kid: plane.kid });
        this.writer.plane(plane.name, {
          agent: { connected: true, replicas: 1, version: hello.agentVersion, lastConnectedTime: now() },
        });
        return true;
      },
      heartbeat: (beat) =>
        this.writer.plane(plane.name, {
          agent: { connected: true, lastHeartbeatTime: now() },
          appliedRevision: beat.rv,
          digest: beat.digest,
          driftCorrections: beat.driftCorrected,
          components: beat.components,
        }),
      result: (entry, report) => {
        this.metric.results.inc({ result: report.state });
        const old = this.informers.works.get({ namespace: entry.namespace, name: entry.name });
        if (report.gen === entry.gen) this.writer.work(entry, report, old, now());
      },
      ended: () => {
        const mine = session();
        if (mine === undefined) return;
        this.open.delete(mine);
        if (this.live.get(plane.name)?.session !== mine) return;
        this.live.delete(plane.name);
        this.writer.plane(plane.name, { agent: { connected: false, lastDisconnectedTime: now() } });
      },
    };
  }

  private onBundle(entry: BundleEntry): void {
    this.live.get(entry.dataPlane)?.session.changed(entry);
    if (this.headDue) return;
    this.headDue = true;
    this.options.clock.after(HEAD_DEBOUNCE_MS, () => {
      this.headDue = false;
      for (const { session } of this.live.values()) session.sendHead();
    });
  }

  /** Revocation, re-registration and deletion close the session at once. */
  private onPlane(object: DataPlane, deleted: boolean): void {
    const live = this.live.get(object.metadata.name);
    if (live === undefined) return;
    if (!deleted && identityOf(object)?.kid === live.kid) return;
    live.session.close(CLOSE.unauthorized, 'the identity of this data plane was revoked');
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

function identityOf(plane: DataPlane | undefined): PlaneIdentity | undefined {
  const key = plane?.status?.publicKeys?.sign;
  if (plane === undefined || key?.kid === undefined) return undefined;
  return {
    name: plane.metadata.name,
    epoch: plane.status?.epoch ?? 1,
    kid: key.kid,
    key: key as PublicJwk,
    heartbeatSeconds: plane.spec.intervals.heartbeatSeconds,
    usageSeconds: plane.spec.intervals.usageSeconds,
  };
}

const pathOf = (request: IncomingMessage): string => (request.url ?? '').split('?')[0] ?? '';

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Buffer).length;
    if (size > MAX_REGISTRATION_BYTES)
      throw new ApiError('RequestEntityTooLarge', 'registration is too large');
    chunks.push(chunk as Buffer);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw badRequest('the registration is not JSON');
  }
}

function respond(response: ServerResponse, code: number, body: object): void {
  const text = JSON.stringify(body);
  response.writeHead(code, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  response.end(text);
}

interface HubMetrics {
  readonly registrations: ReturnType<Metrics['counter']>;
  readonly results: ReturnType<Metrics['counter']>;
  readonly clones: ReturnType<Metrics['counter']>;
}

function declareMetrics(metrics: Metrics, sessions: () => number): HubMetrics {
  metrics.gauge({ name: 'polder_hub_sessions', help: 'Agents with a proven session.', collect: sessions });
  return {
    registrations: metrics.counter({
      name: 'polder_hub_registrations_total',
      help: 'Exchanges of a registration token.',
      labels: ['result'],
    }),
    results: metrics.counter({
      name: 'polder_hub_results_total',
      help: 'Reports of agents about one bundle.',
      labels: ['result'],
    }),
    clones: metrics.counter({
      name: 'polder_hub_clone_suspected_total',
      help: 'Second agent instances that proved an identity which was in use.',
    }),
  };
}
