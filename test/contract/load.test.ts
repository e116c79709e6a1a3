/** Checks D and E of the API contract that need many clients at a time. They print what they counted. */
import assert from 'node:assert/strict';
import type { Json } from '../support/http.ts';
import { random as createRandom } from '../integration/random.ts';
import { expectCode, type Api, type Watch } from './support/api.ts';
import { metric, residentMiB, untilMetric } from './support/metrics.ts';
import { isAggregated, plain, PLAIN, plainData, plainIn, PLATFORM, type Server } from './support/server.ts';
import { startServer } from './support/target.ts';

/** How long C55 runs; the contract asks for 300. */
const SECONDS = Number(process.env['POLDER_CONTRACT_SECONDS'] ?? '20');
/** Nobody writes to these. */
const IDLE = isAggregated ? `${PLATFORM}/stacks` : '/apis/coordination.k8s.io/v1/leases';

const version = (object: Json): number => Number(object.metadata.resourceVersion);

describe('contract: load', function () {
  this.timeout((SECONDS + 120) * 1000);
  let server: Server;
  let root: Api;
  /** Past the aggregator: for the metrics of our own process. */
  let own: Api;
  /** Opened first: its bookmark comes about once a minute. */
  let idle: Watch;
  let idleFrom = 0;
  before(async () => {
    server = await startServer();
    root = server.root;
    own = await server.direct('root', 'system:masters');
    for (const name of ['rv', 'property', 'slow']) await server.room(name);
    idleFrom = version(await root.read(IDLE));
    idle = await root.watch(`${IDLE}?watch=1&allowWatchBookmarks=true&resourceVersion=${idleFrom}`);
  });
  after(() => server.remove());

  it('C54 gives 1,000 mixed writes of 20 writers unique, increasing revisions', async () => {
    const maps = plainIn('rv');
    const { metadata } = await root.read(maps);
    const watch = await root.watch(`${maps}?watch=1&resourceVersion=${metadata.resourceVersion}`);
    const returned: string[] = [];
    const writer = async (who: number): Promise<void> => {
      for (let round = 0; round < 10; round += 1) {
        const name = `w${who}-${round}`;
        const url = `${maps}/${name}`;
        let own = 0;
        const note = ({ metadata: { resourceVersion } }: Json): void => {
          assert.ok(Number(resourceVersion) > own, `${resourceVersion} after ${own}`);
          own = Number(resourceVersion);
          returned.push(resourceVersion);
        };
        note(await root.create(maps, plain(name)));
        for (const value of ['1', '2', '3']) {
          note(expectCode(await root.merge(url, plainData({ value })), 200).body);
        }
        expectCode(await root.call('DELETE', url), 200);
      }
    };
    await Promise.all(Array.from({ length: 20 }, (_, who) => writer(who)));
    const events = await watch.take(1000);
    watch.close();

    const versions = events.map(({ object }) => object.metadata.resourceVersion as string);
    for (const text of [...versions, ...returned]) assert.match(text, /^[1-9][0-9]*$/);
    const numbers = versions.map(Number);
    assert.ok(numbers.every((number, index) => index === 0 || number > (numbers[index - 1] ?? 0)));
    assert.equal(new Set(versions).size, 1000);
    // Deletes return no object; all other writes are among the events, under the same revision.
    assert.equal(new Set(returned).size, 800);
    assert.ok(returned.every((text) => versions.includes(text)));
  });

  it(`C55 a cache fed by list and watch equals the list after ${SECONDS} s of 50 writers`, async () => {
    const maps = plainIn('property');
    const until = Date.now() + SECONDS * 1000;
    let writes = 0;
    const writer = async (who: number): Promise<void> => {
      const random = createRandom(who);
      while (Date.now() < until) {
        const url = `${maps}/o${random(200)}`;
        const kind = random(3);
        const name = url.slice(maps.length + 1);
        const answer =
          kind === 0
            ? await root.call('POST', maps, { body: plain(name) })
            : kind === 1
              ? await root.merge(url, plainData({ value: String(random(1_000_000)) }))
              : await root.call('DELETE', url);
        assert.ok([200, 201, 404, 409].includes(answer.status), answer.text);
        if (answer.status < 300) writes += 1;
      }
    };
    const writing = Promise.all(Array.from({ length: 50 }, (_, who) => writer(who)));

    const list = await root.read(maps);
    const cache = new Map<string, string>(
      list.items.map(({ metadata }: Json) => [metadata.name, metadata.resourceVersion]),
    );
    const watch = await root.watch(`${maps}?watch=1&resourceVersion=${list.metadata.resourceVersion}`);
    let last = version(list);
    const take = ({ type, object }: Json): void => {
      assert.ok(version(object) > last, `${type} at ${version(object)} after ${last}`);
      last = version(object);
      const { name } = object.metadata;
      assert.equal(cache.has(name), type !== 'ADDED', `${type} ${name}`);
      if (type === 'DELETED') cache.delete(name);
      else cache.set(name, object.metadata.resourceVersion);
    };
    let events = 0;
    let done = false;
    const marker = writing.then(async () => {
      await root.create(maps, plain('marker'));
    });
    while (!done) {
      const event = await watch.next();
      take(event);
      events += 1;
      done = event.object.metadata.name === 'marker';
    }
    await marker;
    watch.close();

    const final = await root.read(maps);
    assert.deepEqual(
      [...cache].sort(([a], [b]) => (a < b ? -1 : 1)),
      final.items
        .map(({ metadata }: Json) => [metadata.name, metadata.resourceVersion])
        .sort(([a]: [string], [b]: [string]) => (a < b ? -1 : 1)),
    );
    console.log(`      ${writes} writes, ${events} events, ${cache.size} objects left`);
  });

  it('C81 cuts a watch whose client does not read, and no other; memory stays bounded', async () => {
    const maps = plainIn('slow');
    const { metadata } = await root.read(maps);
    const url = `${maps}?watch=1&resourceVersion=${metadata.resourceVersion}`;
    const stuck = await root.open('GET', url);
    stuck.pause();
    let isCut = false;
    stuck.once('close', () => (isCut = true));
    stuck.on('error', () => undefined);
    const healthy = await root.watch(url);
    const cuts = () => metric(own, 'apiserver_terminated_watchers_total', [`resource="${PLAIN}"`]);
    const cutsBefore = await cuts();
    const memoryBefore = residentMiB(server.pid);

    // 4,000 events of 25 KB are the same to a queue of bytes as 100,000 of 1 KB.
    const padding = 'x'.repeat(25_000);
    await root.create(maps, plain('big', { padding }));
    const reading = healthy.take(4001);
    const writer = async (who: number): Promise<void> => {
      for (let round = 0; round < 200; round += 1) {
        expectCode(await root.merge(`${maps}/big`, plainData({ [`w${who}`]: String(round) })), 200);
      }
    };
    await Promise.all(Array.from({ length: 20 }, (_, who) => writer(who)));
    const seen = await reading;
    const memoryAfter = residentMiB(server.pid);

    assert.equal(new Set(seen.map(({ object }) => version(object))).size, 4001);
    assert.equal((await cuts()) - cutsBefore, 1);
    healthy.close();
    stuck.resume();
    await untilMetric(
      () => Promise.resolve(isCut ? 1 : 0),
      (value) => value === 1,
    );
    console.log(`      resident memory ${memoryBefore} MiB, then ${memoryAfter} MiB`);
    // The ring of 64 MiB and the queue of 8 MiB are bounded; 100 MB of events passed through.
    if (memoryBefore !== undefined && memoryAfter !== undefined) {
      assert.ok(memoryAfter - memoryBefore < 400, 'memory grew with the events');
    }
  });

  it('C82 leaves nothing behind when 1,000 watches are broken off', async () => {
    const maps = plainIn('rv');
    const open = () => metric(own, 'apiserver_longrunning_requests');
    const before = await open();
    const watches: Watch[] = [];
    for (let batch = 0; batch < 20; batch += 1) {
      const opened = Array.from({ length: 50 }, () => root.watch(`${maps}?watch=1`));
      watches.push(...(await Promise.all(opened)));
    }
    // Those of earlier tests and of other processes come and go.
    assert.ok((await open()) >= 1000);

    for (const watch of watches) watch.close();

    const left = await untilMetric(open, (value) => value <= before);
    console.log(`      ${before} watches before, ${left} after`);
  });

  it('C75 an idle watch gets a bookmark about once a minute, ahead of what others wrote', async () => {
    const { type, object } = await idle.next(75_000);
    idle.close();

    assert.equal(type, 'BOOKMARK');
    assert.ok(version(object) > idleFrom, `${version(object)} after ${idleFrom}`);
    assert.deepEqual(Object.keys(object).sort(), ['apiVersion', 'kind', 'metadata']);
    assert.deepEqual(Object.keys(object.metadata), ['resourceVersion']);
  });
});
