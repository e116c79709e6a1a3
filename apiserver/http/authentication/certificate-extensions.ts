/**
 * Reads what Node does not tell about an X.509 certificate: which extensions it has, which of them are critical, and
 * how long a chain its CA may stand above. source: RFC 5280 4.1 and 4.2, DER as in X.690.
 */
export interface Extension {
  /** Dotted. */
  readonly oid: string;
  readonly critical: boolean;
  readonly value: Buffer;
}

interface Element {
  readonly tag: number;
  readonly content: Buffer;
  /** Where the next element begins. */
  readonly end: number;
}

const BOOLEAN = 0x01;
const INTEGER = 0x02;
const OCTET_STRING = 0x04;
const OID = 0x06;
const SEQUENCE = 0x30;
const EXTENSIONS = 0xa3;
export const BASIC_CONSTRAINTS = '2.5.29.19';

/** Throws when the bytes are no certificate. */
export function extensionsOf(der: Buffer): readonly Extension[] {
  const certificate = expect(read(der, 0), SEQUENCE);
  const tbs = expect(read(certificate, 0), SEQUENCE);
  const wrapped = [...elements(tbs)].find(({ tag }) => tag === EXTENSIONS);
  if (wrapped === undefined) return [];
  return [...elements(expect(read(wrapped.content, 0), SEQUENCE))].map(extensionOf);
}

/** CAs that may stand between this one and the leaf; Infinity when it does not say. */
export function pathLengthOf(extensions: readonly Extension[]): number {
  const found = extensions.find(({ oid }) => oid === BASIC_CONSTRAINTS);
  if (found === undefined) return Infinity;
  const constraint = [...elements(expect(read(found.value, 0), SEQUENCE))].find(({ tag }) => tag === INTEGER);
  if (constraint === undefined) return Infinity;
  const { content } = constraint;
  // More than one byte is more CAs than any chain here may have.
  return content.length === 1 ? content.readUInt8(0) : Infinity;
}

function extensionOf(element: Element): Extension {
  const parts = [...elements(expect(element, SEQUENCE))];
  const [first, second] = parts;
  const last = parts.at(-1);
  if (first === undefined || last === undefined) throw malformed();
  const critical = second?.tag === BOOLEAN && second.content[0] !== 0;
  return { oid: oidText(expect(first, OID)), critical, value: expect(last, OCTET_STRING) };
}

function* elements(content: Buffer): Iterable<Element> {
  for (let at = 0; at < content.length;) {
    const element = read(content, at);
    yield element;
    at = element.end;
  }
}

function read(bytes: Buffer, at: number): Element {
  const tag = bytes[at];
  const first = bytes[at + 1];
  if (tag === undefined || first === undefined) throw malformed();
  const count = first < 0x80 ? 0 : first & 0x7f;
  // Four bytes of length are more than any certificate has; zero is the indefinite form, which DER does not have.
  if (first >= 0x80 && (count === 0 || count > 4)) throw malformed();
  const start = at + 2 + count;
  const length = count === 0 ? first : start > bytes.length ? Infinity : bytes.readUIntBE(at + 2, count);
  const end = start + length;
  if (end > bytes.length) throw malformed();
  return { tag, content: bytes.subarray(start, end), end };
}

function expect(element: Element, tag: number): Buffer {
  if (element.tag !== tag) throw malformed();
  return element.content;
}

function oidText(bytes: Buffer): string {
  const numbers: number[] = [];
  let value = 0;
  for (const byte of bytes) {
    value = value * 128 + (byte & 0x7f);
    if (byte >= 0x80) continue;
    numbers.push(value);
    value = 0;
  }
  const [first = 0, ...rest] = numbers;
  const root = Math.min(2, Math.floor(first / 40));
  return [root, first - root * 40, ...rest].join('.');
}

const malformed = (): Error => new Error('the certificate cannot be read');
