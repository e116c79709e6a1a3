/** What the agent counts. */
import type { CounterMetric, Metrics } from '../../apiserver/runtime/metrics.ts';

export interface AgentMetrics {
  readonly received: CounterMetric;
  readonly converged: CounterMetric;
  readonly drift: CounterMetric;
}

export function declareAgentMetrics(metrics: Metrics, bundles: () => number): AgentMetrics {
  metrics.gauge({ name: 'polder_agent_bundles', help: 'Bundles and tombstones on disk.', collect: bundles });
  return {
    received: metrics.counter({
      name: 'polder_agent_bundles_received_total',
      help: 'Bundles and tombstones that arrived.',
      labels: ['result'],
    }),
    converged: metrics.counter({
      name: 'polder_agent_converged_total',
      help: 'Runs that made the plane equal one bundle.',
      labels: ['result'],
    }),
    drift: metrics.counter({
      name: 'polder_agent_drift_corrected_total',
      help: 'Objects that were changed or removed by others and put back.',
    }),
  };
}
