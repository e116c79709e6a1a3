/**
 * What the creator of an object owns. Objects of one kind mostly have the same fields, so the answer is kept by the
 * outline of the object.
 */
import { isObject, type JsonObject } from '../../api/json.ts';
import { compare } from './compare.ts';
import { ownable, type Endpoint } from './endpoint.ts';
import { encodeFields } from './fields-v1.ts';
import { Outlines } from './outlines.ts';
import { writable } from './owners-after-update.ts';

type FieldsV1 = JsonObject | undefined;
const byEndpoint = new WeakMap<Endpoint, Outlines<FieldsV1>>();

/** Frozen, because it is shared; undefined when nothing can be owned. Throws `UnaddressableItem`. */
export function createdFields(endpoint: Endpoint, object: JsonObject): FieldsV1 {
  let outlines = byEndpoint.get(endpoint);
  if (outlines === undefined) byEndpoint.set(endpoint, (outlines = new Outlines(endpoint)));
  return outlines.answer(object, () => fieldsOf(endpoint, writable(endpoint, object)));
}

function fieldsOf(endpoint: Endpoint, object: JsonObject): FieldsV1 {
  const taken = ownable(endpoint.owned(compare(endpoint.atom, {}, object).added));
  return taken.isEmpty ? undefined : frozen(encodeFields(taken));
}

function frozen(fields: JsonObject): JsonObject {
  for (const below of Object.values(fields)) if (isObject(below)) frozen(below);
  return Object.freeze(fields);
}
