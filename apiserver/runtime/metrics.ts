/**
 * The only file that knows prom-client. Metrics are declared beside their only user through `counter`, `gauge`
 * and `histogram` on one registry per process. Labels come from closed sets: never a tenant, name or message.
 */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';

type Labels = Readonly<Record<string, string>>;
export interface CounterMetric {
  inc(labels?: Labels, by?: number): void;
  /** One series, its labels resolved once: for hot paths. */
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
  const common = (
    declaration: Declaration,
  ): { name: string; help: string; labelNames: string[]; registers: Registry[] } => ({
    name: declaration.name,
    help: declaration.help,
    labelNames: [...(declaration.labels ?? [])],
    registers: [registry],
  });
  return {
    contentType: registry.contentType,
    scrape: async () => registry.metrics(),
    counter: (declaration) => {
      const counter = new Counter(common(declaration));
      return {
        inc: (labels = {}, by = 1) => counter.inc(labels, by),
        with: (labels) => {
          const series = counter.labels(labels);
          return { inc: (by = 1) => series.inc(by) };
        },
      };
    },
    gauge: (declaration) => {
      const { collect } = declaration;
      const gauge = new Gauge({
        ...common(declaration),
        ...(collect === undefined
          ? {}
          : {
              collect(): void {
                (this as unknown as Gauge).set(collect());
              },
            }),
      });
      return {
        set: (value, labels = {}) => gauge.set(labels, value),
        inc: (labels = {}) => gauge.inc(labels),
        dec: (labels = {}) => gauge.dec(labels),
        with: (labels) => gauge.labels(labels),
      };
    },
    histogram: (declaration) => {
      const histogram = new Histogram({ ...common(declaration), buckets: [...declaration.buckets] });
      return {
        observe: (value, labels = {}) => histogram.observe(labels, value),
        with: (labels) => histogram.labels(labels),
      };
    },
  };
}

/** `count` buckets from `start`, each `factor` times the one before. */
export const exponential = (start: number, factor: number, count: number): readonly number[] =>
  Array.from({ length: count }, (_, index) => start * factor ** index);
