import assert from 'node:assert/strict';
import { exportJWK, generalDecrypt, generateKeyPair, type CryptoKey, type GeneralJWE } from 'jose';
import { ApiError } from '../api/errors.ts';
import { at, type JsonObject } from '../api/json.ts';
import { Credential } from '../kinds/credential.ts';
import { DataCluster } from '../kinds/data-cluster.ts';
import { DataPlane } from '../kinds/data-plane.ts';
import { RegistrationToken } from '../kinds/registration-token.ts';
import { AccessReview } from '../kinds/access-review.ts';
import { AccessPolicy } from '../kinds/access-policy.ts';
import { startPlatform, type Platform } from '../../test/support/platform.ts';
import { ann, controllers, dev, op, user } from '../../test/support/policy.ts';
import { hashRegistrationToken } from './registration-token.ts';

const SENTINEL = 'SENTINEL-7f3a';

async function addPlane(platform: Platform, name: string, isRegistered = true): Promise<CryptoKey> {
  const { publicKey, privateKey } = await generateKeyPair('ECDH-ES+A256KW', {
    crv: 'P-256',
    extractable: true,
  });
  await platform.create(op, DataPlane, { metadata: { name }, spec: {} });
  if (isRegistered) {
    const { kty = '', crv = '', x = '', y = '' } = await exportJWK(publicKey);
    await platform.update(
      controllers,
      DataPlane,
      { metadata: { name }, spec: {}, status: { publicKeys: { seal: { kty, crv, x, y } } } },
      'status',
    );
  }
  const metadata = { namespace: 'tn-acme', name: `on-${name}` };
  await platform.create(dev, DataCluster, { metadata, spec: { dataPlaneRef: name } });
  return privateKey;
}

const credential = (
  stringData: JsonObject,
  more: JsonObject = {},
  metadata: JsonObject = {},
): JsonObject => ({
  metadata: { namespace: 'tn-acme', name: 'pg', ...metadata },
  spec: { type: 'token', stringData, ...more },
});
const applied = (object: JsonObject): JsonObject => ({
  annotations: { 'kubectl.kubernetes.io/last-applied-configuration': `${JSON.stringify(object)}\n` },
});
const open = async (object: JsonObject, key: CryptoKey): Promise<unknown> => {
  const { plaintext } = await generalDecrypt(
    JSON.parse(String(at(object, 'spec.sealed'))) as GeneralJWE,
    key,
  );
  return JSON.parse(new TextDecoder().decode(plaintext));
};
const rejects = async (promise: Promise<unknown>): Promise<ApiError> => {
  const error: unknown = await promise.then(
    () => assert.fail('nothing was refused'),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof ApiError, String(error));
  return error;
};

describe('credentials on their way in', () => {
  let platform: Platform;
  beforeEach(async () => {
    platform = await startPlatform();
  });
  afterEach(async () => {
    await platform.close();
  });

  it('D9 keeps a value nowhere in what is stored: not in spec, annotation, managedFields or history', async () => {
    await addPlane(platform, 'eu1');
    const object = credential({ token: SENTINEL });
    const misspelt = { ...object, spec: { type: 'token', stringdata: { token: SENTINEL } } };

    const created = await platform.create(
      dev,
      Credential,
      credential({ token: SENTINEL }, {}, applied(misspelt)),
    );
    const updated = await platform.update(
      dev,
      Credential,
      credential({ token: `${SENTINEL}2` }, {}, applied(object)),
    );

    for (const { bytes } of [created, updated, ...platform.registry.peekAll(Credential)]) {
      assert.equal(bytes.includes(SENTINEL), false);
    }
    assert.equal(updated.bytes.includes('stringData'), false);
    const annotation = at(updated.read(), 'metadata.annotations') as Record<string, string>;
    const kept = annotation['kubectl.kubernetes.io/last-applied-configuration'];
    assert.deepEqual(JSON.parse(kept ?? ''), {
      apiVersion: '',
      kind: '',
      ...object,
      spec: { type: 'token' },
    });
  });

  it('D9 seals to every target plane, bound to tenant, credential and keys', async () => {
    const eu = await addPlane(platform, 'eu1');
    const us = await addPlane(platform, 'us1');
    const other = await addPlane(platform, 'ap1');
    const targets = [{ dataClusterRef: 'on-eu1' }, { dataClusterRef: 'on-us1' }];

    const stored = (
      await platform.create(dev, Credential, credential({ token: SENTINEL, hint: 'x' }, { targets }))
    ).read();

    assert.deepEqual(await open(stored, eu), { token: SENTINEL, hint: 'x' });
    assert.deepEqual(await open(stored, us), { token: SENTINEL, hint: 'x' });
    await assert.rejects(open(stored, other));
    const jwe = JSON.parse(String(at(stored, 'spec.sealed'))) as GeneralJWE;
    const header = JSON.parse(Buffer.from(String(jwe.protected), 'base64url').toString()) as JsonObject;
    assert.deepEqual(header, {
      enc: 'A256GCM',
      tenant: 'acme',
      tenantUid: platform.engine.tenantOf('tn-acme')?.uid,
      credential: 'pg',
      key: 'hint,token',
    });
    assert.deepEqual(at(stored, 'status.keys'), ['hint', 'token']);
    assert.equal(at(stored, 'status.version'), 1);
    assert.equal((at(stored, 'status.sealedFor') as unknown[]).length, 2);
  });

  it('seals to all planes of the tenant when there are no targets, and warns about those without a key', async () => {
    const eu = await addPlane(platform, 'eu1');
    await addPlane(platform, 'us1', false);

    const stored = (await platform.create(dev, Credential, credential({ token: 'v' }))).read();

    assert.deepEqual(await open(stored, eu), { token: 'v' });
    assert.match(platform.warnings.join(), /1 target data plane\(s\) have no sealing key/);
    assert.doesNotMatch(platform.warnings.join(), /us1/);
  });

  it('refuses values when no plane has a key, says what to do, and never repeats them', async () => {
    const nowhere = await rejects(platform.create(dev, Credential, credential({ token: SENTINEL })));
    await addPlane(platform, 'eu1', false);
    const unregistered = await rejects(platform.create(dev, Credential, credential({ token: SENTINEL })));

    for (const error of [nowhere, unregistered]) {
      assert.equal(error.code, 422);
      assert.equal(error.details?.causes?.[0]?.field, 'spec.stringData');
      assert.match(error.message, /use source Generated, External or Sealed/);
      assert.doesNotMatch(JSON.stringify(error.status()), new RegExp(SENTINEL));
    }
  });

  it('refuses malformed values without repeating them', async () => {
    await addPlane(platform, 'eu1');
    const wrong: readonly JsonObject[] = [
      credential({ token: 12345 }),
      credential({ token: { nested: SENTINEL } }),
      credential({ 'a b': SENTINEL }),
      credential({ token: SENTINEL.repeat(6000) }),
      credential({ password: SENTINEL }),
      credential({}),
      credential({ token: SENTINEL }, { source: 'Generated' }),
      credential({ token: SENTINEL }, { type: 'nothing' }),
      { ...credential({}), spec: { type: 'token', stringData: SENTINEL } },
      { ...credential({}), spec: { type: 'token', sealed: SENTINEL } },
      { ...credential({}), spec: { type: 'token', source: 'Sealed', sealed: `${SENTINEL}.a.b.c d.e` } },
    ];

    for (const object of wrong) {
      const error = await rejects(platform.create(dev, Credential, object));
      assert.equal(error.code, 422, error.message);
      assert.doesNotMatch(JSON.stringify(error.status()), /SENTINEL|12345/);
    }
  });

  it('changes nothing when the same values are applied again, and counts a version when they differ', async () => {
    const eu = await addPlane(platform, 'eu1');
    const first = await platform.create(dev, Credential, credential({ token: 'one' }));

    const same = await platform.patch(dev, Credential, ['tn-acme', 'pg'], {
      spec: { stringData: { token: 'one' } },
    });
    const other = await platform.patch(dev, Credential, ['tn-acme', 'pg'], {
      spec: { stringData: { token: 'two' } },
    });

    assert.equal(same.revision, first.revision);
    assert.notEqual(other.revision, first.revision);
    assert.equal(at(other.read(), 'status.version'), 2);
    assert.notEqual(at(other.read(), 'status.fingerprint'), at(first.read(), 'status.fingerprint'));
    assert.deepEqual(await open(other.read(), eu), { token: 'two' });
  });

  it('seals again when another plane may have the values', async () => {
    await addPlane(platform, 'eu1');
    await platform.create(dev, Credential, credential({ token: 'one' }));
    const us = await addPlane(platform, 'us1');

    const again = await platform.patch(dev, Credential, ['tn-acme', 'pg'], {
      spec: { stringData: { token: 'one' } },
    });

    assert.deepEqual(await open(again.read(), us), { token: 'one' });
  });

  it('keeps what is sealed when an update says nothing about values', async () => {
    const eu = await addPlane(platform, 'eu1');
    await platform.create(dev, Credential, credential({ token: 'one' }));

    const labelled = await platform.patch(dev, Credential, ['tn-acme', 'pg'], {
      metadata: { labels: { a: 'b' } },
    });

    assert.deepEqual(await open(labelled.read(), eu), { token: 'one' });
    assert.equal(at(labelled.read(), 'status.version'), 1);
  });

  it('gives equal values of two tenants different fingerprints', async () => {
    await addPlane(platform, 'eu1');
    const mine = await platform.create(dev, Credential, credential({ token: 'same' }));
    const metadata = { namespace: 'tn-globex', name: 'pg' };
    await platform.create(controllers, DataCluster, {
      metadata: { namespace: 'tn-globex', name: 'c' },
      spec: { dataPlaneRef: 'eu1' },
    });
    const theirs = await platform.create(user('gil', 'globex-admins'), Credential, {
      metadata,
      spec: { type: 'token', stringData: { token: 'same' } },
    });

    assert.notEqual(at(mine.read(), 'status.fingerprint'), at(theirs.read(), 'status.fingerprint'));
  });
});

describe('registration tokens', () => {
  let platform: Platform;
  const request = (name: string): JsonObject => ({
    metadata: { name: 't' },
    spec: { dataPlaneRef: name, ttlSeconds: 60 },
  });
  const registration = (): unknown =>
    at(platform.registry.peek(DataPlane, '', 'eu1')?.read(), 'status.registration');
  beforeEach(async () => {
    platform = await startPlatform();
    await platform.create(op, DataPlane, { metadata: { name: 'eu1' }, spec: {} });
  });
  afterEach(async () => {
    await platform.close();
  });

  it('A1 shows 256 bits once and keeps only their hash and the end of their life', async () => {
    const answer = (await platform.create(op, RegistrationToken, request('eu1'))).read();

    const token = String(at(answer, 'status.token'));
    assert.equal(Buffer.from(token, 'base64url').length, 32);
    const expiresAt = '2026-01-07T12:01:00Z';
    assert.equal(at(answer, 'status.expiresAt'), expiresAt);
    assert.deepEqual(registration(), { tokenHash: hashRegistrationToken(token), expiresAt });
  });

  it('A1 voids the token before', async () => {
    const first = (await platform.create(op, RegistrationToken, request('eu1'))).read();
    await platform.create(op, RegistrationToken, request('eu1'));

    assert.notEqual(
      at(registration(), 'tokenHash'),
      hashRegistrationToken(String(at(first, 'status.token'))),
    );
  });

  it('A1 mints nothing on a dry run, for a plane that is not there, and for a user who may not', async () => {
    const dry = (await platform.create(op, RegistrationToken, request('eu1'), true)).read();
    assert.equal(at(dry, 'status.token'), undefined);
    assert.equal((await rejects(platform.create(op, RegistrationToken, request('us1')))).code, 422);
    assert.equal((await rejects(platform.create(ann, RegistrationToken, request('eu1')))).code, 403);
    assert.equal(registration(), undefined);
  });
});

describe('access reviews', () => {
  it('O13 answers like enforcement and names the policy that denied', async () => {
    const platform = await startPlatform();
    await platform.create(ann, AccessPolicy, {
      metadata: { namespace: 'tn-acme', name: 'deny-b' },
      spec: { effect: 'Deny', subjects: [{ kind: 'Group', name: 'b' }], actions: ['depots:*'] },
    });
    const review = async (spec: JsonObject): Promise<JsonObject> => {
      const object = { metadata: { namespace: 'tn-acme', name: 'r' }, spec };
      return (await platform.create(ann, AccessReview, object)).read();
    };

    const denied = await review({
      subject: { user: 'bo', groups: ['acme-developers', 'b'] },
      action: 'depots:get',
    });
    const allowed = await review({
      subject: { user: 'bo', groups: ['acme-developers'] },
      action: 'depots:get',
    });
    const own = await review({ action: 'accesspolicies:create' });

    assert.deepEqual(at(denied, 'status.policies'), ['deny-b']);
    assert.equal(at(denied, 'status.allowed'), false);
    assert.match(
      String(at(denied, 'status.reason')),
      /^User "bo" cannot get resource "depots" .* denied by AccessPolicy tn-acme\/deny-b/,
    );
    assert.equal(at(allowed, 'status.allowed'), true);
    assert.equal(at(own, 'status.allowed'), true);
    assert.equal((await rejects(review({ action: 'nothing:get' }))).code, 422);
    await platform.close();
  });
});
