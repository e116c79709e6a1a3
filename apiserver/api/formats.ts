/** The string formats a schema may ask for. */
import type { ScalarFormat } from './schema.ts';

// source: RFC 3339 section 5.6; kube-apiserver also takes lower case t and z.
const DATE_TIME =
  /^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})$/;
const MAX_DATE_TIME = 64;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** True when the text does not have the format. Formats of numbers say nothing about text. */
export function formatProblem(format: ScalarFormat, value: string): boolean {
  switch (format) {
    case 'date-time':
      return !isDateTime(value);
    case 'byte':
      return value.length % 4 !== 0 || !BASE64.test(value);
    case 'int32':
    case 'int64':
    case 'double':
    case 'quantity':
      return false;
  }
}

/** RFC 3339 with a real calendar day; leap seconds are accepted. */
export function isDateTime(value: string): boolean {
  // Most times that are written are now.
  if (value === lastGood) return true;
  if (value.length > MAX_DATE_TIME || !DATE_TIME.test(value)) return false;
  // The pattern fixes where the digits stand.
  const month = twoDigits(value, 5);
  const day = twoDigits(value, 8);
  if (month < 1 || month > 12 || day < 1 || day > daysOf(Number(value.slice(0, 4)), month)) return false;
  const isGood = twoDigits(value, 11) < 24 && twoDigits(value, 14) < 60 && twoDigits(value, 17) <= 60;
  if (isGood) lastGood = value;
  return isGood;
}
let lastGood = '';

function twoDigits(text: string, at: number): number {
  return 10 * (text.charCodeAt(at) - 0x30) + text.charCodeAt(at + 1) - 0x30;
}

function daysOf(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}
