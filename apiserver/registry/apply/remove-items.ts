/**
 * Takes fields and items out of an object. A container that loses everything it held becomes null; the caller
 * drops such nulls once ownership is settled, because ownership of the emptied place depends on them.
 * source: structured-merge-diff typed/remove.go.
 */
import { isObject, type Json, type JsonObject } from '../../api/json.ts';
import type { Atom, ListAtom, MapAtom } from './atom.ts';
import type { FieldSet } from './field-set.ts';
import { elementOf } from './list-items.ts';
import { fieldElement } from './path-element.ts';
import { entryAtom, narrow, setField } from './values.ts';

/** Does not change its input; untouched parts are shared with the result. */
export function removeItems(atom: Atom, value: Json, toRemove: FieldSet): Json {
  const { map, list, scalar } = narrow(atom, value);
  if (map !== undefined) return isObject(value) && !map.atomic ? removeFields(map, value, toRemove) : null;
  if (scalar !== undefined || list === undefined) return value;
  return Array.isArray(value) && !list.atomic ? removeFromList(list, value, toRemove) : null;
}

function removeFields(map: MapAtom, object: JsonObject, toRemove: FieldSet): Json {
  const out: JsonObject = {};
  let isEmpty = true;
  for (const name of Object.keys(object)) {
    const element = fieldElement(name);
    if (toRemove.has(element)) continue;
    const value = object[name] ?? null;
    const below = toRemove.below(element);
    setField(out, name, below === undefined ? value : removeItems(entryAtom(map, name), value, below));
    isEmpty = false;
  }
  return isEmpty ? null : out;
}

function removeFromList(list: ListAtom, items: readonly Json[], toRemove: FieldSet): Json {
  const out: Json[] = [];
  for (const item of items) {
    const element = elementOf(list, item);
    if (element !== undefined && toRemove.has(element)) continue;
    const below = element === undefined ? undefined : toRemove.below(element);
    out.push(below === undefined ? item : removeItems(list.element, item, below));
  }
  return out.length === 0 ? null : out;
}
