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

const ADMINS = [{ kind: 'Group', name: 'acme-admins' }] as const;

describe('controllers', () => {
  let control: ControlPlane;
  beforeEach(async () => {
    control = await startControlPlane();
  });
  afterEach(() => control.close());

  const tenantIn = (phase: string, name = 'acme'): Promise<Tenant> =>
    control.until(Tenant, { name }, (tenant) => tenant.status?.phase === phase);
  const addTenant = async (name: string, spec: object = {}): Promise<Tenant> => {
    await control.admin.create(Tenant, { metadata: { name }, spec: { admins: ADMINS, ...spec } });
    return tenantIn('Active', name);
  };
  /** What registration and the first heartbeat leave behind. */
  const addPlane = async (
    name: string,
    spec: object = {},
    heartbeat = timestamp(Date.now()),
  ): Promise<void> => {
    await control.admin.create(DataPlane, { metadata: { name }, spec });
    await control.admin.patch(
      DataPlane,
      { name },
      {
        status: {
          dataPlaneID: `id-${name}`,
          publicKeys: { sign: { kty: 'OKP', crv: 'Ed25519', x: 'x' } },
          agent: { connected: true, lastHeartbeatTime: heartbeat },
        },
      },
      { subresource: 'status' },
    );
  };
  const report = (work: PlaneWork, reason: string): Promise<PlaneWork> => {
    const condition = { type: 'Applied', status: 'True', reason, message: '' };
    const status = {
      observedGeneration: work.metadata.generation,
      appliedRevision: work.metadata.generation,
      conditions: [{ ...condition, lastTransitionTime: timestamp(Date.now()) }],
    };
    const { namespace, name } = work.metadata;
    return control.admin.patch(PlaneWork, { namespace, name }, { status }, { subresource: 'status' });
  };
  const addCluster = async (name: string, spec: object = {}, namespace = 'tn-acme'): Promise<DataCluster> => {
    await control.admin.create(DataCluster, { metadata: { namespace, name }, spec });
    return control.until(
      DataCluster,
      { namespace, name },
      (cluster) => cluster.status?.namespace !== undefined,
    );
  };
  const workOf = async (name: string, namespace = 'tn-acme'): Promise<PlaneWork> => {
    const { items } = await control.admin.list(PlaneWork, { namespace });
    const found = items.find((work) => work.spec.owner.name === name);
    assert.ok(found, `no PlaneWork of ${name}`);
    return found;
  };
  const clusterIn = (phase: string, name: string, namespace = 'tn-acme'): Promise<DataCluster> =>
    control.until(DataCluster, { namespace, name }, (cluster) => cluster.status?.phase === phase);
  const readyCluster = async (name: string, spec: object = {}): Promise<DataCluster> => {
    await addCluster(name, spec);
    await report(await workOf(name), 'Applied');
    return clusterIn('Ready', name);
  };

  describe('tenant', () => {
    it('D1 becomes Active with its namespace, quota and policies', async () => {
      const tenant = await addTenant('acme');

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
      await addTenant('acme');
      const before = await control.admin.list(Tenant);

      await control.restartControllers();
      await addTenant('globex');

      const after = await control.admin.get(Tenant, { name: 'acme' });
      assert.equal(after.metadata.resourceVersion, before.items[0]?.metadata.resourceVersion);
    });

    it('gives admins and takes them as the spec changes, and puts back what somebody changed', async () => {
      await addTenant('acme');
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
      await addTenant('acme');
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
      await addTenant('acme');
      await addTenant('globex');
      const bystander = await control.admin.get(Namespace, { name: 'tn-globex' });

      await control.admin.delete(Tenant, { name: 'acme' });
      await control.untilGone(Tenant, { name: 'acme' });

      assert.equal(await control.admin.find(Namespace, { name: 'tn-acme' }), undefined);
      assert.deepEqual(await control.admin.get(Namespace, { name: 'tn-globex' }), bystander);
      assert.equal((await tenantIn('Active', 'globex')).metadata.name, 'globex');
    });

    it('can be made again under the same name', async () => {
      const first = await addTenant('acme');
      await control.admin.delete(Tenant, { name: 'acme' });
      await control.untilGone(Tenant, { name: 'acme' });

      const second = await addTenant('acme');

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
      await addPlane('eu1');
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
      await addPlane('eu1');
      await addTenant('acme');
      await readyCluster('main');

      await control.admin.delete(DataPlane, { name: 'eu1' });
      const blocked = await control.until(
        DataPlane,
        { name: 'eu1' },
        (plane) => conditionStatus(plane, 'DeletionBlocked') === 'True',
      );
      assert.match(conditionOf(blocked, 'DeletionBlocked')?.message ?? '', /tn-acme\/main/);
      await control.admin.delete(DataCluster, { namespace: 'tn-acme', name: 'main' });
      const work = await workOf('main');
      await control.until(PlaneWork, work.metadata, (each) => each.spec.tombstone !== undefined);
      await report(await workOf('main'), 'Deleted');

      await control.untilGone(DataPlane, { name: 'eu1' });
    });
  });

  describe('data cluster', () => {
    it('A12 is placed, named and rendered, and Ready when the plane has applied it', async () => {
      await addPlane('eu1', { region: 'eu' });
      await addTenant('acme');

      const cluster = await addCluster('main');
      assert.equal(cluster.spec.dataPlaneRef, 'eu1');
      assert.equal(cluster.spec.slug, 'acme-main');
      assert.equal(cluster.status?.phase, 'Provisioning');
      const work = await workOf('main');
      assert.equal(work.spec.targetNamespace, 'tenant-acme-main');
      assert.equal(work.spec.tenant, 'acme');
      await report(work, 'Applied');

      const ready = await clusterIn('Ready', 'main');
      for (const type of ['Placed', 'NamespaceReady', 'NetworkReady', 'Ready']) {
        assert.equal(conditionStatus(ready, type), 'True', type);
      }
      const tenant = await control.until(
        Tenant,
        { name: 'acme' },
        (each) => each.status?.dataClusters?.[0]?.phase === 'Ready',
      );
      assert.deepEqual(tenant.status?.dataClusters, [{ name: 'main', dataPlane: 'eu1', phase: 'Ready' }]);
      await control.until(DataPlane, { name: 'eu1' }, (plane) => plane.status?.tenants?.count === 1);
    });

    it('renders a new generation only when something changed', async () => {
      await addPlane('eu1');
      await addTenant('acme');
      await readyCluster('main');
      const before = (await workOf('main')).metadata;

      await control.restartControllers();
      await addTenant('globex');
      assert.equal((await workOf('main')).metadata.generation, before.generation);
      await control.admin.patch(Tenant, { name: 'acme' }, { spec: { quota: { pods: 7 } } });

      const changed = await control.until(
        PlaneWork,
        before,
        (work) => work.metadata.generation !== before.generation,
      );
      const quota = changed.spec.manifests.find(
        (manifest) => manifest['kind'] === 'ResourceQuota',
      ) as JsonObject;
      assert.equal((quota['spec'] as { hard: Record<string, string> }).hard['pods'], '7');
    });

    it('A18 waits for a plane that fits, and is placed as soon as there is one', async () => {
      await addPlane('us1', { region: 'us' });
      await addTenant('acme', { placement: { regions: ['eu'] } });
      await control.admin.create(DataCluster, { metadata: { namespace: 'tn-acme', name: 'main' }, spec: {} });
      const waiting = await clusterIn('Pending', 'main');
      assert.equal(conditionOf(waiting, 'Placed')?.reason, 'NoFittingDataPlane');

      await addPlane('eu1', { region: 'eu' });

      const cluster = await control.until(
        DataCluster,
        { namespace: 'tn-acme', name: 'main' },
        (each) => each.spec.dataPlaneRef !== undefined,
      );
      assert.equal(cluster.spec.dataPlaneRef, 'eu1');
    });

    it('A17 never shares a namespace: the second that wants a slug says so and gets it when the first is gone', async () => {
      await addPlane('eu1');
      await addTenant('acme');
      await addTenant('globex');
      await readyCluster('main', { slug: 'shared' });

      await control.admin.create(DataCluster, {
        metadata: { namespace: 'tn-globex', name: 'main' },
        spec: { slug: 'shared' },
      });
      const second = await clusterIn('Pending', 'main', 'tn-globex');
      assert.equal(conditionOf(second, 'Placed')?.reason, 'SlugTaken');
      await control.admin.delete(DataCluster, { namespace: 'tn-acme', name: 'main' });
      const first = await workOf('main');
      await control.until(PlaneWork, first.metadata, (each) => each.spec.tombstone !== undefined);
      assert.equal((await control.admin.list(PlaneWork, { namespace: 'tn-globex' })).items.length, 0);
      await report(await workOf('main'), 'Deleted');

      await control.until(
        DataCluster,
        { namespace: 'tn-globex', name: 'main' },
        (each) => each.status?.namespace === 'tenant-shared',
      );
    });

    it('A16 waits with a deletion for its plane and says what for', async () => {
      await addPlane('eu1', {}, timestamp(Date.now() - 600_000));
      await addTenant('acme');
      await addCluster('main');

      await control.admin.delete(DataCluster, { namespace: 'tn-acme', name: 'main' });
      const waiting = await control.until(
        DataCluster,
        { namespace: 'tn-acme', name: 'main' },
        (each) => conditionOf(each, 'Deleting')?.reason === 'WaitingForDataPlane',
      );
      assert.equal(waiting.status?.phase, 'Deleting');
      await report(await workOf('main'), 'Deleted');

      await control.untilGone(DataCluster, { namespace: 'tn-acme', name: 'main' });
      assert.deepEqual((await control.admin.list(PlaneWork, { namespace: 'tn-acme' })).items, []);
    });

    it('A16 with Retain takes access away first, then lets go of what is kept', async () => {
      await addPlane('eu1');
      await addTenant('acme');
      await readyCluster('main', { retainPolicy: 'Retain' });
      const { metadata } = await workOf('main');

      await control.admin.delete(DataCluster, { namespace: 'tn-acme', name: 'main' });
      const reduced = await control.until(
        PlaneWork,
        metadata,
        ({ spec }) => !spec.manifests.some((manifest) => manifest['kind'] === 'RoleBinding'),
      );
      assert.equal(reduced.spec.tombstone, undefined);
      await report(reduced, 'Applied');
      const left = await control.until(PlaneWork, metadata, ({ spec }) => spec.tombstone?.mode === 'Orphan');
      await report(left, 'Deleted');

      await control.untilGone(DataCluster, { namespace: 'tn-acme', name: 'main' });
    });

    it('never waits for a plane that was never registered', async () => {
      await control.admin.create(DataPlane, { metadata: { name: 'eu1' }, spec: {} });
      await addTenant('acme');
      await addCluster('main');

      await control.admin.delete(DataCluster, { namespace: 'tn-acme', name: 'main' });

      await control.untilGone(DataCluster, { namespace: 'tn-acme', name: 'main' });
    });
  });

  it('D20 suspends and resumes a tenant, in step with its planes', async () => {
    await addPlane('eu1');
    await addTenant('acme');
    await readyCluster('main');

    await control.admin.patch(Tenant, { name: 'acme' }, { spec: { suspended: true } });
    const suspending = await tenantIn('Suspending');
    assert.deepEqual(
      suspending.status?.pendingPlanes?.map(({ name }) => name),
      ['eu1'],
    );
    const podsOf = ({ spec }: PlaneWork): unknown => {
      const quota = spec.manifests.find((manifest) => manifest['kind'] === 'ResourceQuota') as JsonObject;
      return (quota['spec'] as { hard: Record<string, string> }).hard['pods'];
    };
    const { metadata } = await workOf('main');
    await report(await control.until(PlaneWork, metadata, (work) => podsOf(work) === '0'), 'Applied');
    const suspended = await tenantIn('Suspended');
    assert.equal(conditionStatus(suspended, 'Suspended'), 'True');
    assert.equal(suspended.status?.pendingPlanes, undefined);

    await control.admin.patch(Tenant, { name: 'acme' }, { spec: { suspended: false } });
    await control.until(PlaneWork, metadata, (work) => podsOf(work) === '100');
    await tenantIn('Active');
  });

  it('deletes a tenant only after its planes have confirmed', async () => {
    await addPlane('eu1');
    await addTenant('acme');
    await readyCluster('main');

    await control.admin.delete(Tenant, { name: 'acme' });
    await control.until(
      Tenant,
      { name: 'acme' },
      (tenant) => conditionOf(tenant, 'Deleting')?.reason === 'RemovingDataCluster',
    );
    assert.notEqual(await control.admin.find(Namespace, { name: 'tn-acme' }), undefined);
    const { metadata } = await workOf('main');
    await report(
      await control.until(PlaneWork, metadata, ({ spec }) => spec.tombstone !== undefined),
      'Deleted',
    );

    await control.untilGone(Tenant, { name: 'acme' });
    assert.equal(await control.admin.find(Namespace, { name: 'tn-acme' }), undefined);
  });

  it('X4 lets a namespace that is deleted by hand go only when the plane is clean', async () => {
    await addPlane('eu1');
    await addTenant('acme');
    await readyCluster('main');
    const { metadata } = await workOf('main');

    await control.admin.delete(Namespace, { name: 'tn-acme' });
    const left = await control.until(PlaneWork, metadata, ({ spec }) => spec.tombstone !== undefined);
    await report(left, 'Deleted');
    await control.untilGone(PlaneWork, metadata);

    // The tenant is still wanted: it gets a namespace again.
    await control.until(
      Namespace,
      { name: 'tn-acme' },
      (namespace) => namespace.metadata.deletionTimestamp === undefined,
    );
  });
});
