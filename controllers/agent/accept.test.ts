import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { encodeBody, hashOf } from '../replica/frame.ts';
import { publicJwkOf, signClaims, type BundleClaims } from '../replica/signature.ts';
import { accept, type Acceptance } from './accept.ts';

const hub = generateKeyPairSync('ed25519');
const gzipped = encodeBody({ manifests: [], sealed: [] });
const claims = (over: Partial<BundleClaims> = {}): BundleClaims => ({
  typ: 'bundle',
  uid: '0c4e6f7a-0000-4000-8000-000000000001',
  tenant: 'tenant-uid',
  dp: 'eu1',
  gen: 5,
  rv: 50,
  epoch: 2,
  sha256: hashOf(gzipped),
  mode: 'apply',
  ...over,
});

async function judge(sent: BundleClaims, stored?: BundleClaims): Promise<Acceptance> {
  const { jwk, kid } = await publicJwkOf(hub.privateKey);
  const plane = { name: 'eu1', epoch: 2, keys: new Map([[kid, jwk]]) };
  return accept({ jws: await signClaims(hub.privateKey, kid, sent), gzipped }, plane, () => stored);
}

describe('bundle acceptance', () => {
  it('P5 takes newer generations and epochs only', async () => {
    assert.equal((await judge(claims())).is, 'accepted');
    assert.equal((await judge(claims(), claims({ gen: 4 }))).is, 'accepted');
    assert.equal((await judge(claims(), claims())).is, 'known');
    assert.equal((await judge(claims(), claims({ gen: 6 }))).is, 'known');
    assert.equal((await judge(claims({ epoch: 3, gen: 1 }), claims({ gen: 9 }))).is, 'accepted');
  });

  const REFUSED: readonly (readonly [string, Partial<BundleClaims>, RegExp])[] = [
    ['of another plane', { dp: 'us1' }, /another data plane/],
    ['of an older epoch', { epoch: 1 }, /older epoch/],
    ['with a body that was exchanged', { sha256: 'ff' }, /does not match/],
    ['whose uid is a path', { uid: '../../etc/passwd' }, /malformed/],
    ['without tenant', { tenant: '' }, /no tenant/],
  ];
  for (const [name, over, reason] of REFUSED) {
    it(`refuses a bundle ${name}`, async () => {
      const verdict = await judge(claims(over));

      assert.equal(verdict.is, 'refused');
      assert.match(verdict.reason, reason);
    });
  }
});
