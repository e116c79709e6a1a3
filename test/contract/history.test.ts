/** Checks D and E of the API contract: what survives a restart, and what compaction takes away. */
import assert from 'node:assert/strict';
import type { Json } from '../support/http.ts';
import { expectStatus } from './support/api.ts';
import { plain, plainData, plainIn, type Server } from './support/server.ts';
import { startServer } from './support/target.ts';

const names = ({ items }: Json): string[] => items.map(({ metadata }: Json) => metadata.name);

describe('contract: history', function () {
  this.timeout(60_000);
  const maps = plainIn('plain');
  let server: Server;
  before(async () => {
    server = await startServer();
    await server.room('plain');
  });
  after(() => server.remove());

  it('C83 goes on exactly where a watch stopped, after a clean restart and after kill -9', async () => {
    const { metadata } = await server.root.read(maps);
    let { resourceVersion } = metadata;
    const seen: string[] = [];
    const wanted: string[] = [];
    const write = async (name: string): Promise<void> => {
      await server.root.create(maps, plain(name));
      await server.root.merge(`${maps}/${name}`, plainData({ a: 'b' }));
      await server.root.call('DELETE', `${maps}/${name}`);
      wanted.push(...['ADDED', 'MODIFIED', 'DELETED'].map((type) => `${type} ${name}`));
    };
    const watch = async (count: number): Promise<void> => {
      const open = await server.root.watch(`${maps}?watch=1&resourceVersion=${resourceVersion}`);
      for (const { type, object } of await open.take(count)) {
        seen.push(`${type} ${object.metadata.name}`);
        ({ resourceVersion } = object.metadata);
      }
      open.close();
    };

    await write('one');
    await watch(2);
    await write('two');
    server = await server.restart();
    await write('three');
    await watch(4);
    server = await server.restart({ signal: 'SIGKILL' });
    await write('four');
    await watch(wanted.length - seen.length);

    assert.deepEqual(seen, wanted);
  });

  it('C58 C74 answers 410 for what was compacted, with a token for the rest of a list', async () => {
    for (const name of ['a', 'b', 'c', 'd']) await server.root.create(maps, plain(name));
    const first = await server.root.read(`${maps}?limit=2`);
    const then = first.metadata.resourceVersion;
    const token = encodeURIComponent(first.metadata.continue);
    for (let count = 0; count < 40; count += 1) {
      await server.root.merge(`${maps}/b`, plainData({ count: String(count) }));
    }
    await server.root.call('DELETE', `${maps}/c`);
    server = await server.restart({ flags: ['--history-revisions', '10'] });

    const gone = expectStatus(
      await server.root.call('GET', `${maps}?limit=2&continue=${token}`),
      410,
      'Expired',
    );
    assert.match(
      gone.message,
      /^The provided continue parameter is too old to display a consistent list result/,
    );
    const rest = await server.root.read(
      `${maps}?limit=2&continue=${encodeURIComponent(gone.metadata.continue)}`,
    );
    assert.deepEqual([...names(first), ...names(rest)], ['a', 'b', 'd']);
    assert.equal(rest.metadata.continue ?? '', '');
    const exact = await server.root.call('GET', `${maps}?resourceVersion=${then}&resourceVersionMatch=Exact`);
    expectStatus(exact, 410, 'Expired');

    // Section 9: as an HTTP status it would make kube-rs retry for ever and fabric8 throw.
    const watch = await server.root.watch(`${maps}?watch=1&resourceVersion=${then}`);
    const events = await watch.rest();
    assert.equal(events.length, 1);
    const [{ type, object }] = events as [Json];
    assert.equal(type, 'ERROR');
    assert.deepEqual([object.kind, object.code, object.reason], ['Status', 410, 'Expired']);
    assert.match(object.message, /^too old resource version: [0-9]+ \([0-9]+\)$/);
  });
});
