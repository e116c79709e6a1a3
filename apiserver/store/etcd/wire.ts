/** Protobuf's wire format, as much of it as etcd's messages need. source: protobuf.dev "Encoding". */
const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;

/** One message; fields that have their default value are left out. Values are copied once, by `finish`. */
export class MessageWriter {
  readonly #parts: Uint8Array[] = [];
  #length = 0;

  /** Whole numbers from 0 to 2^53. */
  integer(field: number, value: number): this {
    return value === 0 ? this : this.#add(varints(field * 8 + VARINT, value));
  }
  flag(field: number, value: boolean): this {
    return this.integer(field, value ? 1 : 0);
  }
  bytes(field: number, value: Uint8Array): this {
    if (value.length === 0) return this;
    return this.#add(varints(field * 8 + LENGTH_DELIMITED, value.length)).#add(value);
  }
  /** Written even when empty: that it is there means something. */
  message(field: number, inner: MessageWriter): this {
    this.#add(varints(field * 8 + LENGTH_DELIMITED, inner.#length));
    for (const part of inner.#parts) this.#add(part);
    return this;
  }
  finish(): Buffer {
    return Buffer.concat(this.#parts, this.#length);
  }

  #add(part: Uint8Array): this {
    this.#parts.push(part);
    this.#length += part.length;
    return this;
  }
}

/** Two of them take at most this much: a tag of five bytes and a value of eight. */
const MOST_BYTES = 13;

function varints(tag: number, value: number): Uint8Array {
  const out = Buffer.allocUnsafe(MOST_BYTES);
  return out.subarray(0, putVarint(out, putVarint(out, 0, tag), value));
}

/** Returns where it ends. */
function putVarint(out: Buffer, at: number, value: number): number {
  let end = at;
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) {
    out[end] = (rest % 128) + 128;
    end += 1;
  }
  out[end] = rest;
  return end + 1;
}

/** Steps through the fields of one message. Throws for bytes that are none. */
export class MessageReader {
  readonly #bytes: Buffer;
  #at = 0;
  #wireType = VARINT;
  /** Number of the field that `next` found. */
  field = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** False at the end. Every field found must be read or skipped before the next. */
  next(): boolean {
    if (this.#at >= this.#bytes.length) return false;
    const tag = this.integer();
    this.field = Math.floor(tag / 8);
    this.#wireType = tag % 8;
    return true;
  }
  /** Beyond 2^53 (identifiers, negative numbers) only roughly. */
  integer(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.#bytes[this.#at];
      if (byte === undefined) throw malformed();
      this.#at += 1;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  }
  flag(): boolean {
    return this.integer() !== 0;
  }
  /** Shares memory with the message. */
  bytes(): Buffer {
    const length = this.integer();
    const end = this.#at + length;
    if (end > this.#bytes.length) throw malformed();
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }
  message(): MessageReader {
    return new MessageReader(this.bytes());
  }
  skip(): void {
    switch (this.#wireType) {
      case VARINT:
        this.integer();
        return;
      case FIXED64:
        this.#at += 8;
        return;
      case LENGTH_DELIMITED:
        this.bytes();
        return;
      case FIXED32:
        this.#at += 4;
        return;
      default:
        throw malformed();
    }
  }
}

const malformed = (): Error => new Error('etcd sent bytes that are no message');
