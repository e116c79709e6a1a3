/** apps/v1 DaemonSet. */
import { defineNative, type ObjectFor } from '../../api/kind.ts';
import { int, obj, opt, str } from '../../api/schema.ts';
import { formatLabels } from '../fields.ts';
import { plainConditions } from './fields.ts';
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
  selector,
  template: podTemplate,
  updateStrategy: obj(
    'How old pods are replaced by new ones.',
    {
      type: str('By itself, or only when pods are deleted.', {
        enum: ['RollingUpdate', 'OnDelete'],
        default: 'RollingUpdate',
      }),
      rollingUpdate: opt(rollingUpdate('How pods are replaced by themselves.')),
    },
    { default: {} },
  ),
  minReadySeconds: opt(int('How long a pod must be ready to count as available.', { minimum: 0 })),
  revisionHistoryLimit: int('Old revisions that are kept.', { minimum: 0, default: 10 }),
});

const status = obj('Observed state.', {
  currentNumberScheduled: count('Nodes that run the pod and should.'),
  numberMisscheduled: count('Nodes that run the pod and should not.'),
  desiredNumberScheduled: count('Nodes that should run the pod.'),
  numberReady: count('Nodes whose pod is ready.'),
  observedGeneration: opt(int('Generation that was acted on last.', { format: 'int64' })),
  updatedNumberScheduled: count('Nodes that run the present template.'),
  numberAvailable: count('Nodes whose pod has been ready long enough.'),
  numberUnavailable: count('Nodes whose pod is missing.'),
  collisionCount: count('Collisions of the hash of the template.'),
  conditions: plainConditions,
});

export const DaemonSet = defineNative({
  group: 'apps',
  version: 'v1',
  kind: 'DaemonSet',
  plural: 'daemonsets',
  shortNames: ['ds'],
  categories: ['all'],
  scope: 'Namespaced',
  doc: 'Keeps one pod running on every node that matches.',
  fields: { spec, status: opt(status) },
  immutable: ['spec.selector'],
  columns: [
    { name: 'Desired', type: 'integer', cell: (set) => set.status?.desiredNumberScheduled ?? 0 },
    { name: 'Current', type: 'integer', cell: (set) => set.status?.currentNumberScheduled ?? 0 },
    { name: 'Ready', type: 'integer', cell: (set) => set.status?.numberReady ?? 0 },
    { name: 'Up-to-date', type: 'integer', cell: (set) => set.status?.updatedNumberScheduled ?? 0 },
    { name: 'Available', type: 'integer', cell: (set) => set.status?.numberAvailable ?? 0 },
    {
      name: 'Node Selector',
      type: 'string',
      cell: (set) => formatLabels(set.spec.template.spec.nodeSelector),
    },
    containersColumn,
    imagesColumn,
    selectorColumn,
  ],
  prepare: (object) =>
    fillTemplate(fillRollingUpdate(object, 'updateStrategy', { maxUnavailable: 1, maxSurge: 0 }), [
      'spec',
      'template',
    ]),
  check: ({ spec: wanted }) => [
    ...checkSelector(wanted.selector, wanted.template),
    ...checkPodSpec(wanted.template.spec, 'spec.template.spec'),
  ],
});
export type DaemonSet = ObjectFor<typeof DaemonSet>;
