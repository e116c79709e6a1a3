/** Where the scheduler may put a pod. source: core/v1 Affinity, Toleration, TopologySpreadConstraint. */
import { int, list, listMap, obj, opt, type Node, type Value } from '../../api/schema.ts';
import { labelSelector } from '../fields.ts';
import { text } from './fields.ts';

const requirements = (description: string): Node<readonly Value<typeof requirement>[]> =>
  list(description, requirement);
const requirement = obj('One requirement.', {
  key: text('Label or field that is looked at.'),
  operator: text('In, NotIn, Exists, DoesNotExist, Gt or Lt.'),
  values: opt(list('Values to compare with.', text('A value.'))),
});

const nodeTerm = obj(
  'Requirements that must all hold.',
  {
    matchExpressions: opt(requirements('Requirements on labels of the node.')),
    matchFields: opt(requirements('Requirements on fields of the node.')),
  },
  { mapType: 'atomic' },
);

export const nodeSelector = obj(
  'Nodes that are possible.',
  { nodeSelectorTerms: list('Terms, one of which must hold.', nodeTerm) },
  { mapType: 'atomic' },
);

const podTerm = obj('Pods that are looked at and how near is near.', {
  labelSelector: opt(labelSelector('Labels of the pods.')),
  namespaces: opt(list('Namespaces of the pods.', text('A namespace.'))),
  topologyKey: text('Label of nodes that are the same place.'),
  namespaceSelector: opt(labelSelector('Labels of the namespaces.')),
  matchLabelKeys: opt(list('Labels whose values must be equal.', text('A label.'))),
  mismatchLabelKeys: opt(list('Labels whose values must differ.', text('A label.'))),
});

const podAffinity = (description: string): Node<Value<typeof podAffinityShape>> => ({
  ...podAffinityShape,
  description,
});
const podAffinityShape = obj('Pods and places.', {
  requiredDuringSchedulingIgnoredDuringExecution: opt(list('Terms that must all hold.', podTerm)),
  preferredDuringSchedulingIgnoredDuringExecution: opt(
    list(
      'Terms that make a place better.',
      obj('One term.', { weight: int('How much better, 1 to 100.'), podAffinityTerm: podTerm }),
    ),
  ),
});

export const affinity = obj('Nodes and pods to be near or far.', {
  nodeAffinity: opt(
    obj('Nodes.', {
      requiredDuringSchedulingIgnoredDuringExecution: opt(nodeSelector),
      preferredDuringSchedulingIgnoredDuringExecution: opt(
        list(
          'Terms that make a node better.',
          obj('One term.', { weight: int('How much better, 1 to 100.'), preference: nodeTerm }),
        ),
      ),
    }),
  ),
  podAffinity: opt(podAffinity('Pods to be near.')),
  podAntiAffinity: opt(podAffinity('Pods to be far from.')),
});

export const tolerations = list(
  'Taints of nodes that are tolerated.',
  obj('One taint.', {
    key: opt(text('Key of the taint.')),
    operator: opt(text('Exists or Equal.')),
    value: opt(text('Value of the taint.')),
    effect: opt(text('Effect of the taint.')),
    tolerationSeconds: opt(int('How long it is tolerated.', { format: 'int64' })),
  }),
);

export const topologySpreadConstraints = listMap(
  'How pods are spread over places.',
  ['topologyKey', 'whenUnsatisfiable'],
  obj('One rule.', {
    maxSkew: int('Greatest difference between two places.'),
    topologyKey: text('Label of nodes that are the same place.'),
    whenUnsatisfiable: text('DoNotSchedule or ScheduleAnyway.'),
    labelSelector: opt(labelSelector('Pods that are counted.')),
    minDomains: opt(int('Least number of places.')),
    nodeAffinityPolicy: opt(text('Whether node affinity limits the places.')),
    nodeTaintsPolicy: opt(text('Whether taints limit the places.')),
    matchLabelKeys: opt(list('Labels whose values must be equal.', text('A label.'))),
  }),
);
