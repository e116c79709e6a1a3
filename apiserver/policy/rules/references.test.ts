import assert from 'node:assert/strict';
import type { JsonObject } from '../../api/json.ts';
import { AccessPolicy } from '../../kinds/access-policy.ts';
import { Compute } from '../../kinds/compute.ts';
import { Credential } from '../../kinds/credential.ts';
import { DataProduct } from '../../kinds/data-product.ts';
import { Depot } from '../../kinds/depot.ts';
import { Stack } from '../../kinds/stack.ts';
import { createAdmissionWorld, type AdmissionWorld } from '../../../test/support/admission.ts';
import { ann, dev, group, person, user } from '../../../test/support/policy.ts';

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

describe('admission of references', () => {
  let world: AdmissionWorld;
  beforeEach(() => {
    world = createAdmissionWorld();
  });

  it('D8 refuses a depot whose credential is missing, on its path, and takes it once it exists', async () => {
    const object = depot([uses('key')]);

    const refusal = await world.refusal({ user: dev, kind: Depot, object });

    assert.equal(refusal.code, 422);
    assert.equal(refusal.details?.causes?.[0]?.field, 'spec.credentials[0].ref.name');
    world.put(Credential, credential('key'));
    await world.admit({ user: dev, kind: Depot, object });
  });

  it('D8 refuses a read-only credential for writing', async () => {
    world.put(Credential, credential('key', 'r'));
    world.put(Credential, credential('writer', 'rw'));

    const refusal = await world.refusal({ user: dev, kind: Depot, object: depot([uses('key', 'rw')]) });

    assert.equal(refusal.code, 422);
    assert.equal(refusal.details?.causes?.[0]?.field, 'spec.credentials[0].purpose');
    await world.admit({ user: dev, kind: Depot, object: depot([uses('writer', 'rw')]) });
  });

  it('D5 refuses a credential of another tenant and names that tenant, whether it exists or not', async () => {
    world.put(Credential, { metadata: { namespace: 'tn-globex', name: 'pg' }, spec: { acl: 'r' } });

    const foreign = await world.refusal({
      user: dev,
      kind: Depot,
      object: depot([uses('pg', 'scan', 'globex')]),
    });
    const nowhere = await world.refusal({
      user: dev,
      kind: Depot,
      object: depot([uses('pg', 'scan', 'nothere')]),
    });

    assert.equal(foreign.code, 403);
    assert.match(foreign.message, /tenant "globex"/);
    assert.equal(foreign.message.replaceAll('globex', 'nothere'), nowhere.message);
  });

  it('D5 never falls back to an object of the same name elsewhere', async () => {
    world.put(Credential, { metadata: { namespace: 'default', name: 'key' }, spec: { acl: 'rw' } });
    world.put(Credential, { metadata: { namespace: 'tn-globex', name: 'key' }, spec: { acl: 'rw' } });

    assert.equal((await world.refusal({ user: dev, kind: Depot, object: depot([uses('key')]) })).code, 422);
  });

  it('D6 lets a tenant use a depot that is shared with it by name, and only that one', async () => {
    const product = (name: string): JsonObject =>
      inAcme('prod', { inputs: [{ depot: { tenant: 'globex', name } }], resources: [] });
    for (const name of ['pg', 'other']) {
      world.put(Depot, { metadata: { namespace: 'tn-globex', name }, spec: {} });
    }
    const attempt = (name: string): Parameters<AdmissionWorld['admit']>[0] => ({
      user: dev,
      kind: DataProduct,
      object: product(name),
    });
    assert.match((await world.refusal(attempt('pg'))).message, /does not share it/);

    world.addPolicy('tn-globex', 'share', {
      effect: 'Allow',
      subjects: [{ kind: 'Tenant', name: 'acme' }],
      actions: ['depots:use'],
      resources: [{ names: ['pg'] }],
    });

    await world.admit(attempt('pg'));
    const other = await world.refusal(attempt('other'));
    const nothing = await world.refusal(attempt('nothing'));
    assert.equal(other.code, 403);
    assert.equal(other.message.replaceAll('other', 'nothing'), nothing.message);
    world.remove(AccessPolicy, 'tn-globex', 'share');
    assert.equal((await world.refusal(attempt('pg'))).code, 403);
  });

  it('refuses a reference that the author may not use, and does not ask again about old ones', async () => {
    world.put(Credential, credential('key'));
    world.addPolicy('tn-acme', 'no-use', {
      effect: 'Deny',
      subjects: [group('acme-developers')],
      actions: ['credentials:use'],
    });
    const object = depot([uses('key')]);

    assert.equal((await world.refusal({ user: dev, kind: Depot, object })).code, 403);
    await world.admit({ user: ann, kind: Depot, object });
    const labelled = { ...object, metadata: { namespace: 'tn-acme', name: 'pg', labels: { team: 'x' } } };
    await world.admit({ user: dev, kind: Depot, object: labelled, old: object });
  });

  it('D13 shows a pool to the tenants it is opened to, and to others not even that it exists', async () => {
    world.put(Compute, { metadata: { name: 'gpu' }, spec: { dataPlaneRef: 'eu1', tenants: ['acme'] } });
    world.put(Stack, { metadata: { name: 'vulcan' }, spec: {} });
    world.addPolicy('tn-globex', 'developers', {
      effect: 'Allow',
      subjects: [person('gdev')],
      roleRef: { name: 'data-developer' },
    });
    const product = (tenant: string, compute: string): JsonObject => ({
      metadata: { namespace: `tn-${tenant}`, name: 'prod' },
      spec: { resources: [{ id: 'a', stack: 'vulcan:1.0', compute, depots: [] }] },
    });
    const attempt = (
      who: typeof dev,
      tenant: string,
      compute: string,
    ): Parameters<AdmissionWorld['admit']>[0] => ({
      user: who,
      kind: DataProduct,
      object: product(tenant, compute),
    });

    await world.admit(attempt(dev, 'acme', 'gpu'));
    const closed = await world.refusal(attempt(user('gdev'), 'globex', 'gpu'));
    const missing = await world.refusal(attempt(user('gdev'), 'globex', 'cpu'));
    assert.equal(closed.code, 403);
    assert.equal(closed.message.replaceAll('gpu', 'cpu'), missing.message);
  });
});
