/** Durable creates over HTTPS with 32 clients against raw node:sqlite group commit of values of the same size. */
import type { Measure, Row } from '../measure.ts';
import { loadNotes } from '../measured.ts';
import { createDepots, createObjects, prepareTenant, startPolder } from '../polder.ts';
import { rawGroupCommit, WRITERS } from './store-append.ts';

const WARM_UP = 3000;
/** A fixed number, so that the store has the same size at the end of every run. */
const OBJECTS = 20_000;

export const create: Measure = {
  name: 'create',
  run: async (bench): Promise<readonly Row[]> => {
    const polder = await startPolder(bench, 'create');
    try {
      await prepareTenant(polder);
      await createObjects(polder, 1, WARM_UP);
      const ours = await createObjects(polder, WARM_UP + 1, OBJECTS);
      const answered = await createDepots(polder, 1, OBJECTS / 4);
      const raw = await rawGroupCommit(bench);
      return [
        {
          measure: `create ${OBJECTS} objects, ${WRITERS} clients, durable`,
          value: ours.perSecond,
          unit: '/s',
          baseline: { name: `raw node:sqlite, ${WRITERS} to a commit`, value: raw },
          target: { is: 'ratio at least', limit: 0.1, alsoAtLeast: 4000 },
          notes: loadNotes(ours),
        },
        {
          measure: `the same with ${OBJECTS / 4} depots, whose controller writes a status to each`,
          value: answered.perSecond,
          unit: '/s',
          notes: loadNotes(answered),
        },
      ];
    } finally {
      await polder.stop();
    }
  },
};
