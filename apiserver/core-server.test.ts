import assert from 'node:assert/strict';
import { startServer, type Server } from '../test/support/bare-server.ts';
import { countOf } from '../test/support/replay.ts';
import type { Client } from './client/client.ts';
import { ConfigMap } from './kinds/native/config-map.ts';
import { Namespace } from './kinds/native/namespace.ts';

const MIB = 1024 * 1024;
/** Of the history that a server keeps in memory, whatever it is made of. */
const BOUND = 24 * MIB;
const CHANGES = 40;

describe('the history of a server that was given no bound', function () {
  this.timeout(60_000);
  const namespace = 'big';
  let server: Server;
  let client: Client;
  before(async () => {
    server = await startServer();
    client = server.clientAs('controllers');
    await client.create(Namespace, { metadata: { name: namespace } });
  });
  after(() => server.close());

  it('keeps 24 MiB of earlier states in memory and no more, and answers from the store what is older', async () => {
    const text = (index: number): string => `${index} `.padEnd(MIB, 'x');
    const ref = { namespace, name: 'map' };
    const made = await client.create(ConfigMap, { metadata: ref, data: { text: text(0) } });
    for (let index = 1; index <= CHANGES; index += 1) {
      await client.patch(ConfigMap, ref, { data: { text: text(index) } });
      assert.ok((await countOf(server.metrics, 'polder_watch_cache_ring_bytes')) <= BOUND, `change ${index}`);
    }
    const kept = await countOf(server.metrics, 'polder_watch_cache_ring_events');
    // Each of them keeps the state before it, of a little more than 1 MiB.
    assert.ok(kept * MIB <= BOUND, `${kept} changes are kept`);
    assert.ok((kept + 2) * MIB > BOUND, `only ${kept} changes are kept`);

    const { resourceVersion } = made.metadata;
    const seen: string[] = [];
    for await (const event of client.watch(ConfigMap, { namespace, resourceVersion, timeoutSeconds: 30 })) {
      if (event.type === 'MODIFIED') seen.push(event.object.data?.['text'] ?? '');
      if (seen.length === CHANGES) break;
    }
    for (const [index, each] of seen.entries()) assert.ok(each === text(index + 1), `change ${index + 1}`);
  });
});
