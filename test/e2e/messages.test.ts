/** What kubectl shows when something cannot be as it was asked for: at once where that is known at once. */
import assert from 'node:assert/strict';
import { eventually, startPolder, type Polder } from '../support/polder.ts';

const HASH = '7c1e5a9046f2d8b31c7a0e95b6d4f8127e3a9c5d0b1f2e4a6c8d7b9f0e1a2c3d';
const RELEASE = `revenue-${HASH.slice(0, 8)}`;

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

  it('explains a list by its own description alone', async () => {
    const text = await polder.ok(['explain', 'depot.spec.datasets']);

    assert.match(text, /^DESCRIPTION:\n +Datasets that products may name\.\s+FIELDS:$/m);
    assert.match(text, /^ +Name that inputs and outputs of products use\.$/m);
  });

  it('says what the next step is while a product is not ready', async () => {
    const product = ['dataproduct', 'revenue', '-n', 'tn-acme'];
    await eventually(polder, product, async () =>
      /^revenue +0\.1\.0 +False +NotReleased /m.test(await polder.ok(['get', ...product])),
    );
    assert.match(
      await polder.ok(['describe', ...product]),
      /no Release of it exists; create one, then a ReleaseBinding that puts it into an environment/,
    );

    for (const [kind, spec] of [
      ['Release', { productRef: 'revenue', hash: HASH, product: { owner: 'ann', resources: [] } }],
      ['Environment', { dataClusterRef: 'main' }],
      ['ReleaseBinding', { productRef: 'revenue', environment: 'dev', releaseName: RELEASE }],
    ] as const) {
      const name = kind === 'Release' ? RELEASE : kind === 'Environment' ? 'dev' : 'revenue-dev';
      const apiVersion = 'data.polder.dev/v1alpha1';
      const object = { apiVersion, kind, metadata: { name, namespace: 'tn-acme' }, spec };
      await polder.ok(['create', '-f', '-'], { input: JSON.stringify(object) });
      if (kind !== 'ReleaseBinding') continue;
      await eventually(polder, product, async () =>
        /not ready in: dev \(ReleaseBinding "revenue-dev"\)/.test(await polder.ok(['describe', ...product])),
      );
    }
  });

  it('names the object and the finalizer that keep a tenant from going', async () => {
    const apiVersion = 'data.polder.dev/v1alpha1';
    const metadata = (name: string) => ({ name, namespace: 'tn-holdco', finalizers: ['example.com/keep'] });
    const objects = [
      {
        apiVersion: 'platform.polder.dev/v1alpha1',
        kind: 'Tenant',
        metadata: { name: 'holdco', finalizers: ['example.com/books'] },
        spec: { admins: [{ kind: 'User', name: 'admin' }] },
      },
      {
        apiVersion,
        kind: 'Depot',
        metadata: metadata('crm'),
        spec: { type: 'Kafka', external: true, connection: { brokers: 'k:9092' } },
      },
      {
        apiVersion,
        kind: 'AccessPolicy',
        metadata: metadata('readers'),
        spec: { effect: 'Allow', subjects: [{ kind: 'User', name: 'pat' }], actions: ['depots:get'] },
      },
    ];
    for (const object of objects) await polder.ok(['create', '-f', '-'], { input: JSON.stringify(object) });
    await polder.ok(['delete', 'tenant', 'holdco', '--wait=false']);
    const shows = (text: string): Promise<void> =>
      eventually(polder, ['tenant', 'holdco'], async () => {
        const wide = await polder.kubectl(['get', 'tenant', 'holdco', '-o', 'wide']);
        const { stdout } = await polder.kubectl(['describe', 'tenant', 'holdco']);
        return (
          / FinalizersRemain$/m.test(wide.stdout) &&
          stdout.includes(`finalizers hold ${text}; whoever set them`)
        );
      });
    const release = (...object: readonly string[]): Promise<string> =>
      polder.ok(['patch', ...object, '--type=merge', '-p', '{"metadata":{"finalizers":null}}']);

    await shows('depot crm -n tn-holdco (example.com/keep)');
    await release('depot', 'crm', '-n', 'tn-holdco');
    await shows('accesspolicy readers -n tn-holdco (example.com/keep)');
    // Its administrators are no longer: their policy went with everything else.
    const eve = await polder.user('eve', 'polder:break-glass');
    await polder.ok(['annotate', 'tenant', 'holdco', 'polder.dev/break-glass-reason=drill']);
    await polder.ok(
      [
        'patch',
        'accesspolicy',
        'readers',
        '-n',
        'tn-holdco',
        '--type=merge',
        '-p',
        '{"metadata":{"finalizers":null}}',
      ],
      { as: eve },
    );
    await shows('tenant holdco (example.com/books)');
    await release('tenant', 'holdco');

    assert.match((await polder.kubectl(['get', 'tenant', 'holdco'])).stderr, /NotFound/);
  });
});
