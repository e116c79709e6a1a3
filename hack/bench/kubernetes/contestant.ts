/** Somebody who serves the same objects: where, as whom, and with which processes. */
import { readFileSync } from 'node:fs';
import { processorUs, residentBytes, type Program } from '../machine.ts';
import type { Bench } from '../measure.ts';
import { expectStatus, ONCE } from '../polder.ts';
import type { Load, LoadResult } from '../programs/load.ts';

export interface Contestant {
  readonly name: string;
  readonly url: string;
  /** Directory with ca.crt, client.crt and client.key of an administrator. */
  readonly pki: string;
  /** Collection of the DataPolicies of one namespace. */
  readonly objects: string;
  readonly apiVersion: string;
  /** The processes that do the work; their memory and processor time count. */
  readonly pids: readonly number[];
  /** Reached through kube-apiserver, which adds its own work. */
  readonly viaAggregator: boolean;
  /** Ours, with its objects in etcd; default: on sqlite. */
  readonly onEtcd?: true;
  readonly client: Program;
  /** The next number that no object has and no patch has written. */
  readonly numbers: { next: number };
}

export type Settings = Omit<Contestant, 'client' | 'numbers'>;

/** Two ways to one server share their `numbers`. */
export async function connect(
  bench: Bench,
  settings: Settings,
  numbers: Contestant['numbers'],
): Promise<Contestant> {
  const client = await bench.machine.start('client', 'load', [settings.url, settings.pki]);
  return { ...settings, client, numbers };
}

export interface Measured extends LoadResult {
  /** Processor time of all its processes per request, in microseconds. */
  readonly serverUs: number;
}

/** Throws unless every answer has this status. */
export async function load(who: Contestant, wanted: Partial<Load>, status = 200): Promise<Measured> {
  const before = processorOf(who);
  const result = (await who.client.ask({ ...ONCE, ...wanted })) as LoadResult;
  expectStatus(result, status);
  return { ...result, serverUs: (processorOf(who) - before) / result.requests };
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);
const processorOf = ({ pids }: Settings): number => sum(pids.map(processorUs));
export const memoryOf = ({ pids }: Settings): number => sum(pids.map(residentBytes));

/** The processes whose command line holds all of these words. Linux only. */
export function pidsOf(listed: readonly string[], ...words: readonly string[]): readonly number[] {
  return listed
    .filter((pid) => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
        return words.every((word) => line.includes(word));
      } catch {
        return false;
      }
    })
    .map(Number);
}
