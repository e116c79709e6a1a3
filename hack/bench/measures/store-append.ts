/** Durable writes of 1.2 KB: our store with 32 writers against raw node:sqlite group commit of the same bytes. */
import { join } from 'node:path';
import type { Bench, Measure, Row } from '../measure.ts';
import { wireObject } from '../objects.ts';

export const WRITERS = 32;

/** Writes per second of nothing but node:sqlite, `WRITERS` to a transaction. */
export async function rawGroupCommit(bench: Bench): Promise<number> {
  const raw = await bench.machine.start('server', 'raw-sqlite', [
    join(bench.scratch, `raw-${Date.now()}.db`),
  ]);
  try {
    const question = { seconds: bench.seconds, group: WRITERS, value: wireObject(1) };
    return ((await raw.ask(question)) as { readonly perSecond: number }).perSecond;
  } finally {
    await raw.stop();
  }
}

interface Answer {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export const storeAppend: Measure = {
  name: 'store-append',
  run: async (bench): Promise<readonly Row[]> => {
    const raw = await rawGroupCommit(bench);
    const store = await bench.machine.start('server', 'store-writers', [join(bench.scratch, 'store.db')]);
    try {
      const question = { seconds: bench.seconds, writers: WRITERS, value: wireObject(1) };
      const ours = (await store.ask(question)) as Answer;
      return [
        {
          measure: `store append, ${WRITERS} writers, durable, no server`,
          value: ours.perSecond,
          unit: '/s',
          baseline: { name: `raw node:sqlite, ${WRITERS} to a commit`, value: raw },
          notes: `p50 ${ours.p50Ms.toFixed(2)} ms, p99 ${ours.p99Ms.toFixed(2)} ms`,
        },
      ];
    } finally {
      await store.stop();
    }
  },
};
