/** A Tenant is one isolated customer of the platform: a namespace, a budget, and the people who run it. */
import { cause } from '../api/causes.ts';
import type { Cause } from '../api/errors.ts';
import { defineKind, type ObjectFor } from '../api/kind.ts';
import { labelProblems } from '../api/names.ts';
import { bool, int, list, listMap, obj, opt, quantity, str, type Value } from '../api/schema.ts';
import { labelSelector, nameSet, textMap, usage } from './fields.ts';
import { identifier, MAX_TENANT_NAME, objectName, prose } from './names.ts';
import { conditionReason, conditions, observedGeneration } from './status.ts';

const admin = obj('One subject that administers the tenant.', {
  kind: str('What the name belongs to.', { enum: ['User', 'Group', 'ServiceAccount'] }),
  name: str('Exact name of the user, group or service account.', { minLength: 1, maxLength: 256 }),
  namespace: opt(identifier('Namespace of the service account; not set for users and groups.')),
});

const placement = obj(
  'Where the data clusters of the tenant may run.',
  {
    regions: opt(
      nameSet('Regions that are allowed; empty means every region.', identifier('Name of a region.')),
    ),
    planeSelector: opt(labelSelector('Labels that a data plane must carry.')),
  },
  { default: {} },
);

const quota = obj(
  'Upper bounds over all data clusters of the tenant.',
  {
    cpu: quantity('CPU cores that may be requested.', { default: '8' }),
    memory: quantity('Memory that may be requested.', { default: '16Gi' }),
    storage: quantity('Storage that may be claimed.', { default: '100Gi' }),
    gpu: quantity('GPUs that may be requested.', { default: '0' }),
    pods: int('Pods that may exist at a time.', { minimum: 0, maximum: 100_000, default: 100 }),
    dataClusters: int('Data clusters that may exist at a time.', { minimum: 0, maximum: 1000, default: 4 }),
  },
  { default: {} },
);

const rateLimit = obj(
  'Budget of requests that the tenant may send to the API.',
  {
    rps: int('Requests per second, sustained.', { minimum: 1, maximum: 10_000, default: 50 }),
    burst: int('Requests at once above the sustained rate.', { minimum: 1, maximum: 100_000, default: 100 }),
  },
  { default: {} },
);

const spec = obj('Desired state.', {
  displayName: opt(prose('Name for people.', 128)),
  admins: list('Subjects that hold the tenant-admin role in the tenant.', admin, {
    maxItems: 64,
    default: [],
  }),
  isolation: str('How strongly workloads of the tenant are separated from those of others.', {
    enum: ['Namespace', 'NodePool', 'DedicatedPlane', 'VirtualCluster'],
    default: 'Namespace',
  }),
  placement,
  quota,
  rateLimit,
  networkMode: str('Whether network traffic of the tenant is closed until a policy opens it.', {
    enum: ['DefaultDeny', 'Open'],
    default: 'DefaultDeny',
  }),
  templateValues: opt(textMap('Values for the variables of namespace templates.')),
  settings: opt(textMap('Settings that environments of the tenant inherit; never secrets.')),
  literalPolicy: str('What happens to literal inputs of runs in reports to the control plane.', {
    enum: ['Redact', 'Store'],
    default: 'Redact',
  }),
  suspended: bool('Stops workloads, schedules and logins, and refuses changes, while data stays.', {
    default: false,
  }),
  deletionPolicy: str('What happens to data when the tenant is deleted.', {
    enum: ['Delete', 'Retain'],
    default: 'Delete',
  }),
});

const cluster = obj('One data cluster.', {
  name: objectName('Name of the DataCluster.'),
  dataPlane: opt(objectName('Data plane it runs on.')),
  phase: opt(str('Summary of its conditions.', { maxLength: 64 })),
});

const pendingPlane = obj('One data plane.', {
  name: objectName('Name of the DataPlane.'),
  reason: opt(prose('What is waited for.')),
});

const status = obj('Observed state, written by controllers only.', {
  phase: opt(
    str('Summary of the conditions; controllers never read it.', {
      enum: ['Pending', 'Active', 'Suspending', 'Suspended', 'Deleting'],
    }),
  ),
  observedGeneration,
  namespace: opt(identifier('Namespace of the tenant in the control plane.')),
  dataClusters: opt(listMap('Data clusters of the tenant.', 'name', cluster, { maxItems: 1000 })),
  pendingPlanes: opt(
    listMap('Data planes that have not confirmed the last change yet.', 'name', pendingPlane, {
      maxItems: 1000,
    }),
  ),
  usage: usage('Consumption over all data clusters.'),
  effectiveSettings: opt(textMap('Settings after defaults were applied.')),
  conditions: conditions('Ready, NamespaceReady, PoliciesReady, Suspended, QuotaExceeded, Deleting'),
});

export const Tenant = defineKind({
  kind: 'Tenant',
  plural: 'tenants',
  shortNames: ['tn'],
  scope: 'Cluster',
  doc: 'An isolated customer of the platform with its own namespace, budget and administrators.',
  spec,
  status,
  columns: [
    { name: 'Phase', type: 'string', cell: (tenant) => tenant.status?.phase },
    { name: 'Namespace', type: 'string', cell: (tenant) => tenant.status?.namespace },
    { name: 'Clusters', type: 'integer', cell: (tenant) => tenant.status?.dataClusters?.length ?? 0 },
    { name: 'Isolation', type: 'string', wide: true, cell: (tenant) => tenant.spec.isolation },
    { name: 'Display Name', type: 'string', wide: true, cell: (tenant) => tenant.spec.displayName },
    { name: 'Reason', type: 'string', wide: true, cell: (tenant) => conditionReason(tenant, 'Ready') },
  ],
  check: (tenant) => [...checkName(tenant.metadata.name), ...checkAdmins(tenant.spec.admins)],
});
export type Tenant = ObjectFor<typeof Tenant>;

/** Namespaces and slugs are made from the name, so it is stricter than other names. */
function checkName(name: string): readonly Cause[] {
  if (name.length > MAX_TENANT_NAME) {
    return [cause.invalid('metadata.name', name, `must be no more than ${MAX_TENANT_NAME} characters`)];
  }
  return labelProblems(name).map((problem) => cause.invalid('metadata.name', name, problem));
}

function checkAdmins(admins: readonly Value<typeof admin>[]): readonly Cause[] {
  return admins.flatMap((subject, index) => {
    const field = `spec.admins[${index}].namespace`;
    if (subject.kind === 'ServiceAccount' || subject.namespace === undefined) return [];
    return [cause.forbidden(field, `only service accounts have a namespace, not a ${subject.kind}`)];
  });
}
