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
