/**
 * Strategic merge patch, which kubectl sends for the kinds it has built in (apply, edit, set, rollout, patch).
 * Lists merge as the schema says: by one merge key, as values, or not at all. Several items may share the merge
 * key (a Service with 53/UDP and 53/TCP); a patch changes at most one of them.
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
  else if (isObject(value) && isObject(before) && field?.patchStrategy !== 'replace')
    result.set(key, mergeObject(field, before, value));
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
    if (!isList(order)) throw badRequest(`${directive} must be a list`);
    if (!isList(before ?? []) || !isList(change ?? [])) continue;
    done.add(key);
    if (before === undefined && change === undefined) continue;
    const merge = mergeOf(fieldOf(schema, key));
    if (merge === undefined) throw badRequest(`${directive}: the list ${key} is replaced as a whole`);
    requireOrdered(directive, asValues(change), order, merge.identity);
    result.set(key, mergeInOrder(merge, before, asValues(change), order));
  }
  return done;
}

function mergeInOrder(
  merge: ListMerge,
  before: Json | undefined,
  change: readonly Json[],
  order: readonly Json[],
): readonly Json[] {
  const merged = before === undefined ? undefined : mergeItems(merge, asValues(before), change, order);
  return inOrder(merged ?? cleanedItems(change), order, asValues(before), merge.identity);
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

/** How a list merges. */
interface ListMerge {
  /** What the patch, the order and the list on the server must share to be about the same item. */
  readonly identity: ListIdentity;
  /** Absent where the items are scalars that merge as values. */
  readonly key?: string;
  /** All keys that tell items apart, the merge key included. */
  readonly keys: readonly string[];
  readonly items: Schema | undefined;
}

function mergeOf(field: Schema | undefined): ListMerge | undefined {
  if (field?.kind !== 'list') return undefined;
  const strategy = field.patchStrategy ?? (field.listType === 'map' ? 'merge' : 'replace');
  if (strategy === 'replace') return undefined;
  const keys = field.listMapKeys ?? [];
  const key = field.patchMergeKey ?? keys[0];
  if (key === undefined) return { identity: (item) => JSON.stringify(item), keys, items: field.items };
  const identity = (item: Json): string => JSON.stringify(isObject(item) ? (own(item, key) ?? null) : null);
  return { identity, key, keys, items: field.items };
}

function mergeList(
  field: Schema | undefined,
  before: readonly Json[],
  change: readonly Json[],
): readonly Json[] {
  const merge = mergeOf(field);
  const merged = merge === undefined ? undefined : mergeItems(merge, before, change, []);
  return merge === undefined || merged === undefined
    ? cleanedItems(change)
    : inOrder(merged, additions(change), before, merge.identity);
}

/** The merged items, not yet in order; `undefined` when the patch replaces the whole list. */
function mergeItems(
  merge: ListMerge,
  before: readonly Json[],
  change: readonly Json[],
  order: readonly Json[],
): readonly Json[] | undefined {
  const { key } = merge;
  if (key === undefined) return [...new Set([...before, ...change])];
  const known = before.map((item) => objectWith(item, key));
  const removed: JsonObject[] = [];
  for (const item of change.map((each) => objectWith(each, key))) {
    const directive = own(item, DIRECTIVE);
    if (directive === 'replace') return undefined;
    if (directive === 'delete') removed.push(keyed(item, key));
    else if (directive !== undefined) throw badRequest(unknownDirective(directive));
  }
  const merged = known.filter((item) => !removed.some((gone) => agree(merge, gone, item)));
  for (const item of additions(change)) {
    const at = placeOf(merge, merged, keyed(item as JsonObject, key), order);
    const old = merged[at];
    if (old === undefined) merged.push(cleaned(item) as JsonObject);
    else merged[at] = mergeObject(merge.items, old, item as JsonObject);
  }
  return merged;
}

/**
 * Where the item that a patch names stands in a list, -1 if it is new. Where several share the merge key, the one
 * that agrees in all keys the patch states; else the first of them, as in Kubernetes, unless the order that the
 * patch wishes has more of them: then it adds one.
 */
function placeOf(
  merge: ListMerge,
  list: readonly JsonObject[],
  item: JsonObject,
  order: readonly Json[],
): number {
  const exact = list.findIndex((each) => agree(merge, item, each));
  if (exact >= 0) return exact;
  const name = merge.identity(item);
  const isNamesake = (each: Json): boolean => merge.identity(each) === name;
  const isMoreWanted = order.filter(isNamesake).length > list.filter(isNamesake).length;
  return isMoreWanted ? -1 : list.findIndex(isNamesake);
}

/** Whether two items have the same merge key and do not differ in another key that both state. */
function agree({ identity, keys }: ListMerge, stated: JsonObject, item: JsonObject): boolean {
  return identity(stated) === identity(item) && keys.every((key) => isSame(own(stated, key), own(item, key)));
}

const isSame = (stated: Json | undefined, value: Json | undefined): boolean =>
  stated === undefined || value === undefined || JSON.stringify(stated) === JSON.stringify(value);

function objectWith(item: Json, key: string): JsonObject {
  if (!isObject(item)) throw badRequest(`items of a list that merges by "${key}" must be objects`);
  return item;
}

/** What a list patch adds or changes: everything but its directives. */
function additions(change: readonly Json[]): readonly Json[] {
  return change.filter((item) => !isObject(item) || own(item, DIRECTIVE) === undefined);
}

function keyed(item: JsonObject, key: string): JsonObject {
  if (own(item, key) === undefined) throw badRequest(`an item does not contain the merge key "${key}"`);
  return item;
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
  if (isList(value)) return cleanedItems(value);
  return isObject(value) ? cleanedObject(value) : value;
}

const cleanedItems = (items: readonly Json[]): readonly Json[] => additions(items).map(cleaned);

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
