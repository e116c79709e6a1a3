/** Request counters and durations under Kubernetes' own names and labels, so that its dashboards work. */
import type { KindTable } from './kind-table.ts';
import type { CounterMetric, GaugeMetric, HistogramMetric, Metrics } from '../runtime/metrics.ts';
import type { Exchange } from './exchange.ts';
import { readRequestInfo, type RequestInfo } from './request-info.ts';

export interface RequestMetrics {
  /** Counts a finished request. */
  observe(exchange: Exchange): void;
  /** Counts a long-running request; call the result when it is over. */
  open(exchange: Exchange): () => void;
}

// source: kubernetes/apiserver pkg/endpoints/metrics/metrics.go; 5 ms to 60 s.
const BUCKETS = [
  0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60,
];
const LABELS = ['verb', 'group', 'version', 'resource', 'subresource', 'scope', 'component'] as const;
const COMPONENT = 'apiserver';
const VERBS: Readonly<Record<string, string>> = {
  get: 'GET',
  list: 'LIST',
  watch: 'WATCH',
  create: 'POST',
  update: 'PUT',
  patch: 'PATCH',
  delete: 'DELETE',
  deletecollection: 'DELETECOLLECTION',
};
const SUBRESOURCES: ReadonlySet<string> = new Set(['', 'status', 'scale', 'finalize']);

interface Series {
  readonly duration: { observe(seconds: number): void };
  readonly totals: Map<number, { inc(): void }>;
  readonly labels: Readonly<Record<(typeof LABELS)[number], string>>;
}

export function createRequestMetrics(metrics: Metrics, kinds: KindTable): RequestMetrics {
  const { total, duration, longRunning } = declare(metrics);
  const series = new Map<string, Series>();

  const seriesOf = (exchange: Exchange): Series => {
    const { info } = exchange;
    const isKnown = info.isResource && kinds.find(info.group, info.version, info.resource) !== undefined;
    // Either everything in the key is from a closed set, or only the verb counts.
    const resource = isKnown ? info : UNKNOWN;
    const subresource = closed(resource.subresource);
    const scope = scopeOf(resource);
    const dryRun = dryRunOf(exchange);
    const { group, version } = resource;
    const key = `${group}/${version}/${resource.resource}/${subresource}/${info.verb}/${scope}/${dryRun}`;
    const known = series.get(key);
    if (known !== undefined) return known;
    const verb = verbOf(info);
    const labels = {
      verb,
      group,
      version,
      resource: resource.resource,
      subresource,
      scope,
      component: COMPONENT,
    };
    const made = { labels, totals: new Map(), duration: duration.with({ ...labels, dry_run: dryRun }) };
    series.set(key, made);
    return made;
  };

  return {
    observe: (exchange) => {
      const one = seriesOf(exchange);
      let counter = one.totals.get(exchange.code);
      if (counter === undefined) {
        counter = total.with({ ...one.labels, dry_run: dryRunOf(exchange), code: String(exchange.code) });
        one.totals.set(exchange.code, counter);
      }
      counter.inc();
      if (!exchange.longRunning) one.duration.observe((performance.now() - exchange.startedMs) / 1000);
    },
    open: (exchange) => {
      const { labels } = seriesOf(exchange);
      longRunning.inc(labels);
      return () => longRunning.dec(labels);
    },
  };
}

function declare(metrics: Metrics): {
  readonly total: CounterMetric;
  readonly duration: HistogramMetric;
  readonly longRunning: GaugeMetric;
} {
  const total = metrics.counter({
    name: 'apiserver_request_total',
    help: 'Requests by verb, resource and code.',
    labels: [...LABELS, 'dry_run', 'code'],
  });
  const duration = metrics.histogram({
    name: 'apiserver_request_duration_seconds',
    help: 'Time from the request to its complete answer; long-running requests do not count.',
    labels: [...LABELS, 'dry_run'],
    buckets: BUCKETS,
  });
  const longRunning = metrics.gauge({
    name: 'apiserver_longrunning_requests',
    help: 'Watches that are open now.',
    labels: LABELS,
  });
  return { total, duration, longRunning };
}

const closed = (subresource: string): string => (SUBRESOURCES.has(subresource) ? subresource : 'other');

const UNKNOWN = readRequestInfo('GET', '/');

function scopeOf(info: RequestInfo): string {
  if (info.named) return 'resource';
  if (!info.isResource) return '';
  return info.namespace === '' ? 'cluster' : 'namespace';
}

const dryRunOf = ({ info }: Exchange): string => (info.query?.get('dryRun') === 'All' ? 'All' : '');

const METHODS: ReadonlySet<string> = new Set(['get', 'head', 'post', 'put', 'patch', 'delete', 'options']);
function verbOf({ verb, isResource }: RequestInfo): string {
  if (isResource) return Object.hasOwn(VERBS, verb) ? (VERBS[verb] ?? 'OTHER') : 'OTHER';
  return METHODS.has(verb) ? verb.toUpperCase() : 'OTHER';
}
