/**
 * What changed between two versions of an object, as three disjoint field sets. Containers that came or went
 * are in the sets together with everything below them.
 * source: structured-merge-diff typed/compare.go.
 */
import { isObject, type Json, type JsonObject } from '../../api/json.ts';
import type { Atom, ListAtom, MapAtom } from './atom.ts';
import { FieldSet } from './field-set.ts';
import { byElement, UnaddressableItem } from './list-items.ts';
import { fieldElement, printPath, type PathElement } from './path-element.ts';
import { entryAtom, fieldOf, narrow, sameValue } from './values.ts';

export interface Comparison {
  readonly added: FieldSet;
  readonly modified: FieldSet;
  readonly removed: FieldSet;
}

/** Throws `UnaddressableItem`. Values that do not fit the schema are compared as they are. */
export function compare(atom: Atom, before: Json | undefined, after: Json | undefined): Comparison {
  const walk = new Comparing();
  walk.visit(atom, before, after);
  return walk;
}

class Comparing implements Comparison {
  readonly added = new FieldSet();
  readonly modified = new FieldSet();
  readonly removed = new FieldSet();
  readonly #path: PathElement[] = [];

  visit(atom: Atom, before: Json | undefined, after: Json | undefined): void {
    if (before === after) return;
    if (before === undefined && after !== undefined) this.#insertAll(this.added, atom, after);
    else if (after === undefined && before !== undefined) this.#insertAll(this.removed, atom, before);
    else if (before !== undefined && after !== undefined) this.#visitBoth(atom, before, after);
  }

  #visitBoth(atom: Atom, before: Json, after: Json): void {
    const left = narrow(atom, before);
    const right = narrow(atom, after);
    // A value that changed its shape is walked once as what it was and once as what it became.
    if (left !== right) this.#visitAs(left, before, after);
    this.#visitAs(right, before, after);
  }

  #visitAs(atom: Atom, before: Json, after: Json): void {
    if (atom.map !== undefined) this.#visitMap(atom.map, before, after);
    else if (atom.list !== undefined && atom.scalar === undefined) this.#visitList(atom.list, before, after);
    else this.#leaf(before, after);
  }

  #leaf(before: Json, after: Json): void {
    if (!sameValue(before, after)) this.modified.insert(this.#path);
  }

  #visitMap(map: MapAtom, before: Json, after: Json): void {
    const left = isObject(before) ? before : {};
    const right = isObject(after) ? after : {};
    const leftNames = Object.keys(left);
    const rightNames = Object.keys(right);
    if (map.atomic || (leftNames.length === 0 && rightNames.length === 0)) {
      this.#leaf(before, after);
      return;
    }
    for (const name of leftNames) this.#visitField(map, name, left, right);
    for (const name of rightNames) if (!Object.hasOwn(left, name)) this.#visitField(map, name, left, right);
  }

  #visitField(map: MapAtom, name: string, left: JsonObject, right: JsonObject): void {
    this.#path.push(fieldElement(name));
    this.visit(entryAtom(map, name), fieldOf(left, name), fieldOf(right, name));
    this.#path.pop();
  }

  #visitList(list: ListAtom, before: Json, after: Json): void {
    const left: readonly Json[] = Array.isArray(before) ? before : [];
    const right: readonly Json[] = Array.isArray(after) ? after : [];
    if (list.atomic || (left.length === 0 && right.length === 0)) {
      this.#leaf(before, after);
      return;
    }
    const leftItems = this.#items(list, left);
    const rightItems = this.#items(list, right);
    for (const [element, items] of leftItems) {
      this.#visitItems(list, element, { before: items, after: rightItems.get(element) ?? [] });
    }
    for (const [element, items] of rightItems) {
      if (!leftItems.has(element)) this.#visitItems(list, element, { before: [], after: items });
    }
  }

  #items(list: ListAtom, items: readonly Json[]): Map<PathElement, Json[]> {
    try {
      return byElement(list, items);
    } catch (error) {
      if (!(error instanceof UnaddressableItem)) throw error;
      throw new UnaddressableItem(error.message, error.index, printPath(this.#path));
    }
  }

  /** Items under one element; more than one are duplicates, which count as one opaque entry. */
  #visitItems(
    list: ListAtom,
    element: PathElement,
    items: { before: readonly Json[]; after: readonly Json[] },
  ): void {
    const { before, after } = items;
    this.#path.push(element);
    if (before.length <= 1 && after.length <= 1) this.visit(list.element, before[0], after[0]);
    else if (before.length > 1 && after.length > 1) this.#leaf(before, after);
    else if (before.length > 1) {
      this.visit(list.element, undefined, after[0]);
      this.removed.insert(this.#path);
    } else {
      this.visit(list.element, before[0], undefined);
      this.added.insert(this.#path);
    }
    this.#path.pop();
  }

  #insertAll(into: FieldSet, atom: Atom, value: Json): void {
    into.insertTree(this.#path, everythingBelow(atom, value));
  }
}

/** All paths below a value, containers included: what a create adds and a delete removes. Leaves: undefined. */
function everythingBelow(atom: Atom, value: Json): FieldSet | undefined {
  const { map, list, scalar } = narrow(atom, value);
  if (map !== undefined) return map.atomic || !isObject(value) ? undefined : everyField(map, value);
  if (list === undefined || scalar !== undefined || list.atomic || !Array.isArray(value)) return undefined;
  const set = new FieldSet();
  for (const [element, items] of byElement(list, value)) {
    const [item] = items;
    set.put(
      element,
      true,
      items.length > 1 || item === undefined ? undefined : everythingBelow(list.element, item),
    );
  }
  return set;
}

function everyField(map: MapAtom, object: JsonObject): FieldSet {
  const set = new FieldSet();
  for (const name of Object.keys(object)) {
    set.put(fieldElement(name), true, everythingBelow(entryAtom(map, name), object[name] ?? null));
  }
  return set;
}
