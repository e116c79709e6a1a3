/** Three API servers on one etcd: whichever of them is asked, the picture is the same. */
import assert from 'node:assert/strict';
import { expectCode, expectStatus, type Answer, type Api, type Watch } from '../contract/support/api.ts';
import { configMap, configMapsIn } from '../contract/support/server.ts';
import { useEtcd } from '../support/etcd.ts';
import { startReplicas, type Replica, type Replicas } from '../support/etcd-replicas.ts';
import type { Json } from '../support/http.ts';
import { random as createRandom } from './random.ts';

const SECONDS = Number(process.env['POLDER_CONTRACT_SECONDS'] ?? '10');
const version = (object: Json): number => Number(object.metadata.resourceVersion);

describe('three API servers on one etcd', function () {
  this.timeout((SECONDS + 90) * 1000);
  const etcd = useEtcd();
  let replicas: Replicas;
  const api = (): Api => replicas.next().root;
  const replica = (index: number): Replica => {
    const found = replicas.all[index];
    assert.ok(found);
    return found;
  };
  const namespace = async (name: string): Promise<string> => {
    await api().create('/api/v1/namespaces', { metadata: { name } });
    return configMapsIn(name);
  };
  before(async () => {
    replicas = await startReplicas(etcd, 3);
  });
  after(() => replicas.close());

  it('shows what one of them was told to whoever asks another at once', async () => {
    const maps = await namespace('at-once');
    for (let round = 0; round < 50; round += 1) {
      const url = `${maps}/m${round % 5}`;
      await api().create(maps, configMap(`m${round % 5}`, { round: String(round) }));
      assert.equal((await api().read(url)).data.round, String(round));
      expectCode(await api().merge(url, { data: { patched: 'yes' } }), 200);
      const list = await api().read(maps);
      assert.equal(list.items[0].data.patched, 'yes');
      expectCode(await api().call('DELETE', url), 200);
      expectStatus(await api().call('GET', url), 404, 'NotFound');
      assert.equal((await api().read(maps)).items.length, 0);
    }
  });

  it('creates a name once, whoever is asked, and refuses it to all others', async () => {
    const maps = await namespace('once');
    const answers = await Promise.all(
      Array.from({ length: 60 }, () => api().call('POST', maps, { body: configMap('one') })),
    );
    assert.equal(answers.filter(({ status }) => status === 201).length, 1);
    for (const answer of answers) if (answer.status !== 201) expectStatus(answer, 409, 'AlreadyExists');
  });

  it('A2 lets one of 50 parallel status writes with one resourceVersion through', async () => {
    const planes = '/apis/platform.polder.dev/v1alpha1/dataplanes';
    const plane = await replica(0).root.create(planes, {
      apiVersion: 'platform.polder.dev/v1alpha1',
      kind: 'DataPlane',
      metadata: { name: 'raced' },
      spec: {},
    });
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) => {
        const status = { registration: { redeemedBy: `key-${index}` } };
        return replicas
          .next()
          .controllers.call('PUT', `${planes}/raced/status`, { body: { ...plane, status } });
      }),
    );
    const winners = answers.filter(({ status }) => status === 200);
    assert.equal(winners.length, 1);
    for (const answer of answers) if (answer.status !== 200) expectStatus(answer, 409, 'Conflict');
    const stored = await api().read(`${planes}/raced`);
    assert.equal(stored.status.registration.redeemedBy, winners[0]?.body.status.registration.redeemedBy);
  });

  it('C103 100 parallel increments by read, change and PUT with retry add up to 100', async () => {
    const maps = await namespace('counter');
    await api().create(maps, configMap('counter', { count: '0' }));
    let conflicts = 0;
    const increment = async (): Promise<void> => {
      for (;;) {
        const object = await api().read(`${maps}/counter`);
        object.data.count = String(Number(object.data.count) + 1);
        const answer = await api().call('PUT', `${maps}/counter`, { body: object });
        if (answer.status === 200) return;
        expectStatus(answer, 409, 'Conflict');
        conflicts += 1;
      }
    };
    await Promise.all(Array.from({ length: 100 }, increment));
    assert.equal((await api().read(`${maps}/counter`)).data.count, '100');
    console.log(`      ${conflicts} conflicts`);
  });

  it('C104 60 parallel patches without a version all take effect', async () => {
    const maps = await namespace('patches');
    await api().create(maps, configMap('shared'));
    const patch = (key: number): Promise<Answer> =>
      api().merge(`${maps}/shared`, { data: { [`k${key}`]: 'x' } });
    for (const answer of await Promise.all(Array.from({ length: 60 }, (_, key) => patch(key)))) {
      expectCode(answer, 200);
    }
    assert.equal(Object.keys((await api().read(`${maps}/shared`)).data).length, 60);
  });

  it('C54 gives 1,000 mixed writes of 20 writers unique, increasing revisions, the same to all watchers', async () => {
    const maps = await namespace('rv');
    const { metadata } = await api().read(maps);
    const open = ({ root }: Replica): Promise<Watch> =>
      root.watch(`${maps}?watch=1&resourceVersion=${metadata.resourceVersion}`);
    const watches = await Promise.all(replicas.all.map(open));
    const returned: string[] = [];
    const writer = async (who: number): Promise<void> => {
      for (let round = 0; round < 10; round += 1) {
        const url = `${maps}/w${who}-${round}`;
        let own = 0;
        const note = (object: Json): void => {
          assert.ok(version(object) > own);
          own = version(object);
          returned.push(object.metadata.resourceVersion);
        };
        note(await api().create(maps, configMap(`w${who}-${round}`)));
        for (const value of ['1', '2', '3']) {
          note(expectCode(await api().merge(url, { data: { value } }), 200).body);
        }
        expectCode(await api().call('DELETE', url), 200);
      }
    };
    await Promise.all(Array.from({ length: 20 }, (_, who) => writer(who)));
    const seen = await Promise.all(watches.map((watch) => watch.take(1000)));
    for (const watch of watches) watch.close();

    const [first, ...others] = seen.map((events) =>
      events.map(({ type, object }) => `${type} ${object.metadata.name} ${object.metadata.resourceVersion}`),
    );
    for (const other of others) assert.deepEqual(other, first);
    const numbers = (seen[0] ?? []).map(({ object }) => version(object));
    assert.ok(numbers.every((number, index) => index === 0 || number > (numbers[index - 1] ?? 0)));
    assert.equal(new Set(returned).size, 800);
    assert.ok(returned.every((text) => numbers.includes(Number(text))));
  });

  it(`C55 a cache fed by list here and watch there equals the list after ${SECONDS} s of 50 writers`, async () => {
    const maps = await namespace('property');
    const until = Date.now() + SECONDS * 1000;
    let writes = 0;
    const writer = async (who: number): Promise<void> => {
      const random = createRandom(who);
      while (Date.now() < until) {
        const name = `o${random(200)}`;
        const url = `${maps}/${name}`;
        const kind = random(3);
        const answer =
          kind === 0
            ? await api().call('POST', maps, { body: configMap(name) })
            : kind === 1
              ? await api().merge(url, { data: { value: String(random(1_000_000)) } })
              : await api().call('DELETE', url);
        assert.ok([200, 201, 404, 409].includes(answer.status), answer.text);
        if (answer.status < 300) writes += 1;
      }
    };
    const writing = Promise.all(Array.from({ length: 50 }, (_, who) => writer(who)));
    const list = await replica(0).root.read(maps);
    const watch = await replica(1).root.watch(
      `${maps}?watch=1&resourceVersion=${list.metadata.resourceVersion}`,
    );
    const marker = writing.then(async () => {
      await replica(2).root.create(maps, configMap('marker'));
    });
    const { cache, events } = await follow(list, watch);
    await marker;
    watch.close();

    for (const one of replicas.all) {
      const final = await one.root.read(maps);
      assert.deepEqual(
        [...cache].sort(([a], [b]) => (a < b ? -1 : 1)),
        final.items
          .map(({ metadata }: Json) => [metadata.name, metadata.resourceVersion])
          .sort(([a]: [string], [b]: [string]) => (a < b ? -1 : 1)),
      );
    }
    console.log(`      ${writes} writes, ${events} events, ${cache.size} objects left`);
  });

  it('C56 a paged list that began at one goes on at the others, at the same revision', async () => {
    const maps = await namespace('paged');
    await Promise.all(Array.from({ length: 25 }, (_, index) => api().create(maps, configMap(`p${index}`))));
    const names: string[] = [];
    const first = await api().read(`${maps}?limit=4`);
    for (let page = first; ;) {
      names.push(...page.items.map(({ metadata }: Json) => metadata.name));
      assert.equal(page.metadata.resourceVersion, first.metadata.resourceVersion);
      const token = page.metadata.continue as string | undefined;
      if (token === undefined || token === '') break;
      await api().create(maps, configMap(`later-${names.length}`));
      page = await api().read(`${maps}?limit=4&continue=${encodeURIComponent(token)}`);
    }
    assert.deepEqual(names, Array.from({ length: 25 }, (_, index) => `p${index}`).sort());
  });

  it('B7 three servers together let no more through than a quota has room for', async () => {
    const maps = await namespace('bounded');
    const quota = { metadata: { name: 'q' }, spec: { hard: { configmaps: '10' } } };
    await api().create('/api/v1/namespaces/bounded/resourcequotas', quota);
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, index) => api().call('POST', maps, { body: configMap(`m${index}`) })),
    );
    assert.equal(answers.filter(({ status }) => status === 201).length, 10);
    for (const answer of answers) {
      if (answer.status !== 201)
        assert.match(expectStatus(answer, 403, 'Forbidden').message, /exceeded quota: q/);
    }
    assert.equal((await api().read(maps)).items.length, 10);
    expectCode(await api().call('DELETE', `${maps}/${(await api().read(maps)).items[0].metadata.name}`), 200);
    await api().create(maps, configMap('in-its-place'));
    expectStatus(await api().call('POST', maps, { body: configMap('too-many') }), 403, 'Forbidden');
  });

  it('a grant and its end at one decide the next request at the others', async () => {
    const policies = '/apis/platform.polder.dev/v1alpha1/clusteraccesspolicies';
    const policy = {
      apiVersion: 'platform.polder.dev/v1alpha1',
      kind: 'ClusterAccessPolicy',
      metadata: { name: 'ann-reads-planes' },
      spec: {
        effect: 'Allow',
        subjects: [{ kind: 'User', name: 'ann' }],
        actions: ['dataplanes:get', 'dataplanes:list'],
      },
    };
    const url = '/apis/platform.polder.dev/v1alpha1/dataplanes/raced';
    for (let round = 0; round < 20; round += 1) {
      expectCode(await replicas.next().ann.call('GET', url), 403);
      await replicas.next().root.create(policies, policy);
      for (const { ann } of replicas.all) expectCode(await ann.call('GET', url), 200);
      expectCode(await replicas.next().root.call('DELETE', `${policies}/ann-reads-planes`), 200);
      for (const { ann } of replicas.all) expectCode(await ann.call('GET', url), 403);
    }
  });
});

/** The cache of a client, up to the marker. */
async function follow(list: Json, watch: Watch): Promise<{ cache: Map<string, string>; events: number }> {
  const cache = new Map<string, string>(
    list.items.map(({ metadata }: Json) => [metadata.name, metadata.resourceVersion]),
  );
  let last = version(list);
  for (let events = 1; ; events += 1) {
    const { type, object } = await watch.next();
    assert.ok(version(object) > last, `${type} at ${version(object)} after ${last}`);
    last = version(object);
    const { name } = object.metadata;
    assert.equal(cache.has(name), type !== 'ADDED', `${type} ${name}`);
    if (type === 'DELETED') cache.delete(name);
    else cache.set(name, object.metadata.resourceVersion);
    if (name === 'marker') return { cache, events };
  }
}
