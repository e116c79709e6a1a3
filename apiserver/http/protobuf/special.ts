/** Messages whose JSON is not an object of their fields: times, quantities and the like. */
import { JsonSyntaxError } from '../../api/json-reader.ts';
import { parseJson } from '../../api/parse-json.ts';
import { malformed, WireReader } from './wire.ts';

const SPECIAL = {
  time: (bytes: Buffer) => instant(bytes, 0),
  micro: (bytes: Buffer) => instant(bytes, 6),
  quantity: (bytes: Buffer) => texts(bytes).at(-1) ?? '0',
  intstr: intOrString,
  fields: fieldSet,
  extra: texts,
} as const satisfies Readonly<Record<string, (bytes: Buffer) => unknown>>;

export type Special = keyof typeof SPECIAL;

export const isSpecial = (type: string): type is Special => Object.hasOwn(SPECIAL, type);

/** `undefined` when the message stands for "absent". */
export const specialValue = (type: Special, bytes: Buffer): unknown => SPECIAL[type](bytes);

/** Protobuf writes negative numbers as 64 bits in two's complement. */
export const signed = (value: number | bigint): number | bigint =>
  typeof value === 'bigint' ? BigInt.asIntN(64, value) : value;

/** Seconds (1) and nanoseconds (2); an empty message is Go's zero time, which means "not set". */
function instant(bytes: Buffer, digits: number): string | undefined {
  let seconds: number | undefined;
  let nanos = 0;
  for (const wire = new WireReader(bytes); wire.next();) {
    if (wire.number === 1) seconds = Number(signed(wire.integer()));
    else if (wire.number === 2) nanos = Number(signed(wire.integer()));
    else wire.skip();
  }
  if (seconds === undefined) return undefined;
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime()) || nanos < 0 || nanos > 999_999_999)
    throw malformed('a time is out of range');
  const fraction = String(nanos).padStart(9, '0').slice(0, digits);
  return `${date.toISOString().slice(0, -'.000Z'.length)}${fraction === '' ? '' : `.${fraction}`}Z`;
}

/** type (1): 0 for intVal (2), 1 for strVal (3). */
function intOrString(bytes: Buffer): number | string {
  let isText = false;
  let whole = 0;
  let text = '';
  for (const wire = new WireReader(bytes); wire.next();) {
    if (wire.number === 1) isText = Number(wire.integer()) === 1;
    else if (wire.number === 2) whole = Number(signed(wire.integer()));
    else if (wire.number === 3) text = wire.text();
    else wire.skip();
  }
  return isText ? text : whole;
}

/** FieldsV1: JSON in field 1. */
function fieldSet(bytes: Buffer): unknown {
  const text = texts(bytes).at(-1);
  if (text === undefined || text === '') return undefined;
  try {
    return parseJson(text).value;
  } catch (error) {
    if (error instanceof JsonSyntaxError) throw malformed(`a field set is not JSON: ${error.message}`);
    throw error;
  }
}

/** Every text in field 1. */
function texts(bytes: Buffer): readonly string[] {
  const found: string[] = [];
  for (const wire = new WireReader(bytes); wire.next();) {
    if (wire.number === 1) found.push(wire.text());
    else wire.skip();
  }
  return found;
}
