import assert from 'node:assert/strict';
import type { JsonObject } from '../../api/json.ts';
import { Depot } from '../../kinds/depot.ts';
import { Namespace } from '../../kinds/native/namespace.ts';
import { PersistentVolumeClaim } from '../../kinds/native/persistent-volume-claim.ts';
import { PlaneWork } from '../../kinds/plane-work.ts';
import { createAdmissionWorld, type AdmissionWorld } from '../../../test/support/admission.ts';
import { ann, controllers, op, person, root, user } from '../../../test/support/policy.ts';

const inAcme = (name: string, spec: JsonObject, metadata: JsonObject = {}): JsonObject => ({
  metadata: { namespace: 'tn-acme', name, ...metadata },
  spec,
});
const depot = (credentials: readonly JsonObject[]): JsonObject =>
  inAcme('pg', { type: 'Postgres', connection: {}, credentials: [...credentials] });

describe('admission of metadata and status', () => {
  let world: AdmissionWorld;
  beforeEach(() => {
    world = createAdmissionWorld();
  });

  it('X5 refuses a status written by anybody else', async () => {
    const object = depot([]);
    for (const who of [ann, op, root]) {
      const refusal = await world.refusal({
        user: who,
        kind: Depot,
        subresource: 'status',
        object,
        old: object,
      });
      assert.equal(refusal.code, 403);
    }
    await world.admit({ user: controllers, kind: Depot, subresource: 'status', object, old: object });
  });

  it('keeps plane works read-only for users', async () => {
    const object = inAcme('w', { dataPlane: 'eu1' });

    assert.equal((await world.refusal({ user: ann, kind: PlaneWork, object })).code, 403);
    const remove = { kind: PlaneWork, operation: 'DELETE', old: object } as const;
    assert.equal((await world.refusal({ user: ann, ...remove })).code, 403);
    await world.admit({ user: root, ...remove });
  });

  it('B36 refuses labels, annotations and finalizers of ours in every position, added, changed or removed', async () => {
    const plain = inAcme('pg', { type: 'Postgres', connection: {} });
    const marked: readonly JsonObject[] = [
      { labels: { 'polder.dev/tenant': 'globex' } },
      { labels: { 'polder.dev/tenant-uid': 'uid-globex' } },
      { labels: { 'data.polder.dev/x': '' } },
      { annotations: { 'POLDER.dev/x': '' } },
      { finalizers: ['polder.dev/cleanup'] },
    ].map((metadata) => inAcme('pg', { type: 'Postgres', connection: {} }, metadata));

    for (const object of marked) {
      assert.equal(
        (await world.refusal({ user: ann, kind: Depot, object })).code,
        403,
        JSON.stringify(object),
      );
      assert.equal((await world.refusal({ user: ann, kind: Depot, object, old: plain })).code, 403);
      assert.equal((await world.refusal({ user: ann, kind: Depot, object: plain, old: object })).code, 403);
      await world.admit({ user: ann, kind: Depot, object, old: object });
      await world.admit({ user: controllers, kind: Depot, object });
    }
    const own = inAcme(
      'pg',
      { type: 'Postgres', connection: {} },
      {
        labels: { 'notpolder.dev/x': '', team: 'a', __proto__x: '' },
        annotations: { 'polder.dev/rotate-at': 'now' },
      },
    );
    await world.admit({ user: ann, kind: Depot, object: own });
  });

  it('B36 lets whoever may change it take a finalizer of ours off something of Kubernetes, where none of our programs waits, and put none on', async () => {
    world.addPolicy('tn-acme', 'claims', {
      effect: 'Allow',
      subjects: [person('pat')],
      actions: ['persistentvolumeclaims.core:*'],
    });
    const free = inAcme('c', {});
    const both = inAcme('c', {}, { finalizers: ['polder.dev/x', 'example.com/y'] });
    const rest = inAcme('c', {}, { finalizers: ['example.com/y'] });
    const attempt = { user: user('pat'), kind: PersistentVolumeClaim } as const;
    for (const object of [free, rest]) await world.admit({ ...attempt, object, old: both });
    assert.equal((await world.refusal({ ...attempt, object: both, old: rest })).code, 403);
    const another = inAcme('c', {}, { finalizers: ['polder.dev/other'] });
    const refusal = await world.refusal({ ...attempt, object: another, old: both });
    assert.match(refusal.message, /metadata\.finalizers: "polder\.dev\/other" belongs to polder\.dev/);
    const namespace = (finalizers: JsonObject[string]): JsonObject => ({
      metadata: { name: 'plain', finalizers },
    });
    const kept = { user: root, kind: Namespace, object: namespace([]), old: namespace(['polder.dev/x']) };
    assert.equal((await world.refusal(kept)).code, 403);
  });

  it('B30 refuses to tie a namespace to a tenant and to make one that looks like a tenant’s', async () => {
    const labels = { 'polder.dev/tenant': 'acme', 'polder.dev/tenant-uid': 'uid-acme' };

    for (const metadata of [{ name: 'x', labels }, { name: 'tn-evil' }, { name: 'tenant-evil' }]) {
      assert.equal((await world.refusal({ user: root, kind: Namespace, object: { metadata } })).code, 403);
    }
    await world.admit({ user: root, kind: Namespace, object: { metadata: { name: 'plain' } } });
    await world.admit({
      user: controllers,
      kind: Namespace,
      object: { metadata: { name: 'tn-new', labels } },
    });
  });

  it('keeps tenants’ kinds in the namespace of the tenant', async () => {
    const object = { metadata: { namespace: 'default', name: 'pg' }, spec: {} };

    const refusal = await world.refusal({ user: root, kind: Depot, object });

    assert.equal(refusal.code, 403);
    assert.match(refusal.message, /belong into the namespace of a tenant/);
  });
});
