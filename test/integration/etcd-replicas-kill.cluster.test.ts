/** API servers on one etcd under load, one after the other killed, then etcd itself: clients retry once at most. */
import assert from 'node:assert/strict';
import { expectCode, type Answer, type Api, type Watch } from '../contract/support/api.ts';
import { configMap, configMapsIn } from '../contract/support/server.ts';
import { useEtcd } from '../support/etcd.ts';
import { startReplicas, type Replica, type Replicas } from '../support/etcd-replicas.ts';
import type { Json } from '../support/http.ts';
import { until as untilWithin } from '../support/until.ts';

/** Machines that run tests may be busy with others. */
const until = (what: string, ask: () => boolean): Promise<void> => untilWithin(what, ask, 60_000);
const WRITERS = 12;

/** What writers were told: name to value, the newest acknowledged of each object. */
interface Told {
  readonly acknowledged: Map<string, string>;
  writes: number;
  retries: number;
  /** Of the second try; the test fails when there is one. */
  readonly failures: string[];
}

describe('API servers on one etcd, killed', function () {
  this.timeout(240_000);
  const etcd = useEtcd({ fsync: true });
  let replicas: Replicas;
  before(async () => {
    replicas = await startReplicas(etcd, 3);
  });
  after(() => replicas.close());
  const replica = (index: number): Replica => {
    const found = replicas.all[index];
    assert.ok(found);
    return found;
  };
  const namespace = async (name: string): Promise<string> => {
    await replica(0).root.create('/api/v1/namespaces', { metadata: { name } });
    return configMapsIn(name);
  };

  for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
    it(`lose nothing and fail no request twice when each in turn gets ${signal} under load`, async () => {
      const maps = await namespace(`one-${signal.toLowerCase()}`);
      const told: Told = { acknowledged: new Map(), writes: 0, retries: 0, failures: [] };
      const stop = new AbortController();
      const writing = Array.from({ length: WRITERS }, (_, who) =>
        write({ replicas, maps, who, stop: stop.signal }, told),
      );
      for (const { part } of replicas.all) {
        const before = told.writes;
        await until('writes', () => told.writes > before + 60 || told.failures.length > 0);
        await part.stop(signal);
        const after = told.writes;
        await until('writes without it', () => told.writes > after + 30 || told.failures.length > 0);
        await part.start();
      }
      stop.abort();
      await Promise.all(writing);

      assert.deepEqual(told.failures, []);
      for (const { root } of replicas.all)
        assert.deepEqual(await values(root, maps), sorted(told.acknowledged));
      console.log(`      ${told.writes} writes, ${told.retries} retries`);
    });
  }

  it('C83 a watch that broke off goes on at another one without gap or double', async () => {
    const maps = await namespace('resumed');
    const { metadata } = await replica(1).root.read(maps);
    let at = metadata.resourceVersion as string;
    const seen: string[] = [];
    const take = async (watch: Watch, count: number): Promise<void> => {
      for (const { object } of await watch.take(count)) {
        seen.push(object.metadata.name);
        at = object.metadata.resourceVersion;
      }
    };
    const open = (index: number): Promise<Watch> =>
      replica(index).root.watch(`${maps}?watch=1&resourceVersion=${at}`);
    const names = Array.from({ length: 30 }, (_, index) => `n${index}`);
    const create = async (part: readonly string[]): Promise<void> => {
      for (const name of part) await replica(2).root.create(maps, configMap(name));
    };
    const first = await open(0);
    await create(names.slice(0, 10));
    await take(first, 10);
    await replica(0).part.stop('SIGKILL');
    await create(names.slice(10, 20));
    const second = await open(1);
    await take(second, 10);
    await replica(0).part.start();
    second.close();
    await create(names.slice(20));
    // Started after all that: it has nothing of it in memory.
    const third = await open(0);
    await take(third, 10);
    third.close();
    assert.deepEqual(seen, names);
  });

  it('keep their watches open over a kill -9 of etcd, and lose nothing that was acknowledged', async () => {
    const maps = await namespace('etcd-killed');
    const { metadata } = await replica(0).root.read(maps);
    const watches = await Promise.all(
      replicas.all.map(({ root }) =>
        root.watch(`${maps}?watch=1&resourceVersion=${metadata.resourceVersion}`),
      ),
    );
    const acknowledged: string[] = [];
    const codes = new Map<number, number>();
    const stop = new AbortController();
    const writer = async (who: number): Promise<void> => {
      for (let round = 0; !stop.signal.aborted; round += 1) {
        const name = `w${who}-${round}`;
        const answer = await replicas.next().root.call('POST', maps, { body: configMap(name) });
        codes.set(answer.status, (codes.get(answer.status) ?? 0) + 1);
        if (answer.status === 201) acknowledged.push(name);
        else assert.ok([503, 504].includes(answer.status), answer.text);
      }
    };
    const writing = Array.from({ length: WRITERS }, (_, who) => writer(who));
    await until('writes', () => acknowledged.length > 60);
    await etcd.part.stop('SIGKILL');
    const cached = await replica(0).root.call('GET', `${maps}?resourceVersion=0&limit=1`);
    assert.equal(cached.status, 200, 'what the caller lets be old is answered from memory');
    await etcd.part.start();
    const after = acknowledged.length;
    await until('writes after the restart', () => acknowledged.length > after + 60);
    stop.abort();
    await Promise.all(writing);
    await replica(1).root.create(maps, configMap('marker'));

    const [first, ...others] = await Promise.all(watches.map(untilMarker));
    for (const other of others) assert.deepEqual(other, first);
    const stored = (await values(replica(2).root, maps)).map(([name]) => name);
    assert.deepEqual(first?.toSorted(), stored);
    for (const name of acknowledged) assert.ok(stored.includes(name), `${name} is lost`);
    console.log(`      answers: ${JSON.stringify([...codes])}, ${stored.length - 1} stored`);
  });

  it('end when somebody else changes an object in etcd, and serve what it is now when they start again', async () => {
    const maps = await namespace('tampered');
    await replica(0).root.create(maps, configMap('map', { value: 'ours' }));
    const key = Buffer.from(`${replicas.prefix}/objects/core/configmaps/tampered/map`).toString('base64');
    const range = await fetch(`${etcd.url}/v3/kv/range`, { method: 'POST', body: JSON.stringify({ key }) });
    const { kvs } = (await range.json()) as { kvs: readonly { readonly value: string }[] };
    const text = Buffer.from(kvs[0]?.value ?? '', 'base64')
      .toString()
      .replace('"ours"', '"theirs"');
    const value = Buffer.from(text).toString('base64');
    await fetch(`${etcd.url}/v3/kv/put`, { method: 'POST', body: JSON.stringify({ key, value }) });
    await until('all have ended', () => replicas.all.every(({ part }) => part.pid() === undefined));
    await Promise.all(replicas.all.map(async ({ part }) => await part.start()));
    for (const { root } of replicas.all) assert.equal((await root.read(`${maps}/map`)).data.value, 'theirs');
    expectCode(await replica(1).root.merge(`${maps}/map`, { data: { value: 'ours' } }), 200);
  });
});

interface Load {
  readonly replicas: Replicas;
  readonly maps: string;
  readonly who: number;
  readonly stop: AbortSignal;
}

/** Creates objects and changes them, at one server after the other; what fails is tried once more at the next. */
async function write({ replicas, maps, who, stop }: Load, told: Told): Promise<void> {
  const at = (turn: number): Api => {
    const found = replicas.all[(who + turn) % replicas.all.length];
    assert.ok(found);
    return found.root;
  };
  for (let round = 0; !stop.aborted && told.failures.length === 0; round += 1) {
    const name = `w${who}-${round >> 2}`;
    const value = String(round);
    const make = (root: Api): Promise<Answer> =>
      round % 4 === 0
        ? root.call('POST', maps, { body: configMap(name, { value }) })
        : root.merge(`${maps}/${name}`, { data: { value } });
    const first = await outcome(make(at(round)));
    if (!first.ok) {
      told.retries += 1;
      const second = await outcome(make(at(round + 1)));
      // The first try may have been carried out before its answer was lost.
      const wasCreated = round % 4 === 0 && second.text.startsWith('409') && first.text.startsWith('broken');
      if (!second.ok && !wasCreated) told.failures.push(`${first.text}, then ${second.text}`);
    }
    told.acknowledged.set(name, value);
    told.writes += 1;
  }
}

async function outcome(answer: Promise<Answer>): Promise<{ readonly ok: boolean; readonly text: string }> {
  try {
    const { status, text } = await answer;
    return { ok: status < 300, text: `${status} ${text.slice(0, 300)}` };
  } catch (error) {
    return { ok: false, text: `broken: ${String(error)}` };
  }
}

async function values(root: Api, maps: string): Promise<readonly (readonly [string, string])[]> {
  const list = await root.read(maps);
  return sorted(new Map(list.items.map(({ metadata, data }: Json) => [metadata.name, data?.value ?? ''])));
}
const sorted = (map: ReadonlyMap<string, string>): readonly (readonly [string, string])[] =>
  [...map].sort(([a], [b]) => (a < b ? -1 : 1));

async function untilMarker(watch: Watch): Promise<readonly string[]> {
  const names: string[] = [];
  for (;;) {
    const { object } = await watch.next(20_000);
    names.push(object.metadata.name);
    if (object.metadata.name === 'marker') break;
  }
  watch.close();
  return names;
}
