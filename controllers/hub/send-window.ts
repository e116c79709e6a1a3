/**
 * Backpressure of one session: at most 64 bundles or 1 MiB unacknowledged. `ws` buffers without bound, so what
 * is not allowed out yet waits here as references to shared, already packed entries.
 * source: replay design 2.6, measured there: 176 MB buffered towards one stalled agent without a window.
 */
const MAX_BUNDLES = 64;
const MAX_BYTES = 1024 * 1024;

export interface Sendable {
  readonly rv: number;
  readonly bytes: number;
}

export interface SendWindow<T extends Sendable> {
  push(item: T): void;
  /** Everything up to `rv` is durable at the other side. */
  acknowledge(rv: number): void;
  readonly waiting: number;
  readonly unacknowledged: number;
}

/** `send` is called in push order, never for an item twice. A single item larger than the window goes alone. */
export function createSendWindow<T extends Sendable>(send: (item: T) => void): SendWindow<T> {
  const waiting: T[] = [];
  const inFlight: T[] = [];
  let bytes = 0;
  const pump = (): void => {
    for (;;) {
      const next = waiting[0];
      const room =
        inFlight.length < MAX_BUNDLES && (inFlight.length === 0 || bytes + (next?.bytes ?? 0) <= MAX_BYTES);
      if (next === undefined || !room) return;
      waiting.shift();
      inFlight.push(next);
      bytes += next.bytes;
      send(next);
    }
  };
  return {
    push: (item) => {
      waiting.push(item);
      pump();
    },
    acknowledge: (rv) => {
      while (inFlight[0] !== undefined && inFlight[0].rv <= rv) bytes -= inFlight.shift()?.bytes ?? 0;
      pump();
    },
    get waiting() {
      return waiting.length;
    },
    get unacknowledged() {
      return inFlight.length;
    },
  };
}
