/** Comparing and changing JSON trees without touching the ones that are there. */
import { isObject, type Json, type JsonObject } from '../api/json.ts';

/** Structural equality; the order of object keys does not count. */
export function equal(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (Array.isArray(a) || Array.isArray(b)) {
    return (
      Array.isArray(a) &&
      Array.isArray(b) &&
      a.length === b.length &&
      a.every((item: Json, index) => equal(item, b[index] as Json))
    );
  }
  if (!isObject(a) || !isObject(b)) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && equal(a[key], b[key]))
  );
}

/** Own property or undefined: never something inherited such as `constructor`. */
export const own = (object: JsonObject, key: string): Json | undefined =>
  Object.hasOwn(object, key) ? object[key] : undefined;

/** A copy with one key set. Safe for `__proto__`: spread and fromEntries define, they do not assign. */
export const withKey = (object: JsonObject, key: string, value: Json): JsonObject =>
  key === '__proto__'
    ? Object.fromEntries([...Object.entries(object).filter(([name]) => name !== key), [key, value]])
    : { ...object, [key]: value };

/** A copy without the keys; the object itself when it has none of them. */
export function without(object: JsonObject, ...keys: readonly string[]): JsonObject {
  if (!keys.some((key) => Object.hasOwn(object, key))) return object;
  return Object.fromEntries(Object.entries(object).filter(([key]) => !keys.includes(key)));
}

/** A copy in which `key` is as in `from`, also when it is absent there. */
export function takeKey(object: JsonObject, key: string, from: JsonObject): JsonObject {
  const value = own(from, key);
  if (value === undefined) return Object.hasOwn(object, key) ? without(object, key) : object;
  return withKey(object, key, value);
}

/** Sets a dotted path of objects, making the ones that are missing. */
export function withPath(object: JsonObject, path: readonly string[], value: Json): JsonObject {
  const [first, ...rest] = path;
  if (first === undefined) return object;
  const child = own(object, first);
  return withKey(
    object,
    first,
    rest.length === 0 ? value : withPath(isObject(child) ? child : {}, rest, value),
  );
}

/** RFC 7386: objects merge, null removes, everything else replaces. */
export function mergePatch(target: Json | undefined, patch: Json): Json {
  if (!isObject(patch)) return patch;
  const merged = new Map<string, Json>(isObject(target) ? Object.entries(target) : []);
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) merged.delete(key);
    else merged.set(key, mergePatch(merged.get(key), value));
  }
  return Object.fromEntries(merged);
}
