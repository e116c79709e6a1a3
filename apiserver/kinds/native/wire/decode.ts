/** Turns the protobuf bodies of typed Kubernetes clients into the objects that their JSON bodies would be. */
import { Buffer } from 'node:buffer';
import type { Json, JsonObject } from '../../../api/json.ts';
import { apiVersionOf } from '../../../api/kind.ts';
import { objectSchema } from '../../../api/object-schema.ts';
import { bool, int, list, obj, opt, str, type Schema } from '../../../api/schema.ts';
import { NATIVE_KINDS } from '../index.ts';
import { bytesOf, fieldsOf, integerOf, ProtobufError, textOf, type WireField } from './reader.ts';
import { readTables, type WireEntry, type WireMessage } from './tables.ts';

/** source: apimachinery pkg/runtime/serializer/protobuf: four bytes in front of runtime.Unknown. */
const MAGIC = Buffer.from('k8s\0');

const DELETE_OPTIONS = obj('How to delete. source: meta/v1 DeleteOptions.', {
  gracePeriodSeconds: opt(int('Time to end in an orderly way.', { format: 'int64' })),
  preconditions: opt(
    obj('What must hold for the deletion.', {
      uid: opt(str('Identity of the object.')),
      resourceVersion: opt(str('Version of the object.')),
    }),
  ),
  orphanDependents: opt(bool('Older form of propagationPolicy.')),
  propagationPolicy: opt(str('What happens to dependents.')),
  dryRun: opt(list('All when nothing is to be stored.', str('A stage.'))),
});

type Value = WireField['value'];
type Decode = (bytes: Uint8Array) => JsonObject;

/**
 * A decoder of whole bodies, for the kinds that Kubernetes itself defines. It throws `ProtobufError` for other kinds,
 * for malformed bodies, and for fields that it cannot take over; fields that Kubernetes has and we have not are
 * dropped, as pruning drops them from JSON.
 */
export function createProtobufDecoder(): Decode {
  const messages = readTables();
  return (bytes) => {
    const { apiVersion, kind, raw } = readEnvelope(bytes);
    const schema = schemaFor(apiVersion, kind);
    const message = messages.get(messageName(apiVersion, kind));
    if (schema === undefined || message === undefined) {
      throw new ProtobufError(`${kind} of ${apiVersion} has no protobuf form here; send JSON`);
    }
    return { apiVersion, kind, ...new Decoder(messages).message(raw, schema, message) };
  };
}

const messageName = (apiVersion: string, kind: string): string =>
  apiVersion === 'events.k8s.io/v1' ? `Events${kind}` : kind;

function schemaFor(apiVersion: string, name: string): Schema | undefined {
  if (name === 'DeleteOptions') return DELETE_OPTIONS;
  const kind = NATIVE_KINDS.find((each) => each.kind === name && apiVersionOf(each) === apiVersion);
  return kind === undefined ? undefined : objectSchema(kind);
}

/** source: runtime.Unknown {typeMeta = 1 {apiVersion = 1, kind = 2}, raw = 2, contentEncoding = 3}. */
function readEnvelope(bytes: Uint8Array): {
  readonly apiVersion: string;
  readonly kind: string;
  readonly raw: Uint8Array;
} {
  if (!MAGIC.equals(bytes.subarray(0, MAGIC.length))) {
    throw new ProtobufError('the body does not start as a Kubernetes protobuf body does');
  }
  const fields = [...fieldsOf(bytes.subarray(MAGIC.length))];
  const last = (number: number): Uint8Array => {
    const value = fields.findLast((each) => each.number === number)?.value;
    return value === undefined ? new Uint8Array() : bytesOf(value);
  };
  if (last(3).length > 0) throw new ProtobufError('the body is encoded twice');
  const type = { apiVersion: '', kind: '' };
  for (const { number, value } of fieldsOf(last(1))) {
    if (number === 1) type.apiVersion = textOf(value);
    if (number === 2) type.kind = textOf(value);
  }
  return { ...type, raw: last(2) };
}

/** Walks the message, its table and our schema side by side; the schema says what each value is. */
class Decoder {
  readonly #messages: ReadonlyMap<string, WireMessage>;

  constructor(messages: ReadonlyMap<string, WireMessage>) {
    this.#messages = messages;
  }

  message(bytes: Uint8Array, schema: Schema, message: WireMessage): JsonObject {
    const object: JsonObject = {};
    this.#into(object, bytes, schema, message);
    return object;
  }

  #into(object: JsonObject, bytes: Uint8Array, schema: Schema, message: WireMessage): void {
    for (const { number, value } of fieldsOf(bytes)) {
      const entry = message.get(number);
      if (entry === undefined) continue;
      if (entry.inline) this.#into(object, bytesOf(value), schema, this.#named(entry));
      else this.#field(object, entry, schema.properties?.[entry.field], value);
    }
  }

  #field(object: JsonObject, entry: WireEntry, schema: Schema | undefined, value: Value): void {
    if (schema === undefined) return;
    const { field } = entry;
    if (schema.kind === 'list') {
      const list = (object[field] ?? []) as readonly Json[];
      object[field] = [...list, ...this.#items(schema.items, entry, value)];
    } else if (schema.kind === 'map') {
      const map = { ...(object[field] as JsonObject | undefined) };
      this.#entry(map, schema.items, value);
      object[field] = map;
    } else {
      const single = this.#single(schema, entry, value);
      const isZero = single === '' || single === 0 || single === false;
      if (single !== undefined && !(isZero && zeroMeansAbsent(schema, entry))) object[field] = single;
    }
  }

  /** Numbers may be packed into one field. */
  #items(items: Schema | undefined, entry: WireEntry, value: Value): readonly Json[] {
    if (items === undefined) return [];
    if (items.kind === 'integer' && typeof value !== 'bigint')
      throw new ProtobufError('packed numbers are not read');
    const item = this.#single(items, entry, value);
    return item === undefined ? [] : [item];
  }

  #entry(map: JsonObject, items: Schema | undefined, value: Value): void {
    let key = '';
    let found: Json | undefined;
    for (const { number, value: part } of fieldsOf(bytesOf(value))) {
      if (number === 1) key = textOf(part);
      if (number === 2 && items !== undefined) found = this.#mapped(items, part);
    }
    // An entry without a value holds the empty one; `__proto__` must become an own property.
    const stored = found ?? (items?.kind === 'list' ? [] : '');
    Object.defineProperty(map, key, { value: stored, enumerable: true, configurable: true, writable: true });
  }

  /** Lists as values of maps are messages with one repeated field. source: authentication/v1 ExtraValue. */
  #mapped(items: Schema, value: Value): Json | undefined {
    if (items.kind === 'list') return [...fieldsOf(bytesOf(value))].map((item) => textOf(item.value));
    return this.#single(items, SCALAR, value);
  }

  #single(schema: Schema, entry: WireEntry, value: Value): Json | undefined {
    switch (schema.kind) {
      case 'string':
        return textIn(schema, value);
      case 'integer':
        return integerOf(value);
      case 'boolean':
        return integerOf(value) !== 0;
      case 'intOrString':
        return schema.format === 'quantity' ? quantityIn(value) : intOrStringIn(value);
      case 'object':
        return this.#object(schema, entry, value);
      case 'number':
      case 'list':
      case 'map':
      case 'any':
        throw new ProtobufError(`field ${entry.field} cannot be read from protobuf; send JSON`);
    }
  }

  #object(schema: Schema, entry: WireEntry, value: Value): Json {
    if (entry.message !== undefined) return this.message(bytesOf(value), schema, this.#named(entry));
    if (entry.field === 'fieldsV1') return fieldsV1(bytesOf(value));
    throw new ProtobufError(`field ${entry.field} cannot be read from protobuf; send JSON`);
  }

  #named(entry: WireEntry): WireMessage {
    const message = this.#messages.get(entry.message ?? '');
    if (message === undefined) throw new Error(`wire table: no message ${entry.message}`);
    return message;
  }
}

/** Go writes zero for a field that has no value, unless it is a pointer or its JSON form has the field always. */
function zeroMeansAbsent(schema: Schema, entry: WireEntry): boolean {
  return !entry.keepsZero && (schema.optional === true || schema.default !== undefined);
}

const SCALAR: WireEntry = { field: '', message: undefined, keepsZero: true, inline: false };

function textIn(schema: Schema, value: Value): string | undefined {
  if (schema.format === 'date-time') return timeIn(bytesOf(value));
  return schema.format === 'byte' ? Buffer.from(bytesOf(value)).toString('base64') : textOf(value);
}

const MAX_SECONDS = 253_402_300_799;

/** Time and MicroTime {seconds = 1, nanos = 2}; no fields at all is no time. */
function timeIn(bytes: Uint8Array): string | undefined {
  let seconds: number | undefined;
  let nanos = 0;
  for (const { number, value } of fieldsOf(bytes)) {
    if (number === 1) seconds = integerOf(value);
    if (number === 2) nanos = integerOf(value);
  }
  if (seconds === undefined) return undefined;
  if (Math.abs(seconds) > MAX_SECONDS) throw new ProtobufError('a time is out of range');
  const whole = new Date(seconds * 1000).toISOString().slice(0, 'YYYY-MM-DDThh:mm:ss'.length);
  const micros = String(Math.floor(nanos / 1000)).padStart(6, '0');
  return nanos === 0 ? `${whole}Z` : `${whole}.${micros}Z`;
}

function quantityIn(value: Value): string {
  for (const { number, value: text } of fieldsOf(bytesOf(value))) if (number === 1) return textOf(text);
  return '0';
}

/** {type = 1, intVal = 2, strVal = 3}; type 1 means text. */
function intOrStringIn(value: Value): string | number {
  const parts = { type: 0, number: 0, text: '' };
  for (const { number, value: part } of fieldsOf(bytesOf(value))) {
    if (number === 1) parts.type = integerOf(part);
    if (number === 2) parts.number = integerOf(part);
    if (number === 3) parts.text = textOf(part);
  }
  return parts.type === 1 ? parts.text : parts.number;
}

/** {Raw = 1}: JSON inside of protobuf. */
function fieldsV1(bytes: Uint8Array): Json {
  for (const { number, value } of fieldsOf(bytes)) {
    if (number !== 1) continue;
    try {
      return JSON.parse(textOf(value)) as Json;
    } catch {
      throw new ProtobufError('metadata.managedFields[].fieldsV1 is not JSON');
    }
  }
  return {};
}
