/**
 * Random `fieldsV1` by schema, the way only an older schema or a hand would write them: parts of atomics, parents
 * alone, keys in any order, element types nobody knows.
 */
import type { Json, JsonObject } from '../../../apiserver/api/json.ts';
import type { Schema } from '../../../apiserver/api/schema.ts';
import type { Random } from './random.ts';

const MAX_DEPTH = 3;
/** An entry that owns one of these makes the Go side panic or fail, and no server ever writes one. */
const NEVER_OWNED = ['apiVersion', 'kind', 'managedFields'];

export function weirdFields(random: Random, schema: Schema, depth: number): JsonObject {
  const out: JsonObject = random.chance(0.3) ? { '.': {} } : {};
  if (depth > MAX_DEPTH) return out;
  weirdProperties(random, schema, out, depth);
  if (schema.kind === 'map' || schema.preserveUnknown === true) weirdEntries(random, schema, out, depth);
  if (schema.kind === 'list' && schema.items !== undefined) weirdItems(random, schema, out, depth);
  if (random.chance(0.03)) out['z:unknown'] = {};
  return out;
}

function weirdProperties(random: Random, schema: Schema, out: JsonObject, depth: number): void {
  const density = depth < 2 ? 0.4 : 0.25;
  for (const [name, node] of Object.entries(schema.properties ?? {})) {
    const isChosen = random.chance(density) && !NEVER_OWNED.includes(name);
    if (isChosen) out[`f:${name}`] = weirdFields(random, node, depth + 1);
  }
}

function weirdEntries(random: Random, schema: Schema, out: JsonObject, depth: number): void {
  const { items } = schema;
  for (const key of ['a', 'b', 'xa']) {
    if (random.chance(0.4))
      out[`f:${key}`] = items === undefined ? {} : weirdFields(random, items, depth + 1);
  }
}

function weirdItems(random: Random, schema: Schema, out: JsonObject, depth: number): void {
  const items = schema.items as Schema;
  if (schema.listType !== 'map') {
    out[`v:${JSON.stringify(random.pick(['a', 'b', 'c']))}`] = {};
    if (random.chance(0.2)) out[`i:${random.below(3)}`] = {};
    return;
  }
  const keys = [...(schema.listMapKeys ?? [])];
  if (random.chance(0.5)) keys.sort();
  const pairs = keys.map((key) => `"${key}": ${JSON.stringify(keyValue(random, items.properties?.[key]))}`);
  out[`k:{${pairs.join(', ')}}`] = weirdFields(random, items, depth + 1);
}

const keyValue = (random: Random, schema: Schema | undefined): Json =>
  schema?.kind === 'integer' ? random.pick([1, 2, 3, 10]) : random.pick(['a', 'b', 'TCP']);
