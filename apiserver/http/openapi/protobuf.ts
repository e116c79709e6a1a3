/** Writes protobuf messages field by field. source: protobuf.dev "Encoding". */

const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;

/** Collects the bytes of one message. Fields with the default value of proto3 are left out. */
export class ProtobufWriter {
  readonly #parts: Uint8Array[] = [];

  text(field: number, value: string): void {
    if (value !== '') this.#delimited(field, Buffer.from(value));
  }
  /** Repeated fields keep empty values. */
  texts(field: number, values: readonly string[]): void {
    for (const value of values) this.#delimited(field, Buffer.from(value));
  }
  bool(field: number, value: boolean): void {
    if (value) this.#parts.push(varint(tag(field, VARINT)), varint(1));
  }
  /** Not negative, at most 2^53. */
  integer(field: number, value: number): void {
    if (value !== 0) this.#parts.push(varint(tag(field, VARINT)), varint(value));
  }
  double(field: number, value: number): void {
    if (value === 0) return;
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleLE(value);
    this.#parts.push(varint(tag(field, FIXED64)), bytes);
  }
  /** A nested message is written even when it is empty: that it is there carries meaning. */
  message(field: number, value: ProtobufWriter): void {
    this.#delimited(field, value.bytes());
  }

  bytes(): Buffer {
    return Buffer.concat(this.#parts);
  }

  #delimited(field: number, bytes: Buffer): void {
    this.#parts.push(varint(tag(field, LENGTH_DELIMITED)), varint(bytes.length), bytes);
  }
}

const tag = (field: number, wireType: number): number => field * 8 + wireType;

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return Uint8Array.from(bytes);
}
