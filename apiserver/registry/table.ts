/** All current objects of one kind: by path for reads of one, in order for lists. */
import type { Kind } from '../api/kind.ts';
import type { Revision } from '../store/store.ts';
import { shapeOf, type Shape, type Stored } from './stored.ts';
import { createSorted, type Sorted } from './sorted.ts';

export type Observer = (
  key: { readonly namespace: string; readonly name: string },
  object: Stored | undefined,
) => void;

export interface Table {
  readonly kind: Kind;
  readonly shape: Shape;
  readonly objects: Map<string, Stored>;
  readonly sorted: Sorted;
  readonly observers: Set<Observer>;
  /** Revision of the newest change of this kind; at start the revision that was loaded. */
  lastChange: Revision;
}

export const createTable = (kind: Kind): Table => ({
  kind,
  shape: shapeOf(kind),
  objects: new Map(),
  sorted: createSorted(),
  observers: new Set(),
  lastChange: 0,
});

/** Paths of one namespace start with this; of all namespaces with the empty string. */
export const rangeOf = (namespace: string): string => (namespace === '' ? '' : `${namespace}/`);

/** Objects of one namespace (all when empty) in order, from `from` on, until `visit` returns false. */
export function walk(table: Table, range: string, from: string, visit: (object: Stored) => boolean): void {
  table.sorted.walk(from > range ? from : range, (object) => object.path.startsWith(range) && visit(object));
}

/** How many objects of a namespace (all when empty) have a path >= `from`. */
export function countFrom(table: Table, range: string, from: string): number {
  // '0' is the character after '/': the first path behind the namespace.
  const end = range === '' ? table.sorted.size : table.sorted.rank(`${range.slice(0, -1)}0`);
  return end - table.sorted.rank(from > range ? from : range);
}
