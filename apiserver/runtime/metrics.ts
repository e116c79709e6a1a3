/**
 * The only file that knows prom-client. Metrics are declared beside their only user through `counter`, `gauge`
 * and `histogram` on one registry per process. Labels come from closed sets: never a tenant, name or message.
 */
import { Counter, Gauge, Registry, type Metric } from 'prom-client';
import { createBucketHistogram } from './histogram.ts';

type Labels = Readonly<Record<string, string>>;
export interface CounterMetric {
  inc(labels?: Labels, by?: number): void;
  /** One series, its labels resolved once: for hot paths. Make it once and keep it. */
  with(labels: Labels): { inc(by?: number): void };
}
export interface GaugeMetric {
  set(value: number, labels?: Labels): void;
  inc(labels?: Labels): void;
  dec(labels?: Labels): void;
  with(labels: Labels): { set(value: number): void };
}
export interface HistogramMetric {
  observe(value: number, labels?: Labels): void;
  with(labels: Labels): { observe(value: number): void };
}
interface Declaration {
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
}

export interface Metrics {
  counter(declaration: Declaration): CounterMetric;
  /** `collect` is called at scrape time and returns the current value. */
  gauge(declaration: Declaration & { readonly collect?: () => number }): GaugeMetric;
  histogram(declaration: Declaration & { readonly buckets: readonly number[] }): HistogramMetric;
  readonly contentType: string;
  /** The whole exposition in Prometheus text format. */
  scrape(): Promise<string>;
}

export function createMetrics(): Metrics {
  const registry = new Registry();
  return {
    contentType: registry.contentType,
    scrape: async () => registry.metrics(),
    counter: (declaration) => createCounter(registry, declaration),
    gauge: (declaration) => createGauge(registry, declaration),
    histogram: ({ name, help, buckets }) => {
      const histogram = createBucketHistogram(name, buckets);
      const get = async (): Promise<unknown> =>
        Promise.resolve({ name, help, type: 'histogram', aggregator: 'sum', values: histogram.samples() });
      // The registry prints whatever answers `get` like its own metrics do.
      registry.registerMetric({ name, help, get } as unknown as Metric);
      return {
        observe: (value, labels = {}) => histogram.with(labels).observe(value),
        with: (labels) => histogram.with(labels),
      };
    },
  };
}

interface Common {
  readonly name: string;
  readonly help: string;
  readonly labelNames: string[];
  readonly registers: Registry[];
}
const common = (registry: Registry, { name, help, labels }: Declaration): Common => ({
  name,
  help,
  labelNames: [...(labels ?? [])],
  registers: [registry],
});

function createCounter(registry: Registry, declaration: Declaration): CounterMetric {
  const bound: BoundCounter[] = [];
  const counter = new Counter({
    ...common(registry, declaration),
    // Bound series count in plain numbers; they are added up when somebody looks.
    collect(): void {
      for (const series of bound) {
        counter.inc(series.labels, series.pending);
        series.pending = 0;
      }
    },
  });
  return {
    inc: (labels = {}, by = 1) => counter.inc(labels, by),
    with: (labels) => {
      const series: BoundCounter = { labels, pending: 0 };
      bound.push(series);
      return {
        inc: (by = 1) => {
          series.pending += by;
        },
      };
    },
  };
}

function createGauge(
  registry: Registry,
  declaration: Declaration & { readonly collect?: () => number },
): GaugeMetric {
  const { collect } = declaration;
  const bound: BoundGauge[] = [];
  const gauge = new Gauge({
    ...common(registry, declaration),
    // Bound series keep plain numbers, which are written down when somebody looks.
    collect(): void {
      if (collect !== undefined) gauge.set(collect());
      for (const { labels, value } of bound) if (value !== undefined) gauge.set(labels, value);
    },
  });
  return {
    set: (value, labels = {}) => gauge.set(labels, value),
    inc: (labels = {}) => gauge.inc(labels),
    dec: (labels = {}) => gauge.dec(labels),
    with: (labels) => {
      const series: BoundGauge = { labels, value: undefined };
      bound.push(series);
      return {
        set: (value) => {
          series.value = value;
        },
      };
    },
  };
}

interface BoundGauge {
  readonly labels: Labels;
  value: number | undefined;
}

interface BoundCounter {
  readonly labels: Labels;
  pending: number;
}

/** `count` buckets from `start`, each `factor` times the one before. */
export const exponential = (start: number, factor: number, count: number): readonly number[] =>
  Array.from({ length: count }, (_, index) => start * factor ** index);
