/** Writes protobuf messages field by field into one growing buffer. source: protobuf.dev "Encoding". */

const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;
const FIRST_SIZE_BYTES = 64 * 1024;

/** Fields with the default value of proto3 are left out, as every encoder does. */
export class ProtobufWriter {
  #buffer = Buffer.allocUnsafe(FIRST_SIZE_BYTES);
  #length = 0;

  text(field: number, value: string): void {
    if (value !== '') this.#text(field, value);
  }
  /** Repeated fields keep empty values. */
  texts(field: number, values: readonly string[]): void {
    for (const value of values) this.#text(field, value);
  }
  bool(field: number, value: boolean): void {
    if (!value) return;
    this.#tag(field, VARINT);
    this.#varint(1);
  }
  /** Not negative, at most 2^53. */
  integer(field: number, value: number): void {
    if (value === 0) return;
    this.#tag(field, VARINT);
    this.#varint(value);
  }
  double(field: number, value: number): void {
    if (value === 0) return;
    this.#tag(field, FIXED64);
    this.#reserve(8);
    this.#length = this.#buffer.writeDoubleLE(value, this.#length);
  }

  /** A nested message, made of what `write` writes; it is there even when that is nothing. */
  message(field: number, write: () => void): void {
    this.#tag(field, LENGTH_DELIMITED);
    const start = this.#length;
    // One byte for the length serves most messages; longer ones are moved once their length is known.
    this.#reserve(1);
    this.#length += 1;
    write();
    const end = this.#length;
    const size = end - start - 1;
    const extra = varintSize(size) - 1;
    if (extra > 0) {
      this.#reserve(extra);
      this.#buffer.copyWithin(start + 1 + extra, start + 1, end);
    }
    this.#length = start;
    this.#varint(size);
    this.#length = end + extra;
  }

  /** A copy of what was written. */
  bytes(): Buffer {
    return Buffer.from(this.#buffer.subarray(0, this.#length));
  }

  #text(field: number, value: string): void {
    const size = Buffer.byteLength(value);
    this.#tag(field, LENGTH_DELIMITED);
    this.#varint(size);
    this.#reserve(size);
    this.#length += this.#buffer.write(value, this.#length);
  }

  #tag(field: number, wireType: number): void {
    this.#varint(field * 8 + wireType);
  }

  #varint(value: number): void {
    this.#reserve(8);
    let rest = value;
    while (rest >= 128) {
      this.#buffer[this.#length] = (rest % 128) + 128;
      this.#length += 1;
      rest = Math.floor(rest / 128);
    }
    this.#buffer[this.#length] = rest;
    this.#length += 1;
  }

  #reserve(size: number): void {
    const needed = this.#length + size;
    if (needed <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.#buffer.length));
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
  }
}

function varintSize(value: number): number {
  let size = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) size += 1;
  return size;
}
