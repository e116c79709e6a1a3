/** Another version of Polder takes over: what it serves differently is known to the whole cluster soon. */
import assert from 'node:assert/strict';
import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TENANTS } from '../contract/support/server.ts';
import { ROOT } from '../support/polder.ts';
import { until } from '../support/until.ts';
import { startAggregated, type AggregatedServer } from './support/server.ts';

const VISIBLE_MS = 120_000;
const OLD = 'An isolated customer of the platform';
const NEW = 'A customer of the next version';

describe('aggregated: upgrade', function () {
  this.timeout(240_000);
  let server: AggregatedServer;
  before(async () => {
    server = await startAggregated();
    await server.tenant('a');
  });
  after(() => server.remove());

  /** Through kube-apiserver. */
  const document = async (version: 'v2' | 'v3'): Promise<string> => {
    if (version === 'v2') return (await server.root.call('GET', '/openapi/v2')).text;
    const { paths } = await server.root.read('/openapi/v3');
    const url: string = paths['apis/platform.polder.dev/v1alpha1'].serverRelativeURL;
    return (await server.root.call('GET', url)).text;
  };

  it('C38 shows another schema in both OpenAPI documents within 120 s of the restart', async () => {
    for (const version of ['v2', 'v3'] as const) {
      await until(`${version} has ours`, async () => (await document(version)).includes(OLD));
    }
    const next = nextVersion(join(server.dir, 'next-version'));

    await server.platform.apiServer.stop();
    const other = await server.platform.from(next);
    await other.start();
    const started = Date.now();

    for (const version of ['v3', 'v2'] as const) {
      await until(
        `${version} has the new one`,
        async () => (await document(version)).includes(NEW),
        VISIBLE_MS,
      );
      assert.ok(!(await document(version)).includes(OLD), version);
      console.log(`      ${version} after ${Date.now() - started} ms`);
    }
    assert.match(await server.ok(['explain', 'tenants']), new RegExp(NEW));
    assert.match(await server.ok(['explain', 'tenants', '--output=plaintext-openapiv2']), new RegExp(NEW));
    assert.equal((await server.root.read(`${TENANTS}/a`)).metadata.name, 'a');
  });
});

/** This source tree with one description changed. */
function nextVersion(tree: string): string {
  for (const folder of ['apiserver', 'webhooks', 'controllers', 'package.json']) {
    cpSync(join(ROOT, folder), join(tree, folder), { recursive: true });
  }
  symlinkSync(join(ROOT, 'node_modules'), join(tree, 'node_modules'));
  const file = join(tree, 'apiserver/kinds/tenant.ts');
  const source = readFileSync(file, 'utf8');
  assert.ok(source.includes(OLD));
  writeFileSync(file, source.replaceAll(OLD, NEW));
  return tree;
}
