/** What tests of controllers say again and again: tenants, planes, data clusters, and what agents report. */
import assert from 'node:assert/strict';
import { DataCluster } from '../../apiserver/kinds/data-cluster.ts';
import { DataPlane } from '../../apiserver/kinds/data-plane.ts';
import { PlaneWork } from '../../apiserver/kinds/plane-work.ts';
import { Tenant } from '../../apiserver/kinds/tenant.ts';
import { timestamp } from '../../apiserver/runtime/clock.ts';
import type { ControlPlane } from './control-plane.ts';

export const ADMINS = [{ kind: 'Group', name: 'acme-admins' }] as const;

export interface Scenario {
  tenantIn(phase: string, name?: string): Promise<Tenant>;
  /** Resolves when it is Active. */
  addTenant(name: string, spec?: object): Promise<Tenant>;
  /** A registered plane that was heard of at `heartbeat`; default now. */
  addPlane(name: string, spec?: object, heartbeat?: string): Promise<void>;
  /** As the hub writes down what an agent says about the current generation. */
  report(work: PlaneWork, reason: string): Promise<PlaneWork>;
  /** Resolves when it is placed. */
  addCluster(name: string, spec?: object, namespace?: string): Promise<DataCluster>;
  workOf(cluster: string, namespace?: string): Promise<PlaneWork>;
  clusterIn(phase: string, name: string, namespace?: string): Promise<DataCluster>;
  readyCluster(name: string, spec?: object): Promise<DataCluster>;
}

export function createScenario(control: ControlPlane): Scenario {
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
  return { tenantIn, addTenant, addPlane, report, addCluster, workOf, clusterIn, readyCluster };
}
