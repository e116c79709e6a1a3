/**
 * `fieldsV1`: the JSON form of a field set. An object per path element; `.` marks that the element itself is a
 * member beside what is below it, an empty object is a member with nothing below.
 * source: structured-merge-diff fieldpath/serialize.go.
 */
import { isObject, type JsonObject } from '../../api/json.ts';
import { FieldSet } from './field-set.ts';
import { MalformedFields, parseElement, type PathElement } from './path-element.ts';

/** Far beyond any schema; protects the stack from documents written by hand. */
const MAX_DEPTH = 256;

export function encodeFields(set: FieldSet): JsonObject {
  return writeInto({}, set);
}

function writeInto(out: JsonObject, set: FieldSet): JsonObject {
  for (const element of set.sorted()) {
    const children = set.below(element);
    if (children === undefined) out[element] = {};
    else out[element] = writeInto(set.has(element) ? { '.': {} } : {}, children);
  }
  return out;
}

/** Throws `MalformedFields`. Unknown element types are dropped. */
export function decodeFields(fields: unknown): FieldSet {
  return decode(fields, parseElement, 0).children;
}

/** For what `encodeFields` wrote: its elements are taken as they stand. What is frozen, objects share. */
export function decodeStoredFields(fields: JsonObject): FieldSet {
  if (!Object.isFrozen(fields)) return decode(fields, asStored, 0).children;
  let set = decoded.get(fields);
  if (set === undefined) decoded.set(fields, (set = decode(fields, asStored, 0).children));
  return set;
}
const decoded = new WeakMap<JsonObject, FieldSet>();

const asStored = (element: string): PathElement => element;

interface Decoded {
  readonly member: boolean;
  readonly children: FieldSet;
}

function decode(fields: unknown, read: (key: string) => PathElement | undefined, depth: number): Decoded {
  if (depth > MAX_DEPTH) throw new MalformedFields(`fieldsV1 is nested deeper than ${MAX_DEPTH}`);
  const children = new FieldSet();
  if (fields === null || fields === undefined) return { member: true, children };
  if (!isObject(fields)) throw new MalformedFields('fieldsV1 holds something else than objects');
  let member = false;
  for (const key of Object.keys(fields)) {
    if (key === '.') {
      member = true;
      continue;
    }
    const element = read(key);
    if (element === undefined) continue;
    const child = decode(fields[key], read, depth + 1);
    children.put(element, child.member, child.children);
  }
  return { member: member || children.isEmpty, children };
}
