/** JSON values under apply: own fields only, safe for every field name, equality by content. */
import { isObject, type Json, type JsonObject } from '../../api/json.ts';
import { DEDUCED, type Atom, type MapAtom } from './atom.ts';

/** Reads an own field; undefined when absent. */
export const fieldOf = (object: JsonObject | undefined, name: string): Json | undefined =>
  object !== undefined && Object.hasOwn(object, name) ? object[name] : undefined;

/** Writes an own field; `__proto__` is a field name like any other. */
export function setField(object: JsonObject, name: string, value: Json): void {
  if (name === '__proto__') {
    Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
  } else {
    object[name] = value;
  }
}

export function isEmptyMap(value: Json): boolean {
  return isObject(value) && Object.keys(value).length === 0;
}

/** Type of a map's entry. Entries that the schema does not name are walked as free-form values. */
export const entryAtom = (map: MapAtom, name: string): Atom => map.fields.get(name) ?? map.element ?? DEDUCED;

/** The node narrowed to the shape of the value; null and absent fit every shape. */
export function narrow(atom: Atom, value: Json | undefined): Atom {
  if (value === undefined || value === null) return atom;
  if (Array.isArray(value)) return atom.asList;
  return typeof value === 'object' ? atom.asMap : atom.asScalar;
}

export function sameValue(a: Json, b: Json): boolean {
  if (a === b) return true;
  if (Array.isArray(a)) {
    return (
      Array.isArray(b) && a.length === b.length && a.every((item: Json, i) => sameValue(item, b[i] as Json))
    );
  }
  if (!isObject(a) || !isObject(b)) return false;
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => Object.hasOwn(b, name) && sameValue(a[name] as Json, b[name] as Json))
  );
}
