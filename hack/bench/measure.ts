/** What a measure is: a name, what it is held against, and how it runs. Ratios come from one run on one machine. */
import type { Machine } from './machine.ts';

export interface Bench {
  readonly machine: Machine;
  /** A directory of this run; removed at its end. */
  readonly scratch: string;
  /** How long each load lasts. */
  readonly seconds: number;
  /** Where the server leaves a CPU profile of each start; undefined: none. */
  readonly profileTo: string | undefined;
  /** Names of what is measured; undefined: everything. */
  readonly only: readonly string[] | undefined;
  /** Beside kube-apiserver only: its controllers watch what is written. */
  readonly withControllerManager: boolean;
}

export interface Row {
  /** What was measured, such as `GET one object`. */
  readonly measure: string;
  /** Such as `14200`. */
  readonly value: number;
  /** Such as `/s`, `ms`, `KB`. */
  readonly unit: string;
  /** What it is compared with, measured in the same run. */
  readonly baseline?: { readonly name: string; readonly value: number };
  /** As issue 3, section 8 states it; `ratio` is value / baseline. */
  readonly target?: Target;
  /** Anything a reader needs to judge the number: latencies, client share, sizes. */
  readonly notes?: string;
}

export type Target =
  | { readonly is: 'ratio at least'; readonly limit: number; readonly alsoAtLeast?: number }
  | { readonly is: 'ratio at most'; readonly limit: number }
  | { readonly is: 'at least'; readonly limit: number }
  | { readonly is: 'at most'; readonly limit: number };

export interface Measure {
  /** For `--only`; kebab-case. */
  readonly name: string;
  run(bench: Bench): Promise<readonly Row[]>;
}

export const ratioOf = (row: Row): number | undefined =>
  row.baseline === undefined ? undefined : row.value / row.baseline.value;

/** Undefined when the row has no target. */
export function holds(row: Row): boolean | undefined {
  const ratio = ratioOf(row);
  switch (row.target?.is) {
    case undefined:
      return undefined;
    case 'ratio at least':
      return (ratio ?? 0) >= row.target.limit && row.value >= (row.target.alsoAtLeast ?? 0);
    case 'ratio at most':
      return (ratio ?? Infinity) <= row.target.limit;
    case 'at least':
      return row.value >= row.target.limit;
    case 'at most':
      return row.value <= row.target.limit;
  }
}

export function describeTarget(row: Row): string {
  const target = row.target;
  switch (target?.is) {
    case undefined:
      return '';
    case 'ratio at least':
      return `>= ${target.limit}x${target.alsoAtLeast === undefined ? '' : ` and >= ${target.alsoAtLeast} ${row.unit}`}`;
    case 'ratio at most':
      return `<= ${target.limit}x`;
    case 'at least':
      return `>= ${target.limit} ${row.unit}`;
    case 'at most':
      return `<= ${target.limit} ${row.unit}`;
  }
}
