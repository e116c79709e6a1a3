import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import type { JsonObject } from '../../apiserver/api/json.ts';
import { encodeBody, hashOf } from '../replica/frame.ts';
import { publicJwkOf, signClaims, type BundleClaims } from '../replica/signature.ts';
import { accept, type Acceptance } from './accept.ts';

const hub = generateKeyPairSync('ed25519');
const gzipped = encodeBody({ manifests: [], sealed: [] });
const claims = (over: Partial<BundleClaims> = {}): BundleClaims => ({
  typ: 'bundle',
  uid: '0c4e6f7a-0000-4000-8000-000000000001',
  tenant: 'tenant-uid',
  ns: '',
  dp: 'eu1',
  gen: 5,
  rv: 50,
  epoch: 2,
  sha256: hashOf(gzipped),
  mode: 'apply',
  ...over,
});

async function judge(sent: BundleClaims, stored?: BundleClaims, body = gzipped): Promise<Acceptance> {
  const { jwk, kid } = await publicJwkOf(hub.privateKey);
  const plane = { name: 'eu1', epoch: 2, keys: new Map([[kid, jwk]]) };
  return accept({ jws: await signClaims(hub.privateKey, kid, sent), gzipped: body }, plane, () => stored);
}

describe('bundle acceptance', () => {
  it('P5 takes newer generations and epochs only', async () => {
    assert.equal((await judge(claims())).is, 'accepted');
    assert.equal((await judge(claims(), claims({ gen: 4 }))).is, 'accepted');
    assert.equal((await judge(claims(), claims())).is, 'known');
    assert.equal((await judge(claims(), claims({ gen: 6 }))).is, 'known');
    assert.equal((await judge(claims({ epoch: 3, gen: 1 }), claims({ gen: 9 }))).is, 'accepted');
  });

  it('takes the same generation again when it was rendered differently and not earlier', async () => {
    assert.equal((await judge(claims(), claims({ sha256: 'old' }))).is, 'accepted');
    assert.equal((await judge(claims(), claims({ sha256: 'old', rv: 51 }))).is, 'known');
  });

  it('P6 takes a tombstone over every bundle, and no bundle after a tombstone', async () => {
    const tombstone = claims({ typ: 'tombstone', mode: 'delete', sha256: '' });

    assert.equal((await judge(tombstone, claims())).is, 'accepted');
    assert.equal((await judge(claims({ gen: 9 }), tombstone)).is, 'known');
  });

  it('takes a tombstone of a tenant that is gone', async () => {
    const tombstone = claims({ typ: 'tombstone', mode: 'delete', sha256: '', tenant: '' });

    assert.equal((await judge(tombstone, claims())).is, 'accepted');
  });

  const NAMESPACE = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'tenant-acme' } };
  const SECRET = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's', namespace: 'kube-system' } };
  const CLUSTER_ROLE = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: 'root' },
  };
  const POD = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: 'tenant-acme' } };
  const CONTENTS: readonly (readonly [string, readonly JsonObject[], RegExp])[] = [
    ['with a cluster-scoped object', [CLUSTER_ROLE], /ClusterRole may not be replayed/],
    ['with a kind that is off the list', [POD], /v1\/Pod may not be replayed/],
    ['that reaches out of its namespace', [NAMESPACE, SECRET], /outside of the bundle's namespace/],
    ['with an object that is there twice', [NAMESPACE, NAMESPACE], /twice/],
    ['with an object without a kind', [{ metadata: { name: 'x' } }], /without kind/],
  ];
  for (const [name, manifests, reason] of CONTENTS) {
    it(`refuses a bundle ${name}, so that the last good one stays`, async () => {
      const body = encodeBody({ manifests, sealed: [] });

      const verdict = await judge(
        claims({ sha256: hashOf(body), ns: 'tenant-acme' }),
        claims({ gen: 4 }),
        body,
      );

      assert.equal(verdict.is, 'refused');
      assert.match(verdict.reason, reason);
    });
  }

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
