/**
 * Checks a value against a schema and answers with the causes kube-apiserver would give.
 * source: apiextensions-apiserver pkg/apiserver/validation, kube-openapi pkg/validation/errors/schema.go.
 */
import { cause, OMITTED } from './causes.ts';
import type { Cause } from './errors.ts';
import { FieldPath } from './field-path.ts';
import { formatProblem } from './formats.ts';
import { isObject, type JsonObject } from './json.ts';
import { fits, PATTERN_INPUT, patternOf } from './fits.ts';
import { nodeOf } from './schema-node.ts';
import type { Schema } from './schema.ts';
import { parseQuantity, QUANTITY_COMPLAINT } from './quantity.ts';

export interface ValidateOptions {
  /** Checking stops after so many causes. Default 50. */
  readonly maxCauses?: number;
  /** Dotted paths, indexes left out, whose values (and all below) must not appear in messages. Default none. */
  readonly secrets?: readonly string[];
}

/**
 * Empty when the value fits. Run it after `prune` and `applyDefaults`: an absent field that has a default is not
 * required, unknown fields are ignored. `rootPath` is put in front of every field; empty for a whole object.
 *
 * Depth is bounded by the schema, which is a finite tree; text under `any` is not looked at.
 */
export function validate(
  schema: Schema,
  value: unknown,
  rootPath: string,
  options: ValidateOptions = {},
): readonly Cause[] {
  // Almost every value fits, and saying so needs no path and no cause.
  if (fits(nodeOf(schema), value)) return NONE;
  const check = new Check(rootPath, options);
  check.node(schema, value);
  return check.causes;
}

const NONE: readonly Cause[] = [];

const DEFAULT_MAX_CAUSES = 50;

const TYPE_NAMES: Readonly<Record<Schema['kind'], string>> = {
  object: 'object',
  map: 'object',
  list: 'array',
  string: 'string',
  integer: 'integer',
  number: 'number',
  boolean: 'boolean',
  intOrString: 'integer,string',
  any: '',
};

function hasType(schema: Schema, value: unknown): boolean {
  switch (schema.kind) {
    case 'any':
      return true;
    case 'object':
    case 'map':
      return isObject(value);
    case 'list':
      return Array.isArray(value);
    case 'string':
    case 'number':
    case 'boolean':
      return typeof value === schema.kind;
    case 'integer':
      return Number.isInteger(value);
    case 'intOrString':
      return typeof value === 'string' || Number.isInteger(value) || isQuantityNumber(schema, value);
  }
}

/** cpu: 0.5 is a quantity written as a number. */
function isQuantityNumber(schema: Schema, value: unknown): boolean {
  return schema.format === 'quantity' && typeof value === 'number';
}

class Check {
  readonly causes: Cause[] = [];
  readonly #path: FieldPath;
  readonly #maxCauses: number;
  readonly #secrets: readonly string[];

  constructor(rootPath: string, options: ValidateOptions) {
    this.#path = new FieldPath(rootPath);
    this.#maxCauses = options.maxCauses ?? DEFAULT_MAX_CAUSES;
    this.#secrets = options.secrets ?? [];
  }

  node(schema: Schema, value: unknown): void {
    if (value === null && schema.nullable === true) return;
    if (hasType(schema, value)) {
      this.#inside(schema, value);
      return;
    }
    this.#wrongType(TYPE_NAMES[schema.kind], value);
    // Upstream looks at the choice even where the type is wrong.
    if (schema.enum !== undefined) {
      this.causes.push(cause.notSupported(this.#path.toString(), this.#shown(value), schema.enum));
    }
  }

  /** The value has the type of the schema. */
  #inside(schema: Schema, value: unknown): void {
    switch (schema.kind) {
      case 'any':
      case 'boolean':
        return;
      case 'string':
        return this.#string(schema, value as string);
      case 'integer':
        return this.#integer(schema, value as number);
      case 'number':
        return this.#range(schema, value as number);
      case 'intOrString':
        return this.#intOrString(schema, value as string | number);
      case 'object':
        return this.#object(schema, value as JsonObject);
      case 'map':
        return this.#map(schema, value as JsonObject);
      case 'list':
        return this.#list(schema, value as readonly unknown[]);
    }
  }

  #object(schema: Schema, value: JsonObject): void {
    const properties = schema.properties ?? {};
    for (const name in properties) {
      if (this.#full()) return;
      const property = properties[name] as Schema;
      if (Object.hasOwn(value, name)) this.#at(name, property, value[name]);
      else if (property.optional !== true && property.default === undefined) {
        this.causes.push(cause.required(this.#path.child(name)));
      }
    }
    if (schema.embeddedResource === true) this.#embedded(value);
  }

  /** source: apiextensions-apiserver pkg/apiserver/schema/objectmeta/validation.go. */
  #embedded(value: JsonObject): void {
    for (const name of ['apiVersion', 'kind']) {
      const given = Object.hasOwn(value, name) ? value[name] : '';
      if (typeof given !== 'string' || given === '') {
        this.causes.push(cause.required(this.#path.child(name), 'must not be empty'));
      }
    }
    const metadata = Object.hasOwn(value, 'metadata') ? value['metadata'] : {};
    if (!isObject(metadata)) this.#at('metadata', { kind: 'object', description: '' }, metadata);
  }

  #map(schema: Schema, value: JsonObject): void {
    const names = Object.keys(value);
    this.#size(schema.maxProperties, names.length);
    if (schema.items === undefined) return;
    for (const name of names) {
      if (this.#full()) return;
      this.#at(name, schema.items, value[name]);
    }
  }

  #list(schema: Schema, value: readonly unknown[]): void {
    if (schema.minItems !== undefined && value.length < schema.minItems) {
      this.#invalid(value.length, `should have at least ${schema.minItems} items`);
    }
    this.#size(schema.maxItems, value.length);
    // Beyond the limit the items are not worth looking at: their number alone makes the value wrong.
    if (schema.maxItems !== undefined && value.length > schema.maxItems) return;
    if (schema.items !== undefined) {
      for (let index = 0; index < value.length; index += 1) {
        if (this.#full()) return;
        this.#at(index, schema.items, value[index]);
      }
    }
    if (schema.listType === 'set') this.#unique(value, (item) => item);
    if (schema.listType === 'map') {
      this.#objects(value);
      const names = [...(schema.listMapKeys ?? [])].sort();
      this.#unique(value, (item) => keysOf(item, names));
    }
  }

  /** What is no object has no keys to be found by; null has been complained about. */
  #objects(value: readonly unknown[]): void {
    for (const [index, item] of value.entries()) {
      if (isObject(item) || item === null || this.#full()) continue;
      this.#path.push(index);
      const path = this.#path.toString();
      this.causes.push(
        cause.invalid(path, this.#shown(item), 'must be an object for an array of list-type map'),
      );
      this.#path.pop();
    }
  }

  /** source: apiextensions-apiserver pkg/apiserver/schema/listtype: each repeated value is named once. */
  #unique(value: readonly unknown[], identity: (item: unknown) => unknown): void {
    const seen = new Map<string, number>();
    for (const [index, item] of value.entries()) {
      if (this.#full()) return;
      const key = identity(item);
      const text = JSON.stringify(key);
      const times = (seen.get(text) ?? 0) + 1;
      seen.set(text, times);
      if (times !== 2) continue;
      this.#path.push(index);
      this.causes.push(cause.duplicate(this.#path.toString(), this.#shown(key)));
      this.#path.pop();
    }
  }

  #string(schema: Schema, value: string): void {
    if (schema.enum !== undefined && !schema.enum.includes(value)) {
      this.causes.push(cause.notSupported(this.#path.toString(), this.#shown(value), schema.enum));
    } else if (this.#length(schema, value)) {
      if (schema.pattern !== undefined && !patternOf(schema.pattern).test(value)) {
        this.#invalid(value, `should match '${schema.pattern}'`);
      }
      this.#format(schema, value);
    }
  }

  /** True when the length is right. */
  #length(schema: Schema, value: string): boolean {
    const { minLength = 0, maxLength = schema.pattern === undefined ? Infinity : PATTERN_INPUT } = schema;
    // A string never has more characters than UTF-16 units, so counting is needed near the limits only.
    if (value.length > maxLength && characters(value) > maxLength) {
      this.causes.push(cause.tooLong(this.#path.toString(), maxLength));
      return false;
    }
    if (value.length >= 2 * minLength || characters(value) >= minLength) return true;
    this.#invalid(value, `should be at least ${minLength} chars long`);
    return false;
  }

  #format(schema: Schema, value: string): void {
    if (schema.format === undefined || !formatProblem(schema.format, value)) return;
    const shown = this.#shown(value);
    const tail = shown === OMITTED ? '' : `: ${JSON.stringify(value)}`;
    const path = this.#path.toString();
    this.causes.push(
      cause.typeInvalid(path, shown, `${path} in body must be of type ${schema.format}${tail}`),
    );
  }

  #integer(schema: Schema, value: number): void {
    const fits = schema.format === 'int32' ? (value | 0) === value : Number.isSafeInteger(value);
    if (!fits) {
      const path = this.#path.toString();
      const format = schema.format ?? 'int64';
      const detail = `Checked value must be of type integer with format ${format} in ${path}`;
      this.causes.push(cause.invalid(path, this.#shown(value), detail));
    }
    this.#range(schema, value);
  }

  #range(schema: Schema, value: number): void {
    if (schema.maximum !== undefined && value > schema.maximum) {
      this.#invalid(value, `should be less than or equal to ${schema.maximum}`);
    }
    if (schema.minimum !== undefined && value < schema.minimum) {
      this.#invalid(value, `should be greater than or equal to ${schema.minimum}`);
    }
  }

  #intOrString(schema: Schema, value: string | number): void {
    if (schema.format !== 'quantity' || parseQuantity(value) !== undefined) return;
    this.causes.push(cause.invalid(this.#path.toString(), this.#shown(value), QUANTITY_COMPLAINT));
  }

  #at(step: string | number, schema: Schema, value: unknown): void {
    this.#path.push(step);
    this.node(schema, value);
    this.#path.pop();
  }

  #size(max: number | undefined, actual: number): void {
    if (max !== undefined && actual > max) {
      this.causes.push(cause.tooMany(this.#path.toString(), actual, max));
    }
  }

  #wrongType(wanted: string, value: unknown): void {
    const found = typeName(value);
    const path = this.#path.toString();
    const name = path === '' ? '<nil>' : path;
    this.causes.push(cause.typeInvalid(name, found, `${path} in body must be of type ${wanted}: "${found}"`));
  }

  #invalid(value: unknown, complaint: string): void {
    const path = this.#path.toString();
    this.causes.push(cause.invalid(path, this.#shown(value), `${path} in body ${complaint}`));
  }

  #shown(value: unknown): unknown {
    if (this.#secrets.length === 0) return value;
    const here = this.#path.declared();
    const secret = this.#secrets.some(
      (path) => here === path || here.startsWith(`${path}.`) || path.startsWith(`${here}.`),
    );
    return secret ? OMITTED : value;
  }

  #full(): boolean {
    return this.causes.length >= this.#maxCauses;
  }
}

/** The fields that identify an item of a list-map; absent ones are left out, as upstream prints them. */
function keysOf(item: unknown, names: readonly string[]): JsonObject {
  const keys: JsonObject = {};
  if (!isObject(item)) return keys;
  for (const name of names) {
    const key = Object.hasOwn(item, name) ? item[name] : undefined;
    if (key !== undefined) keys[name] = key;
  }
  return keys;
}

/** Counts characters as Go counts runes. */
function characters(value: string): number {
  let count = 0;
  for (let i = 0; i < value.length; i += 1) {
    count += 1;
    if ((value.codePointAt(i) ?? 0) > 0xffff) i += 1;
  }
  return count;
}

function typeName(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}
