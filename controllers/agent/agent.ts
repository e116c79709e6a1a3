/**
 * The data-plane agent: keeps signed desired state on its own disk, makes its plane equal it, repairs drift and
 * reports. Without the control plane it goes on from what it has; it deletes nothing on silence.
 */
import type { Client } from '../../apiserver/client/client.ts';
import {
  createWorkqueue,
  type Outcome as WorkOutcome,
  type Workqueue,
} from '../../apiserver/client/workqueue.ts';
import type { Clock } from '../../apiserver/runtime/clock.ts';
import type { Log } from '../../apiserver/runtime/log.ts';
import type { Metrics } from '../../apiserver/runtime/metrics.ts';
import { decodeFrame } from '../replica/frame.ts';
import { PROTOCOL, type DownMessage, type UpMessage } from '../replica/messages.ts';
import { SignatureError, verifyClaims, type PublicJwk } from '../replica/signature.ts';
import { accept } from './accept.ts';
import { createBundleStore, type BundleStore } from './bundle-store.ts';
import { converge } from './converge.ts';
import { createDriftWatch, type DriftWatch } from './drift.ts';
import { loadKeys, loadRegistration, pinnedKeys, proveSession, saveRegistration } from './identity.ts';
import type { AgentKeys, Registration } from './identity.ts';
import { createLink, type Link } from './link.ts';
import { TokenRefusedError, register } from './register.ts';
import { openStateFiles, type StateFiles } from './state-files.ts';

export interface AgentOptions {
  /** `https://host:port` of the control plane; the agent dials out to it and nowhere else. */
  readonly hub: string;
  /** PEM of the CA that signed the hub's certificate. */
  readonly ca: string;
  /** Reaches the plane's own API. */
  readonly plane: Client;
  /** Keys, bundles, inventory and cursor live here. */
  readonly directory: string;
  readonly clusterUID: string;
  readonly version: string;
  /** Asked for a one-time token when there is no usable identity; may take as long as it needs. */
  readonly token: (signal: AbortSignal) => Promise<string>;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Between two full repairs. Default 300 s. */
  readonly reconcileMs?: number;
}
export interface Agent {
  /** Starts converging from what is on disk, then registers and connects in the background. */
  start(): Promise<void>;
  close(): Promise<void>;
}

const RECONCILE_MS = 300_000;
const TOMBSTONE_POLL_MS = 1_000;
const REGISTER_RETRY_MS = 2_000;
const HAVE_PAGE = 2_000;

export function createAgent(options: AgentOptions): Agent {
  return new PlaneAgent(options);
}

interface Identity {
  readonly keys: AgentKeys;
  readonly registration: Registration;
  readonly pinned: ReadonlyMap<string, PublicJwk>;
}

class PlaneAgent implements Agent {
  private readonly options: AgentOptions;
  private readonly queue: Workqueue;
  private readonly drift: DriftWatch;
  private readonly stopping = new AbortController();
  private readonly metric: ReturnType<typeof declareMetrics>;
  /** Newest result per bundle that the hub has not taken yet. */
  private readonly unsent = new Map<string, Extract<UpMessage, { readonly type: 'RESULT' }>>();
  private files: StateFiles | undefined;
  private store: BundleStore | undefined;
  private identity: Identity | undefined;
  private link: Link | undefined;
  private live = false;
  private driftCorrected = 0;
  private suspected = new Set<string>();
  private cancelBeat: () => void = () => undefined;
  private cancelAudit: () => void = () => undefined;
  private connecting: Promise<void> = Promise.resolve();

  constructor(options: AgentOptions) {
    this.options = options;
    const { clock, log, plane } = options;
    this.metric = declareMetrics(options.metrics, () => this.store?.all().length ?? 0);
    this.queue = createWorkqueue({
      name: 'agent',
      log,
      clock,
      concurrency: 8,
      work: (uid, signal) => this.converge(uid, signal),
    });
    this.drift = createDriftWatch({
      plane,
      clock,
      log,
      repair: (uid) => {
        this.suspected.add(uid);
        this.queue.add(uid);
      },
    });
  }

  start(): Promise<void> {
    this.files = openStateFiles(this.options.directory);
    this.store = createBundleStore(this.files);
    this.store.load();
    this.drift.start();
    this.audit();
    this.connecting = this.connect(this.files, this.store);
    return Promise.resolve();
  }

  async close(): Promise<void> {
    this.stopping.abort(new Error('agent is stopping'));
    this.cancelBeat();
    this.cancelAudit();
    this.link?.close();
    await this.connecting;
    await Promise.all([this.queue.close(), this.drift.close()]);
  }

  /** Registers when there is no identity yet, then keeps one link for as long as the agent lives. */
  private async connect(files: StateFiles, store: BundleStore): Promise<void> {
    const stopped = (): boolean => this.stopping.signal.aborted;
    while (!stopped()) {
      try {
        const keys = await loadKeys(files);
        const registration = loadRegistration(files) ?? (await this.register(files, keys));
        this.identity = { keys, registration, pinned: await pinnedKeys(registration) };
        this.dial(this.identity, store);
        return;
      } catch (error) {
        if (stopped()) return;
        if (error instanceof TokenRefusedError) {
          this.options.log.info('registration token refused', { error: error.message });
        } else this.options.log.error('agent cannot register', { error });
        await this.pause(REGISTER_RETRY_MS);
      }
    }
  }

  private async register(files: StateFiles, keys: AgentKeys): Promise<Registration> {
    const { hub, ca, version, clusterUID, token } = this.options;
    const registration = await register({
      hub,
      ca,
      token: await token(this.stopping.signal),
      keys,
      agentVersion: version,
      clusterUID,
    });
    await saveRegistration(files, registration);
    this.options.log.info('agent registered', { plane: registration.dataPlane, epoch: registration.epoch });
    return registration;
  }

  private dial(identity: Identity, store: BundleStore): void {
    const { hub, ca, clock, log } = this.options;
    const name = encodeURIComponent(identity.registration.dataPlane);
    this.link = createLink(
      { url: `${hub.replace(/^http/, 'ws')}/hub/v1/replay?dataPlane=${name}`, ca, clock, log },
      {
        hello: (nonce) => this.hello(identity, store, nonce),
        message: (message) => this.receive(identity, store, message),
        bundle: (frame) => this.take(identity, store, decodeFrame(frame)),
        refused: () => this.reregister(store),
        down: () => {
          this.live = false;
          this.cancelBeat();
        },
      },
    );
    if (!this.stopping.signal.aborted) this.link.start();
  }

  /** Revoked, or the DataPlane was made anew: the identity is worthless, only a new token helps. */
  private reregister(store: BundleStore): void {
    const { files } = this;
    if (files === undefined) return;
    this.link?.close();
    files.remove('registration.json');
    this.connecting = this.connect(files, store);
  }

  private async hello(identity: Identity, store: BundleStore, nonce: string): Promise<UpMessage> {
    const { keys, registration } = identity;
    const { dataPlane, epoch } = registration;
    return {
      type: 'HELLO',
      protos: [PROTOCOL],
      agentVersion: this.options.version,
      instanceId: keys.instanceId,
      cursor: store.cursor(),
      digest: store.digest(),
      proof: await proveSession(keys, { nonce, dp: dataPlane, instanceId: keys.instanceId, epoch }),
    };
  }

  private async receive(
    identity: Identity,
    store: BundleStore,
    message: Exclude<DownMessage, { readonly type: 'CHALLENGE' }>,
  ): Promise<void> {
    switch (message.type) {
      case 'WELCOME':
        this.welcome(store, message);
        return;
      case 'DEL':
        await this.take(identity, store, { jws: message.jws, gzipped: Buffer.alloc(0) });
        return;
      case 'SNAP_BEGIN':
        return;
      case 'SNAP_END':
      case 'BOOKMARK':
        await store.setCursor({ epoch: identity.registration.epoch, rv: message.rv });
        return;
      case 'HEAD':
        await this.compareHead(identity, store, message.jws);
        return;
      case 'RV_AHEAD':
        this.options.log.error('the control plane is behind this agent; nothing will be changed', {
          headRV: message.headRV,
          cursor: store.cursor(),
        });
        return;
      case 'GOAWAY':
        this.options.log.info('the hub asks to reconnect', { reason: message.reason });
        return;
    }
  }

  private welcome(store: BundleStore, message: Extract<DownMessage, { readonly type: 'WELCOME' }>): void {
    this.live = message.mode !== 'quarantine';
    if (message.mode === 'diff') this.sendHave(store);
    this.beat(store, message.heartbeatSeconds * 1000);
    for (const result of this.unsent.values()) this.link?.send(result);
    this.unsent.clear();
  }

  private sendHave(store: BundleStore): void {
    const have = store.have();
    for (let from = 0; from === 0 || from < have.length; from += HAVE_PAGE) {
      const bundles = have.slice(from, from + HAVE_PAGE);
      this.link?.send({ type: 'HAVE', bundles, last: from + HAVE_PAGE >= have.length });
    }
  }

  /** A bundle or tombstone: verified, made durable, acknowledged, then queued. */
  private async take(
    identity: Identity,
    store: BundleStore,
    envelope: { readonly jws: string; readonly gzipped: Buffer },
  ): Promise<void> {
    const { registration, pinned } = identity;
    const plane = { name: registration.dataPlane, epoch: registration.epoch, keys: pinned };
    const verdict = await accept(envelope, plane, (uid) => store.get(uid)?.claims);
    this.metric.received.inc({ result: verdict.is });
    if (verdict.is === 'refused') {
      this.options.log.error('bundle refused', { reason: verdict.reason, uid: verdict.claims?.uid });
      if (verdict.claims === undefined) throw new SignatureError(verdict.reason);
      this.report({ ...nothing(verdict.claims), state: 'Nack', error: verdict.reason });
      return;
    }
    const { claims } = verdict;
    if (verdict.is === 'accepted')
      await store.put({ claims, jws: envelope.jws, gzipped: Buffer.from(envelope.gzipped) });
    await store.setCursor({ epoch: claims.epoch, rv: claims.rv });
    this.link?.send({ type: 'RECEIVED', rv: claims.rv });
    this.queue.add(claims.uid);
  }

  /** Equal digests: converged. Otherwise the hub is told what is here and sends the difference. */
  private async compareHead(identity: Identity, store: BundleStore, jws: string): Promise<void> {
    const head = await verifyClaims(jws, identity.pinned, ['head']);
    if (head.dp !== identity.registration.dataPlane) throw new SignatureError('head of another data plane');
    if (head.digest !== store.digest() && head.headRV >= store.cursor().rv) this.sendHave(store);
  }

  private async converge(uid: string, signal: AbortSignal): Promise<WorkOutcome> {
    const { store } = this;
    const bundle = store?.get(uid);
    if (store === undefined || bundle === undefined) return { is: 'done' };
    const repairing = this.suspected.delete(uid);
    let changed = 0;
    const deps = {
      plane: this.options.plane,
      store,
      applied: (item: Parameters<DriftWatch['applied']>[0], resourceVersion: string): void => {
        if (this.drift.applied(item, resourceVersion)) changed += 1;
      },
    };
    const outcome = await converge(deps, bundle, signal);
    this.metric.converged.inc({ result: outcome.state });
    if (repairing && changed > 0) {
      this.driftCorrected += changed;
      this.metric.drift.inc({}, changed);
      this.options.log.info('drift corrected', { bundle: uid, objects: changed });
    }
    this.report({ ...nothing(bundle.claims), ...outcome });
    if (outcome.state === 'Nack') throw new Error(`bundle ${uid}: ${outcome.error}`);
    return outcome.state === 'Progressing' ? { is: 'requeue', afterMs: TOMBSTONE_POLL_MS } : { is: 'done' };
  }

  private report(result: Extract<UpMessage, { readonly type: 'RESULT' }>): void {
    if (!this.live || this.link?.send(result) !== true) this.unsent.set(result.uid, result);
  }

  private beat(store: BundleStore, intervalMs: number): void {
    this.cancelBeat();
    const { epoch, rv } = store.cursor();
    this.link?.send({
      type: 'HB',
      epoch,
      rv,
      digest: store.digest(),
      bundles: store.all().length,
      queued: this.unsent.size,
      driftCorrected: this.driftCorrected,
      components: [{ name: 'agent', sync: 'Synced', health: 'Healthy', version: this.options.version }],
      clock: new Date(this.options.clock.now()).toISOString(),
    });
    const jittered = intervalMs * (0.9 + 0.2 * Math.random());
    this.cancelBeat = this.options.clock.after(jittered, () => this.beat(store, intervalMs));
  }

  /** Everything is applied again now and then: the watch is fast, this is sure. */
  private audit(): void {
    for (const { claims } of this.store?.all() ?? []) this.queue.add(claims.uid);
    const intervalMs = (this.options.reconcileMs ?? RECONCILE_MS) * (0.9 + 0.2 * Math.random());
    this.cancelAudit = this.options.clock.after(intervalMs, () => this.audit());
  }

  private pause(delayMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const cancel = this.options.clock.after(delayMs, () => resolve(undefined));
    this.stopping.signal.addEventListener('abort', () => {
      cancel();
      resolve(undefined);
    });
    return promise;
  }
}

const nothing = (claims: {
  readonly uid: string;
  readonly gen: number;
}): Omit<Extract<UpMessage, { readonly type: 'RESULT' }>, 'state'> => ({
  type: 'RESULT',
  uid: claims.uid,
  gen: claims.gen,
  objects: [],
  error: '',
});

function declareMetrics(
  metrics: Metrics,
  bundles: () => number,
): Readonly<Record<'received' | 'converged' | 'drift', ReturnType<Metrics['counter']>>> {
  metrics.gauge({ name: 'polder_agent_bundles', help: 'Bundles and tombstones on disk.', collect: bundles });
  return {
    received: metrics.counter({
      name: 'polder_agent_bundles_received_total',
      help: 'Bundles and tombstones that arrived.',
      labels: ['result'],
    }),
    converged: metrics.counter({
      name: 'polder_agent_converged_total',
      help: 'Runs that made the plane equal one bundle.',
      labels: ['result'],
    }),
    drift: metrics.counter({
      name: 'polder_agent_drift_corrected_total',
      help: 'Objects that were changed or removed by others and put back.',
    }),
  };
}
