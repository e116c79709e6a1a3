/** How long other people's webhooks take and what comes of it, under Kubernetes' names and without theirs. */
import type { Metrics } from '../../runtime/metrics.ts';
import type { Hook } from './hook.ts';

export interface HookMetrics {
  observe(
    hook: Hook,
    operation: string,
    outcome: { readonly rejected: boolean; readonly code: number; readonly seconds: number },
  ): void;
  /** No answer, and let through. */
  failedOpen(hook: Hook): void;
}

const BUCKETS = [0.005, 0.025, 0.1, 0.5, 1, 2.5, 10, 25];

export function createHookMetrics(metrics: Metrics): HookMetrics {
  const seconds = metrics.histogram({
    name: 'apiserver_admission_webhook_admission_duration_seconds',
    help: 'Time that webhooks of others took, by type, operation and whether they refused; code 0 is no answer.',
    buckets: BUCKETS,
  });
  const open = metrics.counter({
    name: 'apiserver_admission_webhook_fail_open_count',
    help: 'Webhooks of others that did not answer and were left out.',
    labels: ['type'],
  });
  return {
    observe: ({ type }, operation, outcome) =>
      seconds.observe(outcome.seconds, {
        type: TYPES[type],
        operation,
        rejected: String(outcome.rejected),
        code: String(outcome.code),
      }),
    failedOpen: ({ type }) => open.inc({ type: TYPES[type] }),
  };
}

const TYPES = { Mutating: 'admit', Validating: 'validating' } as const;
