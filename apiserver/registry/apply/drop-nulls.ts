/**
 * Takes nulls out of places that cannot be null: what a merge leaves of emptied containers, and what a client
 * wrote as null. Values below unknown fields are left alone.
 * source: apiextensions-apiserver schema/defaulting/prunenulls.go.
 */
import { isObject, type Json, type JsonObject } from '../../api/json.ts';
import type { Kind } from '../../api/kind.ts';
import type { Schema } from '../../api/schema.ts';
import { OBJECT_META } from './metadata.ts';
import { setField } from './values.ts';

/** Shares with its input whatever holds no null. */
export function dropNulls(kind: Pick<Kind, 'schema'>, object: JsonObject): JsonObject {
  const properties: Readonly<Record<string, Schema>> = { ...kind.schema.properties, metadata: OBJECT_META };
  return fields(object, (name) => (Object.hasOwn(properties, name) ? properties[name] : undefined));
}

function clean(schema: Schema | undefined, value: Json): Json {
  if (schema === undefined || value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return items(schema.items, value);
  return isObject(value) ? fields(value, (name) => fieldSchema(schema, name)) : value;
}

function fieldSchema(schema: Schema, name: string): Schema | undefined {
  const { properties = {} } = schema;
  return Object.hasOwn(properties, name) ? properties[name] : schema.items;
}

function fields(object: JsonObject, schemaOf: (name: string) => Schema | undefined): JsonObject {
  const out: JsonObject = {};
  let isChanged = false;
  for (const name of Object.keys(object)) {
    const schema = schemaOf(name);
    const value = object[name] ?? null;
    const cleaned = clean(schema, value);
    const isDropped = value === null && schema !== undefined && !admitsNull(schema);
    if (!isDropped) setField(out, name, cleaned);
    isChanged ||= isDropped || cleaned !== value;
  }
  return isChanged ? out : object;
}

const admitsNull = (schema: Schema): boolean => schema.nullable === true || schema.kind === 'any';

function items(schema: Schema | undefined, list: readonly Json[]): readonly Json[] {
  const cleaned = list.map((item) => clean(schema, item));
  return cleaned.some((item, i) => item !== list[i]) ? cleaned : list;
}
