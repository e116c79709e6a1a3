/** Turns one schema into the OpenAPI schema object of version 2 or 3. */
import type { Schema } from '../../api/schema.ts';

/** A piece of an OpenAPI document. */
export type Node = { [key: string]: unknown };
export type Version = 'v2' | 'v3';

const REFERENCE_PREFIX: Readonly<Record<Version, string>> = {
  v2: '#/definitions/',
  v3: '#/components/schemas/',
};

export const reference = (version: Version, name: string): Node => ({
  $ref: `${REFERENCE_PREFIX[version]}${name}`,
});

/** A reference with its own description. In version 3 a `$ref` has no neighbours, so it is wrapped. */
export function describedReference(version: Version, name: string, description: string): Node {
  const ref = reference(version, name);
  return version === 'v2' ? { description, ...ref } : { description, allOf: [ref], default: {} };
}

const PRESERVE = 'x-kubernetes-preserve-unknown-fields';

/**
 * Structural parts and Kubernetes extensions alike. Version 2 knows neither `nullable` nor alternatives, so a
 * nullable field loses its type there, as it does for custom resources.
 * source: apiextensions-apiserver pkg/controller/openapi/v2/conversion.go.
 */
export function toOpenApi(schema: Schema, version: Version): Node {
  const node: Node = { description: schema.description };
  if (version === 'v2' && schema.nullable === true) return { ...node, [PRESERVE]: true };
  Object.assign(node, shape(schema, version));
  if (schema.nullable === true) node['nullable'] = true;
  if (schema.default !== undefined) node['default'] = schema.default;
  return node;
}

function shape(schema: Schema, version: Version): Node {
  switch (schema.kind) {
    case 'object':
      return object(schema, version);
    case 'map':
      return {
        type: 'object',
        additionalProperties: schema.items === undefined ? true : toOpenApi(schema.items, version),
        ...present({ maxProperties: schema.maxProperties, 'x-kubernetes-map-type': schema.mapType }),
      };
    case 'list':
      return list(schema, version);
    case 'string': {
      const { format, minLength, maxLength, pattern } = schema;
      return { type: 'string', ...present({ format, enum: schema.enum, minLength, maxLength, pattern }) };
    }
    case 'integer':
    case 'number': {
      const { format, minimum, maximum } = schema;
      return { type: schema.kind, ...present({ format, minimum, maximum }) };
    }
    case 'boolean':
      return { type: 'boolean' };
    case 'intOrString':
      return intOrString(schema, version);
    case 'any':
      return { [PRESERVE]: true };
  }
}

function object(schema: Schema, version: Version): Node {
  const properties: Node = {};
  const required: string[] = [];
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    properties[name] = toOpenApi(property, version);
    if (property.optional !== true && property.default === undefined) required.push(name);
  }
  return {
    type: 'object',
    ...(Object.keys(properties).length === 0 ? {} : { properties }),
    ...(required.length === 0 ? {} : { required }),
    ...present({
      'x-kubernetes-map-type': schema.mapType,
      [PRESERVE]: schema.preserveUnknown,
      'x-kubernetes-embedded-resource': schema.embeddedResource,
    }),
  };
}

function list(schema: Schema, version: Version): Node {
  const items: Node = schema.items === undefined ? { [PRESERVE]: true } : toOpenApi(schema.items, version);
  // kubectl explain prints it below that of the list, as if both were one text about the field.
  delete items['description'];
  return {
    type: 'array',
    items,
    ...present({
      minItems: schema.minItems,
      maxItems: schema.maxItems,
      'x-kubernetes-list-type': schema.listType ?? 'atomic',
      'x-kubernetes-list-map-keys': schema.listMapKeys,
    }),
  };
}

/** Quantities may be written as fractions, other values of two types as whole numbers only. */
function intOrString(schema: Schema, version: Version): Node {
  const node: Node = { 'x-kubernetes-int-or-string': true };
  if (version === 'v2') return node;
  const number = schema.format === 'quantity' ? 'number' : 'integer';
  return { ...node, anyOf: [{ type: number }, { type: 'string' }] };
}

function present(fields: Node): Node {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
