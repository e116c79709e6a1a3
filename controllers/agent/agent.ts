/**
 * The data-plane agent: keeps signed desired state on its own disk, makes its plane equal it, repairs drift and
 * reports. Without the control plane it goes on from what it has; it deletes nothing on silence.
 */
import type { Client } from '../../apiserver/client/client.ts';
import type { Clock } from '../../apiserver/runtime/clock.ts';
import type { Log } from '../../apiserver/runtime/log.ts';
import type { Metrics } from '../../apiserver/runtime/metrics.ts';
import { decodeFrame } from '../replica/frame.ts';
import { CLOSE, PROTOCOL, type ComponentHealth, type Down, type UpMessage } from '../replica/messages.ts';
import { declareAgentMetrics, type AgentMetrics } from './agent-metrics.ts';
import { createBundleStore, type BundleStore } from './bundle-store.ts';
import { enrol, storedIdentity, type Identity, type TokenRequest } from './enrolment.ts';
import { proveSession } from './identity.ts';
import { createIntake, type Intake } from './intake.ts';
import { createLink, type Link } from './link.ts';
import { createRepairs, type Repairs } from './repairs.ts';
import { createReports, type Reports } from './reports.ts';
import { loadSettings, saveSettings } from './settings.ts';
import { openStateFiles, type StateFiles } from './state-files.ts';

export interface AgentOptions {
  /** `https://host:port` of the control plane; the agent dials out to it and nowhere else. */
  readonly hub: string;
  /** PEM of the CA that signed the hub's certificate; as a function it is asked before every connection. */
  readonly ca: string | (() => string);
  /** Reaches the plane's own API. */
  readonly plane: Client;
  /** Keys, bundles, inventory and cursor live here. */
  readonly directory: string;
  readonly clusterUID: string;
  readonly version: string;
  /** Asked for a one-time token when there is no usable identity; may take as long as it needs. */
  readonly token: (request: TokenRequest) => Promise<string>;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** 0 up to but not including 1; spreads intervals and redials. Default Math.random. */
  readonly random?: () => number;
}
export interface Agent {
  /** Starts converging from what is on disk, then registers and connects in the background. */
  start(): Promise<void>;
  close(): Promise<void>;
}

export function createAgent(options: AgentOptions): Agent {
  return new PlaneAgent(options);
}

/** What exists once the agent has started. */
interface Running {
  readonly files: StateFiles;
  readonly store: BundleStore;
  readonly repairs: Repairs;
  readonly reports: Reports;
}

class PlaneAgent implements Agent {
  private readonly options: AgentOptions;
  private readonly random: () => number;
  private readonly stopping = new AbortController();
  private readonly metrics: AgentMetrics;
  private running: Running | undefined;
  private link: Link | undefined;
  /** A registration under way, and what calls it off. */
  private enrolment: { readonly done: Promise<void>; readonly cancel: AbortController } | undefined;

  constructor(options: AgentOptions) {
    this.options = options;
    this.random = options.random ?? Math.random;
    this.metrics = declareAgentMetrics(options.metrics, () => this.running?.store.all().length ?? 0);
  }

  async start(): Promise<void> {
    const { directory } = this.options;
    const files = openStateFiles(directory);
    const store = createBundleStore(files);
    const identity = await storedIdentity(files);
    if (identity !== undefined) await this.load(store, identity);
    this.running = this.assemble(files, store);
    this.running.repairs.audit();
    if (identity === undefined) this.enrol(this.running, false);
    else this.dial(identity, this.running);
  }

  async close(): Promise<void> {
    this.stopping.abort(new Error('agent is stopping'));
    this.running?.reports.close();
    await this.link?.close();
    await this.enrolment?.done;
    await this.running?.repairs.close();
  }

  private assemble(files: StateFiles, store: BundleStore): Running {
    const { plane, clock, log } = this.options;
    const { random, metrics } = this;
    const reports: Reports = createReports({
      clock,
      random,
      send: (message) => this.send(message),
      store: () => store,
      driftCorrected: () => repairs.driftCorrected,
      queued: () => repairs.queued,
      components: () => this.components(repairs),
    });
    const repairs = createRepairs({
      plane,
      files,
      store,
      clock,
      log,
      random,
      metrics,
      settings: loadSettings(files),
      report: (result) => reports.result(result),
    });
    return { files, store, repairs, reports };
  }

  private async load(store: BundleStore, identity: Identity): Promise<void> {
    const { dataPlane: name, dataPlaneID } = identity.registration;
    const damaged = await store.load({ name, dataPlaneID, keys: identity.pinned });
    if (damaged.length > 0) {
      this.options.log.error('files of the agent do not verify and are left out', { files: damaged });
    }
  }

  private send(message: UpMessage): boolean {
    return this.link?.send(message) === true;
  }

  /** Goes on until there is a registration, then connects with it. A link that is there goes on trying meanwhile. */
  private enrol(running: Running, refused: boolean): void {
    if (this.enrolment !== undefined || this.stopping.signal.aborted) return;
    const cancel = new AbortController();
    const signal = AbortSignal.any([this.stopping.signal, cancel.signal]);
    const run = async (): Promise<void> => {
      try {
        const identity = await enrol(this.options, running.files, { signal, refused });
        await this.link?.close();
        await this.load(running.store, identity);
        running.repairs.audit();
        if (!this.stopping.signal.aborted) this.dial(identity, running);
      } catch (error) {
        if (!signal.aborted) this.options.log.error('agent cannot register', { error });
      } finally {
        this.enrolment = undefined;
      }
    };
    this.enrolment = { done: run(), cancel };
  }

  private dial(identity: Identity, running: Running): void {
    const { hub, ca, clock, log } = this.options;
    const { reports } = running;
    const intake = this.intakeOf(identity, running);
    const name = encodeURIComponent(identity.registration.dataPlane);
    const url = `${hub.replace(/^http/, 'ws')}/hub/v1/replay?dataPlane=${name}`;
    const link = createLink(
      { url, ca, clock, log, random: this.random },
      {
        hello: (nonce) => this.hello(identity, running.store, nonce),
        message: async (message) => {
          if (message.type === 'WELCOME') await this.welcome(running, intake, message);
          else await intake.message(message);
        },
        bundle: (frame) => intake.take(decodeFrame(frame)),
        refused: (code) => {
          // A copy of us holds the plane: a token would not help. Otherwise only a new registration does.
          if (code === CLOSE.unauthorized) this.enrol(running, true);
        },
        pingSent: () => reports.pingSent(),
        pongReceived: () => reports.pongReceived(),
        down: () => reports.down(),
      },
    );
    this.link = link;
    link.start();
  }

  private intakeOf(identity: Identity, { store, repairs, reports }: Running): Intake {
    const { clock, log } = this.options;
    return createIntake({
      identity,
      store,
      clock,
      log,
      metrics: this.metrics,
      send: (message) => this.send(message),
      report: (result) => reports.result(result),
      stored: (uid) => repairs.add(uid),
    });
  }

  private async hello(identity: Identity, store: BundleStore, nonce: string): Promise<UpMessage> {
    const { keys, registration } = identity;
    const { dataPlane: dp, epoch } = registration;
    const { instanceId } = keys;
    return {
      type: 'HELLO',
      protos: [PROTOCOL],
      agentVersion: this.options.version,
      instanceId,
      clusterUID: this.options.clusterUID,
      cursor: store.cursor(),
      digest: store.seenDigest(),
      proof: await proveSession(keys, { nonce, dp, instanceId, epoch }),
    };
  }

  private async welcome(running: Running, intake: Intake, message: Down<'WELCOME'>): Promise<void> {
    const { reconcileSeconds, paused, mode, heartbeatSeconds } = message;
    // The control plane knows us after all: no new registration is needed.
    this.enrolment?.cancel.abort(new Error('the identity was accepted'));
    await saveSettings(running.files, { reconcileSeconds, paused });
    running.repairs.set({ reconcileSeconds, paused });
    intake.welcome(message);
    running.reports.up(heartbeatSeconds * 1_000, mode !== 'quarantine');
  }

  private components(repairs: Repairs): readonly ComponentHealth[] {
    const { version } = this.options;
    const paused = repairs.isPaused;
    const { failure } = repairs;
    return [
      {
        name: 'agent',
        sync: paused || failure !== undefined ? 'OutOfSync' : 'Synced',
        health: paused ? 'Suspended' : 'Healthy',
        version: version.slice(0, 64),
        message: (failure ?? '').slice(0, 1_024),
      },
    ];
  }
}
