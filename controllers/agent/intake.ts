/**
 * Takes what the hub sends: a bundle or tombstone is verified, made durable, acknowledged and only then acted on;
 * a head is compared with what is here, and what is missing asked for.
 */
import type { Clock } from '../../apiserver/runtime/clock.ts';
import type { Log } from '../../apiserver/runtime/log.ts';
import type { Down, DownMessage, Up, UpMessage } from '../replica/messages.ts';
import { SignatureError, verifyClaims } from '../replica/signature.ts';
import { accept, type Envelope } from './accept.ts';
import type { AgentMetrics } from './agent-metrics.ts';
import type { BundleStore } from './bundle-store.ts';
import type { Identity } from './enrolment.ts';

export interface Intake {
  /** A session begins. */
  welcome(message: Down<'WELCOME'>): void;
  /** Throws `SignatureError` for what the hub has not signed; the session ends. */
  take(envelope: Envelope): Promise<void>;
  message(message: Exclude<DownMessage, Down<'CHALLENGE' | 'WELCOME'>>): Promise<void>;
}

export interface IntakeDeps {
  readonly identity: Identity;
  readonly store: BundleStore;
  readonly send: (message: UpMessage) => boolean;
  readonly report: (result: Up<'RESULT'>) => void;
  /** There is something to do for this bundle. */
  readonly stored: (uid: string) => void;
  readonly metrics: AgentMetrics;
  readonly clock: Clock;
  readonly log: Log;
}

const HAVE_PAGE = 2_000;
/** What the hub cannot mend by sending is not asked for again and again. */
const HAVE_PAUSE_MS = 60_000;

export function createIntake(deps: IntakeDeps): Intake {
  return new BundleIntake(deps);
}

class BundleIntake implements Intake {
  private readonly deps: IntakeDeps;
  private epoch = 0;
  private lastHaveMs: number | undefined;

  constructor(deps: IntakeDeps) {
    this.deps = deps;
  }

  welcome(message: Down<'WELCOME'>): void {
    this.epoch = message.epoch;
    this.lastHaveMs = undefined;
    if (message.mode === 'diff') this.sendHave();
  }

  async take(envelope: Envelope): Promise<void> {
    const { identity, store, metrics, log, report, send, stored } = this.deps;
    const { registration, pinned } = identity;
    const plane = { name: registration.dataPlane, epoch: registration.epoch, keys: pinned };
    const verdict = await accept(envelope, plane, (uid) => store.get(uid)?.claims);
    metrics.received.inc({ result: verdict.is });
    const { claims } = verdict;
    if (verdict.is === 'refused') {
      log.error('bundle refused', { reason: verdict.reason, uid: claims?.uid });
      if (claims === undefined) throw new SignatureError(verdict.reason);
      if (claims.dp === registration.dataPlane) store.refuse(claims);
      const { uid, gen } = claims;
      report({ type: 'RESULT', uid, gen, state: 'Nack', objects: [], error: verdict.reason });
    } else {
      const { jws, gzipped } = envelope;
      // The frame it arrived in is larger than what is kept of it.
      if (verdict.is === 'accepted')
        await store.put({ claims: verdict.claims, jws, gzipped: Buffer.from(gzipped) });
      await store.setCursor({ epoch: this.epoch, rv: verdict.claims.rv });
      const { uid, gen, typ } = verdict.claims;
      log.debug('bundle stored', { uid, gen, typ, is: verdict.is });
      stored(verdict.claims.uid);
    }
    send({ type: 'RECEIVED', rv: claims?.rv ?? 0 });
  }

  async message(message: Exclude<DownMessage, Down<'CHALLENGE' | 'WELCOME'>>): Promise<void> {
    const { store, log } = this.deps;
    switch (message.type) {
      case 'DEL':
        await this.take({ jws: message.jws, gzipped: Buffer.alloc(0) });
        return;
      case 'SNAP_BEGIN':
        return;
      case 'SNAP_END':
      case 'BOOKMARK':
        await store.setCursor({ epoch: this.epoch, rv: message.rv });
        return;
      case 'HEAD':
        await this.compareHead(message.jws);
        return;
      case 'RV_AHEAD':
        log.error('the control plane is behind this agent; nothing will be changed', {
          headRV: message.headRV,
          cursor: store.cursor(),
        });
        return;
      case 'GOAWAY':
        log.info('the hub asks to reconnect', { reason: message.reason });
        return;
    }
  }

  /** Equal digests: nothing is missing. Otherwise the hub is told what is here and sends the difference. */
  private async compareHead(jws: string): Promise<void> {
    const { identity, store, clock } = this.deps;
    const head = await verifyClaims(jws, identity.pinned, ['head']);
    if (head.dp !== identity.registration.dataPlane) throw new SignatureError('head of another data plane');
    const isBehind = head.epoch < store.cursor().epoch || head.headRV < store.cursor().rv;
    if (isBehind || head.digest === store.seenDigest()) return;
    if (this.lastHaveMs === undefined || clock.now() - this.lastHaveMs >= HAVE_PAUSE_MS) this.sendHave();
  }

  private sendHave(): void {
    const { store, send, clock } = this.deps;
    this.lastHaveMs = clock.now();
    const have = store.have();
    for (let from = 0; from === 0 || from < have.length; from += HAVE_PAGE) {
      const bundles = have.slice(from, from + HAVE_PAGE);
      send({ type: 'HAVE', bundles, last: from + HAVE_PAGE >= have.length });
    }
  }
}
