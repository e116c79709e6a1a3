/** The engine of Argo CD on our kinds: its cache lists and watches every resource there is, then it syncs and prunes. */
import assert from 'node:assert/strict';
import { DATA, dataPolicy, policiesIn, type Server } from '../contract/support/server.ts';
import { startServer } from '../contract/support/target.ts';
import type { Json } from '../support/http.ts';
import { depotIn } from './support/objects.ts';
import { needPrograms, verdictOf } from './support/programs.ts';

const NAMESPACE = 'tn-argo';

describe("Argo CD's engine", function () {
  this.timeout(240_000);
  let server: Server;
  let started = false;
  before(async function () {
    await needPrograms(this, 'client-argocd');
    server = await startServer();
    started = true;
    await server.tenant('argo');
  });
  after(() => (started ? server.remove() : undefined));

  it('syncs what is declared, leaves it alone when nothing changed, and prunes', async () => {
    const store = depotIn(NAMESPACE, 'store', { description: 'first' });
    const policy: Json = dataPolicy('policy', {}, { namespace: NAMESPACE });
    const verdict = await verdictOf(
      'client-argocd',
      [
        `-kubeconfig=${server.rootConfig}`,
        `-namespace=${NAMESPACE}`,
        `-sync=${JSON.stringify([store, policy])}`,
        `-sync=${JSON.stringify([store, policy])}`,
        `-sync=${JSON.stringify([depotIn(NAMESPACE, 'store', { description: 'second' })])}`,
      ],
      { timeoutMs: 200_000 },
    );

    assert.deepEqual(verdict.failures, []);
    assert.deepEqual(verdict.syncs, [
      { store: 'Synced', policy: 'Synced' },
      { store: 'Synced', policy: 'Synced' },
      { store: 'Synced', policy: 'Pruned' },
    ]);
    assert.ok(verdict.groups.includes('data.polder.dev') && verdict.groups.includes('platform.polder.dev'));
    const depot = await server.root.read(`${DATA}/namespaces/${NAMESPACE}/depots/store`);
    assert.equal(depot.spec.description, 'second');
    assert.deepEqual((await server.root.read(policiesIn(NAMESPACE))).items, []);
    assert.deepEqual(Object.keys(verdict.held), ['store']);
  });
});
