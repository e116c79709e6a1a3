/**
 * A schema prepared for walking values: the same questions answered from objects of one form, because schemas as
 * they are written have as many forms as keywords and every write walks one three times.
 */
import type { Schema } from './schema.ts';

/** Made once per schema; see `nodeOf`. */
export class SchemaNode {
  readonly schema: Schema;
  readonly kind: Schema['kind'];
  /** Children of an object by name; empty for every other kind. */
  readonly fields: ReadonlyMap<string, SchemaNode>;
  /** Names of the fields that must be there once defaults are filled in. */
  readonly required: readonly string[];
  /** Names of the fields that have a default. */
  readonly defaulted: readonly string[];
  /** Of a map or list. */
  readonly items: SchemaNode | undefined;
  readonly keepsUnknown: boolean;
  /** A null stays and counts as a value. */
  readonly keepsNull: boolean;
  /** Any string, or boolean, will do. */
  readonly isFree: boolean;

  constructor(schema: Schema) {
    this.schema = schema;
    this.kind = schema.kind;
    const properties = schema.kind === 'object' ? Object.entries(schema.properties ?? {}) : [];
    this.fields = new Map(properties.map(([name, property]) => [name, new SchemaNode(property)]));
    this.required = namesOf(
      properties,
      ({ optional, default: value }) => optional !== true && value === undefined,
    );
    this.defaulted = namesOf(properties, ({ default: value }) => value !== undefined);
    this.items = hasItems(schema) && schema.items !== undefined ? new SchemaNode(schema.items) : undefined;
    this.keepsUnknown = schema.preserveUnknown === true;
    this.keepsNull = schema.nullable === true || schema.kind === 'any';
    this.isFree = CONSTRAINTS.every((keyword) => schema[keyword] === undefined);
  }
}

const CONSTRAINTS = ['enum', 'minLength', 'maxLength', 'pattern', 'format', 'minimum', 'maximum'] as const;

const hasItems = ({ kind }: Schema): boolean => kind === 'map' || kind === 'list';

function namesOf(
  properties: readonly (readonly [string, Schema])[],
  matches: (schema: Schema) => boolean,
): readonly string[] {
  return properties.filter(([, property]) => matches(property)).map(([name]) => name);
}

const nodes = new WeakMap<Schema, SchemaNode>();

/** The same node for the same schema; of a whole kind this is worth keeping, so ask with root schemas. */
export function nodeOf(schema: Schema): SchemaNode {
  let node = nodes.get(schema);
  if (node === undefined) nodes.set(schema, (node = new SchemaNode(schema)));
  return node;
}
