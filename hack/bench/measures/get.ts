/** GET of one object against a bare `node:https` server returning the same bytes. */
import type { Measure, Row } from '../measure.ts';
import { loadNotes } from '../measured.ts';
import { OBJECTS_PATH, createObjects, expectStatus, prepareTenant, startPolder } from '../polder.ts';
import { loadBareServer } from './bare-https.ts';

const CLIENTS = 32;

export const get: Measure = {
  name: 'get',
  run: async (bench): Promise<readonly Row[]> => {
    const polder = await startPolder(bench, 'get');
    try {
      await prepareTenant(polder);
      await createObjects(polder, 1, 100);
      const path = `${OBJECTS_PATH}/bench-7`;
      const { body } = await polder.load({ method: 'GET', path, keepBody: true });
      const load = { connections: CLIENTS, seconds: bench.seconds, requests: Infinity };
      await polder.load({ ...load, method: 'GET', path, seconds: 2 });
      const ours = await polder.load({ ...load, method: 'GET', path });
      expectStatus(ours, 200);
      const bare = await loadBareServer(bench, body, load);
      return [
        {
          measure: `GET one object of ${body.length} bytes, ${CLIENTS} clients`,
          value: ours.perSecond,
          unit: '/s',
          baseline: { name: 'bare node:https', value: bare.perSecond },
          target: { is: 'ratio at least', limit: 0.5 },
          notes: `${loadNotes(ours)}; bare ${bare.serverUs.toFixed(0)} us`,
        },
      ];
    } finally {
      await polder.stop();
    }
  },
};
