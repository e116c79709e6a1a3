/**
 * One agent's session on the hub: challenge, hello, resume or diff, then live changes out and reports in.
 * Everything it sends is signed content another component made; it holds no state that a new session needs.
 */
import type { WebSocket } from 'ws';
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
  type UpMessage,
} from '../replica/messages.ts';
import { decideResume } from '../replica/resume.ts';
import { SignatureError, verifyClaims, type PublicJwk } from '../replica/signature.ts';
import type { BundleEntry, BundleLog } from './bundle-log.ts';
import { createSendWindow, type SendWindow, type Sendable } from './send-window.ts';
import type { BundleSigner } from './signer.ts';

export interface PlaneIdentity {
  readonly name: string;
  readonly epoch: number;
  /** Thumbprint and public key the plane registered. */
  readonly kid: string;
  readonly key: PublicJwk;
  readonly heartbeatSeconds: number;
  readonly usageSeconds: number;
}

export interface SessionReports {
  /** The session is proven and may take over; answers false when another live instance holds the plane. */
  admit(instanceId: string, hello: Extract<UpMessage, { readonly type: 'HELLO' }>): boolean;
  heartbeat(message: Extract<UpMessage, { readonly type: 'HB' }>): void;
  result(entry: BundleEntry, message: Extract<UpMessage, { readonly type: 'RESULT' }>): void;
  ended(): void;
}

export interface SessionDeps {
  readonly socket: WebSocket;
  readonly plane: PlaneIdentity;
  readonly bundles: BundleLog;
  readonly signer: BundleSigner;
  readonly reports: SessionReports;
  readonly clock: Clock;
  readonly log: Log;
  readonly nonce: string;
  readonly sessionId: string;
}

export interface Session {
  /** A change of this plane's desired state. */
  changed(entry: BundleEntry): void;
  /** Something changed, here or elsewhere: lets the agent's cursor and head follow. */
  sendHead(): void;
  ping(): void;
  close(code: number, reason: string): void;
}

const HELLO_TIMEOUT_MS = 10_000;
/** Two and a half missed pings of 20 s. */
const DEAD_AFTER_MS = 60_000;
const MAX_HAVE = 100_000;

interface Item extends Sendable {
  readonly entry: BundleEntry;
}
type State =
  | { readonly is: 'greeting' }
  | { readonly is: 'comparing'; readonly have: Map<string, Have>; readonly freezeDeletes: boolean }
  | { readonly is: 'live' }
  | { readonly is: 'quarantined' }
  | { readonly is: 'closed' };
type Hello = Extract<UpMessage, { readonly type: 'HELLO' }>;

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
  private lastHeardMs: number;
  /** Messages are handled, and bundles sent, one after the other, although signing is asynchronous. */
  private turn: Promise<void> = Promise.resolve();
  private cancelHello: () => void = () => undefined;

  constructor(deps: SessionDeps) {
    this.deps = deps;
    this.lastHeardMs = deps.clock.now();
    this.window = createSendWindow<Item>(({ entry }) => this.inTurn(() => this.transmit(entry)));
  }

  open(): void {
    const { socket, clock, log, plane } = this.deps;
    this.cancelHello = clock.after(HELLO_TIMEOUT_MS, () =>
      this.close(CLOSE.helloTimeout, 'no HELLO in time'),
    );
    socket.on('message', (data, isBinary) => {
      this.lastHeardMs = clock.now();
      this.inTurn(async () => {
        if (isBinary) throw new ProtocolError('agents send no binary frames');
        await this.handle(parseUp((data as Buffer).toString('utf8')));
      });
    });
    socket.on('pong', () => {
      this.lastHeardMs = clock.now();
    });
    socket.on('error', (error) => log.debug('replay socket error', { plane: plane.name, error }));
    socket.on('close', () => this.close(1000, 'socket closed'));
    this.send({ type: 'CHALLENGE', nonce: this.deps.nonce });
  }

  changed(entry: BundleEntry): void {
    if (this.state.is === 'live') this.push(entry);
  }

  sendHead(): void {
    if (this.state.is !== 'live') return;
    const { bundles, plane, signer, clock } = this.deps;
    const rv = bundles.headRV();
    if (this.window.waiting === 0 && this.window.unacknowledged === 0) this.send({ type: 'BOOKMARK', rv });
    const head = {
      epoch: plane.epoch,
      headRV: rv,
      count: bundles.of(plane.name).filter((entry) => entry.tombstone === undefined).length,
      digest: bundles.digest(plane.name),
    };
    this.inTurn(async () => {
      const jws = await signer.signHead(plane.name, head, clock.now());
      if (this.state.is === 'live') this.send({ type: 'HEAD', jws });
    });
  }

  ping(): void {
    const { clock, socket } = this.deps;
    if (this.state.is === 'closed') return;
    if (clock.now() - this.lastHeardMs <= DEAD_AFTER_MS) {
      socket.ping();
      return;
    }
    this.close(CLOSE.slow, 'nothing heard for 60 s');
    socket.terminate();
  }

  close(code: number, reason: string): void {
    if (this.state.is === 'closed') return;
    this.state = { is: 'closed' };
    const { socket, clock, reports } = this.deps;
    socket.close(code, reason.slice(0, 120));
    // A peer that never answers the close frame must not keep the socket.
    clock.after(5_000, () => socket.terminate());
    this.cancelHello();
    reports.ended();
  }

  private send(message: DownMessage): void {
    if (this.state.is !== 'closed') this.deps.socket.send(JSON.stringify(message));
  }

  private push(entry: BundleEntry): void {
    this.window.push({ entry, rv: entry.rv, bytes: entry.gzipped.length });
  }

  private inTurn(step: () => void | Promise<void>): void {
    this.turn = this.turn.then(step).catch((error: unknown) => this.fail(error));
  }

  private async transmit(entry: BundleEntry): Promise<void> {
    const jws = await this.deps.signer.sign(entry, this.deps.plane.epoch);
    if (this.state.is === 'closed') return;
    if (entry.tombstone === undefined) this.deps.socket.send(encodeFrame({ jws, gzipped: entry.gzipped }));
    else this.send({ type: 'DEL', jws });
  }

  private fail(error: unknown): void {
    if (error instanceof SignatureError) this.close(CLOSE.unauthorized, error.message);
    else if (error instanceof ProtocolError) this.close(CLOSE.protocolError, error.message);
    else {
      this.deps.log.error('replay session failed', { plane: this.deps.plane.name, error });
      this.close(CLOSE.protocolError, 'internal error');
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
        this.window.acknowledge(message.rv);
        return;
      case 'RESULT':
        this.result(message);
        return;
      case 'HB':
        this.deps.reports.heartbeat(message);
        return;
    }
  }

  private async hello(message: Hello): Promise<void> {
    const { plane, nonce, reports } = this.deps;
    const proof = await verifyClaims(message.proof, new Map([[plane.kid, plane.key]]), ['proof']);
    if (proof.nonce !== nonce || proof.dp !== plane.name || proof.instanceId !== message.instanceId) {
      throw new SignatureError('the proof is for another session');
    }
    if (!message.protos.includes(PROTOCOL)) throw new ProtocolError(`this hub speaks ${PROTOCOL} only`);
    if (!reports.admit(message.instanceId, message)) {
      this.close(CLOSE.forbidden, 'another live agent instance holds this data plane');
      return;
    }
    this.cancelHello();
    this.welcome(message);
  }

  private welcome(message: Hello): void {
    const { plane, bundles, clock, log, sessionId } = this.deps;
    // With equal digests nothing differs, so every cursor up to the head is as good as a log that reaches back.
    const oldestRV = message.digest === bundles.digest(plane.name) ? 0 : bundles.headRV();
    const headRV = bundles.headRV();
    const decision = decideResume(message.cursor, { epoch: plane.epoch, oldestRV, headRV });
    this.send({
      type: 'WELCOME',
      proto: PROTOCOL,
      epoch: plane.epoch,
      sessionId,
      headRV,
      heartbeatSeconds: plane.heartbeatSeconds,
      usageSeconds: plane.usageSeconds,
      serverTime: timestamp(clock.now()),
      mode: decision.mode,
    });
    log.info('agent connected', { plane: plane.name, mode: decision.mode, cursor: message.cursor });
    switch (decision.mode) {
      case 'quarantine':
        this.state = { is: 'quarantined' };
        this.send({ type: 'RV_AHEAD', headRV });
        log.error('agent is ahead of this control plane: was the store restored from a backup?', {
          plane: plane.name,
          reason: decision.reason,
          cursor: message.cursor,
        });
        return;
      case 'diff':
        this.state = { is: 'comparing', have: new Map(), freezeDeletes: decision.freezeDeletes };
        return;
      case 'resume':
        this.state = { is: 'live' };
        for (const entry of bundles.of(plane.name)) {
          if (entry.rv > decision.after || entry.tombstone !== undefined) this.push(entry);
        }
        this.sendHead();
        return;
    }
  }

  private have(have: readonly Have[], last: boolean): void {
    // An agent whose digest disagrees with a head asks for a comparison by sending what it has.
    if (this.state.is === 'live') this.state = { is: 'comparing', have: new Map(), freezeDeletes: false };
    if (this.state.is !== 'comparing') throw new ProtocolError('HAVE before WELCOME');
    for (const bundle of have) this.state.have.set(bundle.uid, bundle);
    if (this.state.have.size > MAX_HAVE) throw new ProtocolError(`more than ${MAX_HAVE} bundles`);
    if (last) this.compare(this.state.have, this.state.freezeDeletes);
  }

  private compare(have: ReadonlyMap<string, Have>, freezeDeletes: boolean): void {
    const { bundles, plane } = this.deps;
    const rv = bundles.headRV();
    const differing = bundles.of(plane.name).filter((entry) => {
      if (entry.tombstone !== undefined) return !freezeDeletes;
      const known = have.get(entry.uid);
      return known?.gen !== entry.gen || known.hash8 !== entry.sha256.slice(0, 8);
    });
    const digest = bundles.digest(plane.name);
    this.inTurn(() => this.send({ type: 'SNAP_BEGIN', rv }));
    this.state = { is: 'live' };
    for (const entry of differing) this.push(entry);
    this.inTurn(() => this.send({ type: 'SNAP_END', rv, count: differing.length, digest }));
    this.sendHead();
  }

  private result(message: Extract<UpMessage, { readonly type: 'RESULT' }>): void {
    const entry = this.deps.bundles.find(message.uid);
    // Gone meanwhile: nobody waits for the report any more.
    if (entry === undefined) return;
    if (entry.dataPlane !== this.deps.plane.name) {
      throw new ProtocolError('RESULT for a bundle of another data plane');
    }
    this.deps.reports.result(entry, message);
  }
}
