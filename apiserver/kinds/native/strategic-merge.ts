/**
 * Strategic merge patch: what `kubectl apply`, `edit`, `patch` and `set` send for the kinds that Kubernetes itself
 * defines. Lists of objects are merged by their key instead of being replaced.
 * source: apimachinery pkg/util/strategicpatch; the keys are the first list-map keys of our schemas, which are the
 * patch merge keys of the published API.
 */
import { isObject, type Json, type JsonObject } from '../../api/json.ts';
import { OBJECT_META_SCHEMA } from '../../api/meta-schema.ts';
import type { Schema } from '../../api/schema.ts';

/** The patch does not follow its own rules; answered as 400. */
export class StrategicMergeError extends Error {}

const DIRECTIVE = '$patch';
const RETAIN_KEYS = '$retainKeys';
const ORDER = '$setElementOrder/';
const DELETE_FROM = '$deleteFromPrimitiveList/';

type Fields = Readonly<Record<string, Json>>;

/** The object with the patch applied; neither is changed. `schema` is that of the whole object. */
export function strategicMerge(schema: Schema, object: Fields, patch: Fields): JsonObject {
  return mergeFields(schema, object, patch);
}

function mergeFields(schema: Schema | undefined, original: Fields, patch: Fields): JsonObject {
  const directive = patch[DIRECTIVE];
  if (directive === 'replace') return bare(patch) as JsonObject;
  if (directive === 'delete') return {};
  if (directive !== undefined && directive !== 'merge') {
    throw new StrategicMergeError(`unknown directive ${JSON.stringify(directive)} in $patch`);
  }
  const result = retained(original, patch);
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith('$')) checkDirective(key);
    else if (value === null) delete result[key];
    else put(result, key, mergeValue(childOf(schema, key), result[key], value));
  }
  for (const [key, value] of Object.entries(patch))
    applyListDirective({ schema, original, result }, key, value);
  return result;
}

function checkDirective(key: string): void {
  const known =
    key === DIRECTIVE || key === RETAIN_KEYS || key.startsWith(ORDER) || key.startsWith(DELETE_FROM);
  if (!known) throw new StrategicMergeError(`unknown directive ${key}`);
}

/** `$retainKeys` names everything that may stay: fields of a union that the new member replaces go. */
function retained(original: Fields, patch: Fields): JsonObject {
  const keys = patch[RETAIN_KEYS];
  if (keys === undefined) return { ...original };
  if (!Array.isArray(keys)) throw new StrategicMergeError('$retainKeys must be a list');
  const kept = Object.entries(original).filter(([key]) => (keys as readonly Json[]).includes(key));
  return Object.fromEntries(kept) as JsonObject;
}

function mergeValue(schema: Schema | undefined, original: Json | undefined, patch: Json): Json {
  if (isObject(patch)) {
    return isObject(original) ? mergeFields(schema, original, patch) : mergeFields(schema, {}, patch);
  }
  if (!isList(patch)) return patch;
  const current = isList(original) ? original : [];
  const key = mergeKeyOf(schema);
  if (key !== undefined) return mergeItems({ items: schema?.items, key }, current, patch);
  return mergesPlainly(schema) ? [...new Set([...current, ...patch])] : bare(patch);
}

interface KeyedList {
  readonly items: Schema | undefined;
  readonly key: string;
}

function mergeItems(list: KeyedList, original: readonly Json[], patch: readonly Json[]): readonly Json[] {
  const isReplacement = (item: Json): boolean =>
    isObject(item) && item[DIRECTIVE] === 'replace' && Object.keys(item).length === 1;
  if (patch.some(isReplacement)) return patch.filter((item) => !isReplacement(item)).map(bare);
  const result: (Json | undefined)[] = [...original];
  // Looked up by identity, so that long lists cost no more than their length. The published keys do not tell ports
  // of two protocols apart: the first one is meant, as upstream.
  const places = new Map<Json | undefined, number>();
  for (const [place, item] of original.entries()) {
    const id = idOf(item, list.key);
    if (!places.has(id)) places.set(id, place);
  }
  for (const item of patch) {
    const id = idOf(item, list.key);
    if (id === undefined || !isObject(item)) {
      throw new StrategicMergeError(`an item of a list lacks its key ${list.key}`);
    }
    const place = places.get(id) ?? result.length;
    if (item[DIRECTIVE] === 'delete') result[place] = undefined;
    else result[place] = mergeValue(list.items, result[place], item);
    places.set(id, place);
  }
  return result.filter((item) => item !== undefined);
}

interface Place {
  readonly schema: Schema | undefined;
  readonly original: Fields;
  readonly result: JsonObject;
}

function applyListDirective({ schema, original, result }: Place, key: string, value: Json): void {
  const removes = key.startsWith(DELETE_FROM);
  if (!removes && !key.startsWith(ORDER)) return;
  if (!isList(value)) throw new StrategicMergeError(`${key} must be a list`);
  const field = key.slice(key.indexOf('/') + 1);
  const list = Object.hasOwn(result, field) ? result[field] : undefined;
  if (!isList(list)) return;
  if (removes) {
    const gone = new Set(value);
    result[field] = list.filter((item) => !gone.has(item));
  } else {
    const id = identityOf(mergeKeyOf(childOf(schema, field)));
    const before = Object.hasOwn(original, field) ? original[field] : [];
    const places = { wanted: placesOf(value, id), before: placesOf(isList(before) ? before : [], id) };
    result[field] = inOrder(list, places, id);
  }
}

type Identity = (item: Json) => Json | undefined;
const identityOf =
  (key: string | undefined): Identity =>
  (item) =>
    key === undefined ? item : idOf(item, key);

/** Places by identity, in the order of the patch and in the object before the patch. */
interface Orders {
  readonly wanted: ReadonlyMap<Json | undefined, number>;
  readonly before: ReadonlyMap<Json | undefined, number>;
}
const placesOf = (items: readonly Json[], id: Identity): ReadonlyMap<Json | undefined, number> =>
  new Map(items.map((item, place) => [id(item), place] as const).reverse());

/**
 * The items that the patch speaks of in its order; the others stay in front of those they were in front of before.
 * source: strategicpatch normalizeElementOrder and mergeSortedSlice.
 */
function inOrder(list: readonly Json[], { wanted, before }: Orders, id: Identity): readonly Json[] {
  const comesFirst = (a: Json, b: Json): boolean =>
    (before.get(id(a)) ?? Infinity) < (before.get(id(b)) ?? -1);
  const place = (item: Json): number => wanted.get(id(item)) ?? 0;
  const mine = list.filter((item) => wanted.has(id(item))).sort((a, b) => place(a) - place(b));
  const theirs = list.filter((item) => !wanted.has(id(item)));
  const result: Json[] = [];
  let next = 0;
  for (const item of mine) {
    for (let first = theirs[next]; first !== undefined && comesFirst(first, item); first = theirs[next]) {
      result.push(first);
      next += 1;
    }
    result.push(item);
  }
  return [...result, ...theirs.slice(next)];
}

/** What is new needs no directives and no nulls. */
function bare(value: Json): Json {
  if (isList(value)) return value.map(bare);
  if (!isObject(value)) return value;
  const result: JsonObject = {};
  for (const [key, item] of Object.entries(value)) if (!key.startsWith('$')) put(result, key, bare(item));
  return result;
}

function childOf(schema: Schema | undefined, name: string): Schema | undefined {
  if (schema?.kind === 'map') return schema.items;
  const properties = schema?.properties ?? {};
  return Object.hasOwn(properties, name) ? properties[name] : undefined;
}

// Claims of containers are the one list-map of the published API without a patch merge key: they are replaced.
const CLAIM_FIELDS = ['name', 'request'];

function mergeKeyOf(schema: Schema | undefined): string | undefined {
  if (schema?.listType !== 'map') return undefined;
  const fields = Object.keys(schema.items?.properties ?? {});
  const isClaims =
    fields.length === CLAIM_FIELDS.length && CLAIM_FIELDS.every((field) => fields.includes(field));
  return isClaims ? undefined : schema.listMapKeys?.[0];
}

/** Of the lists of plain values only finalizers are merged; their schema is the one set of names in metadata. */
const mergesPlainly = (schema: Schema | undefined): boolean =>
  schema !== undefined && schema === OBJECT_META_SCHEMA.properties?.['finalizers'];

const isList = (value: Json | undefined): value is readonly Json[] => Array.isArray(value);

function idOf(item: Json | undefined, key: string): Json | undefined {
  return isObject(item) && Object.hasOwn(item, key) ? item[key] : undefined;
}

/** Keys come from outside; `__proto__` must become an own property. */
function put(object: JsonObject, key: string, value: Json): void {
  Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
}
