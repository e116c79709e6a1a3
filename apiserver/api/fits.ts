/**
 * Whether a value satisfies a schema, without saying why not: what `validate` asks first. True only for what
 * `validate` has nothing against; where a look costs more than it saves the answer is false and the slow way decides.
 */
import { formatProblem } from './formats.ts';
import { isObject, type Json, type JsonObject } from './json.ts';
import { parseQuantity } from './quantity.ts';
import type { SchemaNode } from './schema-node.ts';
import type { Schema } from './schema.ts';

/** A pattern never meets longer text than this when the schema sets no maxLength. In characters. */
export const PATTERN_INPUT = 4096;
/** Longer lists without repetition are looked at the slow way. */
const MAX_COMPARED = 16;

export function fits(node: SchemaNode, value: unknown): boolean {
  if (value === null) return node.keepsNull;
  if (node.kind === 'any') return true;
  return typeof value === 'object' ? containerFits(node, value) : scalarFits(node, value);
}

function scalarFits(node: SchemaNode, value: unknown): boolean {
  const { schema } = node;
  switch (node.kind) {
    case 'string':
      return typeof value === 'string' && stringFits(node, value);
    case 'boolean':
      return typeof value === 'boolean';
    case 'integer':
      return integerFits(schema, value);
    case 'number':
      return typeof value === 'number' && inRange(schema, value);
    case 'intOrString':
      return intOrStringFits(schema, value);
    case 'object':
    case 'map':
    case 'list':
    case 'any':
      return false;
  }
}

function containerFits(node: SchemaNode, value: object): boolean {
  if (node.kind === 'list') return Array.isArray(value) && listFits(node, value as readonly Json[]);
  if (!isObject(value)) return false;
  if (node.kind === 'object') return objectFits(node, value);
  return node.kind === 'map' && mapFits(node, value);
}

function objectFits(node: SchemaNode, value: JsonObject): boolean {
  if (node.schema.embeddedResource === true) return false;
  for (const name of node.required) if (!Object.hasOwn(value, name)) return false;
  for (const name in value) {
    const field = node.fields.get(name);
    if (field !== undefined && !fits(field, value[name])) return false;
  }
  return true;
}

function mapFits({ schema, items }: SchemaNode, value: JsonObject): boolean {
  const names = Object.keys(value);
  if (schema.maxProperties !== undefined && names.length > schema.maxProperties) return false;
  if (items === undefined) return true;
  for (const name of names) if (!fits(items, value[name])) return false;
  return true;
}

function listFits({ schema, items }: SchemaNode, value: readonly Json[]): boolean {
  const { minItems, maxItems, listType } = schema;
  if (minItems !== undefined && value.length < minItems) return false;
  if (maxItems !== undefined && value.length > maxItems) return false;
  if (items !== undefined) for (const item of value) if (!fits(items, item)) return false;
  if (value.length < 2) return true;
  if (listType === 'map') return haveDifferentKeys(value, schema.listMapKeys ?? []);
  return listType !== 'set' || areDifferentTexts(value);
}

function haveDifferentKeys(items: readonly Json[], keys: readonly string[]): boolean {
  if (items.length > MAX_COMPARED) return false;
  return items.every((item, index) => {
    for (let other = 0; other < index; other += 1) {
      if (keys.every((key) => isSameScalar(item, items[other], key))) return false;
    }
    return true;
  });
}

/** True also when somebody has to take a closer look. */
function isSameScalar(a: Json, b: Json | undefined, key: string): boolean {
  if (!isObject(a) || !isObject(b)) return true;
  const one = Object.hasOwn(a, key) ? a[key] : undefined;
  const other = Object.hasOwn(b, key) ? b[key] : undefined;
  return one === other || typeof one === 'object' || typeof other === 'object';
}

function areDifferentTexts(value: readonly Json[]): boolean {
  if (value.length > MAX_COMPARED) return false;
  return value.every((item, index) => typeof item === 'string' && value.indexOf(item) === index);
}

function stringFits({ schema, isFree }: SchemaNode, value: string): boolean {
  if (isFree) return true;
  const { enum: values, pattern, format } = schema;
  if (values !== undefined && !values.includes(value)) return false;
  return (
    hasLength(schema, value) &&
    (pattern === undefined || patternOf(pattern).test(value)) &&
    (format === undefined || !formatProblem(format, value))
  );
}

/** A string never has more characters than UTF-16 units, and never less than half: others are left to be counted. */
function hasLength({ minLength = 0, maxLength, pattern }: Schema, value: string): boolean {
  const most = maxLength ?? (pattern === undefined ? Infinity : PATTERN_INPUT);
  return value.length <= most && value.length >= (minLength > 1 ? 2 * minLength : minLength);
}

function integerFits(schema: Schema, value: unknown): boolean {
  if (typeof value !== 'number' || !Number.isInteger(value)) return false;
  const isExact = schema.format === 'int32' ? (value | 0) === value : Number.isSafeInteger(value);
  return isExact && inRange(schema, value);
}

function inRange({ minimum, maximum }: Schema, value: number): boolean {
  return (maximum === undefined || value <= maximum) && (minimum === undefined || value >= minimum);
}

function intOrStringFits({ format }: Schema, value: unknown): boolean {
  if (typeof value === 'string') return format !== 'quantity' || parseQuantity(value) !== undefined;
  return format !== 'quantity' && Number.isInteger(value);
}

const patterns = new Map<string, RegExp>();
/** Of a schema: compiled once. */
export function patternOf(pattern: string): RegExp {
  let expression = patterns.get(pattern);
  if (expression === undefined) patterns.set(pattern, (expression = new RegExp(pattern, 'u')));
  return expression;
}
