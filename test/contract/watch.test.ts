/** Checks E of the API contract: watches over HTTP. */
import assert from 'node:assert/strict';
import type { Json } from '../support/http.ts';
import { expectCode, expectStatus, type Api, type Watch } from './support/api.ts';
import {
  dataPolicy,
  namespaceIn,
  plain,
  plainData,
  plainIn,
  policiesIn,
  type Server,
} from './support/server.ts';
import { startServer } from './support/target.ts';

/** `ADDED one` or `BOOKMARK end`; bookmarks without annotation have nothing behind. */
const line = ({ type, object }: Json): string => {
  const isEnd = object.metadata.annotations?.['k8s.io/initial-events-end'] === 'true';
  return `${type} ${object.metadata.name ?? (isEnd ? 'end' : '')}`.trimEnd();
};
const versionOf = ({ object }: Json): number => Number(object.metadata.resourceVersion);

describe('contract E: watches', function () {
  this.timeout(60_000);
  const path = policiesIn('tn-a');
  let server: Server;
  let root: Api;
  let number = 0;
  /** A namespace of its own for one check. */
  const freshMaps = async (): Promise<string> => {
    number += 1;
    await server.room(`watch-${number}`);
    return plainIn(`watch-${number}`);
  };
  const versionNow = async (where: string): Promise<string> =>
    (await root.read(where)).metadata.resourceVersion;
  const watch = (where: string, params: Record<string, string> = {}): Promise<Watch> =>
    root.watch(`${where}?${new URLSearchParams({ watch: '1', ...params }).toString()}`);
  const lines = async (from: Watch, count: number): Promise<string[]> => (await from.take(count)).map(line);

  before(async () => {
    server = await startServer();
    root = server.root;
    await server.tenant('a');
  });
  after(() => server.remove());

  it('C68 C69 shows create, update and delete after the list, nothing from before', async () => {
    await root.create(path, dataPolicy('before'));
    const open = await watch(path, { resourceVersion: await versionNow(path) });

    await root.create(path, dataPolicy('new'));
    await root.merge(`${path}/new`, { spec: { priority: 60 } });
    await root.call('DELETE', `${path}/new`);
    const events = await open.take(3);
    open.close();

    assert.deepEqual(events.map(line), ['ADDED new', 'MODIFIED new', 'DELETED new']);
    for (const { object } of events) assert.equal(object.kind, 'DataPolicy');
    const [added = 0, modified = 0, deleted = 0] = events.map(versionOf);
    assert.ok(added < modified && modified < deleted, `${added} ${modified} ${deleted}`);
    assert.equal(events[2].object.spec.priority, 60, 'DELETED carries the last state');
  });

  for (const resourceVersion of [undefined, '0']) {
    it(`C70 begins with everything when resourceVersion is ${resourceVersion ?? 'unset'}`, async () => {
      const maps = await freshMaps();
      for (const name of ['one', 'two']) await root.create(maps, plain(name));

      const open = await watch(maps, resourceVersion === undefined ? {} : { resourceVersion });
      const initial = await lines(open, 2);
      await root.create(maps, plain('three'));

      assert.deepEqual(initial, ['ADDED one', 'ADDED two']);
      assert.deepEqual(await lines(open, 1), ['ADDED three']);
      open.close();
    });
  }

  for (const names of [[], ['one', 'two']]) {
    it(`C71 ends ${names.length} initial events with an annotated bookmark, then goes on`, async () => {
      const maps = await freshMaps();
      for (const name of names) await root.create(maps, plain(name));
      const newest = Number(await versionNow(maps));

      const open = await watch(maps, {
        sendInitialEvents: 'true',
        resourceVersionMatch: 'NotOlderThan',
        allowWatchBookmarks: 'true',
      });
      const events = await open.take(names.length + 1);
      await root.create(maps, plain('live'));

      assert.deepEqual(events.map(line), [...names.map((name) => `ADDED ${name}`), 'BOOKMARK end']);
      const { object } = events.at(-1);
      assert.ok(Number(object.metadata.resourceVersion) >= newest);
      assert.deepEqual(object, {
        kind: plain('x').kind,
        apiVersion: plain('x').apiVersion,
        metadata: {
          resourceVersion: object.metadata.resourceVersion,
          annotations: { 'k8s.io/initial-events-end': 'true' },
        },
      });
      assert.deepEqual(await lines(open, 1), ['ADDED live']);
      open.close();
    });
  }

  const STARTS = ['unset', '0', 'past', 'current'] as const;
  /**
   * What comes before what is new. `past` is a revision from before the objects; the original takes 1, but what a
   * user saw before policies changed cannot be told any more, and ours are all younger than that.
   * source: kubernetes/apiserver pkg/storage/testing RunWatchSemantics
   */
  const SEMANTICS: readonly {
    readonly start: (typeof STARTS)[number];
    readonly initial: boolean | undefined;
    readonly bookmarks: boolean;
    readonly begins: readonly string[];
  }[] = [
    ...STARTS.flatMap((start) =>
      [true, false].flatMap((bookmarks) => [
        {
          start,
          bookmarks,
          initial: true,
          begins: ['ADDED 1', 'ADDED 2', 'ADDED 3', ...(bookmarks ? ['BOOKMARK end'] : [])],
        },
        // Only from then on there is a past to tell of.
        {
          start,
          bookmarks,
          initial: false,
          begins: start === 'past' ? ['ADDED 1', 'ADDED 2', 'ADDED 3'] : [],
        },
      ]),
    ),
    ...(['unset', '0'] as const).map((start) => ({
      start,
      bookmarks: false,
      initial: undefined,
      begins: ['ADDED 1', 'ADDED 2', 'ADDED 3'],
    })),
  ];
  SEMANTICS.forEach(({ start, initial, bookmarks, begins }, index) => {
    const parameters = `sendInitialEvents ${initial ?? 'unset'}, bookmarks ${bookmarks}, resourceVersion ${start}`;
    it(`C72 row ${index + 1}: ${parameters}`, async () => {
      const maps = await freshMaps();
      const past = await versionNow(maps);
      for (const name of ['1', '2', '3']) await root.create(maps, plain(name));
      const resourceVersion = start === 'past' ? past : start === 'current' ? await versionNow(maps) : start;

      const open = await watch(maps, {
        ...(start === 'unset' ? {} : { resourceVersion }),
        ...(initial === undefined
          ? {}
          : { sendInitialEvents: String(initial), resourceVersionMatch: 'NotOlderThan' }),
        ...(bookmarks ? { allowWatchBookmarks: 'true' } : {}),
      });
      const seen = await lines(open, begins.length);
      for (const name of ['4', '5']) await root.create(maps, plain(name));
      seen.push(...(await lines(open, 2)));
      open.close();

      assert.deepEqual(seen, [...begins, 'ADDED 4', 'ADDED 5']);
    });
  });

  it('C73 refuses initial events without resourceVersionMatch, and on lists', async () => {
    for (const [params, why] of [
      [
        'watch=1&sendInitialEvents=true',
        'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan',
      ],
      ['watch=1&sendInitialEvents=false', 'sendInitialEvents requires setting resourceVersionMatch'],
      ['watch=1&sendInitialEvents=true&resourceVersionMatch=Exact', 'Unsupported value: "Exact"'],
      [
        'watch=1&resourceVersionMatch=NotOlderThan',
        'is forbidden for watch unless sendInitialEvents is provided',
      ],
      ['sendInitialEvents=true&resourceVersionMatch=NotOlderThan', 'sendInitialEvents is forbidden for list'],
    ]) {
      const { message } = expectStatus(await root.call('GET', `${path}?${params}`), 422, 'Invalid');
      assert.ok(message.includes(why), message);
    }
  });

  it('C76 C77 ends cleanly after timeoutSeconds, with no bookmark for who asked for none', async () => {
    const maps = await freshMaps();
    const resourceVersion = await versionNow(maps);
    const started = Date.now();

    const empty = await watch(maps, { resourceVersion, timeoutSeconds: '2' });
    const asked = await watch(maps, { resourceVersion, timeoutSeconds: '2', allowWatchBookmarks: 'true' });
    // Another kind's write: the last bookmark is ahead of everything this watch could have shown.
    const other = await root.create(path, dataPolicy('elsewhere'));
    const [none, last] = await Promise.all([empty.rest(), asked.rest()]);
    const tookMs = Date.now() - started;

    assert.deepEqual(none, []);
    assert.deepEqual(last.map(line), ['BOOKMARK'], 'the last bookmark comes just before the deadline');
    assert.ok(versionOf(last[0]) >= Number(other.metadata.resourceVersion));
    assert.ok(tookMs >= 1_900, `the watch ended after ${tookMs} ms`);
    console.log(`      ended after ${tookMs} ms`);
  });

  it('C78 sends the headers before there is any event', async () => {
    const maps = await freshMaps();
    const started = performance.now();

    const open = await watch(maps, { resourceVersion: await versionNow(maps) });
    console.log(`      headers after ${(performance.now() - started).toFixed(0)} ms`);
    await root.create(maps, plain('first'));

    assert.equal(open.response.headers['transfer-encoding'], 'chunked');
    assert.equal(open.response.headers['content-type'], 'application/json');
    assert.deepEqual(await lines(open, 1), ['ADDED first']);
    open.close();
  });

  it('C79 shows entering a selector as ADDED and leaving as DELETED, live and resumed', async () => {
    const maps = await freshMaps();
    const resourceVersion = await versionNow(maps);
    const params = { labelSelector: 'tier=gold', resourceVersion };
    const live = await watch(maps, params);

    await root.create(maps, plain('plain'));
    await root.create(maps, plain('x'));
    const label = async (value: string | null) =>
      expectCode(await root.merge(`${maps}/x`, { metadata: { labels: { tier: value } } }), 200).body;
    await label('gold');
    await root.merge(`${maps}/x`, plainData({ a: 'b' }));
    const left = await label('tin');
    await label(null);
    await label('gold');
    await root.call('DELETE', `${maps}/x`);

    const wanted = ['ADDED x', 'MODIFIED x', 'DELETED x', 'ADDED x', 'DELETED x'];
    for (const open of [live, await watch(maps, params)]) {
      const events = await open.take(wanted.length);
      open.close();
      assert.deepEqual(events.map(line), wanted);
      const [, , leaving] = events;
      assert.equal(leaving.object.metadata.resourceVersion, left.metadata.resourceVersion);
      assert.deepEqual(leaving.object.metadata.labels, { tier: 'gold' }, 'the state before the change');
    }
  });

  it('C80 watches one name through delete and creation', async () => {
    const maps = await freshMaps();
    await root.create(maps, plain('mine'));
    const open = await watch(maps, {
      fieldSelector: 'metadata.name=mine',
      resourceVersion: await versionNow(maps),
    });

    await root.create(maps, plain('other'));
    await root.merge(`${maps}/mine`, plainData({ a: 'b' }));
    await root.call('DELETE', `${maps}/mine`);
    await root.call('DELETE', `${maps}/other`);
    await root.create(maps, plain('mine'));

    assert.deepEqual(await lines(open, 3), ['MODIFIED mine', 'DELETED mine', 'ADDED mine']);
    open.close();
  });

  it('C88 watches one namespace only', async () => {
    const here = await freshMaps();
    const there = await freshMaps();
    const open = await watch(here, { resourceVersion: await versionNow(here) });

    await root.create(there, plain('there'));
    await root.call('DELETE', `${there}/there`);
    await root.create(here, plain('here'));

    const event = await open.next();
    open.close();
    assert.equal(line(event), 'ADDED here');
    assert.equal(event.object.metadata.namespace, namespaceIn(here));
  });
});
