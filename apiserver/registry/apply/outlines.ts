/**
 * Remembers an answer by the outline of an object: the names of its fields and the keys of its items, without the
 * values that own nothing. Known outlines are followed step by step, so that nothing is put together to look them up.
 */
import { isObject, type Json, type JsonObject } from '../../api/json.ts';
import type { Atom, ListAtom, MapAtom } from './atom.ts';
import type { Endpoint } from './endpoint.ts';
import { itemElement } from './list-items.ts';
import { entryAtom, narrow } from './values.ts';

/** Steps kept; names of labels and keys of items come from clients, so there is no end of them. */
const MAX_STEPS = 8192;
/** Objects with longer outlines are not remembered. */
const MAX_NEW_STEPS = 512;

/** Where the outlines that begin alike go on. */
class Step<T> {
  readonly fields = new Map<string, Step<T>>();
  /** Items by their element. */
  readonly items = new Map<string, Step<T>>();
  /** Items by a text that stands for their element: that of a set, or the only key of a list-map. */
  readonly texts = new Map<string, Step<T>>();
  map: Step<T> | undefined;
  list: Step<T> | undefined;
  end: Step<T> | undefined;
  answer: { readonly value: T } | undefined;
}

export class Outlines<T> {
  readonly #endpoint: Endpoint;
  #first = new Step<T>();
  #steps = 0;
  #new = 0;

  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint;
  }

  /** What `make` answered for an object of the same outline. Throws `UnaddressableItem`. */
  answer(object: JsonObject, make: () => T): T {
    this.#new = 0;
    const last = this.#root(object);
    if (this.#new > MAX_NEW_STEPS || this.#steps > MAX_STEPS) {
      this.#first = new Step();
      this.#steps = 0;
      return make();
    }
    last.answer ??= { value: make() };
    return last.answer.value;
  }

  /** What the endpoint does not write, and managedFields itself, is no part of the outline. */
  #root(object: JsonObject): Step<T> {
    const { atom, writes } = this.#endpoint;
    const { map } = narrow(atom, object);
    let step = this.#first;
    for (const name of Object.keys(object)) {
      if (!writes(name)) continue;
      const value = object[name] ?? null;
      const below = map === undefined ? atom : entryAtom(map, name);
      step = this.#named(step.fields, name);
      step = this.#value(step, below, value, name === 'metadata' ? 'managedFields' : '');
    }
    return step;
  }

  #value(from: Step<T>, atom: Atom, value: Json, skipped = ''): Step<T> {
    const { map, list, scalar } = narrow(atom, value);
    if (map !== undefined)
      return map.atomic || !isObject(value) ? from : this.#map(from, map, value, skipped);
    if (list === undefined || scalar !== undefined || list.atomic || !Array.isArray(value)) return from;
    return this.#list(from, list, value as readonly Json[]);
  }

  #map(from: Step<T>, map: MapAtom, value: JsonObject, skipped: string): Step<T> {
    let step = (from.map ??= this.#add());
    for (const name of Object.keys(value)) {
      if (name === skipped) continue;
      step = this.#value(this.#named(step.fields, name), entryAtom(map, name), value[name] ?? null);
    }
    return (step.end ??= this.#add());
  }

  #list(from: Step<T>, list: ListAtom, items: readonly Json[]): Step<T> {
    let step = (from.list ??= this.#add());
    for (const item of items) step = this.#value(this.#item(step, list, item), list.element, item);
    return (step.end ??= this.#add());
  }

  #item(from: Step<T>, list: ListAtom, item: Json): Step<T> {
    const text = textOf(list, item);
    return text === undefined
      ? this.#named(from.items, itemElement(list, item))
      : this.#named(from.texts, text);
  }

  #named(steps: Map<string, Step<T>>, name: string): Step<T> {
    let step = steps.get(name);
    if (step === undefined) steps.set(name, (step = this.#add()));
    return step;
  }

  #add(): Step<T> {
    this.#new += 1;
    this.#steps += 1;
    return new Step();
  }
}

/** Undefined when the element has to be made. */
function textOf({ keys }: ListAtom, item: Json): string | undefined {
  if (keys.length === 0) return typeof item === 'string' ? item : undefined;
  const [key] = keys;
  if (key === undefined || keys.length > 1 || !isObject(item) || !Object.hasOwn(item, key.name))
    return undefined;
  const value = item[key.name];
  return typeof value === 'string' ? value : undefined;
}
