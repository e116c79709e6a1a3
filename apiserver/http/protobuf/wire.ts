/** Reads the fields of one protobuf message from bytes that nobody has checked yet. source: protobuf.dev "Encoding". */
import { badRequest, type ApiError } from '../../api/errors.ts';

const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;
/** So many groups of seven bits fit a double exactly. */
const EXACT_GROUPS = 7;

/** Steps through the fields in the order of the message. Throws `ApiError` BadRequest for bytes that are none. */
export class WireReader {
  readonly #bytes: Buffer;
  #at = 0;
  #wireType = VARINT;
  /** Number of the field that `next` found. */
  number = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** False at the end. Every field found must be read or skipped before the next. */
  next(): boolean {
    if (this.#at === this.#bytes.length) return false;
    const tag = this.#varint();
    if (typeof tag === 'bigint' || tag < 8) throw malformed('a field has no number');
    this.number = Math.floor(tag / 8);
    this.#wireType = tag % 8;
    return true;
  }

  skip(): void {
    if (this.#wireType === VARINT) this.#varint();
    else this.#take();
  }

  /** A whole number, unsigned: a bigint where a double may not hold it. */
  integer(): number | bigint {
    if (this.#wireType !== VARINT) throw malformed('a message or text where a number should be');
    return this.#varint();
  }

  bytes(): Buffer {
    if (this.#wireType !== LENGTH_DELIMITED) throw malformed('a number where a message or text should be');
    return this.#take();
  }

  text(): string {
    return this.bytes().toString();
  }

  #take(): Buffer {
    const length = this.#length();
    const end = this.#at + length;
    if (end > this.#bytes.length) throw malformed('a field is longer than its message');
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }

  #length(): number {
    switch (this.#wireType) {
      case FIXED64:
        return 8;
      case FIXED32:
        return 4;
      case LENGTH_DELIMITED:
        return Number(this.#varint());
      default:
        throw malformed(`wire type ${this.#wireType}`);
    }
  }

  #varint(): number | bigint {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < EXACT_GROUPS; i += 1) {
      const byte = this.#byte();
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      scale *= 128;
    }
    return this.#longVarint(BigInt(value));
  }

  /** The rest of a number of up to ten bytes; more than 64 bits are cut off, as Go does. */
  #longVarint(start: bigint): bigint {
    let value = start;
    for (let i = EXACT_GROUPS; i < 10; i += 1) {
      const byte = this.#byte();
      value |= BigInt(byte & 127) << BigInt(7 * i);
      if (byte < 128) return BigInt.asUintN(64, value);
    }
    throw malformed('a number has more than ten bytes');
  }

  #byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw malformed('a number is cut off');
    this.#at += 1;
    return byte;
  }
}

export function malformed(what: string): ApiError {
  return badRequest(`the body is not a protobuf message: ${what}`);
}
