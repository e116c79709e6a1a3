/** The library with which Flux applies, compares and waits, on our kinds. */
import assert from 'node:assert/strict';
import { dataPolicy, type Server } from '../contract/support/server.ts';
import { startServer } from '../contract/support/target.ts';
import type { Json } from '../support/http.ts';
import { depotIn } from './support/objects.ts';
import { needPrograms, verdictOf } from './support/programs.ts';

const NAMESPACE = 'tn-flux';

describe("Flux's server-side apply", function () {
  this.timeout(180_000);
  let server: Server;
  let started = false;
  before(async function () {
    await needPrograms(this, 'client-flux');
    server = await startServer();
    started = true;
    await server.tenant('flux');
  });
  after(() => (started ? server.remove() : undefined));

  it('applies, sees drift, corrects it, makes anew by force and deletes', async () => {
    const store = depotIn(NAMESPACE, 'store', { description: 'as declared' });
    const policy: Json = dataPolicy('policy', {}, { namespace: NAMESPACE });
    const verdict = await verdictOf(
      'client-flux',
      [
        `-kubeconfig=${server.rootConfig}`,
        `-objects=${JSON.stringify([store, policy])}`,
        `-immutable=${JSON.stringify(depotIn(NAMESPACE, 'store', { type: 'MySQL' }))}`,
      ],
      { timeoutMs: 120_000 },
    );

    assert.deepEqual(verdict.failures, []);
    const both = (did: string): object => ({ store: did, policy: did });
    assert.deepEqual(verdict.steps, [
      { name: 'diff of what is new', did: both('created') },
      { name: 'apply', did: both('created') },
      { name: 'apply again', did: both('unchanged') },
      { name: 'diff of what is unchanged', did: both('unchanged') },
      {
        name: 'diff of drift',
        did: { store: 'configured', policy: 'unchanged' },
        drift: ['by hand', 'as declared'],
      },
      { name: 'apply over drift', did: { store: 'configured', policy: 'unchanged' } },
      { name: 'apply without a field', did: { store: 'configured', policy: 'unchanged' } },
      { name: 'apply by force', did: { store: 'created' } },
      { name: 'delete', did: both('deleted') },
    ]);
  });
});
