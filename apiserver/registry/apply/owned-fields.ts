/**
 * The field set of an applied configuration: its leaves, its list items, and the containers that only exist
 * because the configuration names them.
 * source: structured-merge-diff typed/tofieldset.go.
 */
import { isObject, type Json, type JsonObject } from '../../api/json.ts';
import type { Atom, ListAtom, MapAtom } from './atom.ts';
import { FieldSet } from './field-set.ts';
import { byAnyElement } from './list-items.ts';
import { fieldElement } from './path-element.ts';
import { entryAtom, isEmptyMap, narrow } from './values.ts';

/** Never throws: that a configuration fits its schema is checked before. */
export function fieldSetOf(atom: Atom, value: Json): FieldSet {
  const fields = walk(atom, value);
  return fields === 'leaf' ? new FieldSet() : fields;
}

/** `leaf`: the place itself is owned. A set, possibly empty: what is owned below it. */
function walk(atom: Atom, value: Json): FieldSet | 'leaf' {
  const { map, list, scalar } = narrow(atom, value);
  if (map !== undefined) {
    if (map.atomic) return 'leaf';
    return isObject(value) ? walkMap(map, value) : new FieldSet();
  }
  if (scalar !== undefined || list === undefined || list.atomic) return 'leaf';
  return Array.isArray(value) ? walkList(list, value) : new FieldSet();
}

function walkMap(map: MapAtom, object: JsonObject): FieldSet {
  const set = new FieldSet();
  for (const name of Object.keys(object)) {
    const value = object[name] ?? null;
    const fields = walk(entryAtom(map, name), value);
    const owned = fields === 'leaf' || value === null || isEmptyMap(value) || !map.fields.has(name);
    set.put(fieldElement(name), owned, fields === 'leaf' ? undefined : fields);
  }
  return set;
}

/** Items that share an element are one opaque entry. */
function walkList(list: ListAtom, items: readonly Json[]): FieldSet {
  const set = new FieldSet();
  for (const [element, same] of byAnyElement(list, items)) {
    const [item] = same;
    const fields = same.length > 1 || item === undefined ? 'leaf' : walk(list.element, item);
    set.put(element, true, fields === 'leaf' ? undefined : fields);
  }
  return set;
}
