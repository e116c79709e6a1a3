/** The whole folder of samples in one command through a kube-apiserver, twice. */
import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { readSamples } from '../conformance/kind.ts';
import { ROOT } from '../support/polder.ts';
import { startPlatform, type Platform } from './support/platform.ts';

const FOLDER = join(ROOT, 'manifests/samples/');
const OBJECTS = globSync(`${FOLDER}*.yaml`).flatMap((file) => readSamples(file));

describe('aggregated: samples', function () {
  this.timeout(180_000);
  let platform: Platform;
  before(async () => {
    platform = await startPlatform();
  });
  after(() => platform.close());

  it('are applied by the server in one go, and again without a change', async () => {
    const apply = (): Promise<string> => platform.cluster.ok(['apply', '--server-side', '-f', FOLDER]);
    const generations = (): Promise<string> =>
      platform.cluster.ok([
        'get',
        'depots,dataproducts,environments,releasebindings,computes,stacks,accesspolicies',
        '-A',
        '-o',
        'jsonpath={range .items[*]}{.kind}/{.metadata.name} {.metadata.generation}{"\\n"}{end}',
      ]);

    assert.equal((await apply()).split('\n').length, OBJECTS.length);
    const before = await generations();
    await apply();

    assert.equal(await generations(), before);
  });
});
