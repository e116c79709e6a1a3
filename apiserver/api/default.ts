/**
 * Structural defaulting: fills absent fields and drops nulls that mean "absent".
 * source: kubernetes.io "Defaulting and Nullable": nulls of fields that are not nullable are dropped, then
 * defaulted; nullable nulls stay.
 */
import { isObject, type Json, type JsonObject } from './json.ts';
import { nodeOf, type SchemaNode } from './schema-node.ts';
import type { Schema } from './schema.ts';

/**
 * Returns the value with defaults filled in, inside list items and map values too; the same reference when
 * nothing changed, and never a change in place. Values of the wrong shape are left for validation. A default of a
 * field inside an absent object is not applied: only objects that are there get their fields.
 */
export function applyDefaults(schema: Schema, value: unknown): unknown {
  return walk(nodeOf(schema), value as Json);
}

function walk(node: SchemaNode, value: Json): Json {
  if (node.kind === 'list') return isList(value) ? list(node.items, value) : value;
  if (!isObject(value)) return value;
  if (node.kind === 'object') return object(node, value);
  return node.kind === 'map' ? map(node.items, value) : value;
}

function object(node: SchemaNode, value: JsonObject): Json {
  let changed: JsonObject | undefined;
  for (const name in value) {
    const child = value[name] as Json;
    if (typeof child !== 'object') continue;
    const field = node.fields.get(name);
    if (field === undefined) continue;
    const next = settle(field, child);
    if (next === child) continue;
    changed ??= { ...value };
    if (next === undefined) delete changed[name];
    else changed[name] = next;
  }
  for (const name of node.defaulted) {
    if (Object.hasOwn(value, name)) continue;
    const next = filled(node.fields.get(name));
    if (next !== undefined) (changed ??= { ...value })[name] = next;
  }
  return changed ?? value;
}

function map(items: SchemaNode | undefined, value: JsonObject): Json {
  if (items === undefined) return value;
  let changed: JsonObject | undefined;
  for (const name in value) {
    const child = value[name] as Json;
    if (typeof child !== 'object') continue;
    const next = settle(items, child);
    if (next === child) continue;
    changed ??= { ...value };
    if (next === undefined) delete changed[name];
    // The key is an own property of the copy already, so assigning cannot reach a setter.
    else changed[name] = next;
  }
  return changed ?? value;
}

function list(items: SchemaNode | undefined, value: readonly Json[]): Json {
  if (items === undefined) return value;
  let changed: Json[] | undefined;
  for (let index = 0; index < value.length; index += 1) {
    const child = value[index] as Json;
    if (typeof child !== 'object') continue;
    // A null item cannot be left out without moving the others, so it stays for validation.
    const next = settle(items, child) ?? child;
    if (next !== child) (changed ??= [...value])[index] = next;
  }
  return changed ?? value;
}

/** What should stand at a field that now holds `child`, an object, a list or null; `undefined` = nothing. */
function settle(node: SchemaNode, child: Json): Json | undefined {
  if (child === null && !node.keepsNull) return filled(node);
  return walk(node, child);
}

/** The default of an absent field; `undefined` = none. */
function filled(node: SchemaNode | undefined): Json | undefined {
  const value = node?.schema.default;
  if (node === undefined || typeof value !== 'object') return value;
  return walk(node, structuredClone(value));
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
