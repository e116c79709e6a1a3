/** A Compute is a pool of nodes on one data plane that operators open to named tenants. */
import { defineKind, type ObjectFor } from '../api/kind.ts';
import { int, list, map, obj, opt, quantity, str } from '../api/schema.ts';
import { nameSet } from './fields.ts';
import { objectName, prose, tenantName } from './names.ts';
import { conditions, conditionStatus, observedGeneration } from './status.ts';

const toleration = obj('One taint that is tolerated.', {
  key: str('Key of the taint.', { minLength: 1, maxLength: 317 }),
  operator: str('How the value is compared.', { enum: ['Exists', 'Equal'], default: 'Equal' }),
  value: opt(str('Value of the taint.', { maxLength: 63 })),
  effect: opt(
    str('Effect of the taint; every one when not set.', {
      enum: ['NoSchedule', 'PreferNoSchedule', 'NoExecute'],
    }),
  ),
  tolerationSeconds: opt(int('How long a NoExecute taint is tolerated.', { format: 'int64', minimum: 0 })),
});

const spec = obj('Desired state.', {
  description: opt(prose('What the pool is for.')),
  dataPlaneRef: objectName('DataPlane the nodes belong to.'),
  tenants: nameSet('Tenants that may use the pool.', tenantName('Name of a tenant.'), 1000),
  purpose: str('Work that the pool is for.', { enum: ['runnable', 'query', 'gpu'], default: 'runnable' }),
  nodePool: obj('How pods get onto the nodes.', {
    nodeSelector: opt(map('Labels of the nodes.', str('Value.', { maxLength: 63 }), { maxProperties: 32 })),
    tolerations: opt(list('Taints of the nodes that are tolerated.', toleration, { maxItems: 32 })),
  }),
  limits: opt(
    obj('Upper bounds for one pod.', {
      cpu: opt(quantity('CPU cores.')),
      memory: opt(quantity('Memory.')),
      gpu: opt(quantity('GPUs.')),
    }),
  ),
});

const status = obj('Observed state, written by controllers only.', {
  observedGeneration,
  usedBy: opt(int('Number of products that use the pool.', { minimum: 0 })),
  conditions: conditions('Ready, DeletionBlocked'),
});

export const Compute = defineKind({
  kind: 'Compute',
  plural: 'computes',
  shortNames: ['cpt'],
  scope: 'Cluster',
  doc: 'A pool of nodes on one data plane, opened by operators to named tenants.',
  spec,
  status,
  immutable: ['spec.dataPlaneRef'],
  references: [
    { field: 'spec.dataPlaneRef', to: 'DataPlane', verb: 'use' },
    { field: 'spec.tenants[]', to: 'Tenant', verb: 'use', required: false, protects: false },
  ],
  selectableFields: ['spec.dataPlaneRef', 'spec.purpose'],
  columns: [
    { name: 'Plane', type: 'string', cell: (compute) => compute.spec.dataPlaneRef },
    { name: 'Purpose', type: 'string', cell: (compute) => compute.spec.purpose },
    { name: 'Tenants', type: 'integer', cell: (compute) => compute.spec.tenants.length },
    { name: 'Used By', type: 'integer', cell: (compute) => compute.status?.usedBy },
    { name: 'Ready', type: 'string', wide: true, cell: (compute) => conditionStatus(compute, 'Ready') },
  ],
});
export type Compute = ObjectFor<typeof Compute>;
