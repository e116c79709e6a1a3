import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataDirHeldError, DataDirUnusableError, acquireDataDir } from './data-dir.ts';

describe('data directory', () => {
  let root = '';
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'polder-data-'));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  it('refuses a second holder and names the first', () => {
    const first = acquireDataDir(join(root, 'd'));

    assert.throws(() => acquireDataDir(join(root, 'd')), {
      name: DataDirHeldError.name,
      message: new RegExp(`process ${process.pid} since`),
    });
    first.release();
    acquireDataDir(join(root, 'd')).release();
  });

  it('announces readiness and takes the announcement back', () => {
    const dir = acquireDataDir(join(root, 'd'));
    dir.writeReady({ url: 'https://127.0.0.1:1', kubeconfig: 'k', pid: 7 });

    assert.deepEqual(JSON.parse(readFileSync(dir.file('ready.json'), 'utf8')), {
      url: 'https://127.0.0.1:1',
      kubeconfig: 'k',
      pid: 7,
    });
    dir.release();
    assert.equal(existsSync(dir.file('ready.json')), false);
  });

  it('names the lock file when that is damaged, and what to do', () => {
    acquireDataDir(join(root, 'd')).release();
    writeFileSync(join(root, 'd', 'lock.db'), Buffer.alloc(8192, 'no database '));

    assert.throws(() => acquireDataDir(join(root, 'd')), {
      name: DataDirUnusableError.name,
      message: /d\/lock\.db is damaged \(.*\); it holds no data: delete it/,
    });
  });

  it('says what to do when the path is a file', () => {
    writeFileSync(join(root, 'file'), 'kept');

    assert.throws(() => acquireDataDir(join(root, 'file')), {
      name: DataDirUnusableError.name,
      message: /--data-dir/,
    });
    assert.equal(readFileSync(join(root, 'file'), 'utf8'), 'kept');
  });

  it('makes what is missing above it, and says where that cannot be', () => {
    acquireDataDir(join(root, 'a', 'b', 'c')).release();
    assert.equal(existsSync(join(root, 'a', 'b', 'c', 'lock.db')), true);
    assert.throws(() => acquireDataDir('/proc/polder/data'), {
      name: DataDirUnusableError.name,
      message: /\/proc\/polder.*--data-dir/,
    });
  });
});
