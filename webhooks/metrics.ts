/** What the webhooks count. Labels come from the tables of hooks and kinds: never a tenant, name or message. */
import type { Metrics } from '../apiserver/runtime/metrics.ts';
import type { Hook } from './hooks.ts';
import { watchedKind } from './native-kinds.ts';
import type { Review, Verdict } from './review.ts';

export interface ReviewMetrics {
  observe(hook: Hook, review: Review, verdict: Verdict, seconds: number): void;
  /** Bytes that were no question. */
  malformed(hook: Hook): void;
  /** Turned away because too much was being worked on. */
  shed(): void;
  /** Turned away because one address asked too often. */
  limited(): void;
  /** For nothing that is here. */
  unknownPath(): void;
}

const BUCKETS = [0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export function createReviewMetrics(metrics: Metrics, inFlight: () => number): ReviewMetrics {
  const seconds = metrics.histogram({
    name: 'polder_webhook_review_seconds',
    help: 'Time from the last byte of a question to its answer, by kind and decision.',
    buckets: BUCKETS,
  });
  const reviews = metrics.counter({
    name: 'polder_webhook_reviews_total',
    help: 'Questions that were answered.',
    labels: ['webhook', 'operation', 'resource', 'decision', 'code'],
  });
  const malformed = metrics.counter({
    name: 'polder_webhook_malformed_total',
    help: 'Requests that were no AdmissionReview.',
    labels: ['webhook'],
  });
  const shed = metrics.counter({
    name: 'polder_webhook_shed_total',
    help: 'Requests turned away because too many were being worked on.',
  });
  const limited = metrics.counter({
    name: 'polder_webhook_limited_total',
    help: 'Requests answered 429 because their address asked too often.',
  });
  const unknownPath = metrics.counter({
    name: 'polder_webhook_unknown_path_total',
    help: 'Requests answered 404: kube-apiserver has another path than we do, or somebody tries to find it.',
  });
  metrics.gauge({
    name: 'polder_webhook_in_flight',
    help: 'Requests being worked on.',
    collect: inFlight,
  });
  return {
    observe: (hook, review, verdict, took) => {
      const decision = verdict.refusal === undefined ? 'allowed' : 'denied';
      const resource = resourceOf(review);
      const code = String(verdict.refusal?.code ?? 200);
      reviews.inc({ webhook: hook.name, operation: review.operation, resource, decision, code });
      seconds.observe(took, { webhook: hook.name, resource, decision });
    },
    malformed: (hook) => malformed.inc({ webhook: hook.name }),
    shed: () => shed.inc(),
    limited: () => limited.inc(),
    unknownPath: () => unknownPath.inc(),
  };
}

/** Only what the table knows: everything else is refused before it is counted. */
function resourceOf({ group, resource, subresource }: Review): string {
  if (watchedKind(group, resource) === undefined) return 'other';
  const name = group === '' ? resource : `${resource}.${group}`;
  return subresource === '' ? name : `${name}/${KNOWN_SUBRESOURCES.has(subresource) ? subresource : 'other'}`;
}

const KNOWN_SUBRESOURCES: ReadonlySet<string> = new Set(
  'status scale finalize eviction binding resize ephemeralcontainers token exec attach portforward proxy'.split(
    ' ',
  ),
);
