/** Runs one reconciler: waits for its copies, feeds its queue, counts and reports what comes of it. */
import type { Client } from '../../../apiserver/client/client.ts';
import { keyOf, refFromKey } from '../../../apiserver/client/resource.ts';
import { isConflict } from '../../../apiserver/client/status.ts';
import type { WorkqueueObserver } from '../../../apiserver/client/workqueue-metrics.ts';
import { createWorkqueue } from '../../../apiserver/client/workqueue.ts';
import type { Clock } from '../../../apiserver/runtime/clock.ts';
import type { Log } from '../../../apiserver/runtime/log.ts';
import { exponential, type Metrics } from '../../../apiserver/runtime/metrics.ts';
import type { Outcome, Reconciler } from './reconciler.ts';

export interface Runner {
  /** Starts once `ready` resolved; a `ready` that rejects keeps this reconciler idle and nobody else. */
  start(ready: Promise<void>): void;
  /** Nothing waits and nothing runs. */
  readonly isIdle: boolean;
  close(): Promise<void>;
}

interface RunnerDeps {
  readonly apiClient: Client;
  readonly clock: Clock;
  readonly log: Log;
  readonly observer: WorkqueueObserver;
  readonly metrics: ReconcileMetrics;
}

const DEFAULT_CONCURRENCY = 4;

export function createRunner(reconciler: Reconciler, deps: RunnerDeps): Runner {
  const { apiClient, clock, observer, metrics } = deps;
  const log = deps.log.with({ controller: reconciler.name });
  const count = metrics.of(reconciler.name);
  const concurrency = reconciler.concurrency ?? DEFAULT_CONCURRENCY;
  let unsubscribe: readonly (() => void)[] = [];
  let closed = false;

  const work = async (key: string, signal: AbortSignal): Promise<Outcome> => {
    const startedMs = clock.now();
    count.begin();
    // The queue leaves a run behind that ignores its deadline; it must not be counted as finished twice.
    let open = true;
    const end = (result: Result): void => {
      if (open) count.end(result, clock.now() - startedMs);
      open = false;
    };
    signal.addEventListener('abort', () => end('error'), { once: true });
    try {
      const outcome = await reconciler.reconcile(refFromKey(key), {
        apiClient: apiClient.until(signal),
        clock,
        signal,
      });
      end(outcome.is === 'done' ? 'success' : 'requeue_after');
      return outcome;
    } catch (error) {
      end('error');
      if (!isConflict(error) && !closed) log.info('reconcile failed', { key, error });
      throw error;
    }
  };
  const queue = createWorkqueue({ name: reconciler.name, log, work, concurrency, clock, observer });
  return {
    start: (ready) => {
      count.capacity(concurrency);
      const subscribe = (): void => {
        if (closed) return;
        unsubscribe = reconciler.triggers.map((trigger) => trigger((ref) => queue.add(keyOf(ref))));
      };
      ready.then(subscribe, (error: unknown) => {
        if (!closed) log.error('controller cannot start', { error });
      });
    },
    get isIdle() {
      return queue.isIdle;
    },
    close: async () => {
      closed = true;
      for (const end of unsubscribe) end();
      await queue.close();
    },
  };
}

type Result = 'success' | 'requeue_after' | 'error';
interface ControllerCounts {
  begin(): void;
  end(result: Result, tookMs: number): void;
  capacity(concurrency: number): void;
}
export interface ReconcileMetrics {
  of(controller: string): ControllerCounts;
}

/** The series of controller-runtime, under their own names, so that existing dashboards work. */
export function createReconcileMetrics(metrics: Metrics): ReconcileMetrics {
  const labels = ['controller'];
  const total = metrics.counter({
    name: 'controller_runtime_reconcile_total',
    help: 'Reconciliations by result.',
    labels: ['controller', 'result'],
  });
  const errors = metrics.counter({
    name: 'controller_runtime_reconcile_errors_total',
    help: 'Reconciliations that failed.',
    labels,
  });
  const seconds = metrics.histogram({
    name: 'controller_runtime_reconcile_time_seconds',
    help: 'Time one reconciliation takes.',
    labels,
    // 1 ms to 65 s: a pass without writes is below the first, the deadline of 60 s above the last but one.
    buckets: exponential(0.001, 2, 17),
  });
  const active = metrics.gauge({
    name: 'controller_runtime_active_workers',
    help: 'Reconciliations under way.',
    labels,
  });
  const most = metrics.gauge({
    name: 'controller_runtime_max_concurrent_reconciles',
    help: 'Reconciliations that may be under way.',
    labels,
  });
  return {
    of: (controller) => ({
      capacity: (concurrency) => most.set(concurrency, { controller }),
      begin: () => active.inc({ controller }),
      end: (result, tookMs) => {
        active.dec({ controller });
        total.inc({ controller, result });
        if (result === 'error') errors.inc({ controller });
        seconds.observe(tookMs / 1000, { controller });
      },
    }),
  };
}
