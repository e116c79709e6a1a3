/**
 * One agent's session on the hub: challenge, hello, resume or diff, then live changes out and reports in.
 * Everything it sends is signed content another component made; it holds no state that a new session needs.
 */
import type { WebSocket } from 'ws';
import { ApiError } from '../../apiserver/api/errors.ts';
import type { Clock } from '../../apiserver/runtime/clock.ts';
import { timestamp } from '../../apiserver/runtime/clock.ts';
import type { Log } from '../../apiserver/runtime/log.ts';
import { encodeFrame } from '../replica/frame.ts';
import {
  CLOSE,
  PROTOCOL,
  ProtocolError,
  parseUp,
  type DownMessage,
  type Have,
  type Up,
  type UpMessage,
} from '../replica/messages.ts';
import { decideResume } from '../replica/resume.ts';
import { SignatureError } from '../replica/signature.ts';
import type { BundleEntry, BundleLog } from './bundle-log.ts';
import type { PlaneIdentity, ProvenPlane } from './plane-identity.ts';
import { createSendWindow, type SendWindow, type Sendable } from './send-window.ts';
import type { BundleSigner } from './signer.ts';

export type Admission =
  { readonly is: 'admitted' } | { readonly is: 'refused'; readonly code: number; readonly reason: string };

export interface SessionReports {
  /** Throws `SignatureError` unless the HELLO proves that it comes from the plane it names. */
  prove(nonce: string, hello: Up<'HELLO'>): Promise<ProvenPlane>;
  /** The session is proven and wants to take over. */
  admit(plane: PlaneIdentity, hello: Up<'HELLO'>): Admission;
  /** Newest revision of the store, asked for when the agent claims to have seen a later one than we. */
  headRV(): Promise<number>;
  heartbeat(message: Up<'HB'>): void;
  result(entry: BundleEntry, message: Up<'RESULT'>): void;
  /** Told once, with the close code of our side. */
  ended(code: number): void;
}

export interface SessionDeps {
  readonly socket: WebSocket;
  readonly bundles: BundleLog;
  readonly signer: BundleSigner;
  readonly reports: SessionReports;
  readonly counts: SessionCounts;
  readonly clock: Clock;
  readonly log: Log;
  readonly nonce: string;
  readonly sessionId: string;
}
export interface SessionCounts {
  sent(what: 'bundle' | 'tombstone'): void;
  started(mode: 'resume' | 'diff' | 'quarantine'): void;
}

export interface Session {
  /** A change of this plane's desired state. */
  changed(entry: BundleEntry): void;
  /** Something changed, here or elsewhere: lets the agent's cursor and head follow. */
  sendHead(): void;
  ping(): void;
  /** Ends the session so that the agent dials again soon. */
  goAway(reason: string): void;
  close(code: number, reason: string): void;
}

const HELLO_TIMEOUT_MS = 10_000;
/** Two and a half missed pings of 20 s. */
const DEAD_AFTER_MS = 60_000;
/** Bundles are on the way and nothing is acknowledged: the agent is stuck, and another session is cheap. */
const STALLED_AFTER_MS = 30_000;
const CLOSE_HANDSHAKE_MS = 5_000;
const MAX_HAVE = 100_000;
/** Messages that wait to be handled; beyond, the socket is not read. */
const MAX_PENDING = 64;

interface Item extends Sendable {
  readonly entry: BundleEntry;
}
type State =
  | { readonly is: 'greeting' }
  | { readonly is: 'comparing'; readonly have: Map<string, Have>; readonly freezeDeletes: boolean }
  | { readonly is: 'live' }
  | { readonly is: 'quarantined' }
  | { readonly is: 'closed' };

/** Attaches a session to a freshly opened socket and sends the challenge. */
export function createSession(deps: SessionDeps): Session {
  const session = new HubSession(deps);
  session.open();
  return session;
}

class HubSession implements Session {
  private readonly deps: SessionDeps;
  private readonly window: SendWindow<Item>;
  private state: State = { is: 'greeting' };
  private plane: PlaneIdentity | undefined;
  private lastHeardMs: number;
  /** Messages are handled, and bundles sent, one after the other, although signing is asynchronous. */
  private turn: Promise<void> = Promise.resolve();
  private pending = 0;
  /** A head waits until everything it speaks of is on the way. */
  private headDue = false;
  private cancelHello: () => void = () => undefined;
  private cancelStall: (() => void) | undefined;

  constructor(deps: SessionDeps) {
    this.deps = deps;
    this.lastHeardMs = deps.clock.now();
    this.window = createSendWindow<Item>(({ entry }) => this.inTurn(() => this.transmit(entry)));
  }

  open(): void {
    const { socket, clock, log } = this.deps;
    this.cancelHello = clock.after(HELLO_TIMEOUT_MS, () =>
      this.close(CLOSE.helloTimeout, 'no HELLO in time'),
    );
    socket.on('message', (data, isBinary) => {
      this.lastHeardMs = clock.now();
      this.pending += 1;
      if (this.pending >= MAX_PENDING) socket.pause();
      this.inTurn(async () => {
        this.pending -= 1;
        if (socket.isPaused && this.pending < MAX_PENDING / 2) socket.resume();
        if (isBinary) throw new ProtocolError('agents send no binary frames');
        await this.handle(parseUp((data as Buffer).toString('utf8')));
      });
    });
    socket.on('pong', () => {
      this.lastHeardMs = clock.now();
    });
    socket.on('error', (error) => log.debug('replay socket error', { error }));
    socket.on('close', () => this.close(1000, 'socket closed'));
    this.send({ type: 'CHALLENGE', nonce: this.deps.nonce });
  }

  changed(entry: BundleEntry): void {
    if (this.state.is === 'live') this.push(entry);
  }

  sendHead(): void {
    const { plane } = this;
    if (this.state.is !== 'live' || plane === undefined) return;
    // A head that speaks of what waits here would look like a loss to the agent.
    this.headDue = this.window.waiting > 0;
    if (this.headDue) return;
    const { bundles, signer, clock } = this.deps;
    const rv = bundles.headRV();
    if (this.window.unacknowledged === 0) this.send({ type: 'BOOKMARK', rv });
    const head = { epoch: plane.epoch, headRV: rv, ...bundles.summary(plane.name) };
    this.inTurn(async () => {
      const jws = await signer.signHead(plane.name, head, clock.now());
      if (this.state.is === 'live') this.send({ type: 'HEAD', jws });
    });
  }

  ping(): void {
    const { clock, socket } = this.deps;
    if (this.state.is === 'closed') return;
    if (clock.now() - this.lastHeardMs < DEAD_AFTER_MS) {
      socket.ping();
      return;
    }
    this.close(CLOSE.slow, 'nothing heard for 60 s');
    socket.terminate();
  }

  goAway(reason: string): void {
    this.send({ type: 'GOAWAY', reason: reason.slice(0, 256), reconnectInMs: 0 });
    this.close(CLOSE.tryAgain, reason);
  }

  close(code: number, reason: string): void {
    if (this.state.is === 'closed') return;
    this.state = { is: 'closed' };
    const { socket, clock, reports } = this.deps;
    if (socket.isPaused) socket.resume();
    socket.close(code, reason.slice(0, 120));
    // A peer that never answers the close frame must not keep the socket.
    const cancel = clock.after(CLOSE_HANDSHAKE_MS, () => socket.terminate());
    socket.once('close', cancel);
    this.cancelHello();
    this.cancelStall?.();
    reports.ended(code);
  }

  private send(message: DownMessage): void {
    if (this.state.is !== 'closed') this.deps.socket.send(JSON.stringify(message));
  }

  private push(entry: BundleEntry): void {
    this.window.push({ entry, uid: entry.uid, rv: entry.rv, bytes: entry.gzipped.length });
    this.watchForStall();
  }

  private watchForStall(): void {
    if (this.window.unacknowledged === 0) {
      this.cancelStall?.();
      this.cancelStall = undefined;
      return;
    }
    this.cancelStall ??= this.deps.clock.after(STALLED_AFTER_MS, () => {
      this.close(CLOSE.slow, 'bundles are not acknowledged');
      this.deps.socket.terminate();
    });
  }

  private inTurn(step: () => void | Promise<void>): void {
    this.turn = this.turn.then(step).catch((error: unknown) => this.fail(error));
  }

  private async transmit(entry: BundleEntry): Promise<void> {
    const { plane, deps } = this;
    if (plane === undefined) return;
    const jws = await deps.signer.sign(entry, plane.epoch);
    if (this.state.is === 'closed') return;
    if (entry.tombstone === undefined) deps.socket.send(encodeFrame({ jws, gzipped: entry.gzipped }));
    else this.send({ type: 'DEL', jws });
    deps.counts.sent(entry.tombstone === undefined ? 'bundle' : 'tombstone');
  }

  private fail(error: unknown): void {
    if (error instanceof SignatureError) this.close(CLOSE.unauthorized, error.message);
    else if (error instanceof ProtocolError) this.close(CLOSE.protocolError, error.message);
    else {
      this.deps.log.error('replay session failed', { plane: this.plane?.name, error });
      const passing = error instanceof ApiError;
      this.close(passing ? CLOSE.tryAgain : CLOSE.protocolError, passing ? 'try again' : 'internal error');
    }
  }

  private async handle(message: UpMessage): Promise<void> {
    if (this.state.is === 'closed') return;
    if ((this.state.is === 'greeting') !== (message.type === 'HELLO')) {
      throw new ProtocolError(`${message.type} is not expected now`);
    }
    switch (message.type) {
      case 'HELLO':
        await this.hello(message);
        return;
      case 'HAVE':
        this.have(message.bundles, message.last);
        return;
      case 'RECEIVED':
        this.received(message.rv);
        return;
      case 'RESULT':
        this.result(message);
        return;
      case 'HB':
        this.deps.reports.heartbeat(message);
        return;
    }
  }

  private async hello(message: Up<'HELLO'>): Promise<void> {
    const { nonce, reports, bundles } = this.deps;
    const { plane, agentEpoch } = await reports.prove(nonce, message);
    if (!message.protos.includes(PROTOCOL)) throw new ProtocolError(`this hub speaks ${PROTOCOL} only`);
    if (message.cursor.rv > bundles.headRV()) bundles.reached(await reports.headRV());
    // Asking took time, and closing does not wait.
    if (this.isClosed()) return;
    const admission = reports.admit(plane, message);
    if (admission.is === 'refused') {
      this.close(admission.code, admission.reason);
      return;
    }
    this.cancelHello();
    this.plane = plane;
    this.welcome(plane, agentEpoch, message);
  }

  private isClosed(): boolean {
    return this.state.is === 'closed';
  }

  private welcome(plane: PlaneIdentity, agentEpoch: number, message: Up<'HELLO'>): void {
    const { bundles, clock, log, sessionId, counts } = this.deps;
    const headRV = bundles.headRV();
    const { cursor, digest } = message;
    const decision = decideResume(
      { cursor, digest, epoch: agentEpoch },
      { epoch: plane.epoch, headRV, digest: bundles.summary(plane.name).digest },
    );
    this.send({
      type: 'WELCOME',
      proto: PROTOCOL,
      epoch: plane.epoch,
      sessionId,
      headRV,
      ...plane.settings,
      serverTime: timestamp(clock.now()),
      mode: decision.mode,
    });
    counts.started(decision.mode);
    log.info('agent connected', { plane: plane.name, mode: decision.mode, cursor });
    switch (decision.mode) {
      case 'quarantine':
        this.state = { is: 'quarantined' };
        this.send({ type: 'RV_AHEAD', headRV });
        log.error('agent is ahead of this control plane: was the store restored from a backup?', {
          plane: plane.name,
          reason: decision.reason,
          cursor,
          headRV,
        });
        return;
      case 'diff':
        this.state = { is: 'comparing', have: new Map(), freezeDeletes: decision.freezeDeletes };
        return;
      case 'resume':
        this.state = { is: 'live' };
        // Tombstones are no part of the digest; one that is still here was not confirmed yet.
        for (const entry of bundles.of(plane.name)) if (entry.tombstone !== undefined) this.push(entry);
        this.sendHead();
        return;
    }
  }

  private have(have: readonly Have[], last: boolean): void {
    // An agent whose digest disagrees with a head asks for a comparison by sending what it has.
    if (this.state.is === 'live') this.state = { is: 'comparing', have: new Map(), freezeDeletes: false };
    if (this.state.is !== 'comparing') throw new ProtocolError('HAVE is not expected now');
    for (const bundle of have) this.state.have.set(bundle.uid, bundle);
    if (this.state.have.size > MAX_HAVE) throw new ProtocolError(`more than ${MAX_HAVE} bundles`);
    if (last) this.compare(this.state.have, this.state.freezeDeletes);
  }

  private compare(have: ReadonlyMap<string, Have>, freezeDeletes: boolean): void {
    const { bundles, log } = this.deps;
    const name = this.plane?.name ?? '';
    const rv = bundles.headRV();
    const wanted = bundles.of(name);
    const differing = wanted.filter((entry) => {
      if (this.window.find(entry.uid)?.entry === entry) return false;
      if (entry.tombstone !== undefined) return !freezeDeletes;
      const known = have.get(entry.uid);
      return known?.gen !== entry.gen || known.hash8 !== entry.sha256.slice(0, 8);
    });
    const unknown = [...have.keys()].filter((uid) => bundles.find(uid)?.dataPlane !== name);
    if (unknown.length > 0) {
      // Never deleted for that (P6): only a tombstone deletes.
      log.error('a data plane holds bundles that this control plane does not know', {
        plane: name,
        count: unknown.length,
        uids: unknown.slice(0, 10),
      });
    }
    this.inTurn(() => this.send({ type: 'SNAP_BEGIN', rv }));
    this.state = { is: 'live' };
    for (const entry of differing) this.push(entry);
    const { digest } = bundles.summary(name);
    this.inTurn(() => this.send({ type: 'SNAP_END', rv, count: differing.length, digest }));
    this.sendHead();
  }

  private received(rv: number): void {
    if (this.window.acknowledge(rv)) {
      this.cancelStall?.();
      this.cancelStall = undefined;
    }
    this.watchForStall();
    if (this.headDue) this.sendHead();
  }

  private result(message: Up<'RESULT'>): void {
    const entry = this.deps.bundles.find(message.uid);
    // Gone meanwhile: nobody waits for the report any more.
    if (entry === undefined) return;
    if (entry.dataPlane !== this.plane?.name) {
      this.close(CLOSE.forbidden, 'RESULT for a bundle of another data plane');
      return;
    }
    this.deps.reports.result(entry, message);
  }
}
