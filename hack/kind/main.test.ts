/** `npm run kind:up` on a machine that lacks what it needs. What it does where all is there: test/manifests. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run, type Result } from './programs.ts';

describe('npm run kind:up', () => {
  let empty = '';
  before(() => {
    empty = mkdtempSync(join(tmpdir(), 'polder-kind-'));
  });
  after(() => rmSync(empty, { recursive: true }));

  const kind = (...args: string[]): Promise<Result> =>
    run(process.execPath, [join(import.meta.dirname, 'main.ts'), ...args], {
      env: { PATH: empty, POLDER_TOOLS_DIR: empty, KUBEBUILDER_ASSETS: '' },
    });

  it('names everything that is missing at once, and how to get it', async () => {
    const { code, stderr } = await kind('up');

    assert.equal(code, 1);
    for (const expected of [
      /docker info/,
      /npm run tools -- kind/,
      /npm run tools -- kubectl/,
      /https:\/\/kind\.sigs/,
    ]) {
      assert.match(stderr, expected);
    }
  });

  it('needs no kubectl to take the cluster away', async () => {
    const { code, stderr } = await kind('down');

    assert.equal(code, 1);
    assert.match(stderr, /kind: /);
    assert.doesNotMatch(stderr, /kubectl/);
  });

  it('says how it is used when it is asked for something else', async () => {
    const { code, stderr } = await kind('sideways');

    assert.equal(code, 2);
    assert.match(stderr, /up\|down/);
  });
});
