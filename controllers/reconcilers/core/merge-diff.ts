/** The smallest JSON merge patch that turns one value into another. source: RFC 7386, the other way round. */
import { isObject } from '../../../apiserver/api/json.ts';

/** JSON, with undefined for fields that are not there. */
type Fields = Readonly<Record<string, unknown>>;

/** Undefined when nothing differs. Lists are replaced as a whole; fields missing in `to` are removed. */
export function mergeDiff(from: Fields, to: Fields): Fields | undefined {
  const patch: Record<string, unknown> = {};
  for (const [key, known] of Object.entries(from)) {
    if (known !== undefined && (!Object.hasOwn(to, key) || to[key] === undefined)) patch[key] = null;
  }
  for (const [key, wanted] of Object.entries(to)) {
    const known = Object.hasOwn(from, key) ? from[key] : undefined;
    if (isObject(known) && isObject(wanted)) {
      const inner = mergeDiff(known, wanted);
      if (inner !== undefined) patch[key] = inner;
    } else if (wanted !== undefined && !equal(known, wanted)) {
      patch[key] = wanted;
    }
  }
  return Object.keys(patch).length === 0 ? undefined : patch;
}

/** Deep equality of JSON values; the order of keys does not count. */
export function equal(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, index) => equal(item, b[index]));
  }
  if (!isObject(a) || !isObject(b)) return false;
  const keys = Object.keys(a).filter((key) => a[key] !== undefined);
  const others = Object.keys(b).filter((key) => b[key] !== undefined);
  return keys.length === others.length && keys.every((key) => Object.hasOwn(b, key) && equal(a[key], b[key]));
}
