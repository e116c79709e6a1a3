import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BundleClaims } from '../replica/signature.ts';
import { createBundleStore } from './bundle-store.ts';
import { openStateFiles } from './state-files.ts';

const claims = (uid: string, typ: BundleClaims['typ'] = 'bundle'): BundleClaims => ({
  typ,
  uid,
  tenant: 't',
  dp: 'eu1',
  gen: 1,
  rv: 1,
  epoch: 1,
  sha256: 'ab12cd34ef',
  mode: typ === 'bundle' ? 'apply' : 'delete',
});

describe('bundle store', () => {
  let dir = '';
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'polder-agent-'));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  it('gives back after a restart what it held before, bytes of the body included', async () => {
    const before = createBundleStore(openStateFiles(dir));
    const body = Buffer.from([0x1f, 0x8b, 10, 0, 255]);
    await before.put({ claims: claims('a'), jws: 'x.y.z', gzipped: body });
    await before.setInventory('a', [{ gvk: 'v1/Secret', namespace: 'n', name: 's', uid: '1' }]);
    await before.setCursor({ epoch: 1, rv: 9 });

    const after = createBundleStore(openStateFiles(dir));
    after.load();

    assert.deepEqual(after.get('a'), { claims: claims('a'), jws: 'x.y.z', gzipped: body });
    assert.deepEqual(after.inventory('a'), [{ gvk: 'v1/Secret', namespace: 'n', name: 's', uid: '1' }]);
    assert.deepEqual(after.cursor(), { epoch: 1, rv: 9 });
    assert.equal(after.digest(), before.digest());
    assert.equal(statSync(join(dir, 'bundle-a')).mode & 0o777, 0o600);
  });

  it('never moves the cursor back within an epoch', async () => {
    const store = createBundleStore(openStateFiles(dir));
    await store.setCursor({ epoch: 2, rv: 9 });

    await store.setCursor({ epoch: 2, rv: 8 });

    assert.deepEqual(store.cursor(), { epoch: 2, rv: 9 });
  });

  it('leaves tombstones out of what it has and of the digest', async () => {
    const store = createBundleStore(openStateFiles(dir));
    await store.put({ claims: claims('a'), jws: 'j', gzipped: Buffer.alloc(0) });
    const digest = store.digest();

    await store.put({ claims: claims('b', 'tombstone'), jws: 'j', gzipped: Buffer.alloc(0) });

    assert.equal(store.digest(), digest);
    assert.deepEqual(store.have(), [{ uid: 'a', gen: 1, hash8: 'ab12cd34' }]);
  });
});
