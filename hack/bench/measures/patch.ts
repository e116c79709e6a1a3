/** Merge patches and server-side applies over HTTPS with 32 clients, each of which changes a stored object. */
import { loadNotes } from '../measured.ts';
import type { Measure, Row } from '../measure.ts';
import { dataPolicy } from '../objects.ts';
import { OBJECTS_PATH, createObjects, expectStatus, prepareTenant, startPolder } from '../polder.ts';

const OBJECTS = 1000;
const WARM_UP = 4000;
const REQUESTS = 10_000;

export const patch: Measure = {
  name: 'patch',
  run: async (bench): Promise<readonly Row[]> => {
    const polder = await startPolder(bench, 'patch');
    try {
      await prepareTenant(polder);
      await createObjects(polder, 1, OBJECTS);
      const rows: Row[] = [];
      for (const way of WAYS) {
        const send = async (first: number, requests: number): ReturnType<typeof polder.load> => {
          const load = { connections: 32, seconds: 600, method: 'PATCH', ...way.load, first, requests };
          const result = await polder.load(load);
          expectStatus(result, 200);
          return result;
        };
        await send(0, WARM_UP);
        const result = await send(WARM_UP, REQUESTS);
        rows.push({ measure: way.name, value: result.perSecond, unit: '/s', notes: loadNotes(result) });
      }
      return rows;
    } finally {
      await polder.stop();
    }
  },
};

const PATH = `${OBJECTS_PATH}/bench-{k}`;
const WAYS = [
  {
    name: 'merge patch of one field, 32 clients',
    load: {
      path: PATH,
      cycle: OBJECTS,
      contentType: 'application/merge-patch+json',
      body: JSON.stringify({ spec: { description: 'Measured for the {n}th time.' } }),
    },
  },
  {
    name: 'server-side apply of the whole object, 32 clients',
    load: {
      path: `${PATH}?fieldManager=bench&force=true`,
      cycle: OBJECTS,
      contentType: 'application/apply-patch+yaml',
      body: JSON.stringify(applied()),
    },
  },
] as const;

function applied(): object {
  const object = dataPolicy('{k}') as { readonly spec: object };
  return { ...object, spec: { ...object.spec, description: 'Applied for the {n}th time.' } };
}
