/**
 * Runs work by key: a key waits at most once, never runs twice at the same time, is tried again with growing
 * delays when it fails, and cannot hold its slot for ever.
 */
import { systemClock, type Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import { backoffMs } from './backoff.ts';
import { silentObserver, type WorkqueueObserver } from './workqueue-metrics.ts';

/** What a successful run asks for. */
export type Outcome = { readonly is: 'done' } | { readonly is: 'requeue'; readonly afterMs: number };

export interface WorkqueueOptions {
  readonly name: string;
  readonly log: Log;
  /** Must stop when the signal is aborted; if it does not, it is left behind and its slot is given on. */
  readonly work: (key: string, signal: AbortSignal) => Promise<Outcome>;
  /** Keys at work at once. Default 4. */
  readonly concurrency?: number;
  /** Of one run. Default 60 s. */
  readonly deadlineMs?: number;
  /** Wait after the first failure, at most; doubles up to 5 min. Default 500 ms. */
  readonly baseDelayMs?: number;
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly observer?: WorkqueueObserver;
}

/**
 * | a run ...                     | what follows                                                       |
 * | ----------------------------- | ------------------------------------------------------------------ |
 * | resolves `done`               | failures forgotten; runs again when added                          |
 * | resolves `requeue`            | failures forgotten; runs again after that time, or earlier if added |
 * | rejects or throws             | runs again after full-jitter backoff, 500 ms doubling up to 5 min  |
 * | passes the deadline           | its signal is aborted; the same as a rejection                     |
 * | is added while it runs        | runs once more right after                                         |
 */
export interface Workqueue {
  add(key: string): void;
  addAfter(key: string, delayMs: number): void;
  /** Nothing waits for a slot and nothing runs; delayed keys do not count. */
  readonly isIdle: boolean;
  /** Takes no more work, aborts what runs and waits for it, at most for the 5 s an abort may take. */
  close(): Promise<void>;
}

const CAP_MS = 300_000;
const CLOSE_MS = 5_000;
/** Node's timers end at 24.8 days and fire at once beyond; what is due later is looked at daily until then. */
const MAX_DELAY_MS = 86_400_000;
/** Runs that ignored their deadline; beyond this number they keep their slot, so that they cannot pile up. */
const MAX_LEFT_BEHIND = 16;

export function createWorkqueue(options: WorkqueueOptions): Workqueue {
  const { clock = systemClock, observer = silentObserver, concurrency = 4 } = options;
  /** Key to the time it was added; a Map keeps the order. */
  const ready = new Map<string, number>();
  const again = new Set<string>();
  const running = new Map<string, Promise<void>>();
  const closing = new AbortController();
  const runOne = createRunner(options, clock, closing.signal);

  const add = (key: string): void => {
    if (closing.signal.aborted) return;
    if (running.has(key)) {
      again.add(key);
    } else if (!ready.has(key)) {
      ready.set(key, clock.now());
      observer.added(ready.size);
      pump();
    }
  };
  const delays = createDelays(clock, add);
  const settle = createSettler({ ...options, observer }, delays);
  const run = async (key: string): Promise<void> => {
    // The work may add its own key, which must find it running.
    await Promise.resolve();
    const startedMs = clock.now();
    const result = await runOne(key);
    observer.finished(clock.now() - startedMs);
    running.delete(key);
    if (!closing.signal.aborted) settle(key, result);
    if (again.delete(key)) add(key);
    pump();
  };
  const pump = soon(() => {
    for (const [key, sinceMs] of ready) {
      if (running.size >= concurrency || closing.signal.aborted) return;
      ready.delete(key);
      // This run decides anew when the next one is due.
      delays.drop(key);
      observer.started(ready.size, clock.now() - sinceMs);
      running.set(key, run(key));
    }
  });
  return {
    add,
    addAfter: (key, delayMs) => {
      if (!closing.signal.aborted) delays.set(key, delayMs);
    },
    get isIdle() {
      return ready.size === 0 && running.size === 0;
    },
    close: async () => {
      closing.abort(new Error(`work queue ${options.name} closed`));
      ready.clear();
      again.clear();
      delays.clear();
      await settled([...running.values()]);
    },
  };
}

/** Runs the task once in the next turn, so that a burst of additions of one key is one run. */
function soon(task: () => void): () => void {
  let scheduled = false;
  return () => {
    if (scheduled) return;
    scheduled = true;
    queueMicrotask(() => {
      scheduled = false;
      task();
    });
  };
}

/** Decides by the result of a run when its key runs again. */
function createSettler(
  options: WorkqueueOptions & { readonly observer: WorkqueueObserver },
  delays: Delays,
): (key: string, result: RunResult) => void {
  const { baseDelayMs: baseMs = 500, random = Math.random } = options;
  const backoff = { baseMs, capMs: CAP_MS, floorMs: Math.min(50, baseMs), random };
  const log = options.log.with({ queue: options.name });
  const failures = new Map<string, number>();
  return (key, result) => {
    if (result.is !== 'failed') {
      failures.delete(key);
      if (result.is === 'requeue') delays.set(key, result.afterMs);
      return;
    }
    const count = (failures.get(key) ?? 0) + 1;
    failures.set(key, count);
    options.observer.retried();
    const waitMs = backoffMs(count, backoff);
    log.debug('work failed', { key, failures: count, waitMs, error: result.error });
    delays.set(key, waitMs);
  };
}

/** Waits for the runs, but no longer than an abort may take. */
async function settled(runs: readonly Promise<void>[]): Promise<void> {
  const limit = Promise.withResolvers<void>();
  const cancel = systemClock.after(CLOSE_MS, limit.resolve);
  await Promise.race([Promise.all(runs), limit.promise]);
  cancel();
}

interface Delays {
  /** The earlier of the known and the new time counts. */
  set(key: string, delayMs: number): void;
  drop(key: string): void;
  clear(): void;
}

/** One timer per key. */
function createDelays(clock: Clock, due: (key: string) => void): Delays {
  const timers = new Map<string, { readonly dueMs: number; readonly cancel: () => void }>();
  const drop = (key: string): void => {
    timers.get(key)?.cancel();
    timers.delete(key);
  };
  return {
    drop,
    clear: () => {
      for (const key of timers.keys()) drop(key);
    },
    set: (key, wantedMs) => {
      const delayMs = Math.min(wantedMs, MAX_DELAY_MS);
      const dueMs = clock.now() + delayMs;
      const known = timers.get(key);
      if (known !== undefined && known.dueMs <= dueMs) return;
      drop(key);
      const cancel = clock.after(delayMs, () => {
        timers.delete(key);
        due(key);
      });
      timers.set(key, { dueMs, cancel });
    },
  };
}

type RunResult = Outcome | { readonly is: 'failed'; readonly error: unknown };

/** One run with its deadline; never rejects. */
function createRunner(
  options: WorkqueueOptions,
  clock: Clock,
  closing: AbortSignal,
): (key: string) => Promise<RunResult> {
  const deadlineMs = options.deadlineMs ?? 60_000;
  let leftBehind = 0;
  const attempt = async (key: string, signal: AbortSignal): Promise<RunResult> => {
    try {
      return await options.work(key, signal);
    } catch (error) {
      return { is: 'failed', error };
    }
  };
  return async (key) => {
    const late = new AbortController();
    const expired = Promise.withResolvers<RunResult>();
    const work = attempt(key, AbortSignal.any([closing, late.signal]));
    const cancel = clock.after(deadlineMs, () => {
      const error = new Error(`${options.name}: no result for "${key}" within ${deadlineMs} ms`);
      late.abort(error);
      if (leftBehind >= MAX_LEFT_BEHIND) return;
      leftBehind += 1;
      void work.then(() => (leftBehind -= 1));
      expired.resolve({ is: 'failed', error });
    });
    const result = await Promise.race([work, expired.promise]);
    cancel();
    return result;
  };
}
