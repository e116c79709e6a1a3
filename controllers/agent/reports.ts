/**
 * What the agent tells the control plane: the newest result of each bundle, and a heartbeat. A result is kept until
 * an answered ping shows that the hub has read it; heartbeats are not: the next one says more.
 */
import type { Clock } from '../../apiserver/runtime/clock.ts';
import type { ComponentHealth, Up, UpMessage } from '../replica/messages.ts';
import type { BundleStore } from './bundle-store.ts';

export interface Reports {
  result(result: Up<'RESULT'>): void;
  /** A session has begun, in which results count or not (quarantine). */
  up(intervalMs: number, resultsCount: boolean): void;
  down(): void;
  pingSent(): void;
  pongReceived(): void;
  close(): void;
}

export interface ReportsDeps {
  readonly clock: Clock;
  /** False when the message was not taken. */
  readonly send: (message: UpMessage) => boolean;
  readonly store: () => BundleStore | undefined;
  readonly driftCorrected: () => number;
  /** Bundles that wait for their turn. */
  readonly queued: () => number;
  readonly components: () => readonly ComponentHealth[];
  /** 0 up to but not including 1; spreads heartbeats by 10 % either way. */
  readonly random: () => number;
}

/** An uplink message has an upper bound, and nobody reads further. */
const MAX_OBJECTS = 1_000;

export function createReports(deps: ReportsDeps): Reports {
  return new Reporter(deps);
}

type Result = Up<'RESULT'>;

class Reporter implements Reports {
  private readonly deps: ReportsDeps;
  private readonly unsent = new Map<string, Result>();
  /** Sent since the last ping. */
  private sent = new Map<string, Result>();
  /** Sent before a ping that is not answered yet. */
  private unconfirmed = new Map<string, Result>();
  private isOpen = false;
  private cancelBeat: () => void = () => undefined;

  constructor(deps: ReportsDeps) {
    this.deps = deps;
  }

  result(result: Result): void {
    this.unsent.set(result.uid, { ...result, objects: result.objects.slice(0, MAX_OBJECTS) });
    this.flush();
  }

  up(intervalMs: number, resultsCount: boolean): void {
    this.isOpen = resultsCount;
    this.beat(intervalMs);
    this.flush();
  }

  down(): void {
    this.isOpen = false;
    this.cancelBeat();
    for (const results of [this.sent, this.unconfirmed]) {
      for (const [uid, result] of results) if (!this.unsent.has(uid)) this.unsent.set(uid, result);
    }
    this.sent = new Map();
    this.unconfirmed = new Map();
  }

  pingSent(): void {
    for (const [uid, result] of this.sent) this.unconfirmed.set(uid, result);
    this.sent = new Map();
  }

  pongReceived(): void {
    this.unconfirmed = new Map();
    this.flush();
  }

  close(): void {
    this.cancelBeat();
  }

  private flush(): void {
    if (!this.isOpen) return;
    for (const [uid, result] of this.unsent) {
      if (!this.deps.send(result)) return;
      this.unsent.delete(uid);
      this.sent.set(uid, result);
    }
  }

  private beat(intervalMs: number): void {
    this.cancelBeat();
    const { clock, send, store, driftCorrected, queued, components, random } = this.deps;
    const held = store();
    const { epoch, rv } = held?.cursor() ?? { epoch: 0, rv: 0 };
    send({
      type: 'HB',
      epoch,
      rv,
      digest: held?.digest() ?? '',
      bundles: held?.all().length ?? 0,
      queued: queued() + this.unsent.size,
      driftCorrected: driftCorrected(),
      components: components(),
      clock: new Date(clock.now()).toISOString(),
    });
    this.flush();
    const jitteredMs = intervalMs * (0.9 + 0.2 * random());
    this.cancelBeat = clock.after(jitteredMs, () => this.beat(intervalMs));
  }
}
