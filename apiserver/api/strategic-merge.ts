/**
 * Strategic merge patch, which kubectl sends for the kinds it has built in (apply, edit, set, rollout, patch).
 * Lists merge by their first map key, sets as values, all others are replaced.
 * source: apimachinery pkg/util/strategicpatch; directives `$patch`, `$retainKeys`, `$setElementOrder/x` and
 * `$deleteFromPrimitiveList/x`.
 */
import { badRequest } from './errors.ts';
import { isObject, type Json, type JsonObject } from './json.ts';
import type { Schema } from './schema.ts';
import { asValues, inOrder, type ListIdentity } from './strategic-order.ts';

const DIRECTIVE = '$patch';
const RETAIN = '$retainKeys';
const ORDER = '$setElementOrder/';
const REMOVE = '$deleteFromPrimitiveList/';

/**
 * The patched object; neither argument is changed. `schema` is that of the whole object; where it ends, objects
 * merge and lists are replaced. Throws `ApiError` BadRequest for a patch that contradicts itself or the schema.
 */
export function strategicMerge(schema: Schema, object: JsonObject, patch: JsonObject): JsonObject {
  return mergeObject(schema, object, patch);
}

function mergeObject(schema: Schema | undefined, original: JsonObject, patch: JsonObject): JsonObject {
  const directive = own(patch, DIRECTIVE);
  if (directive === 'delete') return {};
  if (directive === 'replace') return cleanedObject(patch);
  if (directive !== undefined) throw badRequest(unknownDirective(directive));
  const result = new Map<string, Json>(Object.entries(retained(original, patch)));
  const ordered = mergeOrdered(schema, result, patch);
  for (const [key, value] of Object.entries(patch)) {
    if (ordered.has(key) || key === DIRECTIVE || key === RETAIN || key.startsWith(ORDER)) continue;
    if (key.startsWith(REMOVE)) removeValues(result, key.slice(REMOVE.length), value);
    else mergeField(schema, result, key, value);
  }
  return Object.fromEntries(result);
}

function mergeField(schema: Schema | undefined, result: Map<string, Json>, key: string, value: Json): void {
  const before = result.get(key);
  const field = fieldOf(schema, key);
  if (value === null || (before === undefined && isDeletion(value))) result.delete(key);
  else if (isObject(value) && isObject(before)) result.set(key, mergeObject(field, before, value));
  else if (isList(value) && isList(before)) result.set(key, mergeList(field, before, value));
  else result.set(key, cleaned(value));
}

/** Lists that come with their order: merged, then sorted. Answers the keys that are dealt with. */
function mergeOrdered(
  schema: Schema | undefined,
  result: Map<string, Json>,
  patch: JsonObject,
): ReadonlySet<string> {
  const done = new Set<string>();
  for (const [directive, order] of Object.entries(patch)) {
    if (!directive.startsWith(ORDER)) continue;
    const key = directive.slice(ORDER.length);
    const before = result.get(key);
    const change = own(patch, key);
    const field = fieldOf(schema, key);
    if (!isList(order)) throw badRequest(`${directive} must be a list`);
    if (!isList(before ?? []) || !isList(change ?? [])) continue;
    done.add(key);
    if (before === undefined && change === undefined) continue;
    const identity = identityOf(field);
    if (identity === undefined) throw badRequest(`${directive}: the list ${key} is replaced as a whole`);
    const merged = mergeKnown(
      field,
      before as readonly Json[] | undefined,
      change as readonly Json[] | undefined,
    );
    requireOrdered(directive, asValues(change), order, identity);
    result.set(key, inOrder(merged, order, asValues(before), identity));
  }
  return done;
}

function mergeKnown(
  field: Schema | undefined,
  before: readonly Json[] | undefined,
  change: readonly Json[] | undefined,
): readonly Json[] {
  if (change === undefined) return before ?? [];
  return before === undefined ? (cleaned(change) as readonly Json[]) : mergeList(field, before, change);
}

/** Everything a patch changes must stand in the order, one after the other. source: validatePatchWithSetOrderList. */
function requireOrdered(
  directive: string,
  change: readonly Json[],
  order: readonly Json[],
  identity: ListIdentity,
): void {
  if (order.length === 0) return;
  let at = 0;
  for (const item of change) {
    if (isDeletion(item)) continue;
    const wanted = identity(item);
    while (at < order.length && identity(order[at] as Json) !== wanted) at += 1;
    if (at === order.length)
      throw badRequest(`the items of the patch do not follow the order of ${directive}`);
    at += 1;
  }
}

function mergeList(
  field: Schema | undefined,
  before: readonly Json[],
  change: readonly Json[],
): readonly Json[] {
  const identity = identityOf(field);
  if (identity === undefined) return cleaned(change) as readonly Json[];
  const key = field?.listMapKeys?.[0];
  const merged = key === undefined ? union(before, change) : mergeItems(field, key, before, change);
  return merged === undefined
    ? (cleaned(change) as readonly Json[])
    : inOrder(merged, additions(change), before, identity);
}

const union = (before: readonly Json[], change: readonly Json[]): readonly Json[] => [
  ...new Set([...before, ...change]),
];

/** Items merged by one key; `undefined` when the patch replaces the whole list. */
function mergeItems(
  field: Schema | undefined,
  key: string,
  before: readonly Json[],
  change: readonly Json[],
): readonly Json[] | undefined {
  const removed = new Set<string>();
  for (const item of change) {
    if (!isObject(item)) throw badRequest(`items of a list that merges by "${key}" must be objects`);
    const directive = own(item, DIRECTIVE);
    if (directive === 'replace') return undefined;
    if (directive === 'delete') removed.add(keyText(item, key));
    else if (directive !== undefined) throw badRequest(unknownDirective(directive));
  }
  const merged = new Map<string, Json>();
  for (const item of before) {
    if (!isObject(item)) throw badRequest(`items of a list that merges by "${key}" must be objects`);
    const name = keyText(item, key);
    if (!removed.has(name)) merged.set(name, item);
  }
  for (const item of additions(change)) {
    const name = keyText(item as JsonObject, key);
    const known = merged.get(name);
    const next = isObject(known) ? mergeObject(field?.items, known, item as JsonObject) : cleaned(item);
    merged.set(name, next);
  }
  return [...merged.values()];
}

/** What a list patch adds or changes: everything but its directives. */
function additions(change: readonly Json[]): readonly Json[] {
  return change.filter((item) => !isObject(item) || own(item, DIRECTIVE) === undefined);
}

function keyText(item: JsonObject, key: string): string {
  const value = own(item, key);
  if (value === undefined) throw badRequest(`an item does not contain the merge key "${key}"`);
  return JSON.stringify(value);
}

function identityOf(field: Schema | undefined): ListIdentity | undefined {
  if (field?.kind !== 'list') return undefined;
  if (field.listType === 'set') return (item) => JSON.stringify(item);
  const key = field.listType === 'map' ? field.listMapKeys?.[0] : undefined;
  if (key === undefined) return undefined;
  return (item) => JSON.stringify(isObject(item) ? (own(item, key) ?? null) : null);
}

function removeValues(result: Map<string, Json>, key: string, values: Json): void {
  const before = result.get(key);
  if (!isList(values)) throw badRequest(`${REMOVE}${key} must be a list`);
  if (!isList(before)) return;
  const gone = new Set(values);
  result.set(
    key,
    before.filter((item) => !gone.has(item)),
  );
}

/** `$retainKeys` names all fields that may stay; the patch may set no other. */
function retained(original: JsonObject, patch: JsonObject): JsonObject {
  const keep = own(patch, RETAIN);
  if (keep === undefined) return original;
  if (!isList(keep)) throw badRequest(`${RETAIN} must be a list of field names`);
  const names = new Set(keep);
  for (const [key, value] of Object.entries(patch)) {
    if (!key.startsWith('$') && value !== null && !names.has(key)) {
      throw badRequest(`${RETAIN} does not name the field "${key}" that the patch sets`);
    }
  }
  return Object.fromEntries(Object.entries(original).filter(([key]) => names.has(key)));
}

/** A value taken from the patch as it is: without directives, and without nulls, which mean "absent". */
function cleaned(value: Json): Json {
  if (isList(value)) return additions(value).map(cleaned);
  return isObject(value) ? cleanedObject(value) : value;
}

function cleanedObject(value: JsonObject): JsonObject {
  const entries = Object.entries(value).filter(
    ([key, child]) => !key.startsWith('$') && child !== null && !isDeletion(child),
  );
  return Object.fromEntries(entries.map(([key, child]) => [key, cleaned(child)]));
}

const isDeletion = (value: Json): boolean => isObject(value) && own(value, DIRECTIVE) === 'delete';

function fieldOf(schema: Schema | undefined, key: string): Schema | undefined {
  if (schema?.kind === 'map') return schema.items;
  const properties = schema?.properties ?? {};
  return Object.hasOwn(properties, key) ? properties[key] : undefined;
}

function own(object: JsonObject, key: string): Json | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

const unknownDirective = (directive: Json): string =>
  `unknown patch directive ${JSON.stringify(directive)}: use replace or delete`;
