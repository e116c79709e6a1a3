/** Which path element an item of a set or list-map has. source: structured-merge-diff typed/helpers.go. */
import { isObject, type Json } from '../../api/json.ts';
import type { ListAtom } from './atom.ts';
import { keyPair, valueElement, type PathElement } from './path-element.ts';

/** An item that cannot be addressed: null, of the wrong type, or without any key field. */
export class UnaddressableItem extends Error {
  override readonly name = 'UnaddressableItem';
  /** Place of the item in its list; undefined when the list has been left. */
  readonly index: number | undefined;
  /** Path of the list, as people read it; undefined where nobody keeps track of it. */
  readonly list: string | undefined;

  constructor(message: string, index?: number, list?: string) {
    super(message);
    this.index = index;
    this.list = list;
  }
}

/** Undefined for an item that cannot be addressed. */
export function elementOf(list: ListAtom, item: Json): PathElement | undefined {
  if (list.keys.length === 0) {
    return item === null || typeof item === 'object' ? undefined : valueElement(item);
  }
  if (!isObject(item)) return undefined;
  let pairs = '';
  for (const key of list.keys) {
    const value = Object.hasOwn(item, key.name) ? item[key.name] : undefined;
    const pair = value === undefined ? key.defaultPair : keyPair(key.name, value);
    if (pair !== '') pairs = pairs === '' ? pair : `${pairs},${pair}`;
  }
  return pairs === '' ? undefined : `k:{${pairs}}`;
}

/** Throws `UnaddressableItem`. */
export function itemElement(list: ListAtom, item: Json): PathElement {
  const element = elementOf(list, item);
  if (element === undefined) throw new UnaddressableItem(whyUnaddressable(list, item));
  return element;
}

function whyUnaddressable(list: ListAtom, item: Json): string {
  if (list.keys.length === 0) {
    if (item === null) return "associative list without keys has an element that's an explicit null";
    if (Array.isArray(item)) return 'not supported: associative list with lists as elements';
    return "associative list without keys has an element that's a map type";
  }
  if (item === null) return 'associative list with keys may not have a null element';
  if (!isObject(item)) return 'associative list with keys may not have non-map elements';
  const names = list.keys.map((key) => `"${key.name}"`).join(' ');
  return (
    `associative list with keys has an element that omits all key fields [${names}] ` +
    "(and doesn't have default values for any key fields)"
  );
}

/** Items by element, in list order; more than one under an element are duplicates. Throws `UnaddressableItem`. */
export function byElement(list: ListAtom, items: readonly Json[]): Map<PathElement, Json[]> {
  const out = new Map<PathElement, Json[]>();
  for (const [index, item] of items.entries()) {
    const element = elementOf(list, item);
    if (element === undefined) throw new UnaddressableItem(whyUnaddressable(list, item), index);
    add(out, element, item);
  }
  return out;
}

/**
 * The element of an item that cannot be addressed, in sets that only serve pruning: an item that lost all its
 * fields still counts as content of its list. source: tofieldset.go ignores the error and inserts an empty element.
 */
const NO_ELEMENT: PathElement = '';

/** Like `byElement`, never throwing. */
export function byAnyElement(list: ListAtom, items: readonly Json[]): Map<PathElement, Json[]> {
  const out = new Map<PathElement, Json[]>();
  for (const item of items) add(out, elementOf(list, item) ?? NO_ELEMENT, item);
  return out;
}

function add(groups: Map<PathElement, Json[]>, element: PathElement, item: Json): void {
  const known = groups.get(element);
  if (known === undefined) groups.set(element, [item]);
  else known.push(item);
}
