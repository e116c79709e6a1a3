/** A load together with the processor time it cost the server. */
import { processorUs } from './machine.ts';
import type { LoadResult } from './programs/load.ts';

export interface Measured extends LoadResult {
  /** Processor time of the server per request: what is left of a number on a machine that others use too. */
  readonly serverUs: number;
}

export async function measured(pid: number, task: () => Promise<LoadResult>): Promise<Measured> {
  const before = processorUs(pid);
  const result = await task();
  return { ...result, serverUs: (processorUs(pid) - before) / result.requests };
}

export const loadNotes = (load: Measured): string =>
  `p50 ${load.p50Ms.toFixed(2)} ms, p99 ${load.p99Ms.toFixed(2)} ms, server ${load.serverUs.toFixed(0)} us of processor each, client ${Math.round(load.cpuShare * 100)} % of its core`;

export const ROUNDS = 5;

/**
 * Runs both in turns, `ROUNDS` times each, and keeps the fastest round of each: what else the machine does then
 * slows neither side alone.
 */
export async function alternate<A extends Rate, B extends Rate>(
  ours: (round: number) => Promise<A>,
  baseline: (round: number) => Promise<B>,
): Promise<{ readonly ours: A; readonly baseline: B }> {
  const results: { ours: A; baseline: B }[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    results.push({ ours: await ours(round), baseline: await baseline(round) });
  }
  return {
    ours: fastest(results.map((result) => result.ours)),
    baseline: fastest(results.map((result) => result.baseline)),
  };
}

interface Rate {
  readonly perSecond: number;
}
const fastest = <T extends Rate>(rates: readonly T[]): T =>
  rates.reduce((best, rate) => (rate.perSecond > best.perSecond ? rate : best));
