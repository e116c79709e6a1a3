/** The whole-object schema of a kind: apiVersion, kind and metadata beside the fields the kind defines. */
import type { Kind } from './kind.ts';
import { OBJECT_META_SCHEMA } from './meta-schema.ts';
import { opt, str, type Schema } from './schema.ts';

export const API_VERSION_SCHEMA = opt(
  str('Group and version of the schema this object is written in, such as apps/v1 or v1.'),
);
export const KIND_SCHEMA = opt(str('Kind of this object, in CamelCase. Cannot be changed.'));

const cache = new WeakMap<Schema, Schema>();

/**
 * Root schema that pruning, defaulting, validation and apply walk. The same object for the same kind every time,
 * so results may be cached by it.
 */
export function objectSchema(kind: Pick<Kind, 'schema'>): Schema {
  let schema = cache.get(kind.schema);
  if (schema === undefined) {
    schema = {
      ...kind.schema,
      properties: {
        apiVersion: API_VERSION_SCHEMA,
        kind: KIND_SCHEMA,
        metadata: { ...OBJECT_META_SCHEMA, optional: true },
        ...kind.schema.properties,
      },
    };
    cache.set(kind.schema, schema);
  }
  return schema;
}
