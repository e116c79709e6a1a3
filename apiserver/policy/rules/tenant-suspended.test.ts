import assert from 'node:assert/strict';
import type { JsonObject } from '../../api/json.ts';
import { Depot } from '../../kinds/depot.ts';
import { Tenant } from '../../kinds/tenant.ts';
import { createAdmissionWorld, type AdmissionWorld } from '../../../test/support/admission.ts';
import { controllers, dev } from '../../../test/support/policy.ts';

const inAcme = (name: string, spec: JsonObject, metadata: JsonObject = {}): JsonObject => ({
  metadata: { namespace: 'tn-acme', name, ...metadata },
  spec,
});
const depot = (credentials: readonly JsonObject[]): JsonObject =>
  inAcme('pg', { type: 'Postgres', connection: {}, credentials: [...credentials] });

describe('admission in tenants on their way out', () => {
  let world: AdmissionWorld;
  beforeEach(() => {
    world = createAdmissionWorld();
  });

  it('D20 refuses creates and updates, allows deletes, and lets controllers work', async () => {
    world.put(Tenant, { metadata: { name: 'acme', uid: 'uid-acme' }, spec: { suspended: true } });
    const object = depot([]);

    for (const attempt of [{ object }, { object, old: object }]) {
      const refusal = await world.refusal({ user: dev, kind: Depot, ...attempt });
      assert.equal(refusal.code, 403);
      assert.match(refusal.message, /TenantSuspended/);
    }
    await world.admit({ user: dev, kind: Depot, operation: 'DELETE', old: object });
    await world.admit({ user: controllers, kind: Depot, object, old: object });
    assert.equal(world.can(dev, 'get', 'depots', 'tn-acme', 'pg'), true);
  });

  it('accepts nothing new in a tenant that is being deleted', async () => {
    world.put(Tenant, {
      metadata: { name: 'acme', uid: 'uid-acme', deletionTimestamp: '2026-01-01T00:00:00Z' },
      spec: {},
    });

    assert.match(
      (await world.refusal({ user: dev, kind: Depot, object: depot([]) })).message,
      /being deleted/,
    );
  });
});
