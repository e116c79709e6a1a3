/**
 * The OpenAPI definition of a kind as kube-apiserver would publish it for a CRD with the same schema. Written
 * apart from the product's own OpenAPI so that the oracle does not share its mistakes.
 */
import type { Json, JsonObject } from '../../../apiserver/api/json.ts';
import type { Kind } from '../../../apiserver/api/kind.ts';
import { OBJECT_META_SCHEMA } from '../../../apiserver/api/meta-schema.ts';
import type { Schema } from '../../../apiserver/api/schema.ts';

const META_REF: JsonObject = { $ref: '#/components/schemas/ObjectMeta' };

export function definitions(kind: Kind): JsonObject {
  const root = convert(kind.schema);
  return {
    ObjectMeta: convert(OBJECT_META_SCHEMA),
    [kind.kind]: {
      ...withTypeMeta(root),
      'x-kubernetes-group-version-kind': [{ group: kind.group, version: kind.version, kind: kind.kind }],
    },
  };
}

const withTypeMeta = (schema: JsonObject): JsonObject => ({
  ...schema,
  properties: {
    ...(schema['properties'] as JsonObject | undefined),
    apiVersion: { type: 'string' },
    kind: { type: 'string' },
    metadata: META_REF,
  },
});

function convert(schema: Schema): JsonObject {
  const out = { ...byKind(schema), ...(schema.default === undefined ? {} : { default: schema.default }) };
  return schema.embeddedResource === true ? withTypeMeta(out) : out;
}

function byKind(schema: Schema): JsonObject {
  switch (schema.kind) {
    case 'object':
      return objectOf(schema);
    case 'map':
      return { type: 'object', additionalProperties: itemsOf(schema), ...mapTypeOf(schema) };
    case 'list':
      return listOf(schema);
    case 'intOrString':
      return { 'x-kubernetes-int-or-string': true };
    case 'any':
      return { 'x-kubernetes-preserve-unknown-fields': true };
    case 'string':
    case 'integer':
    case 'number':
    case 'boolean':
      return { type: schema.kind, ...(schema.format === undefined ? {} : { format: schema.format }) };
  }
}

const mapTypeOf = ({ mapType }: Schema): JsonObject =>
  mapType === undefined ? {} : { 'x-kubernetes-map-type': mapType };

function objectOf(schema: Schema): JsonObject {
  const properties = Object.entries(schema.properties ?? {}).map(([name, node]) => [name, convert(node)]);
  return {
    type: 'object',
    properties: Object.fromEntries(properties) as JsonObject,
    ...(schema.preserveUnknown === true ? { 'x-kubernetes-preserve-unknown-fields': true } : {}),
    ...mapTypeOf(schema),
  };
}

const listOf = (schema: Schema): JsonObject => ({
  type: 'array',
  items: itemsOf(schema),
  'x-kubernetes-list-type': schema.listType ?? 'atomic',
  ...(schema.listMapKeys === undefined ? {} : { 'x-kubernetes-list-map-keys': schema.listMapKeys }),
});

const itemsOf = (schema: Schema): Json => (schema.items === undefined ? {} : convert(schema.items));
