/**
 * Lays an applied configuration over an object: the configuration wins on leaves and nothing is removed.
 * source: structured-merge-diff typed/merge.go.
 */
import { isObject, type Json, type JsonObject } from '../../api/json.ts';
import type { Atom, ListAtom, MapAtom } from './atom.ts';
import { itemElement } from './list-items.ts';
import type { PathElement } from './path-element.ts';
import { entryAtom, fieldOf, narrow, setField } from './values.ts';

/** Does not change its inputs and shares parts with them. Undefined: both sides have nothing to keep. */
export function merge(atom: Atom, live: Json | undefined, config: Json | undefined): Json | undefined {
  const { map, list, scalar } = narrow(atom, config === undefined ? live : config);
  if (map !== undefined) return mergeMaps(map, live, config);
  if (scalar !== undefined || list === undefined) return keepConfig(live, config);
  return mergeLists(list, live, config);
}

const keepConfig = (live: Json | undefined, config: Json | undefined): Json | undefined =>
  config === undefined ? live : config;

function mergeMaps(map: MapAtom, live: Json | undefined, config: Json | undefined): Json | undefined {
  const left = isObject(live) ? live : {};
  const right = isObject(config) ? config : {};
  const names = Object.keys(left);
  const configNames = Object.keys(right);
  // Two empty sides are a leaf: that keeps the difference between empty and null.
  if (map.atomic || names.length + configNames.length === 0) return keepConfig(live, config);
  for (const name of configNames) if (!Object.hasOwn(left, name)) names.push(name);
  const out: JsonObject = {};
  for (const name of names) {
    const value = merge(entryAtom(map, name), fieldOf(left, name), fieldOf(right, name));
    if (value !== undefined) setField(out, name, value);
  }
  return Object.keys(out).length === 0 ? undefined : out;
}

function mergeLists(list: ListAtom, live: Json | undefined, config: Json | undefined): Json | undefined {
  const left: readonly Json[] = Array.isArray(live) ? live : [];
  const right: readonly Json[] = Array.isArray(config) ? config : [];
  if (list.atomic || left.length + right.length === 0) return keepConfig(live, config);
  const out = new ListMerge(list, left, right).run();
  return out.length === 0 ? undefined : out;
}

/**
 * Merges two lists item by item. Shared items stand in the configuration's order; items of the live list alone
 * keep their place relative to their neighbours.
 */
class ListMerge {
  readonly #list: ListAtom;
  readonly #left: readonly Json[];
  readonly #leftElements: readonly PathElement[];
  readonly #rightElements: readonly PathElement[];
  /** Null for an element that the live list holds more than once: those are not merged, the configuration wins. */
  readonly #leftItems = new Map<PathElement, Json>();
  readonly #rightItems: ReadonlyMap<PathElement, Json>;
  /** Elements of both lists, in the configuration's order; the first `#sharedAt` are behind us. */
  readonly #shared: readonly PathElement[];
  #sharedAt = 0;
  readonly #merged = new Set<PathElement>();
  readonly #out: Json[] = [];
  #leftAt = 0;
  #rightAt = 0;

  constructor(list: ListAtom, left: readonly Json[], right: readonly Json[]) {
    this.#list = list;
    this.#left = left;
    this.#leftElements = left.map((item) => itemElement(list, item));
    this.#rightElements = right.map((item) => itemElement(list, item));
    for (const [i, element] of this.#leftElements.entries()) {
      this.#leftItems.set(element, this.#leftItems.has(element) ? null : (left[i] ?? null));
    }
    this.#rightItems = new Map(this.#rightElements.map((element, i) => [element, right[i] ?? null]));
    this.#shared = this.#rightElements.filter((element) => this.#leftItems.has(element));
  }

  run(): Json[] {
    while (this.#leftAt < this.#leftElements.length || this.#rightAt < this.#rightElements.length) {
      const left = this.#leftElements[this.#leftAt];
      const right = this.#rightElements[this.#rightAt];
      if (left !== undefined && right !== undefined && this.#stepBoth(left, right)) continue;
      if (left !== undefined && this.#stepLeft(left)) continue;
      if (right !== undefined) this.#stepRight(right);
    }
    return this.#out;
  }

  /** True when the step is done; otherwise the sides are looked at one by one. */
  #stepBoth(left: PathElement, right: PathElement): boolean {
    if (left === right) {
      this.#merged.add(left);
      this.#emit(this.#leftItems.get(left), this.#rightItems.get(right));
      this.#leftAt += 1;
      this.#rightAt += 1;
      this.#sharedAt += 1;
      return true;
    }
    const nextShared = this.#shared[this.#sharedAt];
    if (!this.#rightItems.has(left) || nextShared === undefined || nextShared === left) return false;
    // A shared item, but not the next one in the configuration's order: it comes when its turn is there.
    this.#leftAt += 1;
    return true;
  }

  #stepLeft(left: PathElement): boolean {
    if (!this.#rightItems.has(left)) {
      this.#emit(this.#left[this.#leftAt], undefined);
      this.#leftAt += 1;
      return true;
    }
    if (this.#merged.has(left)) this.#leftAt += 1;
    return false;
  }

  #stepRight(right: PathElement): void {
    this.#merged.add(right);
    this.#emit(this.#leftItems.get(right), this.#rightItems.get(right));
    this.#rightAt += 1;
    if (this.#shared[this.#sharedAt] === right) this.#sharedAt += 1;
  }

  #emit(live: Json | undefined, config: Json | undefined): void {
    const value = merge(this.#list.element, live, config);
    if (value !== undefined) this.#out.push(value);
  }
}
