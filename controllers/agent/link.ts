/**
 * The agent's side of the replay link: dials out, proves the session, hands messages on in order, pings, and dials
 * again with full jitter. It never listens and never gives up.
 */
import { WebSocket } from 'ws';
import { systemClock, type Clock } from '../../apiserver/runtime/clock.ts';
import type { Log } from '../../apiserver/runtime/log.ts';
import {
  CLOSE,
  MAX_DOWNLINK_BYTES,
  parseDown,
  type DownMessage,
  type UpMessage,
} from '../replica/messages.ts';

export interface LinkHandlers {
  /** Answers the hub's challenge; what it returns is the first frame. */
  hello(nonce: string): Promise<UpMessage>;
  message(message: Exclude<DownMessage, { readonly type: 'CHALLENGE' }>): Promise<void>;
  bundle(frame: Buffer): Promise<void>;
  /** The hub refuses this identity: revoked or unknown (4401), cloned (4403). */
  refused(code: number): void;
  pingSent(): void;
  /** The hub has read everything that was sent before the ping. */
  pongReceived(): void;
  down(): void;
}
export interface LinkOptions {
  /** `wss://host:port/hub/v1/replay?dataPlane=name`. */
  readonly url: string;
  readonly ca: string | (() => string);
  readonly clock: Clock;
  readonly log: Log;
  readonly random?: () => number;
}
export interface Link {
  start(): void;
  /** False while there is no session: the message was not taken. */
  send(message: UpMessage): boolean;
  /** Resolves when the socket is closed, at the latest after 2 s. No handler is called from then on. */
  close(): Promise<void>;
}

const BASE_MS = 1_000;
const CAP_MS = 60_000;
/** A link that held this long was healthy: the next failure starts counting anew. */
const HEALTHY_MS = 60_000;
const REFUSED_MS = 300_000;
const PING_MS = 20_000;
const DEAD_MS = 50_000;
const HANDSHAKE_MS = 10_000;
const CLOSE_MS = 2_000;
/** Spreads agents that a hub sent away at the same time. */
const SPREAD_MS = 1_000;
/** The hub reads slowly or not at all: reports wait in the agent instead of in socket buffers. */
const MAX_BUFFERED_BYTES = 1024 * 1024;

export function createLink(options: LinkOptions, handlers: LinkHandlers): Link {
  return new ReplayLink(options, handlers);
}

class ReplayLink implements Link {
  private readonly options: LinkOptions;
  private readonly handlers: LinkHandlers;
  private socket: WebSocket | undefined;
  private closed = false;
  private failures = 0;
  private openedMs = 0;
  /** The hub's own wish for the next dial. */
  private reconnectInMs: number | undefined;
  private heardMs = 0;
  private turn: Promise<void> = Promise.resolve();
  private cancelRedial: () => void = () => undefined;
  private cancelPing: () => void = () => undefined;

  constructor(options: LinkOptions, handlers: LinkHandlers) {
    this.options = options;
    this.handlers = handlers;
  }

  start(): void {
    if (!this.closed) this.dial();
  }

  send(message: UpMessage): boolean {
    const { socket } = this;
    if (socket?.readyState !== WebSocket.OPEN || socket.bufferedAmount > MAX_BUFFERED_BYTES) return false;
    socket.send(JSON.stringify(message));
    return true;
  }

  async close(): Promise<void> {
    this.closed = true;
    this.cancelRedial();
    this.cancelPing();
    const { socket } = this;
    if (socket === undefined || socket.readyState === WebSocket.CLOSED) return;
    const { promise, resolve } = Promise.withResolvers<undefined>();
    socket.once('close', () => resolve(undefined));
    socket.close(1000, 'agent is stopping');
    // Real time: a peer that does not answer does not wait for an injected clock.
    const cancel = systemClock.after(CLOSE_MS, () => socket.terminate());
    await promise;
    cancel();
    await this.turn;
  }

  private dial(): void {
    const { url, ca, log, clock } = this.options;
    const socket = new WebSocket(url, {
      ca: typeof ca === 'function' ? ca() : ca,
      perMessageDeflate: false,
      maxPayload: MAX_DOWNLINK_BYTES,
      handshakeTimeout: HANDSHAKE_MS,
    });
    this.socket = socket;
    socket.on('open', () => {
      this.openedMs = this.heardMs = clock.now();
      this.schedulePing(socket);
    });
    socket.on('pong', () => {
      this.heardMs = clock.now();
      if (socket === this.socket) this.handlers.pongReceived();
    });
    socket.on('ping', () => {
      this.heardMs = clock.now();
    });
    socket.on('message', (data, isBinary) => {
      this.heardMs = clock.now();
      this.inTurn(socket, () => this.receive(data as Buffer, isBinary));
    });
    socket.on('error', (error) => log.debug('replay link error', { error: error.message }));
    socket.on('close', (code, reason) => this.onClose(socket, code, reason.toString('utf8')));
  }

  /** Messages take effect one after the other; one that fails ends the session, the next session starts clean. */
  private inTurn(socket: WebSocket, step: () => Promise<void>): void {
    this.turn = this.turn.then(async () => {
      if (socket !== this.socket) return;
      try {
        await step();
      } catch (error) {
        this.options.log.error('replay message failed', { error });
        socket.close(CLOSE.protocolError, 'message failed');
      }
    });
  }

  private async receive(data: Buffer, isBinary: boolean): Promise<void> {
    if (isBinary) {
      await this.handlers.bundle(data);
      return;
    }
    const message = parseDown(data.toString('utf8'));
    if (message.type === 'GOAWAY') this.reconnectInMs = message.reconnectInMs;
    if (message.type === 'CHALLENGE') this.send(await this.handlers.hello(message.nonce));
    else await this.handlers.message(message);
  }

  private schedulePing(socket: WebSocket): void {
    const { clock } = this.options;
    this.cancelPing = clock.after(PING_MS, () => {
      if (socket.readyState !== WebSocket.OPEN) return;
      if (clock.now() - this.heardMs >= DEAD_MS) {
        socket.terminate();
        return;
      }
      this.handlers.pingSent();
      socket.ping();
      this.schedulePing(socket);
    });
  }

  private onClose(socket: WebSocket, code: number, reason: string): void {
    if (socket !== this.socket) return;
    const { clock, log } = this.options;
    this.socket = undefined;
    this.cancelPing();
    this.handlers.down();
    if (this.closed) return;
    const healthy = this.openedMs > 0 && clock.now() - this.openedMs > HEALTHY_MS;
    this.failures = healthy ? 0 : this.failures + 1;
    this.openedMs = 0;
    const refused = code === CLOSE.unauthorized || code === CLOSE.forbidden;
    const delayMs = this.redialDelay(refused);
    log.info('replay link is down', { code, reason, redialInMs: Math.round(delayMs) });
    this.cancelRedial = clock.after(delayMs, () => this.dial());
    if (refused) this.handlers.refused(code);
  }

  private redialDelay(refused: boolean): number {
    const { random = Math.random } = this.options;
    const { reconnectInMs } = this;
    this.reconnectInMs = undefined;
    if (refused) return REFUSED_MS * (0.9 + 0.2 * random());
    if (reconnectInMs !== undefined) return reconnectInMs + random() * SPREAD_MS;
    return random() * Math.min(CAP_MS, BASE_MS * 2 ** Math.min(this.failures, 10));
  }
}
