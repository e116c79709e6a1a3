import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeBody, hashOf } from '../replica/frame.ts';
import { publicJwkOf, signClaims, type BundleClaims } from '../replica/signature.ts';
import { createBundleStore, type BundleStore, type StorePlane, type StoredBundle } from './bundle-store.ts';
import { openStateFiles } from './state-files.ts';

const hub = generateKeyPairSync('ed25519');
const BODY = encodeBody({ manifests: [], sealed: [] });
const NO_BODY = Buffer.alloc(0);

async function signed(over: Partial<BundleClaims> = {}): Promise<StoredBundle> {
  const gzipped = over.typ === 'tombstone' ? NO_BODY : BODY;
  const claims: BundleClaims = {
    typ: 'bundle',
    uid: 'a',
    tenant: 't',
    ns: '',
    dp: 'eu1',
    gen: 1,
    rv: 1,
    epoch: 1,
    sha256: over.typ === 'tombstone' ? '' : hashOf(gzipped),
    mode: over.typ === 'tombstone' ? 'delete' : 'apply',
    ...over,
  };
  const { kid } = await publicJwkOf(hub.privateKey);
  return { claims, jws: await signClaims(hub.privateKey, kid, claims), gzipped };
}

describe('bundle store', () => {
  let dir = '';
  let plane: StorePlane;
  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'polder-agent-'));
    const { jwk, kid } = await publicJwkOf(hub.privateKey);
    plane = { name: 'eu1', dataPlaneID: 'id-1', keys: new Map([[kid, jwk]]) };
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  const open = async (
    of: StorePlane = plane,
  ): Promise<{ store: BundleStore; damaged: readonly string[] }> => {
    const store = createBundleStore(openStateFiles(dir));
    return { store, damaged: await store.load(of) };
  };

  it('gives back after a restart what it held before, bytes of the body included', async () => {
    const { store: before } = await open();
    await before.put(await signed());
    await before.setInventory('a', [{ gvk: 'v1/Secret', namespace: 'n', name: 's', uid: '1' }]);
    await before.setCursor({ epoch: 1, rv: 9 });

    const { store: after, damaged } = await open();

    assert.deepEqual(damaged, []);
    assert.deepEqual(after.get('a'), await signed());
    assert.deepEqual(after.inventory('a'), [{ gvk: 'v1/Secret', namespace: 'n', name: 's', uid: '1' }]);
    assert.deepEqual(after.cursor(), { epoch: 1, rv: 9 });
    assert.equal(after.digest(), before.digest());
    assert.equal(statSync(join(dir, 'bundle-a')).mode & 0o777, 0o600);
  });

  it('leaves out what was edited by hand, cut short, or signed for another plane', async () => {
    const { store: before } = await open();
    for (const uid of ['a', 'b', 'c', 'd']) await before.put(await signed({ uid }));
    await before.put(await signed({ uid: 'e', dp: 'us1' }));
    const edit = (uid: string, change: (bytes: Buffer) => Buffer): void =>
      writeFileSync(join(dir, `bundle-${uid}`), change(readFileSync(join(dir, `bundle-${uid}`))));
    edit('a', (bytes) => bytes.subarray(0, -3));
    edit('b', (bytes) => Buffer.from(bytes.toString('latin1').replace('"gen":1', '"gen":9'), 'latin1'));
    edit('c', () => Buffer.from('{'));

    const { store, damaged } = await open();

    assert.deepEqual([...damaged].sort(), ['bundle-a', 'bundle-c', 'bundle-e']);
    // What stands beside the signature does not count.
    assert.equal(store.get('b')?.claims.gen, 1);
    assert.deepEqual(
      store
        .all()
        .map(({ claims }) => claims.uid)
        .sort(),
      ['b', 'd'],
    );
  });

  it('never moves the cursor back', async () => {
    const { store } = await open();
    await store.setCursor({ epoch: 2, rv: 9 });

    await store.setCursor({ epoch: 2, rv: 8 });
    await store.setCursor({ epoch: 1, rv: 80 });

    assert.deepEqual(store.cursor(), { epoch: 2, rv: 9 });
  });

  it('begins anew with the cursor, but not with the bundles, of a data plane that was made again', async () => {
    const { store: before } = await open();
    await before.put(await signed());
    await before.setCursor({ epoch: 7, rv: 900 });

    const { store } = await open({ ...plane, dataPlaneID: 'id-2' });

    assert.deepEqual(store.cursor(), { epoch: 0, rv: 0 });
    assert.notEqual(store.get('a'), undefined);
  });

  it('leaves tombstones out of what it has and of the digest', async () => {
    const { store } = await open();
    await store.put(await signed());
    const digest = store.digest();

    await store.put(await signed({ uid: 'b', typ: 'tombstone' }));

    assert.equal(store.digest(), digest);
    assert.deepEqual(store.have(), [{ uid: 'a', gen: 1, hash8: hashOf(BODY).slice(0, 8) }]);
  });

  it('counts what it refused as seen, not as held, until a better one comes', async () => {
    const { store } = await open();
    await store.put(await signed());
    const held = store.digest();

    store.refuse((await signed({ gen: 2, sha256: 'ffffffffff' })).claims);

    assert.equal(store.digest(), held);
    assert.notEqual(store.seenDigest(), held);
    assert.deepEqual(store.have(), [{ uid: 'a', gen: 2, hash8: 'ffffffff' }]);
    await store.put(await signed({ gen: 3 }));
    assert.equal(store.seenDigest(), store.digest());
  });

  it('removes the inventory of a bundle that has nothing left', async () => {
    const { store } = await open();
    await store.setInventory('a', [{ gvk: 'v1/Secret', namespace: 'n', name: 's', uid: '1' }]);

    await store.setInventory('a', []);

    assert.deepEqual(store.inventory('a'), []);
    assert.deepEqual((await open()).store.inventory('a'), []);
  });
});
