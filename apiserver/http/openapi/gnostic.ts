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
    writer.message(field, anyMessage(value));
  };
const anys =
  (field: number): Field =>
  (writer, value) => {
    for (const item of value as readonly unknown[]) writer.message(field, anyMessage(item));
  };
const message =
  (field: number, encode: (node: Node) => ProtobufWriter): Field =>
  (writer, value) => {
    writer.message(field, encode(value as Node));
  };
const messages =
  (field: number, encode: (node: Node) => ProtobufWriter): Field =>
  (writer, value) => {
    for (const item of value as readonly Node[]) writer.message(field, encode(item));
  };

/** Encodes the whole document. Throws on a keyword it does not know. */
export function encodeGnostic(document: Node): Buffer {
  return encode(document, DOCUMENT).bytes();
}

/** `extensions` is the number of the `vendor_extension` field, which takes every `x-` key. */
function encode(node: Node, fields: Fields, extensions?: number): ProtobufWriter {
  const writer = new ProtobufWriter();
  for (const [key, value] of Object.entries(node)) {
    const field = Object.hasOwn(fields, key) ? fields[key] : undefined;
    if (field !== undefined) field(writer, value);
    else if (extensions !== undefined && key.startsWith('x-')) {
      writer.message(extensions, named(key, anyMessage(value)));
    } else throw new Error(`the gnostic encoder does not know the keyword "${key}"`);
  }
  return writer;
}

/** The messages `Named…`: a name and a value. */
function named(name: string, value: ProtobufWriter): ProtobufWriter {
  const writer = new ProtobufWriter();
  writer.text(1, name);
  writer.message(2, value);
  return writer;
}

function anyMessage(value: unknown): ProtobufWriter {
  const writer = new ProtobufWriter();
  writer.text(2, `${JSON.stringify(value)}\n`);
  return writer;
}

/** A message that only wraps another one, as protobuf's `oneof` and the schema items do. */
function wrap(field: number, value: ProtobufWriter): ProtobufWriter {
  const writer = new ProtobufWriter();
  writer.message(field, value);
  return writer;
}

/** Messages that stand for a map: repeated `Named…` in one field. */
function entries(field: number, encodeValue: (node: Node) => ProtobufWriter): (node: Node) => ProtobufWriter {
  return (node) => {
    const writer = new ProtobufWriter();
    for (const [name, value] of Object.entries(node)) {
      writer.message(field, named(name, encodeValue(value as Node)));
    }
    return writer;
  };
}

const schema = (node: Node): ProtobufWriter => encode(node, SCHEMA, 31);

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
  additionalProperties: (writer, value) => {
    const item = new ProtobufWriter();
    if (typeof value === 'boolean') item.bool(2, value);
    else item.message(1, schema(value as Node));
    writer.message(21, item);
  },
  type: (writer, value) => {
    const item = new ProtobufWriter();
    item.texts(1, [value as string]);
    writer.message(22, item);
  },
  items: message(23, (node) => wrap(1, schema(node))),
  properties: message(25, (node) => entries(1, schema)(node)),
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

/** ParametersItem > Parameter > BodyParameter, or > NonBodyParameter > the parameter of its place. */
function parameter(node: Node): ProtobufWriter {
  switch (node['in']) {
    case 'body':
      return wrap(1, wrap(1, encode(node, BODY_PARAMETER)));
    case 'query':
      return wrap(1, wrap(2, wrap(3, encode(node, QUERY_PARAMETER))));
    case 'path':
      return wrap(1, wrap(2, wrap(4, encode(node, PATH_PARAMETER))));
    default:
      throw new Error(`the gnostic encoder does not know parameters in "${String(node['in'])}"`);
  }
}

const RESPONSE: Fields = { description: text(1), schema: message(2, (node) => wrap(1, schema(node))) };

const OPERATION: Fields = {
  description: text(3),
  operationId: text(5),
  produces: texts(6),
  consumes: texts(7),
  parameters: messages(8, parameter),
  responses: message(9, (node) => entries(1, (response) => wrap(1, encode(response, RESPONSE)))(node)),
};
const operation = (node: Node): ProtobufWriter => encode(node, OPERATION, 13);

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
  info: message(2, (node) => encode(node, { title: text(1), version: text(2) })),
  paths: message(8, (node) => entries(2, (item) => encode(item, PATH_ITEM))(node)),
  definitions: message(9, (node) => entries(1, schema)(node)),
};
