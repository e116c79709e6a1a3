/**
 * Gives memory back to the system once the process has fallen quiet. V8 shrinks a heap only while it collects, and
 * a server with nothing to do does not collect: what a start or a burst needed would stay for ever.
 */
import { performance } from 'node:perf_hooks';
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Clock } from './clock.ts';

export interface IdleMemory {
  start(): void;
  close(): Promise<void>;
}

/** What is asked of the JavaScript engine. */
export interface Heap {
  /** Share of the time since the last call, or since the start, in which the event loop was busy: 0 to 1. */
  busyShare(): number;
  /** Taken from the system. */
  heldBytes(): number;
  /** Taken by objects, garbage included. */
  usedBytes(): number;
  /** Frees what died young, which takes some milliseconds: a burst leaves up to 50 MB of it behind. */
  collectYoung(): void;
  /**
   * Frees garbage while the process stands still: 1.5 ms per megabyte in use, and V8 gives back what it no longer
   * holds within some 8 s. `thorough` takes three times as long, looks everywhere and gives back at once.
   */
  collect(how: 'quick' | 'thorough'): void;
}

/** The process is quiet when it was less busy than this for the whole of a window. */
const QUIET_SHARE = 0.1;
const WINDOW_MS = 2_000;
/** From one collection to the next, at least. */
const PAUSE_MS = 10_000;
/** Growth since the last collection below this is not worth another one. */
const WORTHWHILE_BYTES = 4 * 1024 * 1024;
/** Above these a collection would be felt. */
const MAX_THOROUGH_BYTES = 40 * 1024 * 1024;
const MAX_USED_BYTES = 128 * 1024 * 1024;
/**
 * After a burst V8 keeps what a quick collection empties as pooled pages, more than 100 MB of them: getting that back
 * is worth a longer stop, once.
 */
const BURST_BYTES = 64 * 1024 * 1024;
const MAX_THOROUGH_AFTER_BURST_BYTES = 80 * 1024 * 1024;

/** `heap` default: this thread's. */
export function createIdleMemory(deps: { readonly clock: Clock; readonly heap?: Heap }): IdleMemory {
  const { clock, heap = createHeap() } = deps;
  let cancel = (): void => undefined;
  let collectedAtMs = -Infinity;
  let settledBytes = 0;

  const check = (): void => {
    const isQuiet = heap.busyShare() < QUIET_SHARE;
    const isDue = clock.now() - collectedAtMs >= PAUSE_MS;
    const heldBytes = heap.heldBytes();
    // V8 gives back more a while after a quick collection.
    settledBytes = Math.min(settledBytes, heldBytes);
    const grownBytes = heldBytes - settledBytes;
    if (isQuiet && isDue && grownBytes >= WORTHWHILE_BYTES) {
      collectedAtMs = clock.now();
      if (collect(heap, grownBytes)) settledBytes = heap.heldBytes();
    }
    cancel = clock.after(WINDOW_MS, check);
  };
  return {
    start: () => {
      heap.busyShare();
      cancel = clock.after(WINDOW_MS, check);
    },
    close: async () => cancel(),
  };
}

/** False when so much is in use that a collection would be felt. */
function collect(heap: Heap, grownBytes: number): boolean {
  heap.collectYoung();
  const usedBytes = heap.usedBytes();
  if (usedBytes > MAX_USED_BYTES) return false;
  const mostBytes = grownBytes >= BURST_BYTES ? MAX_THOROUGH_AFTER_BURST_BYTES : MAX_THOROUGH_BYTES;
  heap.collect(usedBytes <= mostBytes ? 'thorough' : 'quick');
  return true;
}

export function createHeap(): Heap {
  // Node shows V8's collector only to a process that asked for it with a flag; a context made after that has it too.
  setFlagsFromString('--expose-gc');
  const run = runInNewContext('gc') as (options: object) => void;
  setFlagsFromString('--no-expose-gc');
  let before = performance.eventLoopUtilization();
  return {
    busyShare: () => {
      const now = performance.eventLoopUtilization();
      const { utilization } = performance.eventLoopUtilization(now, before);
      before = now;
      return utilization;
    },
    heldBytes: () => getHeapStatistics().total_heap_size,
    usedBytes: () => getHeapStatistics().used_heap_size,
    collectYoung: () => run({ type: 'minor' }),
    collect: (how) =>
      run({ type: 'major', execution: 'sync', flavor: how === 'thorough' ? 'last-resort' : 'regular' }),
  };
}
