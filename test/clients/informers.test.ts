/** client-go's informers of two generations under load. POLDER_INFORMER_SECONDS: how long, default 30. */
import assert from 'node:assert/strict';
import { dataPolicy, type Server } from '../contract/support/server.ts';
import { startServer } from '../contract/support/target.ts';
import type { Json } from '../support/http.ts';
import { needPrograms, verdictOf } from './support/programs.ts';

const SECONDS = Number(process.env['POLDER_INFORMER_SECONDS'] ?? '30');
/** Start, the caches' time to catch up, and clearing up behind. */
const GRACE_MS = 120_000;

describe('client-go informers under load', function () {
  this.timeout(SECONDS * 1_000 + 2 * GRACE_MS);
  let server: Server;
  let started = false;
  before(async function () {
    await needPrograms(this, 'client-informers', 'client-informers-0.31');
    server = await startServer();
    started = true;
    await server.tenant('new');
    await server.tenant('old');
  });
  after(() => (started ? server.remove() : undefined));

  const inform = async (program: string, namespace: string): Promise<Json> => {
    const verdict = await verdictOf(
      program,
      [
        `-kubeconfig=${server.rootConfig}`,
        `-namespace=${namespace}`,
        `-seconds=${SECONDS}`,
        '-resource=datapolicies.v1alpha1.data.polder.dev',
        `-object=${JSON.stringify(dataPolicy('x'))}`,
      ],
      {
        timeoutMs: SECONDS * 1_000 + GRACE_MS,
        env: {
          KUBE_WATCHLIST_INCONSISTENCY_DETECTOR: 'true',
          KUBE_LIST_FROM_CACHE_INCONSISTENCY_DETECTOR: 'true',
        },
      },
    );
    assert.deepEqual(verdict.failures, []);
    assert.equal(verdict.code, 0);
    assert.deepEqual(verdict.compared, [
      'log of every write',
      'namespace',
      'label selector',
      'all namespaces',
      'metadata only',
    ]);
    for (const what of ['ADDED', 'MODIFIED', 'DELETED']) {
      assert.ok(verdict.writes[what] > SECONDS, `${verdict.writes[what]} writes ${what}`);
    }
    assert.ok(verdict.cuts > 0 && verdict.restarts > 0, JSON.stringify(verdict));
    assert.equal(verdict.requests.refused, 0, JSON.stringify(verdict.requests));
    return verdict;
  };

  it('C86 hold what the server holds and report every write once, with 0.36 and 0.31 side by side', async () => {
    const [streaming, listing] = await Promise.all([
      inform('client-informers', 'tn-new'),
      inform('client-informers-0.31', 'tn-old'),
    ]);

    assert.match(streaming.clientGo, /^0\.36\./);
    assert.ok(streaming.requests.streamedList > 4, 'lists are streamed');
    assert.ok(streaming.requests.exactList > 4, 'the detector compared streamed lists');
    assert.match(listing.clientGo, /^0\.31\./);
    assert.equal(listing.requests.streamedList, 0);
    assert.ok(listing.requests.list > 4 && listing.requests.watch > 4, 'lists, then watches');
  });
});
