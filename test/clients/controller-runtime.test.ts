/** A controller made with controller-runtime: caches, owner references, finalizers, leader election, garbage collection. */
import assert from 'node:assert/strict';
import { dataPolicy, type Server } from '../contract/support/server.ts';
import { startServer } from '../contract/support/target.ts';
import { depotIn } from './support/objects.ts';
import { needPrograms, verdictOf } from './support/programs.ts';

const NAMESPACE = 'tn-runtime';
const LEASES = 'leases';

describe('controller-runtime', function () {
  this.timeout(240_000);
  let server: Server;
  let started = false;
  before(async function () {
    await needPrograms(this, 'client-controller');
    server = await startServer();
    started = true;
    await server.tenant('runtime');
    await server.namespace(LEASES);
  });
  after(() => (started ? server.remove() : undefined));

  it('keeps the children of an object of ours, and garbage collection takes them with it', async () => {
    const verdict = await verdictOf(
      'client-controller',
      [
        `-server=${server.rootConfig}`,
        `-namespace=${NAMESPACE}`,
        `-leases=${LEASES}`,
        `-parent=${JSON.stringify(depotIn(NAMESPACE, 'parent'))}`,
        `-child=${JSON.stringify(dataPolicy('child'))}`,
      ],
      { timeoutMs: 220_000 },
    );

    assert.deepEqual(verdict.failures, []);
    assert.deepEqual(verdict.steps, [
      'children are made',
      'a deleted child comes back',
      'a changed child is put right',
      'one more is made',
      'two are removed',
      'the parent is told',
      'the parent goes with its children',
    ]);
    assert.ok(verdict.reconciles < 200, `${verdict.reconciles} reconciles: something never settles`);
  });
});
