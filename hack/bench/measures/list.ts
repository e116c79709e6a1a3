/** LIST of 10,000 objects, one client, against a bare `node:https` server sending the same bytes. */
import type { Measure, Row } from '../measure.ts';
import { loadNotes } from '../measured.ts';
import { OBJECTS_PATH, createObjects, expectStatus, prepareTenant, startPolder } from '../polder.ts';
import { loadBareServer } from './bare-https.ts';

const OBJECTS = 10_000;

export const list: Measure = {
  name: 'list',
  run: async (bench): Promise<readonly Row[]> => {
    const polder = await startPolder(bench, 'list');
    try {
      await prepareTenant(polder);
      await createObjects(polder, 1, OBJECTS);
      const path = OBJECTS_PATH;
      const { body } = await polder.load({ method: 'GET', path, keepBody: true });
      const load = { connections: 1, seconds: bench.seconds, requests: Infinity };
      await polder.load({ ...load, method: 'GET', path, seconds: 2 });
      const ours = await polder.load({ ...load, method: 'GET', path });
      expectStatus(ours, 200);
      const bare = await loadBareServer(bench, body, load);
      return [
        {
          measure: `LIST ${OBJECTS} objects, ${(body.length / 1e6).toFixed(1)} MB, 1 client`,
          value: ours.ms / ours.requests,
          unit: 'ms',
          baseline: { name: 'bare node:https', value: bare.ms / bare.requests },
          target: { is: 'ratio at most', limit: 3 },
          notes: `${loadNotes(ours)}; bare ${bare.serverUs.toFixed(0)} us`,
        },
      ];
    } finally {
      await polder.stop();
    }
  },
};
