/** Controllers against the real API server in this process; the agents' reports are written by the tests. */
import assert from 'node:assert/strict';
import { TENANT_LABEL, TENANT_UID_LABEL } from '../../apiserver/api/identity.ts';
import type { JsonObject } from '../../apiserver/api/json.ts';
import { AccessPolicy } from '../../apiserver/kinds/access-policy.ts';
import { DataCluster } from '../../apiserver/kinds/data-cluster.ts';
import { DataPlane } from '../../apiserver/kinds/data-plane.ts';
import { Namespace } from '../../apiserver/kinds/native/namespace.ts';
import { ResourceQuota } from '../../apiserver/kinds/native/resource-quota.ts';
import { PlaneWork } from '../../apiserver/kinds/plane-work.ts';
import { conditionOf, conditionStatus } from '../../apiserver/kinds/status.ts';
import { Tenant } from '../../apiserver/kinds/tenant.ts';
import { timestamp } from '../../apiserver/runtime/clock.ts';
import { startControlPlane, type ControlPlane } from '../support/control-plane.ts';
import { ADMINS, createScenario, type Scenario } from '../support/scenario.ts';

describe('controllers', () => {
  let control: ControlPlane;
  let scene: Scenario;
  beforeEach(async () => {
    control = await startControlPlane();
    scene = createScenario(control);
  });
  afterEach(() => control.close());

  describe('tenant', () => {
    it('D1 becomes Active with its namespace, quota and policies', async () => {
      const tenant = await scene.addTenant('acme');

      const namespace = await control.admin.get(Namespace, { name: 'tn-acme' });
      assert.equal(namespace.metadata.labels?.[TENANT_LABEL], 'acme');
      assert.equal(namespace.metadata.labels[TENANT_UID_LABEL], tenant.metadata.uid);
      assert.equal(tenant.status?.namespace, 'tn-acme');
      assert.equal(tenant.status.observedGeneration, tenant.metadata.generation);
      for (const type of ['NamespaceReady', 'PoliciesReady', 'Ready']) {
        assert.equal(conditionStatus(tenant, type), 'True', type);
      }
      const quota = await control.admin.get(ResourceQuota, { namespace: 'tn-acme', name: 'polder-tenant' });
      assert.equal(quota.spec.hard?.['count/dataclusters.data.polder.dev'], '4');
      const policy = await control.admin.get(AccessPolicy, {
        namespace: 'tn-acme',
        name: 'polder-tenant-admins',
      });
      assert.deepEqual(policy.spec.subjects, ADMINS);
      assert.equal(policy.spec.roleRef?.name, 'tenant-admin');
    });

    it('writes nothing when there is nothing to do', async () => {
      await scene.addTenant('acme');
      const before = await control.admin.list(Tenant);

      await control.restartControllers();
      await scene.addTenant('globex');

      const after = await control.admin.get(Tenant, { name: 'acme' });
      assert.equal(after.metadata.resourceVersion, before.items[0]?.metadata.resourceVersion);
    });

    it('gives admins and takes them as the spec changes, and puts back what somebody changed', async () => {
      await scene.addTenant('acme');
      const ref = { namespace: 'tn-acme', name: 'polder-tenant-admins' };
      const admins = [{ kind: 'User', name: 'ann' }];

      await control.admin.patch(Tenant, { name: 'acme' }, { spec: { admins } });
      await control.until(AccessPolicy, ref, ({ spec }) => spec.subjects[0]?.name === 'ann');
      await control.admin.patch(AccessPolicy, ref, { spec: { subjects: [{ kind: 'User', name: 'eve' }] } });
      await control.until(AccessPolicy, ref, ({ spec }) => spec.subjects[0]?.name === 'ann');
      await control.admin.patch(Tenant, { name: 'acme' }, { spec: { admins: [] } });

      await control.untilGone(AccessPolicy, ref);
    });

    it('makes its quota again when somebody deletes it', async () => {
      await scene.addTenant('acme');
      const ref = { namespace: 'tn-acme', name: 'polder-tenant' };
      const { uid } = (await control.admin.get(ResourceQuota, ref)).metadata;

      await control.admin.delete(ResourceQuota, ref);

      await control.until(ResourceQuota, ref, (quota) => quota.metadata.uid !== uid);
    });

    it('does not take over a namespace that belongs to nobody or to another tenant', async () => {
      await control.admin.create(Namespace, { metadata: { name: 'tn-acme' } });
      await control.admin.create(Tenant, { metadata: { name: 'acme' }, spec: { admins: ADMINS } });

      const tenant = await control.until(
        Tenant,
        { name: 'acme' },
        (each) => conditionOf(each, 'NamespaceReady')?.reason === 'NamespaceTaken',
      );

      assert.equal(tenant.status?.phase, 'Pending');
      const namespace = await control.admin.get(Namespace, { name: 'tn-acme' });
      assert.equal(namespace.metadata.labels?.[TENANT_LABEL], undefined);
      await control.admin.delete(Tenant, { name: 'acme' });
      await control.untilGone(Tenant, { name: 'acme' });
      await control.admin.get(Namespace, { name: 'tn-acme' });
    });

    it('goes when it is deleted, with its namespace and all in it, and leaves other tenants alone', async () => {
      await scene.addTenant('acme');
      await scene.addTenant('globex');
      const bystander = await control.admin.get(Namespace, { name: 'tn-globex' });

      await control.admin.delete(Tenant, { name: 'acme' });
      await control.untilGone(Tenant, { name: 'acme' });

      assert.equal(await control.admin.find(Namespace, { name: 'tn-acme' }), undefined);
      assert.deepEqual(await control.admin.get(Namespace, { name: 'tn-globex' }), bystander);
      assert.equal((await scene.tenantIn('Active', 'globex')).metadata.name, 'globex');
    });

    it('can be made again under the same name', async () => {
      const first = await scene.addTenant('acme');
      await control.admin.delete(Tenant, { name: 'acme' });
      await control.untilGone(Tenant, { name: 'acme' });

      const second = await scene.addTenant('acme');

      assert.notEqual(second.metadata.uid, first.metadata.uid);
      const namespace = await control.admin.get(Namespace, { name: 'tn-acme' });
      assert.equal(namespace.metadata.labels?.[TENANT_UID_LABEL], second.metadata.uid);
    });
  });

  describe('data plane', () => {
    it('says that it is not registered until it is', async () => {
      await control.admin.create(DataPlane, { metadata: { name: 'eu1' }, spec: {} });

      const plane = await control.until(
        DataPlane,
        { name: 'eu1' },
        (each) => each.status?.phase === 'Pending',
      );

      assert.equal(conditionOf(plane, 'Registered')?.reason, 'NotRegistered');
      assert.equal(conditionStatus(plane, 'Connected'), 'False');
    });

    it('A4 is connected while heartbeats come', async () => {
      await scene.addPlane('eu1');
      await control.until(
        DataPlane,
        { name: 'eu1' },
        (plane) => conditionStatus(plane, 'Connected') === 'True',
      );

      const old = timestamp(Date.now() - 200_000);
      const status = { agent: { lastHeartbeatTime: old } };
      await control.admin.patch(DataPlane, { name: 'eu1' }, { status }, { subresource: 'status' });

      await control.until(
        DataPlane,
        { name: 'eu1' },
        (plane) => conditionOf(plane, 'Connected')?.reason === 'HeartbeatMissed',
      );
    });

    it('O11 stays while data clusters stand on it, and goes by itself with the last', async () => {
      await scene.addPlane('eu1');
      await scene.addTenant('acme');
      await scene.readyCluster('main');

      await control.admin.delete(DataPlane, { name: 'eu1' });
      const blocked = await control.until(
        DataPlane,
        { name: 'eu1' },
        (plane) => conditionStatus(plane, 'DeletionBlocked') === 'True',
      );
      assert.match(conditionOf(blocked, 'DeletionBlocked')?.message ?? '', /tn-acme\/main/);
      await control.admin.delete(DataCluster, { namespace: 'tn-acme', name: 'main' });
      const work = await scene.workOf('main');
      await control.until(PlaneWork, work.metadata, (each) => each.spec.tombstone !== undefined);
      await scene.report(await scene.workOf('main'), 'Deleted');

      await control.untilGone(DataPlane, { name: 'eu1' });
    });
  });

  it('D20 suspends and resumes a tenant, in step with its planes', async () => {
    await scene.addPlane('eu1');
    await scene.addTenant('acme');
    await scene.readyCluster('main');

    await control.admin.patch(Tenant, { name: 'acme' }, { spec: { suspended: true } });
    const suspending = await scene.tenantIn('Suspending');
    assert.deepEqual(
      suspending.status?.pendingPlanes?.map(({ name }) => name),
      ['eu1'],
    );
    const podsOf = ({ spec }: PlaneWork): unknown => {
      const quota = spec.manifests.find((manifest) => manifest['kind'] === 'ResourceQuota') as JsonObject;
      return (quota['spec'] as { hard: Record<string, string> }).hard['pods'];
    };
    const { metadata } = await scene.workOf('main');
    await scene.report(await control.until(PlaneWork, metadata, (work) => podsOf(work) === '0'), 'Applied');
    const suspended = await scene.tenantIn('Suspended');
    assert.equal(conditionStatus(suspended, 'Suspended'), 'True');
    assert.equal(suspended.status?.pendingPlanes, undefined);

    await control.admin.patch(Tenant, { name: 'acme' }, { spec: { suspended: false } });
    await control.until(PlaneWork, metadata, (work) => podsOf(work) === '100');
    await scene.tenantIn('Active');
  });

  it('deletes a tenant only after its planes have confirmed', async () => {
    await scene.addPlane('eu1');
    await scene.addTenant('acme');
    await scene.readyCluster('main');

    await control.admin.delete(Tenant, { name: 'acme' });
    await control.until(
      Tenant,
      { name: 'acme' },
      (tenant) => conditionOf(tenant, 'Deleting')?.reason === 'RemovingDataCluster',
    );
    assert.notEqual(await control.admin.find(Namespace, { name: 'tn-acme' }), undefined);
    const { metadata } = await scene.workOf('main');
    await scene.report(
      await control.until(PlaneWork, metadata, ({ spec }) => spec.tombstone !== undefined),
      'Deleted',
    );

    await control.untilGone(Tenant, { name: 'acme' });
    assert.equal(await control.admin.find(Namespace, { name: 'tn-acme' }), undefined);
  });

  it('X4 lets a namespace that is deleted by hand go only when the plane is clean', async () => {
    await scene.addPlane('eu1');
    await scene.addTenant('acme');
    await scene.readyCluster('main');
    const { metadata } = await scene.workOf('main');

    await control.admin.delete(Namespace, { name: 'tn-acme' });
    const left = await control.until(PlaneWork, metadata, ({ spec }) => spec.tombstone !== undefined);
    await scene.report(left, 'Deleted');
    await control.untilGone(PlaneWork, metadata);

    // The tenant is still wanted: it gets a namespace again.
    await control.until(
      Namespace,
      { name: 'tn-acme' },
      (namespace) => namespace.metadata.deletionTimestamp === undefined,
    );
  });
});
