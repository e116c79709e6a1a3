/** The data cluster controller against the real API server in this process; the agents' reports are written by the tests. */
import assert from 'node:assert/strict';
import type { JsonObject } from '../../apiserver/api/json.ts';
import { DataCluster } from '../../apiserver/kinds/data-cluster.ts';
import { DataPlane } from '../../apiserver/kinds/data-plane.ts';
import { NamespaceTemplate } from '../../apiserver/kinds/namespace-template.ts';
import { PlaneWork } from '../../apiserver/kinds/plane-work.ts';
import { conditionOf, conditionStatus } from '../../apiserver/kinds/status.ts';
import { Tenant } from '../../apiserver/kinds/tenant.ts';
import { timestamp } from '../../apiserver/runtime/clock.ts';
import { startControlPlane, type ControlPlane } from '../support/control-plane.ts';
import { createScenario, type Scenario } from '../support/scenario.ts';

describe('data cluster controller', () => {
  let control: ControlPlane;
  let scene: Scenario;
  beforeEach(async () => {
    control = await startControlPlane();
    scene = createScenario(control);
  });
  afterEach(() => control.close());

  it('A12 is placed, named and rendered, and Ready when the plane has applied it', async () => {
    await scene.addPlane('eu1', { region: 'eu' });
    await scene.addTenant('acme');

    const cluster = await scene.addCluster('main');
    assert.equal(cluster.spec.dataPlaneRef, 'eu1');
    assert.equal(cluster.spec.slug, 'acme-main');
    assert.equal(cluster.status?.phase, 'Provisioning');
    const work = await scene.workOf('main');
    assert.equal(work.spec.targetNamespace, 'tenant-acme-main');
    assert.equal(work.spec.tenant, 'acme');
    await scene.report(work, 'Applied');

    const ready = await scene.clusterIn('Ready', 'main');
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
    await scene.addPlane('eu1');
    await scene.addTenant('acme');
    await scene.readyCluster('main');
    const before = (await scene.workOf('main')).metadata;

    await control.restartControllers();
    await scene.addTenant('globex');
    assert.equal((await scene.workOf('main')).metadata.generation, before.generation);
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
    await scene.addPlane('us1', { region: 'us' });
    await scene.addTenant('acme', { placement: { regions: ['eu'] } });
    await control.admin.create(DataCluster, { metadata: { namespace: 'tn-acme', name: 'main' }, spec: {} });
    const waiting = await scene.clusterIn('Pending', 'main');
    assert.equal(conditionOf(waiting, 'Placed')?.reason, 'NoFittingDataPlane');

    await scene.addPlane('eu1', { region: 'eu' });

    const cluster = await control.until(
      DataCluster,
      { namespace: 'tn-acme', name: 'main' },
      (each) => each.spec.dataPlaneRef !== undefined,
    );
    assert.equal(cluster.spec.dataPlaneRef, 'eu1');
  });

  it('A17 never shares a namespace: the second that wants a slug says so and gets it when the first is gone', async () => {
    await scene.addPlane('eu1');
    await scene.addTenant('acme');
    await scene.addTenant('globex');
    await scene.readyCluster('main', { slug: 'shared' });

    await control.admin.create(DataCluster, {
      metadata: { namespace: 'tn-globex', name: 'main' },
      spec: { slug: 'shared' },
    });
    const second = await scene.clusterIn('Pending', 'main', 'tn-globex');
    assert.equal(conditionOf(second, 'Placed')?.reason, 'SlugTaken');
    await control.admin.delete(DataCluster, { namespace: 'tn-acme', name: 'main' });
    const first = await scene.workOf('main');
    await control.until(PlaneWork, first.metadata, (each) => each.spec.tombstone !== undefined);
    assert.equal((await control.admin.list(PlaneWork, { namespace: 'tn-globex' })).items.length, 0);
    await scene.report(await scene.workOf('main'), 'Deleted');

    await control.until(
      DataCluster,
      { namespace: 'tn-globex', name: 'main' },
      (each) => each.status?.namespace === 'tenant-shared',
    );
  });

  it('B7 is refused above the quota of its tenant', async () => {
    await control.admin.create(DataPlane, { metadata: { name: 'eu1' }, spec: {} });
    await scene.addTenant('acme', { quota: { dataClusters: 1 } });
    await scene.addCluster('first');
    const second = { metadata: { namespace: 'tn-acme', name: 'second' }, spec: {} };

    await assert.rejects(control.admin.create(DataCluster, second), {
      reason: 'Forbidden',
      message:
        /exceeded quota: polder-tenant, requested: count\/dataclusters.data.polder.dev=1, used: .*=1, limited: .*=1$/,
    });
  });

  it('B7 waits above a quota that was lowered until an older one is gone', async () => {
    await control.admin.create(DataPlane, { metadata: { name: 'eu1' }, spec: {} });
    await scene.addTenant('acme', { quota: { dataClusters: 2 } });
    await scene.addCluster('first');
    await control.admin.patch(DataPlane, { name: 'eu1' }, { spec: { cordoned: true } });
    await control.admin.create(DataCluster, { metadata: { namespace: 'tn-acme', name: 'next' }, spec: {} });
    await scene.clusterIn('Pending', 'next');
    await control.admin.patch(Tenant, { name: 'acme' }, { spec: { quota: { dataClusters: 1 } } });

    const waiting = await control.until(
      DataCluster,
      { namespace: 'tn-acme', name: 'next' },
      (each) => conditionOf(each, 'Placed')?.reason === 'QuotaExceeded',
    );
    assert.equal(waiting.status?.phase, 'Pending');
    await control.until(
      Tenant,
      { name: 'acme' },
      (each) => conditionStatus(each, 'QuotaExceeded') === 'True',
    );
    await control.admin.patch(DataPlane, { name: 'eu1' }, { spec: { cordoned: false } });
    await control.admin.delete(DataCluster, { namespace: 'tn-acme', name: 'first' });

    await scene.clusterIn('Provisioning', 'next');
  });

  it('U4 carries the templates of its tenant, and says when one lacks a value', async () => {
    await scene.addPlane('eu1');
    await scene.addTenant('acme', { templateValues: { team: 'blue' } });
    const template = (name: string, variable: string): Promise<NamespaceTemplate> =>
      control.admin.create(NamespaceTemplate, {
        metadata: { name },
        spec: {
          variables: { [variable]: { required: true } },
          manifests: [
            {
              apiVersion: 'v1',
              kind: 'ConfigMap',
              metadata: { name },
              data: { value: `{{ ${variable} }}` },
            },
          ],
        },
      });
    await template('team', 'team');
    await scene.readyCluster('main');
    const configMaps = ({ spec }: PlaneWork): unknown[] =>
      spec.manifests.filter((manifest) => manifest['kind'] === 'ConfigMap').map((each) => each['data']);
    assert.deepEqual(configMaps(await scene.workOf('main')), [{ value: 'blue' }]);
    await control.until(
      NamespaceTemplate,
      { name: 'team' },
      (each) => each.status?.perPlane?.[0]?.synced === 1,
    );

    await template('cost', 'centre');
    const lacking = await control.until(
      DataCluster,
      { namespace: 'tn-acme', name: 'main' },
      (each) => conditionStatus(each, 'TemplatesReady') === 'False',
    );
    assert.match(conditionOf(lacking, 'TemplatesReady')?.message ?? '', /"cost" needs centre/);
    await control.admin.patch(Tenant, { name: 'acme' }, { spec: { templateValues: { centre: '42' } } });

    await control.until(
      PlaneWork,
      (await scene.workOf('main')).metadata,
      (work) => configMaps(work).length === 2,
    );
  });

  it('A16 waits with a deletion for its plane and says what for', async () => {
    await scene.addPlane('eu1', {}, timestamp(Date.now() - 600_000));
    await scene.addTenant('acme');
    await scene.addCluster('main');

    await control.admin.delete(DataCluster, { namespace: 'tn-acme', name: 'main' });
    const waiting = await control.until(
      DataCluster,
      { namespace: 'tn-acme', name: 'main' },
      (each) => conditionOf(each, 'Deleting')?.reason === 'WaitingForDataPlane',
    );
    assert.equal(waiting.status?.phase, 'Deleting');
    await scene.report(await scene.workOf('main'), 'Deleted');

    await control.untilGone(DataCluster, { namespace: 'tn-acme', name: 'main' });
    assert.deepEqual((await control.admin.list(PlaneWork, { namespace: 'tn-acme' })).items, []);
  });

  it('A16 with Retain takes access away first, then lets go of what is kept', async () => {
    await scene.addPlane('eu1');
    await scene.addTenant('acme');
    await scene.readyCluster('main', { retainPolicy: 'Retain' });
    const { metadata } = await scene.workOf('main');

    await control.admin.delete(DataCluster, { namespace: 'tn-acme', name: 'main' });
    const reduced = await control.until(
      PlaneWork,
      metadata,
      ({ spec }) => !spec.manifests.some((manifest) => manifest['kind'] === 'RoleBinding'),
    );
    assert.equal(reduced.spec.tombstone, undefined);
    await scene.report(reduced, 'Applied');
    const left = await control.until(PlaneWork, metadata, ({ spec }) => spec.tombstone?.mode === 'Orphan');
    await scene.report(left, 'Deleted');

    await control.untilGone(DataCluster, { namespace: 'tn-acme', name: 'main' });
  });

  it('never waits for a plane that was never registered', async () => {
    await control.admin.create(DataPlane, { metadata: { name: 'eu1' }, spec: {} });
    await scene.addTenant('acme');
    await scene.addCluster('main');

    await control.admin.delete(DataCluster, { namespace: 'tn-acme', name: 'main' });

    await control.untilGone(DataCluster, { namespace: 'tn-acme', name: 'main' });
  });
});
