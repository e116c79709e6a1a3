/** apps/v1 ReplicaSet. */
import { defineNative, type ObjectFor } from '../../api/kind.ts';
import { int, obj, opt } from '../../api/schema.ts';
import { plainConditions } from './fields.ts';
import { checkPodSpec, checkSelector, fillTemplate, podTemplate } from './pod-template.ts';
import { containersColumn, count, imagesColumn, selector, selectorColumn } from './workload.ts';

const spec = obj('Desired state.', {
  replicas: int('Number of pods.', { minimum: 0, default: 1 }),
  minReadySeconds: opt(int('How long a pod must be ready to count as available.', { minimum: 0 })),
  selector,
  template: podTemplate,
});

const status = obj('Observed state.', {
  replicas: count('Number of pods.'),
  fullyLabeledReplicas: count('Pods that have all labels of the template.'),
  readyReplicas: count('Pods that are ready.'),
  availableReplicas: count('Pods that have been ready long enough.'),
  terminatingReplicas: count('Pods that are ending.'),
  observedGeneration: opt(int('Generation that was acted on last.', { format: 'int64' })),
  conditions: plainConditions,
});

export const ReplicaSet = defineNative({
  group: 'apps',
  version: 'v1',
  kind: 'ReplicaSet',
  plural: 'replicasets',
  shortNames: ['rs'],
  categories: ['all'],
  scope: 'Namespaced',
  doc: 'Keeps a number of equal pods running; usually made by a Deployment.',
  fields: { spec, status: opt(status) },
  scale: { specReplicas: 'spec.replicas', statusReplicas: 'status.replicas', labelSelector: 'spec.selector' },
  immutable: ['spec.selector'],
  selectableFields: ['status.replicas'],
  columns: [
    { name: 'Desired', type: 'integer', cell: (set) => set.spec.replicas },
    { name: 'Current', type: 'integer', cell: (set) => set.status?.replicas ?? 0 },
    { name: 'Ready', type: 'integer', cell: (set) => set.status?.readyReplicas ?? 0 },
    containersColumn,
    imagesColumn,
    selectorColumn,
  ],
  prepare: (object) => fillTemplate(object, ['spec', 'template']),
  check: ({ spec: wanted }) => [
    ...checkSelector(wanted.selector, wanted.template),
    ...checkPodSpec(wanted.template.spec, 'spec.template.spec'),
  ],
});
export type ReplicaSet = ObjectFor<typeof ReplicaSet>;
