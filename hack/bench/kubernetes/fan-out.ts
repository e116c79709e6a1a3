/** Watch fan-out: every create goes to many open watches. */
import { processorUs } from '../machine.ts';
import type { Bench } from '../measure.ts';
import type { Answer, Question } from '../programs/watchers.ts';
import { load, type Contestant } from './contestant.ts';
import { createSome } from './rounds.ts';

export const WATCHERS = 1_000;
/**
 * Writers at once, tried in this order. kube-apiserver cuts watches that do not read as fast as it is told to write,
 * and a server that is asked for little shows little: each is measured at the load that it does best with.
 */
const WRITERS = [4, 8, 16, 32, 64];
const WARM_UP = 50;
const WRITES = 500;

export interface FanOut {
  readonly writers: number;
  readonly eventsPerSecond: number;
  readonly notes: string;
}

/** The best of all loads under which no watch is cut. */
export async function fanOut(bench: Bench, who: Contestant): Promise<FanOut> {
  const measured: FanOut[] = [];
  let cut = '';
  for (const writers of WRITERS) {
    try {
      measured.push(await fanOutOf(bench, who, writers));
    } catch (error) {
      cut = `, ${writers} writers: ${error instanceof Error ? error.message : String(error)}`;
      break;
    }
  }
  const [best] = measured.toSorted((a, b) => b.eventsPerSecond - a.eventsPerSecond);
  if (best === undefined) throw new Error(`${who.name} shows no event to ${WATCHERS} watches${cut}`);
  const all = measured.map(({ writers, eventsPerSecond }) => `${writers}: ${Math.round(eventsPerSecond)}/s`);
  return { ...best, notes: `${best.writers} writers, ${best.notes}; ${all.join(', ')}${cut}` };
}

async function fanOutOf(bench: Bench, who: Contestant, writers: number): Promise<FanOut> {
  const watchers = await bench.machine.start('client', 'watchers', [who.url, who.pki]);
  const ask = async (question: Question): Promise<Answer> => (await watchers.ask(question)) as Answer;
  try {
    const { body } = await load(who, { path: `${who.objects}?limit=1`, keepBody: true });
    const { metadata } = JSON.parse(body.toString()) as {
      readonly metadata: { readonly resourceVersion: string };
    };
    const path = `${who.objects}?watch=1&resourceVersion=${metadata.resourceVersion}`;
    await ask({ is: 'connect', watchers: WATCHERS, path });
    const [warm] = await Promise.all([
      ask({ is: 'wait', events: WARM_UP }),
      createSome(who, WARM_UP, writers),
    ]);
    const startedMs = Date.now();
    const usedBefore = who.pids.map(processorUs);
    const [last] = await Promise.all([
      ask({ is: 'wait', events: WARM_UP + WRITES }),
      createSome(who, WRITES, writers),
    ]);
    const ms = last.atMs - startedMs;
    const usedUs = who.pids.reduce(
      (total, pid, index) => total + processorUs(pid) - (usedBefore[index] ?? 0),
      0,
    );
    const clientShare = Math.round(((last.processorMs - warm.processorMs) / ms) * 100);
    return {
      writers,
      eventsPerSecond: (WRITES * WATCHERS * 1000) / ms,
      notes: `server ${(usedUs / (WRITES * WATCHERS)).toFixed(1)} us of processor each, client ${clientShare} % of a core`,
    };
  } finally {
    await watchers.stop();
  }
}
