/**
 * A histogram whose observation costs an index and two additions: request durations are taken on every request.
 * The exposition format is prom-client's, which prints it with everything else.
 */
type Labels = Readonly<Record<string, string>>;

export interface HistogramSeries {
  observe(value: number): void;
}

/** One line of the exposition. */
export interface Sample {
  readonly metricName: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

export interface BucketHistogram {
  /** The series with these labels, made on first use. */
  with(labels: Labels): HistogramSeries;
  samples(): readonly Sample[];
}

interface Series extends HistogramSeries {
  readonly labels: Labels;
  /** Observations per bucket, not cumulated; the last one counts what is above every bound. */
  readonly counts: Float64Array;
  readonly sum: () => number;
}

/** `buckets` are upper bounds, ascending. */
export function createBucketHistogram(name: string, buckets: readonly number[]): BucketHistogram {
  const all = new Map<string, Series>();
  return {
    with: (labels) => {
      const key = JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
      const series = all.get(key) ?? createSeries(labels, buckets);
      all.set(key, series);
      return series;
    },
    samples: () => [...all.values()].flatMap((series) => samplesOf(name, buckets, series)),
  };
}

function createSeries(labels: Labels, buckets: readonly number[]): Series {
  const counts = new Float64Array(buckets.length + 1);
  let sum = 0;
  return {
    labels,
    counts,
    sum: () => sum,
    observe: (value) => {
      let index = 0;
      // Most values fall into the first buckets, so counting up beats halving.
      while (index < buckets.length && value > (buckets[index] ?? Infinity)) index += 1;
      counts[index] = (counts[index] ?? 0) + 1;
      sum += value;
    },
  };
}

function samplesOf(name: string, buckets: readonly number[], series: Series): readonly Sample[] {
  const { labels, counts } = series;
  const samples: Sample[] = [];
  let total = 0;
  for (const [index, bound] of [...buckets, '+Inf'].entries()) {
    total += counts[index] ?? 0;
    samples.push({ metricName: `${name}_bucket`, labels: { le: bound, ...labels }, value: total });
  }
  samples.push({ metricName: `${name}_sum`, labels, value: series.sum() });
  samples.push({ metricName: `${name}_count`, labels, value: total });
  return samples;
}
