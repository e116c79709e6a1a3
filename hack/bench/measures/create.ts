/** Durable creates over HTTPS with 32 clients against raw node:sqlite group commit of values of the same size. */
import type { Measure, Row } from '../measure.ts';
import { alternate, loadNotes, ROUNDS } from '../measured.ts';
import { createDepots, createObjects, prepareTenant, startPolder } from '../polder.ts';
import { rawGroupCommit, startRawSqlite, WRITERS } from './store-append.ts';

/** Until then the server still compiles what it runs. */
const WARM_UP = 20_000;
/** Fixed numbers, so that the store has the same size at the end of every run. */
const OBJECTS_PER_ROUND = 5000;
const DEPOTS = 5000;

export const create: Measure = {
  name: 'create',
  run: async (bench): Promise<readonly Row[]> => {
    const polder = await startPolder(bench, 'create');
    const raw = await startRawSqlite(bench);
    try {
      await prepareTenant(polder);
      await createObjects(polder, 1, WARM_UP);
      const { ours, baseline } = await alternate(
        (round) => createObjects(polder, WARM_UP + 1 + round * OBJECTS_PER_ROUND, OBJECTS_PER_ROUND),
        () => rawGroupCommit(raw, bench.seconds / ROUNDS),
      );
      const answered = await createDepots(polder, 1, DEPOTS);
      return [
        {
          measure: `create, ${WRITERS} clients, durable`,
          value: ours.perSecond,
          unit: '/s',
          baseline: { name: `raw node:sqlite, ${WRITERS} to a commit`, value: baseline.perSecond },
          target: { is: 'ratio at least', limit: 0.1, alsoAtLeast: 4000 },
          notes: loadNotes(ours),
        },
        {
          measure: `create ${DEPOTS} depots, whose controller writes a status to each`,
          value: answered.perSecond,
          unit: '/s',
          notes: loadNotes(answered),
        },
      ];
    } finally {
      await raw.stop();
      await polder.stop();
    }
  },
};
