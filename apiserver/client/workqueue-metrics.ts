/** The series of client-go work queues, under their own names, so that existing dashboards work. */
import { exponential, type Metrics } from '../runtime/metrics.ts';

/** Told what happens in one queue. */
export interface WorkqueueObserver {
  added(depth: number): void;
  started(depth: number, waitedMs: number): void;
  finished(tookMs: number): void;
  retried(): void;
}

export const silentObserver: WorkqueueObserver = {
  added: () => undefined,
  started: () => undefined,
  finished: () => undefined,
  retried: () => undefined,
};

/** Declares the series once; the returned function makes the observer of one named queue. */
export function createWorkqueueMetrics(metrics: Metrics): (name: string) => WorkqueueObserver {
  const labels = ['name'];
  // 0.1 ms to 7 min: client-go's 1 ns start is below what a clock in milliseconds can tell.
  const buckets = exponential(0.0001, 4, 12);
  const depth = metrics.gauge({ name: 'workqueue_depth', help: 'Current depth of the queue.', labels });
  const adds = metrics.counter({ name: 'workqueue_adds_total', help: 'Keys added to the queue.', labels });
  const retries = metrics.counter({ name: 'workqueue_retries_total', help: 'Keys tried again.', labels });
  const queued = metrics.histogram({
    name: 'workqueue_queue_duration_seconds',
    help: 'Time a key waits in the queue.',
    labels,
    buckets,
  });
  const worked = metrics.histogram({
    name: 'workqueue_work_duration_seconds',
    help: 'Time it takes to process a key.',
    labels,
    buckets,
  });
  return (name) => {
    const own = { name };
    return {
      added: (now) => {
        adds.inc(own);
        depth.set(now, own);
      },
      started: (now, waitedMs) => {
        depth.set(now, own);
        queued.observe(waitedMs / 1000, own);
      },
      finished: (tookMs) => worked.observe(tookMs / 1000, own),
      retried: () => retries.inc(own),
    };
  };
}
