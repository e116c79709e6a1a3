/** What the smaller controllers conclude about a tenant's objects, against the real API server in this process. */
import assert from 'node:assert/strict';
import { AccessPolicy } from '../../apiserver/kinds/access-policy.ts';
import { AccessRole } from '../../apiserver/kinds/access-role.ts';
import { Credential } from '../../apiserver/kinds/credential.ts';
import { DataCluster } from '../../apiserver/kinds/data-cluster.ts';
import { DataPlane } from '../../apiserver/kinds/data-plane.ts';
import { DataProduct } from '../../apiserver/kinds/data-product.ts';
import { Depot } from '../../apiserver/kinds/depot.ts';
import { DeploymentPipeline } from '../../apiserver/kinds/deployment-pipeline.ts';
import { Environment } from '../../apiserver/kinds/environment.ts';
import { Stack } from '../../apiserver/kinds/stack.ts';
import { conditionOf, conditionStatus } from '../../apiserver/kinds/status.ts';
import { Tenant } from '../../apiserver/kinds/tenant.ts';
import { timestamp } from '../../apiserver/runtime/clock.ts';
import { startControlPlane, type ControlPlane } from '../support/control-plane.ts';

const ADMINS = [{ kind: 'Group', name: 'acme-admins' }] as const;

describe('conclusions about what a tenant has', () => {
  let control: ControlPlane;
  before(async () => {
    control = await startControlPlane();
    await control.admin.create(DataPlane, { metadata: { name: 'eu1' }, spec: {} });
    await control.admin.create(Tenant, {
      metadata: { name: 'acme' },
      spec: { admins: ADMINS, settings: { region: 'eu', level: 'info' } },
    });
    await control.until(Tenant, { name: 'acme' }, (tenant) => tenant.status?.phase === 'Active');
    await control.admin.create(DataCluster, { metadata: { namespace: 'tn-acme', name: 'main' }, spec: {} });
  });
  after(() => control.close());
  const inAcme = (name: string): { readonly namespace: string; readonly name: string } => ({
    namespace: 'tn-acme',
    name,
  });

  it('D8 a depot is Ready when its credentials are there', async () => {
    const generator = {
      keys: [
        { name: 'username', literal: 'w' },
        { name: 'password', length: 40 },
      ],
    };
    await control.admin.create(Credential, {
      metadata: inAcme('owner'),
      spec: {
        type: 'basic',
        source: 'Generated',
        acl: 'rw',
        generator,
        targets: [{ dataClusterRef: 'main' }],
      },
    });
    await control.admin.create(Depot, {
      metadata: inAcme('warehouse'),
      spec: {
        type: 'Postgres',
        dataClusterRef: 'main',
        credentials: [{ purpose: 'rw', ref: { name: 'owner' } }],
        datasets: [{ name: 'orders' }],
      },
    });

    const depot = await control.until(
      Depot,
      inAcme('warehouse'),
      (each) => conditionStatus(each, 'Ready') === 'True',
    );
    assert.equal(depot.status?.phase, 'Active');
    assert.equal(conditionStatus(depot, 'Reachable'), 'Unknown');
    const credential = await control.until(
      Credential,
      inAcme('owner'),
      (each) => each.status?.presence !== undefined,
    );
    assert.deepEqual(credential.status?.presence, [{ plane: 'eu1', state: 'Unknown' }]);
    assert.equal(conditionStatus(credential, 'Sealed'), 'True');
    assert.equal(conditionStatus(credential, 'Delivered'), 'Unknown');
    // Ours to do: users are told that the depot still uses it.
    await control.admin.delete(Credential, inAcme('owner'));
    const broken = await control.until(
      Depot,
      inAcme('warehouse'),
      (each) => conditionStatus(each, 'Ready') === 'False',
    );
    assert.match(conditionOf(broken, 'Ready')?.message ?? '', /credentials do not exist: owner/);
  });

  it('U9 an environment inherits settings and follows its data cluster', async () => {
    await control.admin.create(Environment, {
      metadata: inAcme('dev'),
      spec: { dataClusterRef: 'main', settings: { level: 'debug', region: '' } },
    });

    const waiting = await control.until(
      Environment,
      inAcme('dev'),
      (each) => conditionOf(each, 'Ready')?.reason === 'DataClusterNotReady',
    );
    assert.deepEqual(waiting.status?.effectiveSettings, { level: 'debug' });
    await control.admin.patch(Tenant, { name: 'acme' }, { spec: { settings: { extra: 'yes' } } });
    await control.until(
      Environment,
      inAcme('dev'),
      (each) => each.status?.effectiveSettings?.['extra'] === 'yes',
    );
  });

  it('O3 a pipeline reports its root and order', async () => {
    await control.admin.create(Environment, {
      metadata: inAcme('prod'),
      spec: { dataClusterRef: 'main', isProduction: true },
    });
    await control.admin.create(DeploymentPipeline, {
      metadata: inAcme('line'),
      spec: { promotionPaths: [{ sourceEnvironmentRef: 'dev', targetEnvironmentRefs: ['prod'] }] },
    });

    const pipeline = await control.until(
      DeploymentPipeline,
      inAcme('line'),
      (each) => conditionStatus(each, 'Valid') === 'True',
    );

    assert.equal(pipeline.status?.root, 'dev');
    assert.deepEqual(pipeline.status.order, ['dev', 'prod']);
  });

  it('D15 a product says what it is missing to be ready, and which step comes first', async () => {
    await control.admin.create(Stack, {
      metadata: { name: 'job' },
      spec: {
        versions: [
          {
            name: '1.0',
            kind: 'Job',
            schema: { type: 'object' },
            manifests: [{ apiVersion: 'batch/v1', kind: 'Job', metadata: { name: '{{ step }}' } }],
          },
        ],
      },
    });
    await control.admin.create(DataProduct, {
      metadata: inAcme('revenue'),
      spec: {
        owner: 'ann',
        resources: [
          { id: 'report', stack: 'job:1.0', dependsOn: ['load'] },
          { id: 'load', stack: 'job:1.0' },
        ],
      },
    });

    const product = await control.until(
      DataProduct,
      inAcme('revenue'),
      (each) => conditionStatus(each, 'Valid') === 'True',
    );
    assert.deepEqual(product.status?.order, ['load', 'report']);
    assert.equal(conditionOf(product, 'Ready')?.reason, 'NotReleased');
    await control.until(Stack, { name: 'job' }, (stack) => stack.status?.usedBy === 1);
  });

  it('a policy says whether it is in force, and a role how often it is given', async () => {
    const name = 'developers';
    await control.admin.create(AccessPolicy, {
      metadata: inAcme(name),
      spec: {
        effect: 'Allow',
        subjects: [{ kind: 'User', name: 'dev' }],
        roleRef: { name: 'data-developer' },
        expiresAt: timestamp(Date.now() + 3_600_000),
      },
    });

    await control.until(
      AccessPolicy,
      inAcme(name),
      (each) => conditionOf(each, 'Valid')?.reason === 'InForce',
    );
    await control.until(AccessRole, { name: 'data-developer' }, (role) => role.status?.boundBy === 1);
    await control.admin.patch(AccessPolicy, inAcme(name), {
      spec: { expiresAt: timestamp(Date.now() - 1_000) },
    });

    await control.until(
      AccessPolicy,
      inAcme(name),
      (each) => conditionOf(each, 'Valid')?.reason === 'Expired',
    );
  });
});
