/** Drops the fields a schema does not name and says which they were. source: structural-schema pruning of CRDs. */
import { isObject, type Json, type JsonObject } from './json.ts';
import { FieldPath } from './field-path.ts';
import { nodeOf, type SchemaNode } from './schema-node.ts';
import type { Schema } from './schema.ts';

/** At most this many unknown fields are reported; all are dropped. */
export const MAX_UNKNOWN = 100;

export interface Pruned {
  /** The same reference when nothing was dropped. */
  readonly value: unknown;
  /** Paths as in `unknown field "spec.parts[0].x"`, in the order of the object. */
  readonly unknown: readonly string[];
}

/**
 * Values of the wrong shape are left for validation to complain about. Fields under `preserveUnknown` stay, those
 * that the schema names are still pruned inside.
 */
export function prune(schema: Schema, value: unknown): Pruned {
  const path = new FieldPath();
  const unknown: string[] = [];
  const pruned = walk(nodeOf(schema), value as Json, { path, unknown });
  return { value: pruned, unknown };
}

interface Trail {
  readonly path: FieldPath;
  readonly unknown: string[];
}

function walk(node: SchemaNode, value: Json, trail: Trail): Json {
  if (node.kind === 'list') return isList(value) ? list(node.items, value, trail) : value;
  if (!isObject(value)) return value;
  if (node.kind === 'object') return object(node, value, trail);
  return node.kind === 'map' ? map(node.items, value, trail) : value;
}

function object(node: SchemaNode, value: JsonObject, trail: Trail): Json {
  let changed: JsonObject | undefined;
  for (const name in value) {
    const field = node.fields.get(name);
    if (field !== undefined) {
      const child = value[name] as Json;
      const next = descend(field, child, name, trail);
      if (next !== child) (changed ??= { ...value })[name] = next;
    } else if (!node.keepsUnknown) {
      if (trail.unknown.length < MAX_UNKNOWN) trail.unknown.push(trail.path.child(name));
      changed ??= { ...value };
      delete changed[name];
    }
  }
  return changed ?? value;
}

function map(items: SchemaNode | undefined, value: JsonObject, trail: Trail): Json {
  if (items === undefined) return value;
  let changed: JsonObject | undefined;
  for (const name in value) {
    const child = value[name] as Json;
    const next = descend(items, child, name, trail);
    // The key is an own property of the copy already, so assigning cannot reach a setter.
    if (next !== child) (changed ??= { ...value })[name] = next;
  }
  return changed ?? value;
}

function list(items: SchemaNode | undefined, value: readonly Json[], trail: Trail): Json {
  if (items === undefined) return value;
  let changed: Json[] | undefined;
  for (let index = 0; index < value.length; index += 1) {
    const child = value[index] as Json;
    const next = descend(items, child, index, trail);
    if (next !== child) (changed ??= [...value])[index] = next;
  }
  return changed ?? value;
}

function descend(node: SchemaNode, value: Json, step: string | number, trail: Trail): Json {
  if (typeof value !== 'object' || value === null) return value;
  trail.path.push(step);
  const next = walk(node, value, trail);
  trail.path.pop();
  return next;
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
