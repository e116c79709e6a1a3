import assert from 'node:assert/strict';
import type { JsonObject } from '../../api/json.ts';
import { DataCluster } from '../../kinds/data-cluster.ts';
import { DataPlane } from '../../kinds/data-plane.ts';
import { Tenant } from '../../kinds/tenant.ts';
import { createAdmissionWorld, type AdmissionWorld } from '../../../test/support/admission.ts';
import { dev } from '../../../test/support/policy.ts';

const inAcme = (name: string, spec: JsonObject, metadata: JsonObject = {}): JsonObject => ({
  metadata: { namespace: 'tn-acme', name, ...metadata },
  spec,
});

describe('admission of data clusters', () => {
  let world: AdmissionWorld;
  beforeEach(() => {
    world = createAdmissionWorld();
  });

  const cluster = (dataPlaneRef: string): JsonObject => inAcme('c1', { dataPlaneRef });
  const plane = (name: string, spec: JsonObject, labels: JsonObject = {}): void =>
    world.put(DataPlane, { metadata: { name, labels }, spec: { roles: ['runtime'], ...spec } });
  const tenant = (spec: JsonObject, labels: JsonObject = {}): void =>
    world.put(Tenant, { metadata: { name: 'acme', uid: 'uid-acme', labels }, spec });

  it('A18 refuses a plane outside the residency of the tenant and says why', async () => {
    plane('us1', { region: 'us' });
    plane('eu1', { region: 'eu' });
    tenant({ placement: { regions: ['eu'] } });

    const refusal = await world.refusal({ user: dev, kind: DataCluster, object: cluster('us1') });

    assert.equal(refusal.code, 403);
    assert.match(refusal.message, /region "us" and the tenant requires eu/);
    await world.admit({ user: dev, kind: DataCluster, object: cluster('eu1') });
  });

  it('E66 treats a plane that is not open to the tenant like one that does not exist', async () => {
    plane('vip', { allowedTenants: { matchLabels: { tier: 'gold' } } });

    const closed = await world.refusal({ user: dev, kind: DataCluster, object: cluster('vip') });
    const missing = await world.refusal({ user: dev, kind: DataCluster, object: cluster('vap') });

    assert.equal(closed.code, 403);
    assert.equal(closed.message.replaceAll('vip', 'vap'), missing.message);
    tenant({}, { tier: 'gold' });
    await world.admit({ user: dev, kind: DataCluster, object: cluster('vip') });
  });

  it('keeps new clusters from a cordoned plane and leaves placed ones alone', async () => {
    plane('eu1', { cordoned: true });

    assert.match(
      (await world.refusal({ user: dev, kind: DataCluster, object: cluster('eu1') })).message,
      /cordoned/,
    );
    await world.admit({ user: dev, kind: DataCluster, object: cluster('eu1'), old: cluster('eu1') });
  });

  it('O1 refuses a plane without the runtime role', async () => {
    plane('wf', { roles: ['workflow'] });

    assert.match(
      (await world.refusal({ user: dev, kind: DataCluster, object: cluster('wf') })).message,
      /role "runtime"/,
    );
  });
});
