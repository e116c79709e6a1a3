/** Durable writes of 1.2 KB: our store with 32 writers against raw node:sqlite group commit of the same bytes. */
import { join } from 'node:path';
import type { Program } from '../machine.ts';
import type { Bench, Measure, Row } from '../measure.ts';
import { alternate, ROUNDS } from '../measured.ts';
import { wireObject } from '../objects.ts';

export const WRITERS = 32;

export interface WriteRate {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Nothing but node:sqlite, `WRITERS` to a transaction. */
export const startRawSqlite = (bench: Bench): Promise<Program> =>
  bench.machine.start('server', 'raw-sqlite', [join(bench.scratch, `raw-${Date.now()}.db`)]);

export async function rawGroupCommit(raw: Program, seconds: number): Promise<WriteRate> {
  return (await raw.ask({ seconds, group: WRITERS, value: wireObject(1) })) as WriteRate;
}

export const storeAppend: Measure = {
  name: 'store-append',
  run: async (bench): Promise<readonly Row[]> => {
    const raw = await startRawSqlite(bench);
    const store = await bench.machine.start('server', 'store-writers', [join(bench.scratch, 'store.db')]);
    const seconds = bench.seconds / ROUNDS;
    const append = async (): Promise<WriteRate> =>
      (await store.ask({ seconds, writers: WRITERS, value: wireObject(1) })) as WriteRate;
    try {
      await append();
      const { ours, baseline } = await alternate(append, () => rawGroupCommit(raw, seconds));
      return [
        {
          measure: `store append, ${WRITERS} writers, durable, no server`,
          value: ours.perSecond,
          unit: '/s',
          baseline: { name: `raw node:sqlite, ${WRITERS} to a commit`, value: baseline.perSecond },
          notes: `p50 ${ours.p50Ms.toFixed(2)} ms, p99 ${ours.p99Ms.toFixed(2)} ms`,
        },
      ];
    } finally {
      await store.stop();
      await raw.stop();
    }
  },
};
