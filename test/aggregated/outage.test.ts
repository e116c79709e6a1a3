/** What the host cluster suffers while Polder is away, and that all of it heals. */
import assert from 'node:assert/strict';
import type { Json } from '../support/http.ts';
import { until } from '../support/until.ts';
import { startAggregated, type AggregatedServer } from './support/server.ts';

/** The aggregator and the controllers ask again each 30 s. */
const NOTICED_MS = 60_000;
const HEALED_MS = 35_000;

describe('aggregated: outage', function () {
  this.timeout(240_000);
  let server: AggregatedServer;
  before(async () => {
    server = await startAggregated();
  });
  after(() => server.remove());

  const condition = (object: Json, type: string): Json =>
    (object.status?.conditions ?? []).find((one: Json) => one.type === type) ?? {};

  it('C3 blocks what needs our kinds while it is away, nothing else, and frees it on its return', async () => {
    const { root, platform } = server;
    const registration = '/apis/apiregistration.k8s.io/v1/apiservices/v1alpha1.platform.polder.dev';
    const available = async (): Promise<Json> => condition(await root.read(registration), 'Available');
    const namespace = (name: string): string => `/api/v1/namespaces/${name}`;
    const configMaps = `${namespace('kube-system')}/configmaps`;
    await server.namespace('other');
    await root.create(`${namespace('other')}/configmaps`, { metadata: { name: 'x' } });

    await platform.apiServer.stop();
    await until('the aggregator notices', async () => (await available()).status === 'False', NOTICED_MS);
    const { reason, message } = await available();
    assert.equal(reason, 'FailedDiscoveryCheck');
    assert.match(
      message,
      new RegExp(`failing or missing response from https://localhost:${platform.ports.apiserver}`),
    );
    const ours = await server.kubectl(['get', 'tenants.v1alpha1.platform.polder.dev']);
    assert.notEqual(ours.code, 0);
    // The rest of the cluster goes on.
    await server.ok(['get', 'pods,serviceaccounts,deployments', '-n', 'kube-system']);
    const owner = await root.create(configMaps, { metadata: { name: 'owner' } });
    await root.create(configMaps, {
      metadata: {
        name: 'owned',
        ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid: owner.metadata.uid }],
      },
    });
    await server.ok(['delete', 'configmap', 'owner', '-n', 'kube-system']);
    await until(
      'garbage is collected',
      async () => (await root.call('GET', `${configMaps}/owned`)).status === 404,
    );

    await server.ok(['delete', 'namespace', 'other', '--wait=false']);
    await until(
      'the namespace says what it waits for',
      async () =>
        condition(await root.read(namespace('other')), 'NamespaceDeletionDiscoveryFailure').status === 'True',
      NOTICED_MS,
    );
    const waiting = await root.read(namespace('other'));
    assert.match(
      condition(waiting, 'NamespaceDeletionDiscoveryFailure').message,
      /platform\.polder\.dev\/v1alpha1/,
    );
    assert.equal(waiting.status.phase, 'Terminating');

    await platform.apiServer.start();
    const started = Date.now();
    await until('available again', async () => (await available()).status === 'True', HEALED_MS);
    await until(
      'the namespace is gone',
      async () => (await root.call('GET', namespace('other'))).status === 404,
      HEALED_MS,
    );
    console.log(`      healed after ${Date.now() - started} ms`);
    await server.ok(['get', 'tenants']);
  });
});
