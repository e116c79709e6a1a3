/** What the hub counts. No series names a data plane: that truth is in DataPlane.status. */
import type { CounterMetric, Metrics } from '../../apiserver/runtime/metrics.ts';
import { CLOSE } from '../replica/messages.ts';

export interface HubMetrics {
  readonly registrations: CounterMetric;
  readonly results: CounterMetric;
  readonly clones: CounterMetric;
  readonly sent: CounterMetric;
  readonly modes: CounterMetric;
  readonly ended: CounterMetric;
  /** Close codes of the link by name; any other is `other`. */
  codeLabel(code: number): string;
}

const CODES = new Map<number, string>(Object.entries(CLOSE).map(([name, code]) => [code, name]));

export function declareHubMetrics(metrics: Metrics, sessions: () => number): HubMetrics {
  metrics.gauge({ name: 'polder_hub_sessions', help: 'Agents with a proven session.', collect: sessions });
  const counter = (name: string, help: string, labels: readonly string[] = []): CounterMetric =>
    metrics.counter({ name, help, labels });
  return {
    registrations: counter('polder_hub_registrations_total', 'Exchanges of a registration token.', [
      'result',
    ]),
    results: counter('polder_hub_results_total', 'Reports of agents about one bundle.', ['result']),
    clones: counter(
      'polder_hub_clone_suspected_total',
      'Second agent instances that proved an identity which was in use.',
    ),
    sent: counter('polder_hub_sent_total', 'Bundles and tombstones sent to agents.', ['what']),
    modes: counter('polder_hub_session_mode_total', 'How proven sessions started.', ['mode']),
    ended: counter('polder_hub_sessions_ended_total', 'Sessions that ended, proven or not.', ['code']),
    codeLabel: (code) => CODES.get(code) ?? (code === 1000 || code === 1001 ? 'closed' : 'other'),
  };
}
