/** Random objects and edits by schema, from a seed: small alphabets, so that fields and items meet often. */
import { isObject, type Json, type JsonObject } from '../../../apiserver/api/json.ts';
import type { Schema } from '../../../apiserver/api/schema.ts';

const WORDS = [
  'a',
  'b',
  'c',
  'd',
  'x/y.z',
  'd<e&f>',
  'say "hi"\\',
  'é',
  '\u{1f600}',
  '\uffee',
  'tab\there',
  '\b',
];
const KEYS = ['a', 'b', 'c', 'B', 'x.io/y', '__proto__', 'constructor', '\u{1f600}', '\uffee'];
const NUMBERS = [0, 1, 2, 3, 10, 80, -1, 1_000_000];
const REALS = [...NUMBERS, 1.5, 0.25, 1e21, 1e-7];

export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** In [0, 1). source: mulberry32. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }

  shuffled<T>(list: readonly T[]): T[] {
    const out = [...list];
    for (let i = out.length - 1; i > 0; i -= 1) {
      const j = this.below(i + 1);
      [out[i], out[j]] = [out[j] as T, out[i] as T];
    }
    return out;
  }
}

/** Half of the small words are the first three, so collisions are the rule. */
const word = (random: Random): string =>
  random.chance(0.6) ? random.pick(['a', 'b', 'c']) : random.pick(WORDS);
const mapKey = (random: Random): string =>
  random.chance(0.7) ? random.pick(['a', 'b', 'c']) : random.pick(KEYS);

export interface Shape {
  /** Probability that a field is there. */
  readonly density: number;
  /** Probability of null in place of a value. */
  readonly nulls: number;
  /** Probability of an item that occurs twice in a set or list-map. */
  readonly duplicates: number;
}

function define(object: JsonObject, name: string, value: Json): void {
  Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
}

export function randomValue(random: Random, schema: Schema, shape: Shape): Json {
  switch (schema.kind) {
    case 'object':
      return randomObject(random, schema, shape);
    case 'map':
      return randomMap(random, schema, shape);
    case 'list':
      return randomList(random, schema, shape);
    case 'any':
      return randomAny(random, 0);
    case 'string':
    case 'integer':
    case 'number':
    case 'boolean':
    case 'intOrString':
      return randomScalar(random, schema);
  }
}

function randomScalar(random: Random, schema: Schema): Json {
  if (schema.kind === 'boolean') return random.chance(0.5);
  if (schema.kind === 'number') return random.pick(REALS);
  const isNumber = schema.kind === 'integer' || (schema.kind === 'intOrString' && random.chance(0.5));
  if (isNumber) return random.pick(NUMBERS);
  return schema.enum === undefined ? word(random) : random.pick(schema.enum);
}

function randomMap(random: Random, schema: Schema, shape: Shape): JsonObject {
  const out: JsonObject = {};
  const { items } = schema;
  for (let i = random.below(4); i > 0; i -= 1) {
    define(out, mapKey(random), items === undefined ? word(random) : orNull(random, items, shape));
  }
  return out;
}

const orNull = (random: Random, schema: Schema, shape: Shape): Json =>
  random.chance(shape.nulls) ? null : randomValue(random, schema, shape);

function randomObject(random: Random, schema: Schema, shape: Shape): JsonObject {
  const out: JsonObject = {};
  for (const [name, node] of random.shuffled(Object.entries(schema.properties ?? {}))) {
    if (random.chance(shape.density)) define(out, name, orNull(random, node, shape));
  }
  if (schema.embeddedResource === true) {
    out['apiVersion'] = 'v1';
    out['kind'] = word(random);
    out['metadata'] = { name: word(random), labels: { a: word(random) }, finalizers: [word(random)] };
  }
  if (schema.preserveUnknown === true) {
    for (let i = random.below(3); i > 0; i -= 1) define(out, `x${mapKey(random)}`, randomAny(random, 0));
  }
  return out;
}

function randomAny(random: Random, depth: number): Json {
  const dice = random.below(depth > 2 ? 4 : 8);
  if (dice === 0) return random.pick(REALS);
  if (dice === 1) return random.chance(0.5);
  if (dice === 2) return null;
  if (dice === 3) return word(random);
  const count = random.below(4);
  if (dice === 4) return Array.from({ length: count }, () => randomAny(random, depth + 1));
  const out: JsonObject = {};
  for (let i = 0; i < count; i += 1) define(out, mapKey(random), randomAny(random, depth + 1));
  return out;
}

/** Items that lack every key are left out: no server accepts them. */
function randomList(random: Random, schema: Schema, shape: Shape): Json[] {
  const { items, listType } = schema;
  const count = random.below(5);
  const out: Json[] = [];
  for (let i = 0; i < count && items !== undefined; i += 1) {
    if (listType === 'map') out.push(randomItem(random, schema, shape));
    else if (listType === 'set') out.push(randomValue(random, items, { ...shape, nulls: 0 }));
    else out.push(randomValue(random, items, shape));
  }
  return listType === undefined || listType === 'atomic' ? out : unique(random, schema, out, shape);
}

function randomItem(random: Random, schema: Schema, shape: Shape): Json {
  const items = schema.items as Schema;
  const item = randomObject(random, items, shape);
  const keys = schema.listMapKeys ?? [];
  for (const [i, key] of keys.entries()) {
    const node = items.properties?.[key];
    if (node === undefined) continue;
    const isOptional = node.default !== undefined || (i > 0 && keys.length > 1);
    if (isOptional && random.chance(0.3)) delete item[key];
    else item[key] = randomValue(random, node, shape);
  }
  return item;
}

function unique(random: Random, schema: Schema, list: readonly Json[], shape: Shape): Json[] {
  const seen = new Set<string>();
  return list.filter((item) => {
    const key = identity(schema, item);
    if (seen.has(key) && !random.chance(shape.duplicates)) return false;
    seen.add(key);
    return true;
  });
}

function identity(schema: Schema, item: Json): string {
  if (schema.listType !== 'map' || !isObject(item)) return JSON.stringify(item);
  return JSON.stringify(
    (schema.listMapKeys ?? []).map((key) => item[key] ?? schema.items?.properties?.[key]?.default ?? null),
  );
}

/** A copy with about one or two edits somewhere inside. */
export function edited(random: Random, schema: Schema, value: Json, shape: Shape): Json {
  if (random.chance(0.15)) return orNull(random, schema, shape);
  if (schema.kind === 'object' && isObject(value)) return editedObject(random, schema, value, shape);
  if (schema.kind === 'map' && isObject(value)) return editedMap(random, schema, value, shape);
  if (schema.kind === 'list' && Array.isArray(value)) return editedList(random, schema, value, shape);
  return randomValue(random, schema, shape);
}

function editedObject(random: Random, schema: Schema, value: JsonObject, shape: Shape): JsonObject {
  const out: JsonObject = {};
  for (const name of Object.keys(value)) define(out, name, value[name] as Json);
  const entries = Object.entries(schema.properties ?? {});
  if (entries.length === 0) return random.chance(0.5) ? randomObject(random, schema, shape) : out;
  for (let i = 1 + random.below(2); i > 0; i -= 1) {
    const [name, node] = random.pick(entries);
    const current = Object.hasOwn(out, name) ? out[name] : undefined;
    if (current === undefined) define(out, name, orNull(random, node, shape));
    else if (random.chance(0.3)) delete out[name];
    else define(out, name, edited(random, node, current as Json, shape));
  }
  return out;
}

function editedMap(random: Random, schema: Schema, value: JsonObject, shape: Shape): JsonObject {
  const out: JsonObject = {};
  for (const name of Object.keys(value)) if (!random.chance(0.3)) define(out, name, value[name] as Json);
  if (random.chance(0.6) && schema.items !== undefined) {
    define(out, mapKey(random), orNull(random, schema.items, shape));
  }
  return out;
}

function editedList(random: Random, schema: Schema, value: readonly Json[], shape: Shape): Json[] {
  const items = schema.items as Schema;
  const isMap = schema.listType === 'map';
  let out = value
    .filter(() => !random.chance(0.25))
    .map((item) =>
      isMap && isObject(item) && random.chance(0.5) ? editedItem(random, schema, item, shape) : item,
    );
  if (random.chance(0.5))
    out.push(isMap ? randomItem(random, schema, shape) : randomValue(random, items, { ...shape, nulls: 0 }));
  if (random.chance(0.3)) out = random.shuffled(out);
  return schema.listType === undefined || schema.listType === 'atomic'
    ? out
    : unique(random, schema, out, shape);
}

/** Keeps the key fields, so that the item stays the same item. */
function editedItem(random: Random, schema: Schema, item: JsonObject, shape: Shape): JsonObject {
  const out = editedObject(random, schema.items as Schema, item, shape);
  for (const key of schema.listMapKeys ?? []) {
    if (Object.hasOwn(item, key)) out[key] = item[key] as Json;
    else delete out[key];
  }
  return out;
}

const NOTHING: Shape = { density: 0, nulls: 0, duplicates: 0 };

/** A part of a value, as somebody would apply who cares for some of its fields. */
export function part(random: Random, schema: Schema, value: Json): Json {
  if (isObject(value)) return partOfObject(random, schema, value);
  const isKeyed = schema.listType === 'map' || schema.listType === 'set';
  if (!Array.isArray(value) || !isKeyed) return value;
  const some = value.filter(() => random.chance(0.6));
  const once = unique(random, schema, some, NOTHING);
  return schema.listType === 'set' ? once : once.map((item) => partOfItem(random, schema, item));
}

function partOfObject(random: Random, schema: Schema, value: JsonObject): Json {
  if (schema.kind !== 'object' && schema.kind !== 'map') return value;
  const out: JsonObject = {};
  for (const name of Object.keys(value)) {
    const node = schema.properties?.[name];
    const child = value[name] as Json;
    if (random.chance(0.5)) define(out, name, node === undefined ? child : part(random, node, child));
  }
  return out;
}

function partOfItem(random: Random, schema: Schema, item: Json): Json {
  const kept = part(random, schema.items as Schema, item);
  if (!isObject(item) || !isObject(kept)) return item;
  const keys = (schema.listMapKeys ?? []).filter((key) => Object.hasOwn(item, key));
  return { ...kept, ...Object.fromEntries(keys.map((key) => [key, item[key] as Json])) };
}
