/** Reads every value at a path that steps into lists, with the concrete path of each: reference rules live on it. */
import { isObject } from './json.ts';

export interface FoundValue {
  /** With indexes, as Kubernetes prints it: `spec.credentials[1].ref`. */
  readonly path: string;
  readonly value: unknown;
}

/**
 * `valuesAt(object, 'spec.credentials[].ref')`. A step that is absent, null or of another shape yields nothing; a
 * trailing `[]` yields the items of the list. Own properties only. Order is the order in the object.
 */
export function valuesAt(object: unknown, path: string): readonly FoundValue[] {
  let found: readonly FoundValue[] = [{ path: '', value: object }];
  for (const step of path.split('.')) {
    const name = step.replace(/(\[\])+$/, '');
    const lists = (step.length - name.length) / 2;
    found = found.flatMap((from) => child(from, name));
    for (let i = 0; i < lists; i += 1) found = found.flatMap(items);
  }
  return found.filter(({ value }) => value !== undefined && value !== null);
}

function child(from: FoundValue, name: string): readonly FoundValue[] {
  if (!isObject(from.value) || !Object.hasOwn(from.value, name)) return [];
  return [{ path: from.path === '' ? name : `${from.path}.${name}`, value: from.value[name] }];
}

function items(from: FoundValue): readonly FoundValue[] {
  if (!Array.isArray(from.value)) return [];
  return from.value.map((value: unknown, index) => ({ path: `${from.path}[${index}]`, value }));
}
