/** LIST of 10,000 objects, one client, against a bare `node:https` server sending the same bytes. */
import type { Measure, Row } from '../measure.ts';
import { alternate, loadNotes, ROUNDS } from '../measured.ts';
import { OBJECTS_PATH, createObjects, expectStatus, prepareTenant, startPolder } from '../polder.ts';
import { startBareServer } from './bare-https.ts';

const OBJECTS = 10_000;
const WARM_UP_SECONDS = 2;

export const list: Measure = {
  name: 'list',
  run: async (bench): Promise<readonly Row[]> => {
    const polder = await startPolder(bench, 'list');
    const bare = await startBareServer(bench);
    try {
      await prepareTenant(polder);
      await createObjects(polder, 1, OBJECTS);
      const { body } = await polder.load({ method: 'GET', path: OBJECTS_PATH, keepBody: true });
      await bare.answerWith(body);
      const load = { connections: 1, seconds: bench.seconds / ROUNDS };
      const read = async (seconds: number): ReturnType<typeof polder.load> => {
        const get = { method: 'GET', path: OBJECTS_PATH, requests: Infinity };
        const result = await polder.load({ ...load, ...get, seconds });
        expectStatus(result, 200);
        return result;
      };
      await read(WARM_UP_SECONDS);
      await bare.load({ ...load, seconds: WARM_UP_SECONDS });
      const { ours, baseline } = await alternate(
        () => read(load.seconds),
        () => bare.load(load),
      );
      return [
        {
          measure: `LIST ${OBJECTS} objects, ${(body.length / 1e6).toFixed(1)} MB, 1 client`,
          value: 1000 / ours.perSecond,
          unit: 'ms',
          baseline: { name: 'bare node:https', value: 1000 / baseline.perSecond },
          target: { is: 'ratio at most', limit: 3 },
          notes: `${loadNotes(ours)}; bare ${baseline.serverUs.toFixed(0)} us`,
        },
      ];
    } finally {
      await bare.stop();
      await polder.stop();
    }
  },
};
