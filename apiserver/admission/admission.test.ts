import assert from 'node:assert/strict';
import type { JsonObject } from '../api/json.ts';
import { Depot } from '../kinds/depot.ts';
import { createAdmissionWorld, type AdmissionWorld } from '../../test/support/admission.ts';
import { dev } from '../../test/support/policy.ts';

const inAcme = (name: string, spec: JsonObject, metadata: JsonObject = {}): JsonObject => ({
  metadata: { namespace: 'tn-acme', name, ...metadata },
  spec,
});
const uses = (name: string, purpose = 'scan', tenant?: string): JsonObject => ({
  purpose,
  ref: { name, ...(tenant === undefined ? {} : { tenant }) },
});

describe('admission', () => {
  let world: AdmissionWorld;
  beforeEach(() => {
    world = createAdmissionWorld();
  });

  it('answers with every objection at once', async () => {
    const object = inAcme(
      'pg',
      { type: 'Postgres', connection: {}, credentials: [uses('a', 'scan', 'globex')] },
      { labels: { 'polder.dev/tenant': 'x' } },
    );

    const refusal = await world.refusal({ user: dev, kind: Depot, object });

    assert.equal(refusal.code, 403);
    assert.deepEqual(
      refusal.details?.causes?.map((cause) => cause.reason),
      ['TENANT_IMMUTABLE', 'CROSS_TENANT_REF'],
    );
    assert.equal(world.audit.get('admission.codes'), 'TENANT_IMMUTABLE,CROSS_TENANT_REF');
  });
});
