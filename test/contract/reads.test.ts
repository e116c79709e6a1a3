/** Checks D of the API contract: reads. */
import assert from 'node:assert/strict';
import type { Json } from '../support/http.ts';
import { expectCode, expectStatus, type Api } from './support/api.ts';
import {
  isAggregated,
  namespaceIn,
  plain,
  plainIn,
  DATA,
  dataPolicy,
  policiesIn,
  TENANTS,
  type Server,
} from './support/server.ts';
import { startServer } from './support/target.ts';

const names = (list: Json): string[] => list.items.map(({ metadata }: Json) => metadata.name);
const query = (params: Record<string, string | number>): string =>
  `?${new URLSearchParams(Object.entries(params).map(([key, value]) => [key, String(value)])).toString()}`;

describe('contract D: reads', function () {
  this.timeout(60_000);
  const path = policiesIn('tn-a');
  let server: Server;
  let root: Api;
  before(async () => {
    server = await startServer();
    root = server.root;
    await server.tenant('a');
    await server.tenant('b');
    await server.room('plain');
  });
  after(() => server.remove());

  it('C53 lists with kind, empty items and a decimal resourceVersion', async () => {
    const empty = await root.read(path);
    const tenants = await root.read(TENANTS);

    assert.equal(empty.kind, 'DataPolicyList');
    assert.equal(empty.apiVersion, 'data.polder.dev/v1alpha1');
    assert.deepEqual(empty.items, []);
    assert.match(empty.metadata.resourceVersion, /^[1-9][0-9]*$/);
    assert.equal(tenants.kind, 'TenantList');
    assert.deepEqual(names(tenants), isAggregated ? ['a', 'b', 'plain'] : ['a', 'b']);
    assert.match(tenants.metadata.resourceVersion, /^[1-9][0-9]*$/);
    for (const { kind, apiVersion } of tenants.items) {
      assert.deepEqual([kind, apiVersion], ['Tenant', 'platform.polder.dev/v1alpha1']);
    }
  });

  describe('with objects', () => {
    const maps = plainIn('plain');
    const list = (params: Record<string, string | number>, where = maps) =>
      root.call('GET', `${where}${query(params)}`);
    const ok = async (params: Record<string, string | number>, where = maps): Promise<Json> =>
      expectCode(await list(params, where), 200).body;
    const add = (name: string, labels: object = {}, data: object = {}) =>
      root.create(maps, plain(name, data, { labels }));

    before(async () => {
      for (const [name, labels] of [
        ['c1', { a: 'b', e: 'f' }],
        ['c3', { a: 'b', c: 'd', e: 'f' }],
        ['c5', { a: 'b', e: 'g', h: '' }],
        ['c7', { a: 'b', e: 'g' }],
        ['c9', { a: 'b', e: 'f', i: '' }],
      ] as const) {
        await add(name, labels);
      }
    });

    it('C56 C57 pages show one snapshot, count what is left, and count nothing of a selection', async () => {
      const first = await ok({ limit: 2 });
      await add('c2');
      await root.call('DELETE', `${maps}/c9`);
      const second = await ok({ limit: 2, continue: first.metadata.continue });
      await add('c8');
      const third = await ok({ limit: 2, continue: second.metadata.continue });
      const again = await ok({ limit: 2, continue: first.metadata.continue });

      assert.deepEqual(
        [first, second, third].map((page) => [names(page), page.metadata.remainingItemCount]),
        [
          [['c1', 'c3'], 3],
          [['c5', 'c7'], 1],
          [['c9'], undefined],
        ],
      );
      assert.equal(third.metadata.continue ?? '', '');
      const versions = [first, second, third].map(({ metadata }) => metadata.resourceVersion);
      assert.equal(new Set(versions).size, 1);
      assert.deepEqual(again, second, 'a token is good for more than one use');

      await add('c9', { a: 'b', e: 'f', i: '' });
      const full = await ok({ limit: 3, labelSelector: 'a=b' });
      const rest = await ok({ limit: 3, labelSelector: 'a=b', continue: full.metadata.continue });
      assert.deepEqual(
        [names(full), names(rest)],
        [
          ['c1', 'c3', 'c5'],
          ['c7', 'c9'],
        ],
      );
      for (const page of [full, rest]) assert.equal(page.metadata.remainingItemCount, undefined);
    });

    it('C59 refuses a continue token that is none, and one with a resourceVersion', async () => {
      const { metadata } = await ok({ limit: 1 });

      expectStatus(await list({ continue: 'garbage' }), 400, 'BadRequest');
      expectStatus(await list({ continue: metadata.continue, resourceVersion: 5 }), 400, 'BadRequest');
    });

    it('C60 shows the newest, an exact or a not older state, with and without limit', async () => {
      const then = await ok({});
      const old = then.metadata.resourceVersion;
      await add('later');
      const now = (await ok({})).metadata.resourceVersion;
      const sees = async (params: Record<string, string | number>): Promise<string> => {
        const { metadata, items } = await ok(params);
        const isNew = items.some((item: Json) => item.metadata.name === 'later');
        const { resourceVersion } = metadata;
        // Controllers may have written other kinds meanwhile: the newest only grows.
        if (isNew) assert.ok(Number(resourceVersion) >= Number(now), JSON.stringify(params));
        else assert.equal(resourceVersion, old, JSON.stringify(params));
        return isNew ? 'new' : 'old';
      };
      const table: readonly (readonly [Record<string, string>, string, string])[] = [
        [{}, 'new', 'new'],
        [{ resourceVersion: '0' }, 'new', 'new'],
        [{ resourceVersion: '0', resourceVersionMatch: 'NotOlderThan' }, 'new', 'new'],
        [{ resourceVersion: old }, 'new', 'old'],
        [{ resourceVersion: old, resourceVersionMatch: 'NotOlderThan' }, 'new', 'new'],
        [{ resourceVersion: old, resourceVersionMatch: 'Exact' }, 'old', 'old'],
      ];
      for (const [params, all, paged] of table) {
        assert.equal(await sees(params), all, JSON.stringify(params));
        assert.equal(await sees({ ...params, limit: 500 }), paged, `${JSON.stringify(params)} with limit`);
      }

      const refused: readonly (readonly [Record<string, string>, string])[] = [
        [
          { resourceVersionMatch: 'Exact' },
          'resourceVersionMatch is forbidden unless resourceVersion is provided',
        ],
        [{ resourceVersionMatch: 'NotOlderThan' }, 'is forbidden unless resourceVersion is provided'],
        [
          { resourceVersion: '0', resourceVersionMatch: 'Exact' },
          'resourceVersionMatch "exact" is forbidden for resourceVersion "0"',
        ],
        [{ resourceVersion: old, resourceVersionMatch: 'Newest' }, 'Unsupported value: "Newest"'],
        [
          { continue: (await ok({ limit: 1 })).metadata.continue, resourceVersionMatch: 'Exact' },
          'resourceVersionMatch is forbidden when continue is provided',
        ],
      ];
      for (const [params, why] of refused) {
        const { message } = expectStatus(await list(params), 422, 'Invalid');
        assert.ok(message.includes(why), message);
      }
    });

    it('C61 waits for a revision from the future, then says so in a way reflectors understand', async () => {
      const started = Date.now();
      const future = { resourceVersion: 999_999_999 };
      const answers = await Promise.all([
        list({ ...future, resourceVersionMatch: 'NotOlderThan' }),
        list(future, `${maps}/c1`),
      ]);

      for (const answer of answers) {
        const { details, message } = expectStatus(answer, 504, 'Timeout');
        assert.match(message, /^Timeout: Too large resource version: 999999999, current: [0-9]+$/);
        assert.deepEqual(details.causes, [
          { reason: 'ResourceVersionTooLarge', message: 'Too large resource version' },
        ]);
        assert.equal(details.retryAfterSeconds, 1);
        assert.equal(answer.headers['retry-after'], '1');
      }
      console.log(`      answered after ${Date.now() - started} ms`);
    });

    it('reads queries as kube-rs writes them, and a DELETE with an empty body', async () => {
      for (const [suffix, wanted] of [
        ['?', 5],
        ['?&limit=1', 1],
        ['?&resourceVersion=&limit=2', 2],
        ['?&labelSelector=e+in+(f)&resourceVersion=0', 3],
      ] as const) {
        const { items } = await root.read(`${maps}${suffix}`);
        assert.ok(wanted === 5 ? items.length >= 5 : items.length === wanted, `${suffix}: ${items.length}`);
      }
      await add('short-lived');
      const type = 'application/json';
      expectCode(await root.call('DELETE', `${maps}/short-lived?&`, { body: '', type }), 200);
    });

    for (const resourceVersion of ['abc', '-1', '1.5', '18446744073709551616']) {
      it(`C62 refuses resourceVersion ${resourceVersion} with a Status below 500`, async () => {
        for (const answer of [
          await list({ resourceVersion }),
          await list({ resourceVersion }, `${maps}/c1`),
          await list({ resourceVersion, watch: 1 }),
        ]) {
          assert.ok(answer.status === 400 || answer.status === 422, answer.text);
          assert.equal(answer.body.kind, 'Status');
        }
      });
    }

    it('C63 selects by labels exactly, and refuses what is no selector', async () => {
      const select = async (labelSelector: string): Promise<string[]> => names(await ok({ labelSelector }));

      assert.deepEqual(await select('a=b,c!=d,e in (f,g),!h,i'), ['c9']);
      assert.deepEqual(await select('a=b,c!=d,e in (f,g),!h'), ['c1', 'c7', 'c9']);
      assert.deepEqual(await select('a==b,e notin (f)'), ['c5', 'c7']);
      assert.deepEqual(await select('h'), ['c5']);
      for (const wrong of ['a==', 'a in', 'a=b=c', 'a in (b', '!', '-a=b', 'a b']) {
        const answer = await list({ labelSelector: wrong });
        // `a==` selects the empty value, as apimachinery reads it.
        if (wrong === 'a==') assert.deepEqual(names(expectCode(answer, 200).body), []);
        else expectStatus(answer, 400, 'BadRequest');
      }
    });

    it('C64 selects by name, namespace and declared fields, and by nothing else', async () => {
      await root.create(path, dataPolicy('fine'));
      await root.create(policiesIn('tn-b'), dataPolicy('other'));
      const select = async (fieldSelector: string): Promise<string[]> =>
        names(await ok({ fieldSelector }, `${DATA}/datapolicies`));
      const elsewhere = 'metadata.namespace!=tn-plain';

      assert.deepEqual(await select('metadata.name=fine'), ['fine']);
      assert.deepEqual(await select('metadata.namespace=tn-b'), ['other']);
      assert.deepEqual(await select(`spec.depot=crm,${elsewhere}`), ['fine', 'other']);
      assert.deepEqual(await select('spec.depot!=crm'), []);
      assert.deepEqual(await select(`spec.type=filter,metadata.name!=fine,${elsewhere}`), ['other']);
      const refused = await list({ fieldSelector: 'spec.nope=1' }, path);
      const { message } = expectStatus(refused, 400, 'BadRequest');
      assert.match(message, /field label not supported: "?spec\.nope"?/);
    });

    it('C65 lists all namespaces, ordered by namespace and name, with names that are there twice', async () => {
      await server.room('nearby');
      const nearby = plainIn('nearby');
      for (const name of ['zz', 'c1']) await root.create(nearby, plain(name));
      const [here, there] = [namespaceIn(maps), namespaceIn(nearby)];

      const { items } = await root.read(nearby.replace(`/namespaces/${there}`, ''));

      const keys = items.map(({ metadata }: Json) => `${metadata.namespace}/${metadata.name}`);
      assert.deepEqual(
        keys.filter((key: string) => key.endsWith('/c1') || key.endsWith('/zz')),
        [`${there}/c1`, `${there}/zz`, `${here}/c1`],
      );
      const shown = await server.ok(['get', isAggregated ? 'dpol' : 'cm', '-A', '--no-headers']);
      assert.match(shown, new RegExp(`^${there} +c1 [^]*^${here} +c1 `, 'm'));
    });
  });

  it('C66 answers 404 with name, group and plural', async () => {
    const body = expectStatus(await root.call('GET', `${TENANTS}/x`), 404, 'NotFound');

    assert.equal(body.message, 'tenants.platform.polder.dev "x" not found');
    assert.deepEqual(body.details, { name: 'x', group: 'platform.polder.dev', kind: 'tenants' });
    const shown = await server.kubectl(['get', 'tn', 'x']);
    assert.equal(shown.stderr, 'Error from server (NotFound): tenants.platform.polder.dev "x" not found\n');
    assert.equal(shown.code, 1);
  });

  it('C67 keeps a tenant from what belongs to another, in every way of reading', async () => {
    const { api: ann } = await server.user('ann', 'a-admins');
    const theirs = policiesIn('tn-b');
    await root.create(theirs, dataPolicy('secret'));
    await root.create(path, dataPolicy('mine'));

    for (const suffix of [
      '/secret',
      '/missing',
      '',
      '?watch=1',
      '?fieldSelector=metadata.name%3Dsecret',
      '?watch=1&fieldSelector=metadata.name%3Dsecret',
      '/secret/status',
    ]) {
      const { message } = expectStatus(await ann.call('GET', `${theirs}${suffix}`), 403, 'Forbidden');
      assert.ok(!message.includes('not found'), message);
    }
    const everywhere = `${DATA}/datapolicies`;
    const { items } = await ann.read(everywhere);
    assert.ok(items.every(({ metadata }: Json) => metadata.namespace === 'tn-a'));
    assert.ok(names({ items }).includes('mine'));
    const one = await ann.read(`${everywhere}?fieldSelector=metadata.name%3Dsecret`);
    assert.deepEqual(one.items, []);
    const page = await ann.read(`${everywhere}?limit=1`);
    assert.equal(page.metadata.remainingItemCount, undefined, 'the count tells of others');

    const watch = await ann.watch(
      `${everywhere}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`,
    );
    await root.merge(`${theirs}/secret`, { spec: { priority: 60 } });
    await root.call('DELETE', `${theirs}/secret`);
    await root.merge(`${path}/mine`, { spec: { priority: 61 } });
    const seen: Json[] = [];
    do seen.push(await watch.next());
    while (seen.at(-1).type !== 'MODIFIED');
    watch.close();
    for (const { type, object } of seen) {
      if (type !== 'BOOKMARK') assert.equal(object.metadata.namespace, 'tn-a', type);
    }
    assert.equal(seen.filter(({ type }) => type === 'BOOKMARK').length, 1);
    assert.ok(!JSON.stringify(seen).includes('secret'));
    await root.call('DELETE', path);
  });
});
