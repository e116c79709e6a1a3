/** apps/v1 Deployment. */
import { defineNative, type ObjectFor } from '../../api/kind.ts';
import { bool, int, listMap, obj, opt, str, time } from '../../api/schema.ts';
import { conditionFields } from './fields.ts';
import { checkPodSpec, checkSelector, fillTemplate, podTemplate } from './pod-template.ts';
import {
  containersColumn,
  count,
  fillRollingUpdate,
  imagesColumn,
  rollingUpdate,
  selector,
  selectorColumn,
} from './workload.ts';

const spec = obj('Desired state.', {
  replicas: int('Number of pods.', { minimum: 0, default: 1 }),
  selector,
  template: podTemplate,
  strategy: obj(
    'How old pods are replaced by new ones.',
    {
      type: str('All at once or little by little.', {
        enum: ['Recreate', 'RollingUpdate'],
        default: 'RollingUpdate',
      }),
      rollingUpdate: opt(rollingUpdate('How pods are replaced little by little.')),
    },
    { default: {} },
  ),
  minReadySeconds: opt(int('How long a pod must be ready to count as available.', { minimum: 0 })),
  revisionHistoryLimit: int('Old ReplicaSets that are kept.', { minimum: 0, default: 10 }),
  paused: opt(bool('Whether changes of the template are held back.')),
  progressDeadlineSeconds: int('Time without progress after which it has failed.', { default: 600 }),
});

const condition = obj('One aspect of the state.', {
  ...conditionFields,
  lastUpdateTime: opt(time('When it was last written.')),
});

const status = obj('Observed state.', {
  observedGeneration: opt(int('Generation that was acted on last.', { format: 'int64' })),
  replicas: count('Number of pods.'),
  updatedReplicas: count('Pods of the present template.'),
  readyReplicas: count('Pods that are ready.'),
  availableReplicas: count('Pods that have been ready long enough.'),
  unavailableReplicas: count('Pods that are missing.'),
  terminatingReplicas: count('Pods that are ending.'),
  conditions: opt(listMap('Aspects of the state.', 'type', condition)),
  collisionCount: count('Collisions of the hash of the template.'),
});

export const Deployment = defineNative({
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  plural: 'deployments',
  shortNames: ['deploy'],
  categories: ['all'],
  scope: 'Namespaced',
  doc: 'Keeps a number of equal pods running and replaces them when the template changes.',
  fields: { spec, status: opt(status) },
  scale: { specReplicas: 'spec.replicas', statusReplicas: 'status.replicas', labelSelector: 'spec.selector' },
  immutable: ['spec.selector'],
  columns: [
    {
      name: 'Ready',
      type: 'string',
      cell: (deployment) => `${deployment.status?.readyReplicas ?? 0}/${deployment.spec.replicas}`,
    },
    { name: 'Up-to-date', type: 'integer', cell: (deployment) => deployment.status?.updatedReplicas ?? 0 },
    { name: 'Available', type: 'integer', cell: (deployment) => deployment.status?.availableReplicas ?? 0 },
    containersColumn,
    imagesColumn,
    selectorColumn,
  ],
  prepare: (object) =>
    fillTemplate(fillRollingUpdate(object, 'strategy', { maxUnavailable: '25%', maxSurge: '25%' }), [
      'spec',
      'template',
    ]),
  check: ({ spec: wanted }) => [
    ...checkSelector(wanted.selector, wanted.template),
    ...checkPodSpec(wanted.template.spec, 'spec.template.spec'),
  ],
});
export type Deployment = ObjectFor<typeof Deployment>;
