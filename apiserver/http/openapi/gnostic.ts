/**
 * Encodes our OpenAPI version 2 document as the gnostic protobuf message, the only form kubectl up to 1.28 asks for.
 * source: github.com/google/gnostic-models openapiv2/OpenAPIv2.proto (field numbers). Only what our documents use
 * is known here; anything else throws, so that nothing is lost in silence.
 */
import { ProtobufWriter } from './protobuf.ts';
import type { Node } from './node.ts';

/** Writes the value of one key of a node. */
type Field = (writer: ProtobufWriter, value: unknown) => void;
type Fields = Readonly<Record<string, Field>>;

const text =
  (field: number): Field =>
  (writer, value) => {
    writer.text(field, value as string);
  };
const texts =
  (field: number): Field =>
  (writer, value) => {
    writer.texts(field, value as readonly string[]);
  };
const bool =
  (field: number): Field =>
  (writer, value) => {
    writer.bool(field, value as boolean);
  };
const integer =
  (field: number): Field =>
  (writer, value) => {
    writer.integer(field, value as number);
  };
const double =
  (field: number): Field =>
  (writer, value) => {
    writer.double(field, value as number);
  };
/** The message `Any`: its field 2 holds YAML, and JSON is YAML. */
const any =
  (field: number): Field =>
  (writer, value) => {
    writer.message(field, () => {
      writer.text(2, `${JSON.stringify(value)}\n`);
    });
  };
const anys =
  (field: number): Field =>
  (writer, value) => {
    for (const item of value as readonly unknown[]) any(field)(writer, item);
  };
const message =
  (field: number, inside: Field): Field =>
  (writer, value) => {
    writer.message(field, () => {
      inside(writer, value);
    });
  };
const messages =
  (field: number, inside: Field): Field =>
  (writer, value) => {
    for (const item of value as readonly unknown[]) message(field, inside)(writer, item);
  };
/** Messages that only wrap another one, as protobuf's `oneof` and the schema items do. */
const nested = (fields: readonly number[], inside: Field): Field =>
  fields.reduceRight((inner, field) => message(field, inner), inside);
/** Messages that stand for a map: repeated `Named…` in one field, each a name (1) and a value (2). */
const entries =
  (field: number, inside: Field): Field =>
  (writer, value) => {
    for (const [name, child] of Object.entries(value as Node)) {
      writer.message(field, () => {
        writer.text(1, name);
        message(2, inside)(writer, child);
      });
    }
  };

/** Encodes the whole document. Throws on a keyword it does not know. */
export function encodeGnostic(document: Node): Buffer {
  const writer = new ProtobufWriter();
  object(DOCUMENT)(writer, document);
  return writer.bytes();
}

/** `extensions` is the number of the `vendor_extension` field, which takes every `x-` key. */
function object(fields: Fields, extensions?: number): Field {
  return (writer, value) => {
    for (const [key, child] of Object.entries(value as Node)) {
      const field = Object.hasOwn(fields, key) ? fields[key] : undefined;
      if (field !== undefined) field(writer, child);
      else if (extensions !== undefined && key.startsWith('x-')) {
        writer.message(extensions, () => {
          writer.text(1, key);
          any(2)(writer, child);
        });
      } else throw new Error(`the gnostic encoder does not know the keyword "${key}"`);
    }
  };
}

const schema: Field = (writer, value) => {
  object(SCHEMA, 31)(writer, value);
};

const SCHEMA: Fields = {
  $ref: text(1),
  format: text(2),
  description: text(4),
  default: any(5),
  maximum: double(7),
  minimum: double(9),
  maxLength: integer(11),
  minLength: integer(12),
  pattern: text(13),
  maxItems: integer(14),
  minItems: integer(15),
  uniqueItems: bool(16),
  maxProperties: integer(17),
  required: texts(19),
  enum: anys(20),
  additionalProperties: message(21, (writer, value) => {
    if (typeof value === 'boolean') writer.bool(2, value);
    else message(1, schema)(writer, value);
  }),
  type: message(22, (writer, value) => {
    writer.texts(1, [value as string]);
  }),
  items: nested([23, 1], schema),
  properties: message(25, entries(1, schema)),
};

/** The same keys have other numbers for parameters in the path and in the query. */
const PATH_PARAMETER: Fields = {
  required: bool(1),
  in: text(2),
  description: text(3),
  name: text(4),
  type: text(5),
  uniqueItems: bool(19),
};
const QUERY_PARAMETER: Fields = {
  required: bool(1),
  in: text(2),
  description: text(3),
  name: text(4),
  type: text(6),
  uniqueItems: bool(20),
};
const BODY_PARAMETER: Fields = {
  description: text(1),
  name: text(2),
  in: text(3),
  required: bool(4),
  schema: message(5, schema),
};

/** Inside ParametersItem: Parameter > BodyParameter, or > NonBodyParameter > the parameter of its place. */
const PARAMETERS: Readonly<Record<string, Field>> = {
  body: nested([1, 1], object(BODY_PARAMETER)),
  query: nested([1, 2, 3], object(QUERY_PARAMETER)),
  path: nested([1, 2, 4], object(PATH_PARAMETER)),
};
const parameter: Field = (writer, value) => {
  const place = String((value as Node)['in']);
  const encode = Object.hasOwn(PARAMETERS, place) ? PARAMETERS[place] : undefined;
  if (encode === undefined) throw new Error(`the gnostic encoder does not know parameters in "${place}"`);
  encode(writer, value);
};

const RESPONSE: Fields = { description: text(1), schema: nested([2, 1], schema) };

const OPERATION: Fields = {
  description: text(3),
  operationId: text(5),
  produces: texts(6),
  consumes: texts(7),
  parameters: messages(8, parameter),
  // Responses > NamedResponseValue > ResponseValue > Response
  responses: message(9, entries(1, nested([1], object(RESPONSE)))),
};
const operation = object(OPERATION, 13);

const PATH_ITEM: Fields = {
  get: message(2, operation),
  put: message(3, operation),
  post: message(4, operation),
  delete: message(5, operation),
  patch: message(8, operation),
  parameters: messages(9, parameter),
};

const DOCUMENT: Fields = {
  swagger: text(1),
  info: message(2, object({ title: text(1), version: text(2) })),
  paths: message(8, entries(2, object(PATH_ITEM))),
  definitions: message(9, entries(1, schema)),
};
