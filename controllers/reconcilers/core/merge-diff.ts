/** The smallest JSON merge patch that turns one value into another. source: RFC 7386, the other way round. */
import { isObject } from '../../../apiserver/api/json.ts';

/** JSON, with undefined for fields that are not there. */
type Fields = Readonly<Record<string, unknown>>;

/** Undefined when nothing differs. Lists are replaced as a whole; fields missing in `to` are removed. */
export function mergeDiff(from: Fields, to: Fields): Fields | undefined {
  const patch: Record<string, unknown> = {};
  for (const key of new Set([...Object.keys(from), ...Object.keys(to)])) {
    const change = changeOf(own(from, key), own(to, key));
    if (change !== undefined) patch[key] = change;
  }
  return Object.keys(patch).length === 0 ? undefined : patch;
}

const own = (fields: Fields, key: string): unknown => (Object.hasOwn(fields, key) ? fields[key] : undefined);

/** What a merge patch says about one field; undefined when it need not say anything. */
function changeOf(known: unknown, wanted: unknown): unknown {
  if (equal(known, wanted)) return undefined;
  if (wanted === undefined) return null;
  return isObject(known) && isObject(wanted) ? mergeDiff(known, wanted) : wanted;
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
