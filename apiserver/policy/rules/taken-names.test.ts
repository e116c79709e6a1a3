import assert from 'node:assert/strict';
import type { JsonObject } from '../../api/json.ts';
import { DataCluster } from '../../kinds/data-cluster.ts';
import { Namespace } from '../../kinds/native/namespace.ts';
import { Tenant } from '../../kinds/tenant.ts';
import { createAdmissionWorld, type AdmissionWorld } from '../../../test/support/admission.ts';
import { ann, controllers, gil, op } from '../../../test/support/policy.ts';

const cluster = (namespace: string, name: string, spec: JsonObject = {}): JsonObject => ({
  metadata: { namespace, name },
  spec,
});

describe('admission of names that stand for something on a plane', () => {
  let world: AdmissionWorld;
  beforeEach(() => {
    world = createAdmissionWorld();
  });

  it('A17 answers 409 to the second cluster with a slug, and says nothing of the first', async () => {
    world.put(DataCluster, cluster('tn-acme', 'main', { slug: 'shared' }));

    const refusal = await world.refusal({
      user: gil,
      kind: DataCluster,
      object: cluster('tn-globex', 'other', { slug: 'shared' }),
    });

    assert.deepEqual([refusal.code, refusal.reason], [409, 'Conflict']);
    assert.match(
      refusal.message,
      /spec\.slug: the name "tenant-shared" is taken on the planes; choose another/,
    );
    assert.doesNotMatch(refusal.message, /acme|main/);
    assert.equal(refusal.details?.causes?.[0]?.field, 'spec.slug');
    await world.admit({
      user: gil,
      kind: DataCluster,
      object: cluster('tn-globex', 'other', { slug: 'own' }),
    });
  });

  it('A17 compares the slugs that clusters get when they name none', async () => {
    world.put(DataCluster, cluster('tn-acme', 'main'));
    const attempt = (namespace: string, name: string, spec?: JsonObject) => ({
      user: namespace === 'tn-acme' ? ann : gil,
      kind: DataCluster,
      object: cluster(namespace, name, spec),
    });

    assert.equal((await world.refusal(attempt('tn-globex', 'x', { slug: 'acme-main' }))).code, 409);
    await world.admit(attempt('tn-globex', 'main'));
    // What is there already may be written again, and its slug written down.
    const old = cluster('tn-acme', 'main');
    await world.admit({ ...attempt('tn-acme', 'main', { slug: 'acme-main' }), old });
  });

  it('A17 holds a slug for a cluster that is being deleted', async () => {
    const leaving = cluster('tn-acme', 'main', { slug: 'shared' });
    const metadata = { namespace: 'tn-acme', name: 'main', deletionTimestamp: '2026-01-01T00:00:00Z' };
    world.put(DataCluster, { ...leaving, metadata });
    const attempt = { user: gil, kind: DataCluster, object: cluster('tn-globex', 'x', { slug: 'shared' }) };

    assert.equal((await world.refusal(attempt)).code, 409);
    world.remove(DataCluster, 'tn-acme', 'main');
    await world.admit(attempt);
  });

  it("answers 409 to a tenant whose namespace is somebody else's, or still going away", async () => {
    world.put(Namespace, { metadata: { name: 'tn-newco' } });
    const attempt = { user: op, kind: Tenant, object: { metadata: { name: 'newco' }, spec: {} } };

    const there = await world.refusal(attempt);
    world.put(Namespace, { metadata: { name: 'tn-newco', deletionTimestamp: '2026-01-01T00:00:00Z' } });
    const leaving = await world.refusal(attempt);

    assert.deepEqual([there.code, leaving.code], [409, 409]);
    assert.match(there.message, /the namespace "tn-newco" of the tenant exists already; choose another name/);
    assert.match(leaving.message, /still being deleted; try again when it is gone/);
    world.remove(Namespace, '', 'tn-newco');
    await world.admit(attempt);
  });

  it('leaves what is decided already to the controllers', async () => {
    world.put(DataCluster, cluster('tn-acme', 'main', { slug: 'shared' }));
    const object = cluster('tn-globex', 'x', { slug: 'shared' });

    await world.admit({ user: controllers, kind: DataCluster, object, old: cluster('tn-globex', 'x') });
  });
});
