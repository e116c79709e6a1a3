/**
 * Backpressure of one session: at most 64 bundles or 1 MiB unacknowledged. `ws` buffers without bound, so what
 * is not allowed out yet waits here as references to shared, already packed entries; of one bundle only the
 * newest generation waits.
 * source: replay design 2.6, measured there: 176 MB buffered towards one stalled agent without a window.
 */
const MAX_BUNDLES = 64;
const MAX_BYTES = 1024 * 1024;

export interface Sendable {
  readonly uid: string;
  readonly rv: number;
  readonly bytes: number;
}

export interface SendWindow<T extends Sendable> {
  push(item: T): void;
  /** Everything up to `rv` is taken care of at the other side. Answers whether that was news. */
  acknowledge(rv: number): boolean;
  /** Waits, or is on the way. */
  find(uid: string): T | undefined;
  readonly waiting: number;
  readonly unacknowledged: number;
}

/** `send` is called in push order, never for an item twice. A single item larger than the window goes alone. */
export function createSendWindow<T extends Sendable>(send: (item: T) => void): SendWindow<T> {
  const waiting = new Map<string, T>();
  let inFlight: T[] = [];
  let bytes = 0;
  const pump = (): void => {
    for (const next of waiting.values()) {
      const room =
        inFlight.length < MAX_BUNDLES && (inFlight.length === 0 || bytes + next.bytes <= MAX_BYTES);
      if (!room) return;
      waiting.delete(next.uid);
      inFlight.push(next);
      bytes += next.bytes;
      send(next);
    }
  };
  return {
    push: (item) => {
      // Its newer generation takes its place at the end of the queue.
      waiting.delete(item.uid);
      waiting.set(item.uid, item);
      pump();
    },
    acknowledge: (rv) => {
      const left = inFlight.filter((item) => item.rv > rv);
      const isNews = left.length < inFlight.length;
      inFlight = left;
      bytes = left.reduce((sum, item) => sum + item.bytes, 0);
      pump();
      return isNews;
    },
    find: (uid) => waiting.get(uid) ?? inFlight.findLast((item) => item.uid === uid),
    get waiting() {
      return waiting.size;
    },
    get unacknowledged() {
      return inFlight.length;
    },
  };
}
