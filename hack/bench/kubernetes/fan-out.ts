/** Watch fan-out: every create goes to many open watches. */
import { processorUs } from '../machine.ts';
import type { Bench } from '../measure.ts';
import type { Answer, Question } from '../programs/watchers.ts';
import { load, type Contestant } from './contestant.ts';
import { createSome } from './rounds.ts';

export const WATCHERS = 1_000;
/** More of them at once, and kube-apiserver cuts watches that do not read as fast as it is told to write. */
const WRITERS = 8;
const WARM_UP = 50;
const WRITES = 200;

export interface FanOut {
  readonly eventsPerSecond: number;
  readonly notes: string;
}

export async function fanOut(bench: Bench, who: Contestant): Promise<FanOut> {
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
      createSome(who, WARM_UP, WRITERS),
    ]);
    const startedMs = Date.now();
    const usedBefore = who.pids.map(processorUs);
    const [last] = await Promise.all([
      ask({ is: 'wait', events: WARM_UP + WRITES }),
      createSome(who, WRITES, WRITERS),
    ]);
    const ms = last.atMs - startedMs;
    const usedUs = who.pids.reduce(
      (total, pid, index) => total + processorUs(pid) - (usedBefore[index] ?? 0),
      0,
    );
    const clientShare = Math.round(((last.processorMs - warm.processorMs) / ms) * 100);
    return {
      eventsPerSecond: (WRITES * WATCHERS * 1000) / ms,
      notes: `server ${(usedUs / (WRITES * WATCHERS)).toFixed(1)} us of processor each, client ${clientShare} % of a core`,
    };
  } finally {
    await watchers.stop();
  }
}
