/** Numbers from /metrics and about the process, and waiting for one of them to come. */
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { Api } from './api.ts';

/** The sum over all series of this name whose labels hold every one of `labels`. */
export async function metric(api: Api, name: string, labels: readonly string[] = []): Promise<number> {
  const { text } = await api.call('GET', '/metrics');
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .filter((line) => labels.every((label) => line.includes(label)))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

const DEADLINE_MS = 20_000;
const ASK_EVERY_MS = 100;

/** Resolves with the number once it is as wanted; a gauge tells nobody when it changes, so it is asked. */
export async function untilMetric(
  ask: () => Promise<number>,
  wanted: (value: number) => boolean,
): Promise<number> {
  const deadline = Date.now() + DEADLINE_MS;
  for (;;) {
    const value = await ask();
    if (wanted(value)) return value;
    if (Date.now() > deadline) throw new Error(`still ${value} after ${DEADLINE_MS} ms`);
    await pause(ASK_EVERY_MS);
  }
}

/** Resident memory of a process in MiB; undefined where there is no /proc. */
export function residentMiB(pid: number): number | undefined {
  try {
    const [, kiB = '0'] = /VmRSS:\s+([0-9]+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return Math.round(Number(kiB) / 1024);
  } catch {
    return undefined;
  }
}
