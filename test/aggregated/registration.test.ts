/** Checks A and B of the API contract that are about our place in the host cluster. */
import assert from 'node:assert/strict';
import { expectCode } from '../contract/support/api.ts';
import type { Json } from '../support/http.ts';
import { until } from '../support/until.ts';
import { startAggregated, type AggregatedServer } from './support/server.ts';

const GROUPS = ['data.polder.dev', 'platform.polder.dev'] as const;
const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

describe('aggregated: registration', function () {
  this.timeout(90_000);
  let server: AggregatedServer;
  before(async () => {
    server = await startAggregated();
  });
  after(() => server.remove());

  for (const group of GROUPS) {
    it(`C30 is in the aggregated discovery of the cluster as ${group}, and current`, async () => {
      const answer = await server.root.call('GET', '/apis', { headers: { accept: AGGREGATED } });

      const { items } = expectCode(answer, 200).body;
      const ours = items.find(({ metadata }: Json) => metadata.name === group);
      assert.deepEqual(
        ours.versions.map(({ version, freshness }: Json) => [version, freshness]),
        [['v1alpha1', 'Current']],
      );
      const own = await server.root.read(`/apis/${group}/v1alpha1`);
      const named = own.resources.map(({ name }: Json) => name).filter((name: string) => !name.includes('/'));
      assert.deepEqual(ours.versions[0].resources.map(({ resource }: Json) => resource).sort(), named.sort());
    });
  }

  it('C37 leaves the definitions of the cluster as they are: none renamed, every reference resolves', async () => {
    const document = await definitionsWith(server, 'dev.polder.data.v1alpha1.Depot');

    const names = Object.keys(document.definitions);
    assert.ok(names.includes('io.k8s.api.apps.v1.Deployment'));
    assert.deepEqual(
      names.filter((name) => /_v\d+$|\//.test(name)),
      [],
    );
    const text = JSON.stringify(document);
    const references = new Set([...text.matchAll(/"\$ref":"#\/definitions\/([^"]+)"/g)].map(([, to]) => to));
    assert.deepEqual(
      [...references].filter((to = '') => !Object.hasOwn(document.definitions, to)),
      [],
    );
    const explained = await server.ok(['explain', 'deploy', '--output=plaintext-openapiv2']);
    assert.match(explained, /KIND: +Deployment/);
    const ours = await server.ok(['explain', 'depots.spec.type', '--output=plaintext-openapiv2']);
    assert.match(ours, /KIND: +Depot/);
  });
});

/** The aggregator merges documents in the background; until ours is in, the cluster's is without it. */
async function definitionsWith(server: AggregatedServer, name: string): Promise<Json> {
  let document: Json = {};
  await until(`definition ${name}`, async () => {
    document = await server.root.read('/openapi/v2');
    return Object.hasOwn(document.definitions, name);
  });
  return document;
}
