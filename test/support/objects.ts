/** Builders of stored objects for tests: valid by default, so that a test states only what matters. */
import type { ObjectMeta } from '../../apiserver/api/meta.ts';
import type { DataCluster } from '../../apiserver/kinds/data-cluster.ts';
import type { DataPlane } from '../../apiserver/kinds/data-plane.ts';
import type { PlaneWork } from '../../apiserver/kinds/plane-work.ts';
import type { Tenant } from '../../apiserver/kinds/tenant.ts';

const meta = (name: string, more: Partial<ObjectMeta> = {}): ObjectMeta => ({
  name,
  uid: `uid-of-${name}`,
  resourceVersion: '1',
  generation: 1,
  creationTimestamp: '2026-01-01T00:00:00Z',
  ...more,
});

export const tenant = (
  name: string,
  spec: Partial<Tenant['spec']> = {},
  more: Partial<ObjectMeta> = {},
): Tenant => ({
  apiVersion: 'platform.polder.dev/v1alpha1',
  kind: 'Tenant',
  metadata: meta(name, more),
  spec: {
    admins: [],
    isolation: 'Namespace',
    placement: {},
    quota: { cpu: '8', memory: '16Gi', storage: '100Gi', gpu: '0', pods: 100, dataClusters: 4 },
    rateLimit: { rps: 50, burst: 100 },
    networkMode: 'DefaultDeny',
    literalPolicy: 'Redact',
    suspended: false,
    deletionPolicy: 'Delete',
    ...spec,
  },
});

export const plane = (
  name: string,
  spec: Partial<DataPlane['spec']> = {},
  more: Partial<ObjectMeta> = {},
): DataPlane => ({
  apiVersion: 'platform.polder.dev/v1alpha1',
  kind: 'DataPlane',
  metadata: meta(name, more),
  spec: {
    mode: 'Hosted',
    roles: ['runtime'],
    cordoned: false,
    paused: false,
    intervals: { heartbeatSeconds: 60, usageSeconds: 120, reconcileSeconds: 300 },
    ...spec,
  },
});

export const cluster = (
  name: string,
  spec: Partial<DataCluster['spec']> = {},
  more: Partial<ObjectMeta> = {},
): DataCluster => ({
  apiVersion: 'data.polder.dev/v1alpha1',
  kind: 'DataCluster',
  metadata: meta(name, { namespace: 'tn-acme', ...more }),
  spec: {
    services: {},
    dataApi: { versionPolicy: 'Pinned' },
    retainPolicy: 'Delete',
    suspended: false,
    ...spec,
  },
});

export const work = (
  name: string,
  spec: Partial<PlaneWork['spec']> = {},
  status?: PlaneWork['status'],
  more: Partial<ObjectMeta> = {},
): PlaneWork => ({
  apiVersion: 'data.polder.dev/v1alpha1',
  kind: 'PlaneWork',
  metadata: meta(name, { namespace: 'tn-acme', ...more }),
  spec: {
    dataPlane: 'eu1',
    owner: { kind: 'DataCluster', name: 'main', uid: 'uid-of-main', namespace: 'tn-acme' },
    manifests: [],
    prune: true,
    policy: { drift: 'Correct', onOrphan: 'Keep' },
    ...spec,
  },
  ...(status === undefined ? {} : { status }),
});

/** The report of an agent that has carried out `revision`. */
export const reported = (reason: string, revision: number): NonNullable<PlaneWork['status']> => ({
  observedGeneration: revision,
  ...(reason === 'Nack' ? {} : { appliedRevision: revision }),
  conditions: [
    {
      type: 'Applied',
      status: reason === 'Nack' ? 'False' : 'True',
      reason,
      message: reason === 'Nack' ? 'kind Node is not allowed' : '',
      lastTransitionTime: '2026-01-01T00:00:00Z',
    },
  ],
});
