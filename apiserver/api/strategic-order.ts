/** The order of a list after a strategic merge. source: apimachinery pkg/util/strategicpatch normalizeElementOrder. */
import type { Json } from './json.ts';

/** What makes two items of a list the same one. */
export type ListIdentity = (item: Json) => string;

/**
 * Items that `wanted` names stand in its order; the others keep their place relative to them as in `before`, the
 * list on the server.
 */
export function inOrder(
  items: readonly Json[],
  wanted: readonly Json[],
  before: readonly Json[],
  identity: ListIdentity,
): readonly Json[] {
  const rank = ranks(wanted, identity);
  const place = ranks(before, identity);
  const rankOf = (item: Json): number => rank.get(identity(item)) ?? -1;
  const placeOf = (item: Json): number => place.get(identity(item)) ?? -1;
  const named = items.filter((item) => rankOf(item) >= 0).sort((a, b) => rankOf(a) - rankOf(b));
  const others = items.filter((item) => rankOf(item) < 0).sort((a, b) => placeOf(a) - placeOf(b));
  return weave(named, others, placeOf);
}

/** One of the others goes first only where the server's list is known to have it in front. */
function weave(
  named: readonly Json[],
  others: readonly Json[],
  placeOf: (item: Json) => number,
): readonly Json[] {
  const result: Json[] = [];
  let next = 0;
  for (const item of named) {
    while (next < others.length && isBefore(placeOf(others[next] as Json), placeOf(item))) {
      result.push(others[next] as Json);
      next += 1;
    }
    result.push(item);
  }
  return [...result, ...others.slice(next)];
}

const isBefore = (a: number, b: number): boolean => a >= 0 && b >= 0 && a < b;

function ranks(list: readonly Json[], identity: ListIdentity): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const [index, item] of list.entries()) {
    const key = identity(item);
    if (!found.has(key)) found.set(key, index);
  }
  return found;
}

/** A list, or no items where there is none. */
export function asValues(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? (value as readonly Json[]) : [];
}
