/** Request counters and durations under Kubernetes' own names and labels, so that its dashboards work. */
import type { Kind } from '../api/kind.ts';
import type { CounterMetric, GaugeMetric, HistogramMetric, Metrics } from '../runtime/metrics.ts';
import type { Exchange } from './exchange.ts';
import type { RequestInfo } from './request-info.ts';

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
  readonly labels: Labels;
  readonly dryRun: string;
}
type Labels = Readonly<Record<(typeof LABELS)[number], string>>;

export function createRequestMetrics(metrics: Metrics): RequestMetrics {
  const { total, duration, longRunning } = declare(metrics);
  const known = new Map<Kind | undefined, Map<string, Series>>();

  const seriesOf = (exchange: Exchange): Series => {
    const { kind } = exchange;
    const ofKind = known.get(kind) ?? new Map<string, Series>();
    known.set(kind, ofKind);
    const key = keyOf(exchange);
    const found = ofKind.get(key);
    if (found !== undefined) return found;
    const labels = labelsOf(exchange);
    const dryRun = dryRunOf(exchange);
    const series = {
      labels,
      dryRun,
      totals: new Map(),
      duration: duration.with({ ...labels, dry_run: dryRun }),
    };
    ofKind.set(key, series);
    return series;
  };

  return {
    observe: (exchange) => {
      const one = seriesOf(exchange);
      let counter = one.totals.get(exchange.code);
      if (counter === undefined) {
        counter = total.with({ ...one.labels, dry_run: one.dryRun, code: String(exchange.code) });
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

function scopeOf(info: RequestInfo): string {
  if (info.named) return 'resource';
  return info.namespace === '' ? 'cluster' : 'namespace';
}

const dryRunOf = ({ info }: Exchange): string => (info.query?.get('dryRun') === 'All' ? 'All' : '');

/** Everything in it is from a closed set; short, because it is made for every request. */
function keyOf(exchange: Exchange): string {
  const { info, kind } = exchange;
  if (kind === undefined) return verbOf(info);
  const key = `${info.verb} ${scopeOf(info)}`;
  if (info.subresource === '' && info.query === undefined) return key;
  return `${key} ${closed(info.subresource)} ${dryRunOf(exchange)}`;
}

/** A resource that nobody serves has no labels of its own: names from URLs are not a closed set. */
function labelsOf({ info, kind }: Exchange): Labels {
  return {
    verb: verbOf(info),
    group: kind?.group ?? '',
    version: kind?.version ?? '',
    resource: kind?.plural ?? '',
    subresource: kind === undefined ? '' : closed(info.subresource),
    scope: kind === undefined ? '' : scopeOf(info),
    component: 'apiserver',
  };
}

const METHODS: ReadonlySet<string> = new Set(['get', 'head', 'post', 'put', 'patch', 'delete', 'options']);
function verbOf({ verb, isResource }: RequestInfo): string {
  if (isResource) return Object.hasOwn(VERBS, verb) ? (VERBS[verb] ?? 'OTHER') : 'OTHER';
  return METHODS.has(verb) ? verb.toUpperCase() : 'OTHER';
}
