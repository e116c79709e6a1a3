import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { publicJwkOf, signClaims, thumbprintOf, verifyClaims, type BundleClaims } from './signature.ts';

const CLAIMS: BundleClaims = {
  typ: 'bundle',
  uid: 'u1',
  tenant: 't1',
  ns: '',
  dp: 'eu1',
  gen: 3,
  rv: 40,
  epoch: 1,
  sha256: 'ab',
  mode: 'apply',
};

describe('replay signatures', () => {
  const hub = generateKeyPairSync('ed25519');
  const other = generateKeyPairSync('ed25519');

  it('verifies what a pinned key signed', async () => {
    const { jwk, kid } = await publicJwkOf(hub.privateKey);

    const jws = await signClaims(hub.privateKey, kid, CLAIMS);

    assert.deepEqual(await verifyClaims(jws, new Map([[kid, jwk]]), ['bundle']), CLAIMS);
  });

  it('refuses another key, even under the pinned name', async () => {
    const { jwk, kid } = await publicJwkOf(hub.privateKey);
    const forged = await signClaims(other.privateKey, kid, CLAIMS);
    const unknown = await signClaims(other.privateKey, 'somebody', CLAIMS);

    await assert.rejects(verifyClaims(forged, new Map([[kid, jwk]]), ['bundle']), /does not verify/);
    await assert.rejects(verifyClaims(unknown, new Map([[kid, jwk]]), ['bundle']), /not pinned/);
  });

  it('refuses a flipped byte and a signature of another type', async () => {
    const { jwk, kid } = await publicJwkOf(hub.privateKey);
    const keys = new Map([[kid, jwk]]);
    const [header, payload = '', signature] = (await signClaims(hub.privateKey, kid, CLAIMS)).split('.');
    const flipped = [header, payload.replace(/^./, (first) => (first === 'e' ? 'f' : 'e')), signature].join(
      '.',
    );
    const head = await signClaims(hub.privateKey, kid, {
      typ: 'head',
      dp: 'eu1',
      epoch: 1,
      headRV: 1,
      count: 0,
      digest: '',
      iat: 0,
    });

    await assert.rejects(verifyClaims(flipped, keys, ['bundle']), { name: 'SignatureError' });
    await assert.rejects(verifyClaims(head, keys, ['bundle', 'tombstone']), /of type "head"/);
  });

  it('takes no private key and no foreign curve for a registered key', async () => {
    const { jwk } = await publicJwkOf(hub.privateKey);

    await assert.rejects(thumbprintOf({ ...jwk, d: 'x' }), { name: 'SignatureError' });
    await assert.rejects(thumbprintOf({ kty: 'EC', crv: 'P-256' }), { name: 'SignatureError' });
  });
});
