import assert from 'node:assert/strict';
import type { JsonObject } from '../../api/json.ts';
import { Credential } from '../../kinds/credential.ts';
import { DataCluster } from '../../kinds/data-cluster.ts';
import { DataPlane } from '../../kinds/data-plane.ts';
import { Depot } from '../../kinds/depot.ts';
import { createAdmissionWorld, type AdmissionWorld } from '../../../test/support/admission.ts';
import { ann, controllers, gil, op } from '../../../test/support/policy.ts';

const inAcme = (name: string, spec: JsonObject, metadata: JsonObject = {}): JsonObject => ({
  metadata: { namespace: 'tn-acme', name, ...metadata },
  spec,
});
const credential = (name: string, acl = 'r'): JsonObject =>
  inAcme(name, { type: 'token', source: 'Generated', acl });
const depot = (credentials: readonly JsonObject[]): JsonObject =>
  inAcme('pg', { type: 'Postgres', connection: {}, credentials: [...credentials] });
const uses = (name: string, purpose = 'scan', tenant?: string): JsonObject => ({
  purpose,
  ref: { name, ...(tenant === undefined ? {} : { tenant }) },
});

describe('admission of deletions', () => {
  let world: AdmissionWorld;
  beforeEach(() => {
    world = createAdmissionWorld();
  });

  const remove = (
    kind: typeof Credential | typeof DataPlane,
    old: JsonObject,
    who = ann,
  ): Parameters<AdmissionWorld['admit']>[0] => ({
    user: who,
    kind,
    operation: 'DELETE',
    old,
  });

  it('O11 refuses to delete what is used, lists the users, and lets go when the last one is leaving', async () => {
    const key = credential('key');
    world.put(Credential, key);
    world.put(Depot, depot([uses('key')]));

    const refusal = await world.refusal(remove(Credential, key));

    assert.equal(refusal.code, 403);
    assert.match(refusal.message, /DeletionBlocked: still used by Depot "pg"/);
    await world.admit(remove(Credential, key, controllers));
    world.put(Depot, {
      ...depot([uses('key')]),
      metadata: { namespace: 'tn-acme', name: 'pg', deletionTimestamp: '2026-01-01T00:00:00Z' },
    });
    await world.admit(remove(Credential, key));
  });

  it('O11 tells an operator how many objects of which tenant use a plane, not their names', async () => {
    const eu1 = { metadata: { name: 'eu1' }, spec: {} };
    world.put(DataPlane, eu1);
    world.put(DataCluster, inAcme('secret-project', { dataPlaneRef: 'eu1' }));

    const refusal = await world.refusal(remove(DataPlane as never, eu1, op));

    assert.match(refusal.message, /1 dataclusters of tenant "acme"/);
    assert.doesNotMatch(refusal.message, /secret-project/);
  });

  it('does not mistake an object of the same name in another tenant for a user', async () => {
    world.put(Depot, depot([uses('key')]));
    const other = { metadata: { namespace: 'tn-globex', name: 'key' }, spec: {} };

    await world.admit(remove(Credential, other, gil));
  });
});
