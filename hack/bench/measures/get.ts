/** GET of one object against a bare `node:https` server returning the same bytes. */
import type { Measure, Row } from '../measure.ts';
import { alternate, loadNotes, ROUNDS } from '../measured.ts';
import { OBJECTS_PATH, createObjects, expectStatus, prepareTenant, startPolder } from '../polder.ts';
import { startBareServer } from './bare-https.ts';

const CLIENTS = 32;
const WARM_UP_SECONDS = 2;

export const get: Measure = {
  name: 'get',
  run: async (bench): Promise<readonly Row[]> => {
    const polder = await startPolder(bench, 'get');
    const bare = await startBareServer(bench);
    try {
      await prepareTenant(polder);
      await createObjects(polder, 1, 100);
      const path = `${OBJECTS_PATH}/bench-7`;
      const { body } = await polder.load({ method: 'GET', path, keepBody: true });
      await bare.answerWith(body);
      const load = { connections: CLIENTS, seconds: bench.seconds / ROUNDS };
      const read = async (seconds: number): ReturnType<typeof polder.load> => {
        const result = await polder.load({ ...load, seconds, requests: Infinity, method: 'GET', path });
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
          measure: `GET one object of ${body.length} bytes, ${CLIENTS} clients`,
          value: ours.perSecond,
          unit: '/s',
          baseline: { name: 'bare node:https', value: baseline.perSecond },
          target: { is: 'ratio at least', limit: 0.5 },
          notes: `${loadNotes(ours)}; bare ${baseline.serverUs.toFixed(0)} us`,
        },
      ];
    } finally {
      await bare.stop();
      await polder.stop();
    }
  },
};
