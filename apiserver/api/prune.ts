/** Drops the fields a schema does not name and says which they were. source: structural-schema pruning of CRDs. */
import { isObject, type Json, type JsonObject } from './json.ts';
import { FieldPath } from './field-path.ts';
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
  const pruned = walk(schema, value as Json, path, unknown);
  return { value: pruned, unknown };
}

function walk(schema: Schema, value: Json, path: FieldPath, unknown: string[]): Json {
  if (schema.kind === 'list') return isList(value) ? list(schema.items, value, path, unknown) : value;
  if (!isObject(value)) return value;
  if (schema.kind === 'object') return object(schema, value, path, unknown);
  return schema.kind === 'map' ? map(schema.items, value, path, unknown) : value;
}

function object(schema: Schema, value: JsonObject, path: FieldPath, unknown: string[]): Json {
  const properties = schema.properties ?? {};
  let changed: JsonObject | undefined;
  for (const name of Object.keys(value)) {
    const child = value[name] as Json;
    if (Object.hasOwn(properties, name)) {
      const next = descend(properties[name] as Schema, child, name, { path, unknown });
      if (next !== child) (changed ??= { ...value })[name] = next;
    } else if (schema.preserveUnknown !== true) {
      if (unknown.length < MAX_UNKNOWN) unknown.push(path.child(name));
      changed ??= { ...value };
      delete changed[name];
    }
  }
  return changed ?? value;
}

function map(items: Schema | undefined, value: JsonObject, path: FieldPath, unknown: string[]): Json {
  if (items === undefined) return value;
  let changed: JsonObject | undefined;
  for (const name of Object.keys(value)) {
    const child = value[name] as Json;
    const next = descend(items, child, name, { path, unknown });
    // The key is an own property of the copy already, so assigning cannot reach a setter.
    if (next !== child) (changed ??= { ...value })[name] = next;
  }
  return changed ?? value;
}

function list(items: Schema | undefined, value: readonly Json[], path: FieldPath, unknown: string[]): Json {
  if (items === undefined) return value;
  let changed: Json[] | undefined;
  for (const [index, child] of value.entries()) {
    const next = descend(items, child, index, { path, unknown });
    if (next !== child) (changed ??= [...value])[index] = next;
  }
  return changed ?? value;
}

interface Trail {
  readonly path: FieldPath;
  readonly unknown: string[];
}

function descend(schema: Schema, value: Json, step: string | number, trail: Trail): Json {
  if (typeof value !== 'object' || value === null) return value;
  trail.path.push(step);
  const next = walk(schema, value, trail.path, trail.unknown);
  trail.path.pop();
  return next;
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
