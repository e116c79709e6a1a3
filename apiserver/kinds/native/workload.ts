/** What Deployment, StatefulSet, DaemonSet, ReplicaSet and Job share. */
import { isObject, type Json } from '../../api/json.ts';
import { int, intOrString, obj, opt, type Node, type OptionalNode, type Value } from '../../api/schema.ts';
import { formatSelector, labelSelector, type LabelSelector } from '../fields.ts';
import { containerImages, containerNames, type PodTemplate } from './pod-template.ts';

export const count = (description: string): OptionalNode<number> => opt(int(description));

export const selector = labelSelector('Labels of the pods that belong to it; fixed.');

export const rollingUpdate = (description: string): Node<Value<typeof rollingShape>> => ({
  ...rollingShape,
  description,
});
const rollingShape = obj('How pods are replaced little by little.', {
  maxUnavailable: opt(intOrString('Number or percentage that may be missing meanwhile.')),
  maxSurge: opt(intOrString('Number or percentage that may be there besides.')),
});

type Fields = Readonly<Record<string, Json>>;

/** Fills `spec.<field>.rollingUpdate` for type RollingUpdate. source: apps/v1 defaults. */
export function fillRollingUpdate(object: Fields, field: string, defaults: Fields): Record<string, Json> {
  const spec = object['spec'];
  const strategy = isObject(spec) ? spec[field] : undefined;
  if (!isObject(spec) || !isObject(strategy) || strategy['type'] !== 'RollingUpdate') return { ...object };
  const given = isObject(strategy['rollingUpdate']) ? strategy['rollingUpdate'] : {};
  const filled = { ...strategy, rollingUpdate: { ...defaults, ...given } };
  return { ...object, spec: { ...spec, [field]: filled } };
}

interface Workload {
  readonly spec: { readonly template: PodTemplate; readonly selector?: LabelSelector };
}
interface WideColumn {
  readonly name: string;
  readonly type: 'string';
  readonly wide: true;
  readonly cell: (workload: Workload) => string;
}
export const containersColumn: WideColumn = {
  name: 'Containers',
  type: 'string',
  wide: true,
  cell: (workload) => containerNames(workload.spec.template.spec),
};
export const imagesColumn: WideColumn = {
  name: 'Images',
  type: 'string',
  wide: true,
  cell: (workload) => containerImages(workload.spec.template.spec),
};
export const selectorColumn: WideColumn = {
  name: 'Selector',
  type: 'string',
  wide: true,
  cell: (workload) => formatSelector(workload.spec.selector),
};
