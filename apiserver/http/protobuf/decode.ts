/**
 * Reads the protobuf bodies that kubectl from 1.32 and other client-go clients send for Kubernetes' own kinds, into
 * the JSON the same client would have sent. Our own kinds speak JSON and YAML only, as custom resources do.
 * source: apimachinery pkg/runtime/serializer/protobuf; messages in `message-table.ts`.
 */
import { badRequest } from '../../api/errors.ts';
import { FieldPath } from '../../api/field-path.ts';
import type { ParsedJson } from '../../api/json-reader.ts';
import { kindMessage, messageOf, type Field, type Message } from './message-table.ts';
import { isSpecial, signed, specialValue } from './special.ts';
import { malformed, WireReader } from './wire.ts';

export const PROTOBUF_TYPE = 'application/vnd.kubernetes.protobuf';

const MAGIC = Buffer.from('k8s\0');

/**
 * The object of one body. Fields that the messages do not know are ignored, as every protobuf reader does; zero
 * values that JSON would leave out are left out. Throws `ApiError` BadRequest.
 */
export function parseProtobuf(bytes: Buffer): ParsedJson {
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) throw malformed('it does not start with "k8s\\0"');
  const { apiVersion, kind, raw } = envelope(bytes.subarray(MAGIC.length));
  const message = kindMessage(apiVersion, kind);
  if (message === undefined) throw badRequest(`no protobuf form is known of ${apiVersion}, Kind=${kind}`);
  const decoder = new Decoder();
  const fields = decoder.message(message, raw);
  return { value: { apiVersion, kind, ...fields }, duplicates: [], lossy: decoder.lossy };
}

interface TypeMeta {
  readonly apiVersion: string;
  readonly kind: string;
}

/** runtime.Unknown: typeMeta (1), raw (2). */
function envelope(bytes: Buffer): TypeMeta & { readonly raw: Buffer } {
  let type: TypeMeta = { apiVersion: '', kind: '' };
  let raw: Buffer = Buffer.alloc(0);
  for (const wire = new WireReader(bytes); wire.next();) {
    if (wire.number === 1) type = typeMeta(wire.bytes());
    else if (wire.number === 2) raw = wire.bytes();
    else wire.skip();
  }
  return { ...type, raw };
}

/** apiVersion (1), kind (2). */
function typeMeta(bytes: Buffer): TypeMeta {
  let apiVersion = '';
  let kind = '';
  for (const wire = new WireReader(bytes); wire.next();) {
    if (wire.number === 1) apiVersion = wire.text();
    else if (wire.number === 2) kind = wire.text();
    else wire.skip();
  }
  return { apiVersion, kind };
}

/** Depth is bounded by the messages, none of which contains itself. */
class Decoder {
  readonly lossy: { readonly field: string; readonly literal: string }[] = [];
  readonly #path = new FieldPath();

  message(message: Message, bytes: Buffer): object {
    const entries = new Map<string, unknown>();
    this.#fields(message, bytes, entries);
    // Maps are filled entry by entry, so they become objects only now. `fromEntries` makes own properties of any key.
    for (const [name, value] of entries)
      if (value instanceof Map) entries.set(name, Object.fromEntries(value));
    return Object.fromEntries(entries);
  }

  #fields(message: Message, bytes: Buffer, entries: Map<string, unknown>): void {
    for (const wire = new WireReader(bytes); wire.next();) {
      const field = message.get(wire.number);
      if (field === undefined) {
        wire.skip();
        continue;
      }
      this.#path.push(field.name);
      this.#field(field, wire, entries);
      this.#path.pop();
    }
  }

  #field(field: Field, wire: WireReader, entries: Map<string, unknown>): void {
    switch (field.shape) {
      case 'single': {
        const value = this.#value(field.type, wire);
        if (value !== undefined && !isLeftOut(field, value)) entries.set(field.name, value);
        return;
      }
      case 'inline':
        this.#fields(known(field.type), wire.bytes(), entries);
        return;
      case 'repeated': {
        const list = entries.get(field.name);
        const value = this.#value(field.type, wire) ?? null;
        if (Array.isArray(list)) list.push(value);
        else entries.set(field.name, [value]);
        return;
      }
      case 'map': {
        const map = entries.get(field.name);
        const target = map instanceof Map ? (map as Map<string, unknown>) : new Map<string, unknown>();
        if (target !== map) entries.set(field.name, target);
        this.#entry(field.type, wire.bytes(), target);
      }
    }
  }

  /** A map entry: key (1), value (2). */
  #entry(type: string, bytes: Buffer, target: Map<string, unknown>): void {
    let key = '';
    let value: unknown = type === 'string' || type === 'bytes' ? '' : {};
    for (const wire = new WireReader(bytes); wire.next();) {
      if (wire.number === 1) key = wire.text();
      else if (wire.number === 2) value = this.#value(type, wire);
      else wire.skip();
    }
    target.set(key, value);
  }

  /** `undefined` when the value stands for "absent". */
  #value(type: string, wire: WireReader): unknown {
    switch (type) {
      case 'string':
        return wire.text();
      case 'bool':
        return Number(wire.integer()) !== 0;
      case 'int':
        return this.#integer(wire.integer());
      case 'bytes':
        return wire.bytes().toString('base64');
      default:
        return isSpecial(type) ? specialValue(type, wire.bytes()) : this.message(known(type), wire.bytes());
    }
  }

  #integer(value: number | bigint): number {
    const whole = signed(value);
    if (!Number.isSafeInteger(Number(whole))) {
      this.lossy.push({ field: this.#path.toString(), literal: String(whole) });
    }
    return Number(whole);
  }
}

function known(type: string): Message {
  const message = messageOf(type);
  if (message === undefined) throw new Error(`the message table does not have ${type}`);
  return message;
}

/** What Go's `omitempty` drops. Special messages are structs there and never empty. */
const isLeftOut = (field: Field, value: unknown): boolean =>
  !field.keepsZero && !isSpecial(field.type) && (value === '' || value === 0 || value === false);
