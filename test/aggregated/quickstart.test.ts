/** The walk of the README inside a cluster: the same samples through kube-apiserver, replayed into real clusters. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { startCluster, type Cluster } from '../support/cluster.ts';
import type { Json } from '../support/http.ts';
import { ROOT } from '../support/polder.ts';
import { until } from '../support/until.ts';
import { startAgent } from './support/agent.ts';
import { startPlatform, type Platform } from './support/platform.ts';

const SLICE = [
  'quota,networkpolicy,serviceaccount,limitrange,rolebinding',
  '-l',
  'polder.dev/bundle',
  '-o',
  'name',
];
const SETTLED_MS = 30_000;

describe('aggregated: quickstart', function () {
  this.timeout(180_000);
  let platform: Platform;
  let cluster: Cluster;
  let elsewhere: Cluster;

  const waitFor = (on: Cluster, what: string, ...resource: string[]): Promise<string> =>
    on.ok(['wait', `--for=${what}`, ...resource, '--timeout=60s'], { timeoutMs: 70_000 });

  before(async () => {
    // A quota that is written before the quota controller has met our kinds is counted at the next round of all.
    const options = { controllerManagerArgs: ['--resource-quota-sync-period=5s'] };
    [platform, elsewhere] = await Promise.all([startPlatform(options), startCluster()]);
    ({ cluster } = platform);
  });
  after(() => Promise.all([platform, elsewhere].map((each) => each.close())));

  it('takes the samples and brings the tenants to Active', async () => {
    await cluster.ok(['apply', '-f', join(ROOT, 'manifests/samples/quickstart')]);
    await waitFor(cluster, 'jsonpath={.status.phase}=Active', 'tenants', '--all');
  });

  it('gives every tenant its namespace on the host, made by the controllers', async () => {
    for (const tenant of ['acme', 'globex']) {
      const namespace = JSON.parse(
        await cluster.ok(['get', 'namespace', `tn-${tenant}`, '-o', 'json']),
      ) as Json;
      const uid = await cluster.ok(['get', 'tenant', tenant, '-o', 'jsonpath={.metadata.uid}']);
      assert.equal(namespace.metadata.labels['polder.dev/tenant-uid'], uid);
    }
  });

  it('changes nothing when the same folder is applied again', async () => {
    const generations = (): Promise<string> =>
      cluster.ok([
        'get',
        'tenants,dataplanes,stacks,accesspolicies,credentials,depots,dataproducts',
        '-A',
        '-o',
        'jsonpath={range .items[*]}{.kind}/{.metadata.name} {.metadata.generation}{"\\n"}{end}',
      ]);
    const before = await generations();
    await cluster.ok(['apply', '-f', join(ROOT, 'manifests/samples/quickstart')]);
    assert.equal(await generations(), before);
  });

  it('replays what a tenant needs into the same cluster', async () => {
    await startAgent(platform, 'local', cluster);
    await waitFor(cluster, 'condition=Connected', 'dataplane', 'local');
    await waitFor(cluster, 'jsonpath={.status.phase}=Ready', '-n', 'tn-acme', 'datacluster', 'main');
    assert.deepEqual((await cluster.ok(['get', '-n', 'tenant-acme', ...SLICE])).split('\n').sort(), [
      'limitrange/polder-tenant',
      'networkpolicy.networking.k8s.io/polder-allow-dns',
      'networkpolicy.networking.k8s.io/polder-default-deny',
      'resourcequota/polder-tenant',
      'rolebinding.rbac.authorization.k8s.io/polder-tenant',
      'serviceaccount/polder-tenant',
    ]);
  });

  it('replays into a second cluster, repairs what is changed there, and takes everything away again', async () => {
    const local = JSON.parse(await cluster.ok(['get', 'dataplane', 'local', '-o', 'json'])) as Json;
    const apply = (object: object): Promise<string> =>
      cluster.ok(['apply', '-f', '-'], { input: JSON.stringify(object) });
    await apply({
      ...local,
      metadata: { name: 'elsewhere', labels: local.metadata.labels },
      status: undefined,
    });
    await startAgent(platform, 'elsewhere', elsewhere);
    await apply({
      apiVersion: 'data.polder.dev/v1alpha1',
      kind: 'DataCluster',
      metadata: { name: 'far', namespace: 'tn-acme' },
      spec: { dataPlaneRef: 'elsewhere', slug: 'acme-far' },
    });
    await waitFor(cluster, 'jsonpath={.status.phase}=Ready', '-n', 'tn-acme', 'datacluster', 'far');
    assert.match(
      await elsewhere.ok(['get', '-n', 'tenant-acme-far', ...SLICE]),
      /resourcequota\/polder-tenant/,
    );
    assert.notEqual((await cluster.kubectl(['get', 'namespace', 'tenant-acme-far'])).code, 0);

    const policy = ['networkpolicy', '-n', 'tenant-acme-far', 'polder-default-deny'];
    await elsewhere.ok(['delete', ...policy]);
    const isBack = async (): Promise<boolean> => (await elsewhere.kubectl(['get', ...policy])).code === 0;
    await until('the network policy is back', isBack, SETTLED_MS);

    await cluster.ok(['delete', 'datacluster', '-n', 'tn-acme', 'far', '--timeout=60s'], {
      timeoutMs: 70_000,
    });
    await waitFor(elsewhere, 'delete', 'namespace/tenant-acme-far');
  });

  it('holds a tenant to the quota that the host counts', async () => {
    await cluster.ok([
      'patch',
      'tenant',
      'globex',
      '--type=merge',
      '-p',
      '{"spec":{"quota":{"dataClusters":1}}}',
    ]);
    const quota = ['quota', '-n', 'tn-globex', 'polder-tenant'];
    const count = 'count/dataclusters\\.data\\.polder\\.dev';
    await waitFor(cluster, `jsonpath={.status.hard.${count}}=1`, ...quota);
    await waitFor(cluster, `jsonpath={.status.used.${count}}=1`, ...quota);
    const more = {
      apiVersion: 'data.polder.dev/v1alpha1',
      kind: 'DataCluster',
      metadata: { name: 'more', namespace: 'tn-globex' },
      spec: { dataPlaneRef: 'local', slug: 'globex-more' },
    };
    const { stderr } = await cluster.kubectl(['create', '-f', '-'], { input: JSON.stringify(more) });
    assert.match(
      stderr,
      /exceeded quota: polder-tenant, requested: count\/dataclusters\.data\.polder\.dev=1, used: .*=1, limited: .*=1/,
    );
  });

  it('creates nothing in a namespace that is missing or on its way out', async () => {
    const create = (namespace: string): ReturnType<Cluster['kubectl']> =>
      cluster.kubectl(['create', '-f', '-'], {
        input: JSON.stringify({
          apiVersion: 'data.polder.dev/v1alpha1',
          kind: 'Environment',
          metadata: { name: 'late', namespace },
          spec: {},
        }),
      });
    assert.match((await create('nowhere')).stderr, /namespaces "nowhere" not found/);
    const leaving = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'leaving' } };
    await cluster.ok(['create', '-f', '-'], { input: JSON.stringify(leaving) });
    const held = JSON.stringify({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'held', namespace: 'leaving', finalizers: ['example.com/held'] },
    });
    await cluster.ok(['create', '-f', '-'], { input: held });
    await cluster.ok(['delete', 'namespace', 'leaving', '--wait=false']);
    assert.match((await create('leaving')).stderr, /namespace leaving because it is being terminated/);
    await cluster.ok([
      'patch',
      'configmap',
      '-n',
      'leaving',
      'held',
      '--type=merge',
      '-p',
      '{"metadata":{"finalizers":null}}',
    ]);
    await waitFor(cluster, 'delete', 'namespace/leaving');
  });

  it('takes a tenant down with its namespaces on the host and on the plane', async () => {
    await cluster.ok(['delete', 'tenant', 'globex', '--timeout=90s'], { timeoutMs: 100_000 });
    for (const namespace of ['tn-globex', 'tenant-globex']) {
      await waitFor(cluster, 'delete', `namespace/${namespace}`);
    }
  });
});
