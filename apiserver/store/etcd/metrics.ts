/** What operators see of etcd from a process of ours. source of the first name: kube-apiserver's own metric. */
import type { Metrics } from '../../runtime/metrics.ts';
import type { FailureKind } from './failure.ts';

export type Operation = 'range' | 'txn' | 'compact' | 'grant' | 'revoke';

export interface EtcdMetrics {
  /** Begins a call; the answer ends it. */
  begin(operation: Operation): (failure?: FailureKind) => void;
  watchEnded(): void;
}

const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export const NO_METRICS: EtcdMetrics = {
  begin: () => () => undefined,
  watchEnded: () => undefined,
};

export function createEtcdMetrics(metrics: Metrics): EtcdMetrics {
  const seconds = metrics.histogram({
    name: 'etcd_request_duration_seconds',
    help: 'Duration of calls to etcd.',
    labels: ['operation'],
    buckets: BUCKETS,
  });
  const failures = metrics.counter({
    name: 'polder_etcd_request_failures_total',
    help: 'Calls to etcd that failed, by what is known about them.',
    labels: ['operation', 'kind'],
  });
  const watchEnds = metrics.counter({
    name: 'polder_etcd_watch_ends_total',
    help: 'How often the watch of etcd ended and was opened again.',
  });
  const series = {
    range: seconds.with({ operation: 'range' }),
    txn: seconds.with({ operation: 'txn' }),
    compact: seconds.with({ operation: 'compact' }),
    grant: seconds.with({ operation: 'grant' }),
    revoke: seconds.with({ operation: 'revoke' }),
  };
  return {
    begin: (operation) => {
      const startedMs = performance.now();
      return (failure) => {
        series[operation].observe((performance.now() - startedMs) / 1000);
        if (failure !== undefined) failures.inc({ operation, kind: failure });
      };
    },
    watchEnded: () => watchEnds.inc(),
  };
}
