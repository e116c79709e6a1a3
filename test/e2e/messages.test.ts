/** What kubectl shows when something cannot be as it was asked for: at once where that is known at once. */
import assert from 'node:assert/strict';
import { startPolder, type Polder } from '../support/polder.ts';

describe('messages through kubectl', function () {
  this.timeout(120_000);
  let polder: Polder;
  before(async () => {
    polder = await startPolder();
    await polder.ok(['apply', '-f', 'manifests/samples/quickstart/']);
  });
  after(() => polder.remove());

  it('A17 refuses the second cluster with a slug as soon as it is created, with every way of writing', async () => {
    const cluster = JSON.stringify({
      apiVersion: 'data.polder.dev/v1alpha1',
      kind: 'DataCluster',
      metadata: { name: 'second', namespace: 'tn-globex' },
      spec: { slug: 'acme' },
    });
    for (const args of [['create'], ['apply'], ['apply', '--server-side']]) {
      const { code, stderr } = await polder.kubectl([...args, '-f', '-'], { input: cluster });

      assert.equal(code, 1);
      assert.match(
        stderr,
        /"second": spec\.slug: the name "tenant-acme" is taken on the planes; choose another/,
      );
    }
    const { stderr } = await polder.kubectl(['get', 'datacluster', 'second', '-n', 'tn-globex']);
    assert.match(stderr, /NotFound/);
  });
});
