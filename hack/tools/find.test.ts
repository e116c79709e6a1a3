import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cachedPath, cacheRoot, findTool, isRecentEtcd, missingTools } from './find.ts';
import { PROGRAMS, programNamed } from './programs.ts';

describe('where the Kubernetes programs are', () => {
  const before = { ...process.env };
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'polder-find-'));
    process.env['POLDER_TOOLS_DIR'] = join(dir, 'built');
    process.env['PATH'] = join(dir, 'bin');
    delete process.env['KUBEBUILDER_ASSETS'];
  });
  afterEach(() => {
    process.env = { ...before };
    rmSync(dir, { recursive: true });
  });
  const put = (path: string, text = ''): string => {
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
    return path;
  };

  it('misses everything but what is built on request on a fresh machine', () => {
    assert.deepEqual(
      missingTools().map((program) => program.name),
      ['etcd', 'kube-apiserver', 'kubectl', 'kube-controller-manager', 'kube-scheduler', 'oracle'],
    );
    assert.deepEqual(
      missingTools(['helm']).map((program) => program.name),
      ['helm'],
    );
    assert.throws(() => missingTools(['kubelet']), /no program kubelet; there are etcd, kube-apiserver/);
  });

  it('finds what was built, and prefers KUBEBUILDER_ASSETS', () => {
    const built = put(cachedPath(programNamed('kubectl')));
    assert.equal(findTool('kubectl'), built);

    process.env['KUBEBUILDER_ASSETS'] = join(dir, 'assets');
    assert.equal(findTool('kubectl'), built);
    const asset = put(join(dir, 'assets/kubectl'));
    assert.equal(findTool('kubectl'), asset);
  });

  it('takes a file that cannot be executed for no program', () => {
    mkdirSync(join(cachedPath(programNamed('kubectl')), '..'), { recursive: true });
    writeFileSync(cachedPath(programNamed('kubectl')), '', { mode: 0o644 });

    assert.equal(findTool('kubectl'), undefined);
  });

  it('takes an etcd of the distribution from 3.5.13 on', () => {
    const path = join(dir, 'bin/etcd');
    put(path, 'echo "etcd Version: 3.5.12"');
    assert.equal(findTool('etcd'), undefined);
    put(path, 'echo "etcd Version: 3.5.13"');
    assert.equal(findTool('etcd'), path);
    put(path, 'exit 1');
    assert.equal(findTool('etcd'), undefined);
  });

  it('reads versions of etcd', () => {
    const recent = (version: string): boolean => isRecentEtcd(`etcd Version: ${version}\nGit SHA: 1\n`);

    assert.deepEqual(
      ['3.5.13', '3.5.20', '3.6.0', '3.10.1', '4.0.0'].filter((each) => !recent(each)),
      [],
    );
    assert.deepEqual(['3.4.30', '3.5.12', '3.5.9', '2.9.99'].filter(recent), []);
    assert.equal(isRecentEtcd('command not found'), false);
  });

  it('keeps the cache in XDG_CACHE_HOME, and the programs of one module together', () => {
    process.env['POLDER_TOOLS_DIR'] = '';
    process.env['XDG_CACHE_HOME'] = '/var/cache/me';

    assert.equal(cacheRoot(), '/var/cache/me/polder/tools');
    const folders = new Set(
      PROGRAMS.filter((program) => program.module === 'kubernetes').map((program) =>
        join(cachedPath(program), '..'),
      ),
    );
    assert.equal(folders.size, 1);
  });
});
