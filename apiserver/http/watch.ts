/**
 * One open watch: takes events from the registry, keeps a bounded queue for its client, and ends cleanly at its
 * deadline. A client that does not read is cut; nobody else notices.
 */
import type { ApiError } from '../api/errors.ts';
import type { WatchEvent, WatchHandle, WatchSink } from '../registry/registry.ts';
import type { Clock } from '../runtime/clock.ts';
import type { EncodedBatch, Frames } from './frames.ts';

const END_GRACE_MS = 10_000;

/** Where frames go: a chunked HTTP body or a WebSocket. */
export interface WatchTransport {
  /** Begins the answer. Nothing is sent before, so that a refused watch can still get a Status. Idempotent. */
  open(): void;
  /** Hands over frames; false: the client is behind, wait for `onDrain`. */
  write(batch: EncodedBatch): boolean;
  /** Clean end of the stream. */
  end(): void;
  /** Cuts the connection without waiting for the client. */
  destroy(): void;
  /** Room again after `write` returned false. */
  onDrain(listener: () => void): void;
  /** The client is gone, or the stream has ended. Called once. */
  onClose(listener: () => void): void;
}

export interface WatchStreamOptions {
  readonly frames: Frames;
  readonly transport: WatchTransport;
  readonly clock: Clock;
  /** Ends with a clean end of the stream. */
  readonly timeoutMs: number;
  /** Bytes of encoded events waiting for a slow client before it is cut. */
  readonly maxQueueBytes: number;
  readonly onSlow: () => void;
}

export interface WatchStream extends WatchSink {
  /** Must be called once, right after the registry returned the handle. */
  started(handle: WatchHandle): void;
  /** Clean end before the deadline: the server is stopping. */
  stop(): void;
  readonly closed: Promise<void>;
}

export function createWatchStream(options: WatchStreamOptions): WatchStream {
  return new Stream(options);
}

class Stream implements WatchStream {
  readonly closed: Promise<void>;
  readonly #options: WatchStreamOptions;
  #cancelTimer: () => void = () => undefined;
  #resolveClosed: () => void = () => undefined;
  #handle: WatchHandle | undefined;
  #queue: EncodedBatch[] = [];
  #queuedBytes = 0;
  #isBehind = false;
  #isFirst = true;
  /** Set once nothing may follow; the queue is still written out. */
  #isEnding = false;
  #isClosed = false;
  #waiting: (() => void)[] = [];

  constructor(options: WatchStreamOptions) {
    this.#options = options;
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    options.transport.onDrain(() => this.#onDrain());
    options.transport.onClose(() => this.#onClose());
  }

  started(handle: WatchHandle): void {
    this.#handle = handle;
    const { clock, timeoutMs } = this.#options;
    if (this.#isClosed || this.#isEnding) handle.close();
    else this.#cancelTimer = clock.after(timeoutMs, () => this.stop());
  }

  events(batch: readonly WatchEvent[]): void {
    if (this.#isEnding || batch.length === 0) return;
    const encoded = this.#options.frames.batch(batch, this.#isFirst);
    this.#isFirst = false;
    this.#send(encoded);
  }

  bookmark(revision: number, endOfInitialEvents: boolean): void {
    if (this.#isEnding) return;
    const encoded = this.#options.frames.bookmark(revision, endOfInitialEvents, this.#isFirst);
    this.#isFirst = false;
    this.#send(encoded);
  }

  error(error: ApiError): void {
    if (this.#isEnding) return;
    this.#send(this.#options.frames.error(error));
    this.#end();
  }

  /** Pace for the registry while it sends what was there before. */
  async drained(): Promise<void> {
    if (!this.#isBehind || this.#isClosed) {
      await new Promise((resolve) => void setImmediate(resolve));
      return;
    }
    await new Promise<void>((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  stop(): void {
    if (this.#isEnding) return;
    // The last bookmark saves the client from reading again what it has already seen.
    this.#handle?.bookmark();
    this.#end();
  }

  #send(batch: EncodedBatch): void {
    if (!this.#isBehind) {
      this.#isBehind = !this.#options.transport.write(batch);
      return;
    }
    this.#queue.push(batch);
    this.#queuedBytes += batch.length;
    if (this.#queuedBytes <= this.#options.maxQueueBytes) return;
    this.#options.onSlow();
    this.#options.transport.destroy();
    this.#onClose();
  }

  #end(): void {
    this.#isEnding = true;
    this.#handle?.close();
    this.#cancelTimer();
    const { clock, transport } = this.#options;
    // A client that reads nothing any more would hold its connection, and what is queued, for ever.
    this.#cancelTimer = clock.after(END_GRACE_MS, () => transport.destroy());
    if (this.#queue.length === 0) transport.end();
  }

  #onDrain(): void {
    this.#isBehind = false;
    while (!this.#isBehind) {
      const batch = this.#queue.shift();
      if (batch === undefined) break;
      this.#queuedBytes -= batch.length;
      this.#isBehind = !this.#options.transport.write(batch);
    }
    if (this.#isEnding && this.#queue.length === 0) this.#options.transport.end();
    if (!this.#isBehind) this.#release();
  }

  #onClose(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#isEnding = true;
    this.#queue = [];
    this.#cancelTimer();
    this.#handle?.close();
    this.#release();
    this.#resolveClosed();
  }

  #release(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
