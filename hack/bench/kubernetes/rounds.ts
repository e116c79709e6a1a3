/** What is measured, the same for every contestant. */
import type { Target } from '../measure.ts';
import { dataPolicy } from '../objects.ts';
import type { Load } from '../programs/load.ts';
import { load, type Contestant, type Measured } from './contestant.ts';

export interface Round {
  /** For `--only`. */
  readonly key: string;
  readonly name: string;
  readonly unit: '/s' | 'ms';
  /** Issue 4, section 6. */
  readonly direct: Target;
  readonly aggregated: Target;
  /** Undefined: not measured on etcd. */
  readonly onEtcd?: Target;
  run(who: Contestant, seconds: number): Promise<Result>;
}
export interface Result {
  readonly value: number;
  readonly measured: Measured;
}

/** What every contestant holds. */
export const OBJECTS = 10_000;
const CLIENTS = 32;
const WARM_UP_SHARE = 0.4;

const atLeast = (limit: number): Target => ({ is: 'ratio at least', limit });
const atMost = (limit: number): Target => ({ is: 'ratio at most', limit });

/** As an object of the contestant's group. */
export const objectOf = (who: Contestant, number: string, changes: object = {}): string => {
  const object = dataPolicy(number) as { readonly spec: object };
  return JSON.stringify({
    ...object,
    apiVersion: who.apiVersion,
    spec: { ...object.spec, ...changes },
  });
};

/** Objects `first` to `first + count - 1`. */
export const create = (
  who: Contestant,
  first: number,
  count: number,
  connections: number = CLIENTS,
): Promise<Measured> =>
  load(
    who,
    {
      connections,
      method: 'POST',
      path: who.objects,
      body: objectOf(who, '{n}'),
      first,
      requests: count,
    },
    201,
  );

const rate = (measured: Measured): Result => ({ value: measured.perSecond, measured });

async function timed(who: Contestant, seconds: number, request: Partial<Load>): Promise<Measured> {
  const many = { connections: CLIENTS, requests: Infinity, ...request };
  await load(who, { ...many, seconds: seconds * WARM_UP_SHARE });
  return load(who, { ...many, seconds });
}

/** Numbers go on where the last round ended: no two creates meet, no two patches are the same. */
function reserve(who: Contestant, count: number): number {
  const first = who.numbers.next;
  who.numbers.next += count;
  return first;
}

/** As many new ones. */
export const createSome = (who: Contestant, count: number, connections?: number): Promise<Measured> =>
  create(who, reserve(who, count), count, connections);

const CREATED = 3_000;
const PATCHED = 1_000_000;

export const ROUNDS: readonly Round[] = [
  {
    key: 'get',
    name: 'GET',
    unit: '/s',
    direct: atLeast(8),
    aggregated: atLeast(1),
    run: async (who, seconds) => rate(await timed(who, seconds, { path: `${who.objects}/bench-7` })),
  },
  {
    key: 'list',
    name: `LIST ${OBJECTS} objects, P50`,
    unit: 'ms',
    direct: atMost(1 / 12),
    aggregated: atMost(1 / 3),
    run: async (who, seconds) => {
      const measured = await timed(who, seconds, { connections: 1, path: who.objects });
      return { value: measured.p50Ms, measured };
    },
  },
  {
    key: 'create',
    name: `create, ${CLIENTS} clients`,
    unit: '/s',
    direct: atLeast(6),
    aggregated: atLeast(1),
    onEtcd: atLeast(2),
    run: async (who) => {
      await createSome(who, CREATED);
      return rate(await createSome(who, CREATED));
    },
  },
  {
    key: 'patch',
    name: `merge patch, ${CLIENTS} clients`,
    unit: '/s',
    direct: atLeast(6),
    aggregated: atLeast(1),
    run: async (who, seconds) =>
      rate(
        await timed(who, seconds, {
          method: 'PATCH',
          path: `${who.objects}/bench-{k}`,
          cycle: OBJECTS,
          contentType: 'application/merge-patch+json',
          body: JSON.stringify({ spec: { description: 'Measured for the {n}th time.' } }),
          first: reserve(who, PATCHED),
        }),
      ),
  },
  {
    key: 'apply',
    name: `server-side apply, ${CLIENTS} clients`,
    unit: '/s',
    direct: atLeast(5),
    aggregated: atLeast(1),
    run: async (who, seconds) =>
      rate(
        await timed(who, seconds, {
          method: 'PATCH',
          path: `${who.objects}/bench-{k}?fieldManager=bench&force=true`,
          cycle: OBJECTS,
          contentType: 'application/apply-patch+yaml',
          body: objectOf(who, '{k}', { description: 'Applied for the {n}th time.' }),
          first: reserve(who, PATCHED),
        }),
      ),
  },
];
