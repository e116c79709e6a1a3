/** v1 ReplicationController; what came before ReplicaSets, and still asked for by `kubectl apply --prune`. */
import { isObject, type Json } from '../../api/json.ts';
import { cause } from '../../api/causes.ts';
import type { Cause } from '../../api/errors.ts';
import { defineNative, type ObjectFor } from '../../api/kind.ts';
import { int, map, obj, opt, type Value } from '../../api/schema.ts';
import { formatLabels } from '../fields.ts';
import { plainConditions, text } from './fields.ts';
import { checkPodSpec, containerImages, containerNames, fillTemplate, podTemplate } from './pod-template.ts';
import { count } from './workload.ts';

const spec = obj('Desired state.', {
  replicas: int('Number of pods.', { minimum: 0, default: 1 }),
  minReadySeconds: opt(int('How long a pod must be ready to count as available.', { minimum: 0 })),
  selector: opt(
    map('Labels of the pods; those of the template when not set.', text('Value.'), { mapType: 'atomic' }),
  ),
  template: podTemplate,
});

const status = obj('Observed state.', {
  replicas: count('Number of pods.'),
  fullyLabeledReplicas: count('Pods that have all labels of the template.'),
  readyReplicas: count('Pods that are ready.'),
  availableReplicas: count('Pods that have been ready long enough.'),
  observedGeneration: opt(int('Generation that was acted on last.', { format: 'int64' })),
  conditions: plainConditions,
});

export const ReplicationController = defineNative({
  group: '',
  version: 'v1',
  kind: 'ReplicationController',
  plural: 'replicationcontrollers',
  shortNames: ['rc'],
  categories: ['all'],
  scope: 'Namespaced',
  doc: 'Keeps a number of equal pods running; use a Deployment instead.',
  fields: { spec, status: opt(status) },
  scale: { specReplicas: 'spec.replicas', statusReplicas: 'status.replicas', labelSelector: 'spec.selector' },
  selectableFields: ['status.replicas'],
  columns: [
    { name: 'Desired', type: 'integer', cell: (set) => set.spec.replicas },
    { name: 'Current', type: 'integer', cell: (set) => set.status?.replicas ?? 0 },
    { name: 'Ready', type: 'integer', cell: (set) => set.status?.readyReplicas ?? 0 },
    {
      name: 'Containers',
      type: 'string',
      wide: true,
      cell: ({ spec: { template } }) => containerNames(template.spec),
    },
    {
      name: 'Images',
      type: 'string',
      wide: true,
      cell: ({ spec: { template } }) => containerImages(template.spec),
    },
    { name: 'Selector', type: 'string', wide: true, cell: (set) => formatLabels(set.spec.selector) },
  ],
  prepare: fill,
  check: (set) => [...checkSelector(set.spec), ...checkPodSpec(set.spec.template.spec, 'spec.template.spec')],
});
export type ReplicationController = ObjectFor<typeof ReplicationController>;

/** source: core/v1 SetDefaults_ReplicationController: what is not said comes from the template. */
function fill(object: Readonly<Record<string, Json>>): Record<string, Json> {
  const filled = fillTemplate(object, ['spec', 'template']);
  const { spec: wanted, metadata } = filled;
  const template = isObject(wanted) && isObject(wanted['template']) ? wanted['template'] : {};
  const labels = isObject(template['metadata']) ? template['metadata']['labels'] : undefined;
  if (!isObject(wanted) || labels === undefined) return filled;
  return {
    ...filled,
    ...(isObject(metadata) ? { metadata: { labels, ...metadata } } : {}),
    spec: { selector: labels, ...wanted },
  };
}

/** source: core validation ValidateReplicationControllerSpec. */
function checkSelector({ selector = {}, template }: Value<typeof spec>): readonly Cause[] {
  const wanted = Object.entries(selector);
  if (wanted.length === 0) return [cause.required('spec.selector')];
  const labels = template.metadata?.labels ?? {};
  if (wanted.every(([key, value]) => Object.hasOwn(labels, key) && labels[key] === value)) return [];
  const why = '`selector` does not match template `labels`';
  return [cause.invalid('spec.template.metadata.labels', labels, why)];
}
