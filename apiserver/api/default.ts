/**
 * Structural defaulting: fills absent fields and drops nulls that mean "absent".
 * source: kubernetes.io "Defaulting and Nullable": nulls of fields that are not nullable are dropped, then
 * defaulted; nullable nulls stay.
 */
import { isObject, type Json, type JsonObject } from './json.ts';
import type { Schema } from './schema.ts';

/**
 * Returns the value with defaults filled in, inside list items and map values too; the same reference when
 * nothing changed, and never a change in place. Values of the wrong shape are left for validation. A default of a
 * field inside an absent object is not applied: only objects that are there get their fields.
 */
export function applyDefaults(schema: Schema, value: unknown): unknown {
  return walk(schema, value as Json);
}

function walk(schema: Schema, value: Json): Json {
  if (schema.kind === 'list') return isList(value) ? list(schema.items, value) : value;
  if (!isObject(value)) return value;
  if (schema.kind === 'object') return object(schema.properties ?? {}, value);
  return schema.kind === 'map' ? map(schema.items, value) : value;
}

function object(properties: Readonly<Record<string, Schema>>, value: JsonObject): Json {
  let changed: JsonObject | undefined;
  for (const name in properties) {
    const property = properties[name] as Schema;
    const present = Object.hasOwn(value, name);
    const child = present ? (value[name] as Json) : undefined;
    const next = settle(property, child);
    if (next === child) continue;
    changed ??= { ...value };
    if (next === undefined) delete changed[name];
    else changed[name] = next;
  }
  return changed ?? value;
}

function map(items: Schema | undefined, value: JsonObject): Json {
  if (items === undefined) return value;
  let changed: JsonObject | undefined;
  for (const name of Object.keys(value)) {
    const child = value[name] as Json;
    const next = settle(items, child);
    if (next === child) continue;
    changed ??= { ...value };
    if (next === undefined) delete changed[name];
    // The key is an own property of the copy already, so assigning cannot reach a setter.
    else changed[name] = next;
  }
  return changed ?? value;
}

function list(items: Schema | undefined, value: readonly Json[]): Json {
  if (items === undefined) return value;
  let changed: Json[] | undefined;
  for (const [index, child] of value.entries()) {
    // A null item cannot be left out without moving the others, so it stays for validation.
    const next = settle(items, child) ?? child;
    if (next !== child) (changed ??= [...value])[index] = next;
  }
  return changed ?? value;
}

/** What should stand at a field that now holds `child`; `undefined` = nothing. */
function settle(schema: Schema, child: Json | undefined): Json | undefined {
  const absent = child === undefined || (child === null && !allowsNull(schema));
  if (!absent) return walk(schema, child);
  if (typeof schema.default !== 'object') return schema.default;
  return walk(schema, structuredClone(schema.default));
}

function allowsNull(schema: Schema): boolean {
  return schema.nullable === true || schema.kind === 'any';
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
