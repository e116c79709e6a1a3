/** Decodes what the encoder wrote by the numbers in OpenAPIv2.proto and compares it with the JSON document. */
import assert from 'node:assert/strict';
import { KINDS } from '../../kinds/index.ts';
import { NATIVE_KINDS } from '../../kinds/native/index.ts';
import { createOpenApiDocuments, V2_PROTOBUF_TYPES } from './documents.ts';
import { encodeGnostic } from './gnostic.ts';
import type { Node } from './node.ts';
import { ProtobufWriter } from './protobuf.ts';
import { openApiV2 } from './v2.ts';

type Raw = bigint | number | Buffer;
type Message = ReadonlyMap<number, readonly Raw[]>;

function varint(bytes: Buffer, from: number): { value: bigint; next: number } {
  let value = 0n;
  for (let i = from; ; i += 1) {
    const byte = bytes[i]!;
    value |= BigInt(byte & 127) << BigInt(7 * (i - from));
    if (byte < 128) return { value, next: i + 1 };
  }
}

function decode(bytes: Buffer): Message {
  const fields = new Map<number, Raw[]>();
  for (let at = 0; at < bytes.length;) {
    const { value: tag, next } = varint(bytes, at);
    const field = Number(tag >> 3n);
    const { raw, end } = value(bytes, next, Number(tag & 7n));
    fields.set(field, [...(fields.get(field) ?? []), raw]);
    at = end;
  }
  return fields;
}

function value(bytes: Buffer, at: number, wireType: number): { raw: Raw; end: number } {
  if (wireType === 0) {
    const { value: raw, next } = varint(bytes, at);
    return { raw, end: next };
  }
  if (wireType === 1) return { raw: bytes.readDoubleLE(at), end: at + 8 };
  assert.equal(wireType, 2);
  const { value: length, next } = varint(bytes, at);
  const end = next + Number(length);
  assert.ok(end <= bytes.length, 'a length stays inside its message');
  return { raw: bytes.subarray(next, end), end };
}

const messages = (message: Message, field: number): readonly Message[] =>
  (message.get(field) ?? []).map((raw) => decode(raw as Buffer));
const message = (parent: Message, field: number): Message => messages(parent, field)[0] ?? new Map();
const texts = (from: Message, field: number): readonly string[] => (from.get(field) ?? []).map(String);
const text = (from: Message, field: number): string => texts(from, field)[0] ?? '';
const named = (parent: Message, field: number): readonly (readonly [string, Message])[] =>
  messages(parent, field).map((entry) => [text(entry, 1), message(entry, 2)]);
const anyValue = (from: Message): unknown => JSON.parse(text(from, 2));
const extensions = (from: Message, field: number): Node =>
  Object.fromEntries(named(from, field).map(([name, any]) => [name, anyValue(any)]));
const entriesOf = (value: unknown): readonly (readonly [string, Node])[] =>
  Object.entries(value as Node) as never;

/** The Schema message back as JSON. Zero values are not on the wire, so they are left out on both sides. */
function schemaJson(from: Message): Node {
  const node: Node = {};
  const put = (key: string, value: unknown): void => {
    if (value !== undefined && value !== '' && !(Array.isArray(value) && value.length === 0))
      node[key] = value;
  };
  put('$ref', text(from, 1));
  put('format', text(from, 2));
  put('description', text(from, 4));
  if (from.has(5)) node['default'] = anyValue(message(from, 5));
  put('maximum', from.get(7)?.[0]);
  put('minimum', from.get(9)?.[0]);
  for (const [key, field] of [
    ['maxLength', 11],
    ['minLength', 12],
    ['maxItems', 14],
    ['minItems', 15],
    ['maxProperties', 17],
  ] as const) {
    put(key, from.has(field) ? Number(from.get(field)?.[0]) : undefined);
  }
  put('pattern', text(from, 13));
  put('required', texts(from, 19));
  put('enum', messages(from, 20).map(anyValue));
  put('additionalProperties', messages(from, 21).map((item) => schemaJson(message(item, 1)))[0]);
  put('type', text(message(from, 22), 1));
  put('items', messages(from, 23).map((item) => schemaJson(message(item, 1)))[0]);
  const properties = messages(from, 25).map((map) =>
    Object.fromEntries(named(map, 1).map(([name, schema]) => [name, schemaJson(schema)])),
  )[0];
  put('properties', properties);
  return { ...node, ...extensions(from, 31) };
}

function withoutZeros(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutZeros);
  if (typeof value !== 'object' || value === null) return value;
  const zero = ['minimum', 'maximum', 'minLength', 'minItems', 'maxItems'];
  const kept = Object.entries(value).filter(([key, child]) => !(zero.includes(key) && child === 0));
  return Object.fromEntries(kept.map(([key, child]) => [key, withoutZeros(child)]));
}

describe('the gnostic form of OpenAPI v2', () => {
  const kinds = [...KINDS, ...NATIVE_KINDS];
  const info = { title: 'Polder', version: '1.2.3' };
  const json = openApiV2(kinds, info);
  const documents = createOpenApiDocuments(kinds, info);
  const document = decode(documents.v2Protobuf().body);

  it('holds the same definitions as the JSON document', () => {
    assert.equal(text(document, 1), '2.0');
    assert.equal(text(message(document, 2), 1), 'Polder');
    assert.equal(text(message(document, 2), 2), '1.2.3');
    const decoded = Object.fromEntries(
      named(message(document, 9), 1).map(([name, schema]) => [name, schemaJson(schema)]),
    );
    assert.deepEqual(decoded, withoutZeros(json['definitions']));
  });

  it('holds the same operations as the JSON document, with what kubectl looks for', () => {
    const decoded = named(message(document, 8), 2);
    assert.deepEqual(
      decoded.map(([path]) => path),
      Object.keys(json['paths'] as Node),
    );
    const numbers = { get: 2, put: 3, post: 4, delete: 5, patch: 8 } as const;
    for (const [index, [path, item]] of entriesOf(json['paths']).entries()) {
      const raw = decoded[index]![1];
      for (const [method, field] of Object.entries(numbers)) {
        const operation = item[method] as Node | undefined;
        assert.equal(raw.has(field), operation !== undefined, `${method} ${path}`);
        if (operation === undefined) continue;
        const found = message(raw, field);
        assert.equal(text(found, 5), operation['operationId']);
        assert.deepEqual(texts(found, 7), operation['consumes']);
        const { 'x-kubernetes-action': action, 'x-kubernetes-group-version-kind': gvk } = operation;
        assert.deepEqual(extensions(found, 13), {
          'x-kubernetes-action': action,
          'x-kubernetes-group-version-kind': gvk,
        });
        // ParametersItem.parameter > Parameter.non_body_parameter > NonBodyParameter.query_parameter_sub_schema
        const query = messages(found, 8).flatMap((one) => messages(message(message(one, 1), 2), 3));
        const expected = (operation['parameters'] as Node[]).filter((one) => one['in'] === 'query');
        assert.deepEqual(
          query.map((one) => [text(one, 4), text(one, 2), text(one, 6)]),
          expected.map((one) => [one['name'], one['in'], one['type']]),
        );
      }
    }
  });

  it('is offered for both names of the media type and answered under the newer one', () => {
    assert.equal(documents.v2Protobuf().contentType, V2_PROTOBUF_TYPES[1]);
    assert.notEqual(documents.v2Protobuf().hash, documents.v2().hash);
  });

  it('refuses keywords it does not know instead of losing them', () => {
    assert.throws(() => encodeGnostic({ swagger: '2.0', host: 'x' }), /does not know the keyword "host"/);
    assert.throws(
      () => encodeGnostic({ swagger: '2.0', definitions: { A: { type: 'object', nullable: true } } }),
      /"nullable"/,
    );
  });

  it('writes numbers and lengths as protobuf does', () => {
    const writer = new ProtobufWriter();
    writer.integer(1, 300);
    writer.integer(2, 0);
    writer.integer(3, 2 ** 53 - 1);
    writer.double(4, -1.5);
    writer.bool(5, true);
    writer.bool(6, false);
    const long = 'é'.repeat(100_000);
    writer.message(7, () => {
      writer.message(1, () => writer.text(1, long));
      writer.text(2, 'after');
    });
    writer.message(8, () => undefined);

    const decoded = decode(writer.bytes());

    assert.equal(writer.bytes().subarray(0, 3).toString('hex'), '08ac02');
    assert.deepEqual([...decoded.keys()], [1, 3, 4, 5, 7, 8]);
    assert.equal(decoded.get(3)?.[0], 9_007_199_254_740_991n);
    assert.equal(decoded.get(4)?.[0], -1.5);
    assert.equal(text(message(message(decoded, 7), 1), 1), long);
    assert.equal(text(message(decoded, 7), 2), 'after');
    assert.equal(message(decoded, 8).size, 0);
  });
});
