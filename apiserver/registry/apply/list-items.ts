/** Which path element an item of a set or list-map has. */
import { isObject, type Json } from '../../api/json.ts';
import type { ListAtom } from './atom.ts';
import { keyPair, valueElement, type PathElement } from './path-element.ts';

/** An item that cannot be addressed: null, of the wrong type, or without any key field. */
export class UnaddressableItem extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UnaddressableItem';
  }
}

/** Throws `UnaddressableItem`. source: structured-merge-diff typed/helpers.go. */
export function itemElement(list: ListAtom, item: Json): PathElement {
  return list.keys.length === 0 ? setElement(item) : keyElement(list, item);
}

function setElement(item: Json): PathElement {
  if (item === null)
    throw new UnaddressableItem("associative list without keys has an element that's an explicit null");
  if (Array.isArray(item))
    throw new UnaddressableItem('not supported: associative list with lists as elements');
  if (isObject(item))
    throw new UnaddressableItem("associative list without keys has an element that's a map type");
  return valueElement(item);
}

function keyElement(list: ListAtom, item: Json): PathElement {
  if (item === null) throw new UnaddressableItem('associative list with keys may not have a null element');
  if (!isObject(item))
    throw new UnaddressableItem('associative list with keys may not have non-map elements');
  let pairs = '';
  for (const key of list.keys) {
    const value = Object.hasOwn(item, key.name) ? item[key.name] : undefined;
    const pair = value === undefined ? key.defaultPair : keyPair(key.name, value);
    if (pair !== '') pairs = pairs === '' ? pair : `${pairs},${pair}`;
  }
  if (pairs === '') throw new UnaddressableItem(missingKeys(list));
  return `k:{${pairs}}`;
}

function missingKeys(list: ListAtom): string {
  const names = list.keys.map((key) => `"${key.name}"`).join(' ');
  return (
    `associative list with keys has an element that omits all key fields [${names}] ` +
    "(and doesn't have default values for any key fields)"
  );
}

/** Items by element, in list order. More than one under an element are duplicates. */
export function byElement(list: ListAtom, items: readonly Json[]): Map<PathElement, Json[]> {
  const out = new Map<PathElement, Json[]>();
  for (const item of items) {
    const element = itemElement(list, item);
    const known = out.get(element);
    if (known === undefined) out.set(element, [item]);
    else known.push(item);
  }
  return out;
}
