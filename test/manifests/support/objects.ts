/** Reads what the checks need out of built manifests. */
import { at, isObject, type JsonObject } from '../../../apiserver/api/json.ts';

export const kindOf = (object: JsonObject): string => String(object['kind']);
export const nameOf = (object: JsonObject): string => String(at(object, 'metadata.name'));
export const namespaceOf = (object: JsonObject): string => String(at(object, 'metadata.namespace') ?? '');
/** `Kind/name`, with the namespace where there is one. */
export const idOf = (object: JsonObject): string =>
  [kindOf(object), namespaceOf(object), nameOf(object)].filter((part) => part !== '').join('/');

export const ofKind = (objects: readonly JsonObject[], ...kinds: readonly string[]): readonly JsonObject[] =>
  objects.filter((object) => kinds.includes(kindOf(object)));

/** The objects in a list at a dotted path; empty when there is none. */
export function items(value: unknown, path: string): readonly JsonObject[] {
  const list = at(value, path);
  return Array.isArray(list) ? list.filter((item) => isObject(item)) : [];
}

export function texts(value: unknown, path: string): readonly string[] {
  const list = at(value, path);
  return Array.isArray(list) ? list.map(String) : [];
}

/** `spec` of the pods of everything that makes pods. */
export const podSpecs = (
  objects: readonly JsonObject[],
): readonly { readonly workload: string; readonly spec: JsonObject; readonly labels: unknown }[] =>
  ofKind(objects, 'Deployment', 'StatefulSet', 'DaemonSet', 'Job').flatMap((object) => {
    const spec = at(object, 'spec.template.spec');
    const labels = at(object, 'spec.template.metadata.labels');
    return isObject(spec) ? [{ workload: idOf(object), spec, labels }] : [];
  });

/** The containers of a pod, those that run first included. */
export const containersOf = (spec: JsonObject): readonly JsonObject[] => [
  ...items(spec, 'initContainers'),
  ...items(spec, 'containers'),
];

/** source: metav1.LabelSelector; an absent selector selects everything. */
export function selects(selector: unknown, labels: Readonly<Record<string, string>>): boolean {
  const wanted = at(selector, 'matchLabels');
  const equal = Object.entries(isObject(wanted) ? wanted : {}).every(([key, value]) => labels[key] === value);
  return equal && items(selector, 'matchExpressions').every((expression) => meets(expression, labels));
}

function meets(expression: JsonObject, labels: Readonly<Record<string, string>>): boolean {
  const value = labels[String(expression['key'])];
  const values = texts(expression, 'values');
  switch (String(expression['operator'])) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    default:
      throw new Error(`operator ${String(expression['operator'])}`);
  }
}
