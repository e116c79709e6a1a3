/** The controllers of one process: shared copies of the API, and one runner per reconciler over them. */
import type { Client } from '../apiserver/client/client.ts';
import { createWorkqueueMetrics } from '../apiserver/client/workqueue-metrics.ts';
import { systemClock, type Clock } from '../apiserver/runtime/clock.ts';
import type { Log } from '../apiserver/runtime/log.ts';
import type { Metrics } from '../apiserver/runtime/metrics.ts';
import { createInformers, type SharedInformers } from './reconcilers/core/informers.ts';
import type { ReconcilerFactory } from './reconcilers/core/reconciler.ts';
import { createReconcileMetrics, createRunner } from './reconcilers/core/runner.ts';
import { RECONCILERS } from './reconcilers/index.ts';

export interface ControllersOptions {
  /** Reaches the control plane over HTTP, with the rights of the role `polder-controllers`. */
  readonly apiClient: Client;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Default: the system's. */
  readonly clock?: Clock;
  /** Default: all of them. */
  readonly reconcilers?: readonly ReconcilerFactory[];
  /** Copies of the API that somebody else in this process closes. Default: their own. */
  readonly informers?: SharedInformers;
}

export interface Controllers {
  /** Returns at once; every reconciler begins when its own copies are complete, also if the API comes up later. */
  start(): void;
  /** Nothing waits and nothing runs; delayed work does not count. */
  readonly isIdle: boolean;
  /** Ends what runs within 5 s. The client stays open: it belongs to the caller. */
  close(): Promise<void>;
}

export function createControllers(options: ControllersOptions): Controllers {
  const { apiClient, log, metrics, clock = systemClock, reconcilers = RECONCILERS } = options;
  const informers = options.informers ?? createInformers({ apiClient, log, clock });
  const observe = createWorkqueueMetrics(metrics);
  const counts = createReconcileMetrics(metrics);
  const runners = reconcilers.map((create) => {
    const scope = informers.scope();
    const reconciler = create({ informers: scope, clock, log: log.with({ component: 'controllers' }) });
    const observer = observe(reconciler.name);
    const runner = createRunner(reconciler, { apiClient, clock, log, observer, metrics: counts });
    return { runner, synced: (): Promise<void> => scope.synced() };
  });
  return {
    start: () => {
      informers.start();
      for (const { runner, synced } of runners) runner.start(synced());
    },
    get isIdle() {
      return runners.every(({ runner }) => runner.isIdle);
    },
    close: async () => {
      await Promise.all(runners.map(({ runner }) => runner.close()));
      if (options.informers === undefined) await informers.close();
    },
  };
}
