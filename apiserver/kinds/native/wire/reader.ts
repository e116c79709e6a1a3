/** Reads protobuf messages field by field. source: protobuf.dev "Encoding". */

/** The bytes are no message, or hold something that this program cannot take over. */
export class ProtobufError extends Error {}

/** One field as it stands on the wire: a number or some bytes. */
export interface WireField {
  readonly number: number;
  readonly value: bigint | Uint8Array;
}

const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;
const MAX_VARINT_BYTES = 10;

/** The fields of a message in the order of the wire. Throws `ProtobufError` on anything malformed. */
export function* fieldsOf(bytes: Uint8Array): Generator<WireField> {
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let count = 0; count < MAX_VARINT_BYTES; count += 1) {
      const byte = bytes[at];
      if (byte === undefined) throw new ProtobufError('the message ends inside a number');
      at += 1;
      value |= BigInt(byte & 0x7f) << BigInt(7 * count);
      if (byte < 0x80) return value;
    }
    throw new ProtobufError('a number is longer than ten bytes');
  };
  const take = (length: number): Uint8Array => {
    if (at + length > bytes.length) throw new ProtobufError('the message ends inside a field');
    at += length;
    return bytes.subarray(at - length, at);
  };
  while (at < bytes.length) {
    const tag = Number(varint() & 0xffff_ffffn);
    const number = tag >>> 3;
    if (number === 0) throw new ProtobufError('a field has number 0');
    yield { number, value: valueOf(tag & 7, varint, take) };
  }
}

function valueOf(
  type: number,
  varint: () => bigint,
  take: (length: number) => Uint8Array,
): bigint | Uint8Array {
  switch (type) {
    case VARINT:
      return varint();
    case LENGTH_DELIMITED:
      return take(Number(varint() & 0xffff_ffffn));
    case FIXED64:
      return take(8);
    case FIXED32:
      return take(4);
    default:
      throw new ProtobufError(`a field is of the unknown type ${type}`);
  }
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function textOf(value: bigint | Uint8Array): string {
  try {
    return UTF8.decode(bytesOf(value));
  } catch (error) {
    if (error instanceof ProtobufError) throw error;
    throw new ProtobufError('a text is not valid UTF-8');
  }
}

export function bytesOf(value: bigint | Uint8Array): Uint8Array {
  if (typeof value === 'bigint')
    throw new ProtobufError('a number stands where text or a message is expected');
  return value;
}

/** A signed number. Throws beyond what JSON can carry exactly. */
export function integerOf(value: bigint | Uint8Array): number {
  if (typeof value !== 'bigint') throw new ProtobufError('text stands where a number is expected');
  const number = Number(BigInt.asIntN(64, value));
  if (!Number.isSafeInteger(number)) throw new ProtobufError('a number is too large');
  return number;
}
