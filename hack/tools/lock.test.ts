import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withLock } from './lock.ts';

describe('lock of a build', () => {
  let file: string;
  beforeEach(() => {
    file = join(mkdtempSync(join(tmpdir(), 'polder-lock-')), 'etcd.lock');
  });
  afterEach(() => rmSync(join(file, '..'), { recursive: true }));

  it('lets the second builder wait for the first, and tells it so', async () => {
    const order: string[] = [];
    const working = Promise.withResolvers<void>();
    const waiting = Promise.withResolvers<void>();
    const first = withLock(file, assert.fail, async () => {
      await working.promise;
      order.push('first');
    });
    const second = withLock(file, waiting.resolve, () => {
      order.push('second');
      return Promise.resolve();
    });

    await waiting.promise;
    working.resolve();
    await Promise.all([first, second]);

    assert.deepEqual(order, ['first', 'second']);
    assert.equal(existsSync(file), false);
  });

  it('takes over from a dead holder', async () => {
    const { pid } = spawnSync('true');
    writeFileSync(file, String(pid));
    let worked = false;

    await withLock(file, assert.fail, () => {
      worked = true;
      return Promise.resolve();
    });

    assert.equal(worked, true);
  });

  it('is free again after a failed build', async () => {
    await assert.rejects(
      withLock(file, assert.fail, () => Promise.reject(new Error('no space left'))),
      /no space left/,
    );
    assert.equal(existsSync(file), false);
  });
});
