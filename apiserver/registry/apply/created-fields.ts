/**
 * What the creator of an object owns. Objects of one kind mostly have the same fields, so the answer is kept by the
 * outline of the object: the names of its fields and the keys of its items, without the values that own nothing.
 */
import { isObject, type Json, type JsonObject } from '../../api/json.ts';
import type { Atom } from './atom.ts';
import { compare } from './compare.ts';
import { ownable, type Endpoint } from './endpoint.ts';
import { encodeFields } from './fields-v1.ts';
import { itemElement } from './list-items.ts';
import { entryAtom, narrow } from './values.ts';

/** Outlines kept per endpoint; names of labels and keys of items come from clients, so there is no end of them. */
const MAX_OUTLINES = 64;
const MAX_OUTLINE_LENGTH = 4096;

type FieldsV1 = JsonObject | undefined;
const byEndpoint = new WeakMap<Endpoint, Map<string, FieldsV1>>();

/**
 * Frozen, because it is shared; undefined when nothing can be owned. `object` is what the endpoint lets its callers
 * write. Throws `UnaddressableItem`.
 */
export function createdFields(endpoint: Endpoint, object: JsonObject): FieldsV1 {
  const outline = outlineOf(endpoint.atom, object);
  if (outline.length > MAX_OUTLINE_LENGTH) return fieldsOf(endpoint, object);
  const known = byEndpoint.get(endpoint) ?? new Map<string, FieldsV1>();
  byEndpoint.set(endpoint, known);
  if (known.has(outline)) return known.get(outline);
  const fields = fieldsOf(endpoint, object);
  if (known.size >= MAX_OUTLINES) known.clear();
  known.set(outline, fields);
  return fields;
}

function fieldsOf(endpoint: Endpoint, object: JsonObject): FieldsV1 {
  const taken = ownable(endpoint.owned(compare(endpoint.atom, {}, object).added));
  return taken.isEmpty ? undefined : frozen(encodeFields(taken));
}

function frozen(fields: JsonObject): JsonObject {
  for (const below of Object.values(fields)) if (isObject(below)) frozen(below);
  return Object.freeze(fields);
}

/** Lengths before names keep it unambiguous. Follows what `compare` says of values that are there now only. */
function outlineOf(atom: Atom, value: Json): string {
  const { map, list, scalar } = narrow(atom, value);
  if (map !== undefined) {
    if (map.atomic || !isObject(value)) return ';';
    let text = '{';
    for (const name of Object.keys(value)) {
      text += `${name.length}:${name}${outlineOf(entryAtom(map, name), value[name] ?? null)}`;
    }
    return `${text}}`;
  }
  if (list === undefined || scalar !== undefined || list.atomic || !Array.isArray(value)) return ';';
  let text = '[';
  for (const item of value as readonly Json[]) {
    const element = itemElement(list, item);
    text += `${element.length}:${element}${outlineOf(list.element, item)}`;
  }
  return `${text}]`;
}
