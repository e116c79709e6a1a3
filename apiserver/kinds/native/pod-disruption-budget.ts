/** policy/v1 PodDisruptionBudget. */
import { cause } from '../../api/causes.ts';
import { defineNative, type ObjectFor } from '../../api/kind.ts';
import { int, intOrString, map, obj, opt, time } from '../../api/schema.ts';
import { labelSelector } from '../fields.ts';
import { plainConditions, text } from './fields.ts';

const spec = obj('Desired state.', {
  minAvailable: opt(intOrString('Number or percentage that must stay.')),
  selector: opt({ ...labelSelector('Labels of the pods.'), patchStrategy: 'replace' }),
  maxUnavailable: opt(intOrString('Number or percentage that may be missing.')),
  unhealthyPodEvictionPolicy: opt(text('Whether unhealthy pods may always be moved.')),
});

const status = obj('Observed state.', {
  observedGeneration: opt(int('Generation that was acted on last.', { format: 'int64' })),
  disruptedPods: opt(map('Pods that are being moved, and since when.', time('Since when.'))),
  disruptionsAllowed: int('Pods that may be moved now.'),
  currentHealthy: int('Pods that are healthy.'),
  desiredHealthy: int('Pods that must be healthy.'),
  expectedPods: int('Pods in all.'),
  conditions: plainConditions,
});

export const PodDisruptionBudget = defineNative({
  group: 'policy',
  version: 'v1',
  kind: 'PodDisruptionBudget',
  plural: 'poddisruptionbudgets',
  shortNames: ['pdb'],
  scope: 'Namespaced',
  doc: 'How many of a set of pods may be missing while nodes are serviced.',
  fields: { spec: opt(spec), status: opt(status) },
  columns: [
    { name: 'Min Available', type: 'string', cell: (budget) => String(budget.spec?.minAvailable ?? 'N/A') },
    {
      name: 'Max Unavailable',
      type: 'string',
      cell: (budget) => String(budget.spec?.maxUnavailable ?? 'N/A'),
    },
    {
      name: 'Allowed Disruptions',
      type: 'integer',
      cell: (budget) => budget.status?.disruptionsAllowed ?? 0,
    },
  ],
  check: (budget) =>
    budget.spec?.minAvailable !== undefined && budget.spec.maxUnavailable !== undefined
      ? [cause.invalid('spec', {}, 'minAvailable and maxUnavailable cannot be both set')]
      : [],
});
export type PodDisruptionBudget = ObjectFor<typeof PodDisruptionBudget>;
