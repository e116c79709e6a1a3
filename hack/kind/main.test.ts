/**
 * `npm run kind:up` on a machine that lacks what it needs, and what it asks of kind, whose place a fake takes. What it
 * does in a cluster: test/manifests.
 */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run, type Result } from './programs.ts';

describe('npm run kind:up', () => {
  let empty = '';
  before(() => {
    empty = mkdtempSync(join(tmpdir(), 'polder-kind-'));
  });
  after(() => rmSync(empty, { recursive: true }));

  const kind = (args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Result> =>
    run(process.execPath, [join(import.meta.dirname, 'main.ts'), ...args], {
      env: { PATH: empty, POLDER_TOOLS_DIR: empty, KUBEBUILDER_ASSETS: '', NODE_IMAGE: '', ...env },
    });

  it('names everything that is missing at once, and how to get it', async () => {
    const { code, stderr } = await kind(['up']);

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
    const { code, stderr } = await kind(['down']);

    assert.equal(code, 1);
    assert.match(stderr, /kind: /);
    assert.doesNotMatch(stderr, /kubectl/);
  });

  it('has the node made from NODE_IMAGE, and from what belongs to kind where that is not given', async () => {
    const bin = join(empty, 'bin');
    mkdirSync(bin);
    const fake = (name: string, script: string): void =>
      writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o700 });
    fake('docker', 'exit 0');
    fake('kubectl', 'exit 0');
    // Knows of no cluster, and makes none.
    fake('kind', `[ "$1" = get ] && exit 0; echo "$@" > ${join(empty, 'asked')}; exit 1`);
    const asked = async (env: NodeJS.ProcessEnv): Promise<string> => {
      const { code, stderr } = await kind(['up'], { PATH: bin, ...env });
      assert.equal(code, 1);
      assert.match(stderr, /create cluster .* exited with 1/);
      return readFileSync(join(empty, 'asked'), 'utf8');
    };

    assert.match(await asked({ NODE_IMAGE: 'mirror.example/node:v1' }), / --image mirror\.example\/node:v1 /);
    assert.doesNotMatch(await asked({}), /--image/);
  });

  it('says how it is used when it is asked for something else', async () => {
    const { code, stderr } = await kind(['sideways']);

    assert.equal(code, 2);
    assert.match(stderr, /up\|down/);
  });
});
