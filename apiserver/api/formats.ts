/** The string formats a schema may ask for. */
import type { ScalarFormat } from './schema.ts';

// source: RFC 3339 section 5.6; kube-apiserver also takes lower case t and z.
const DATE_TIME =
  /^([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})$/;
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
  const match = value.length > 64 ? null : DATE_TIME.exec(value);
  if (match === null) return false;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const date = new Date(Date.UTC(2000, month - 1, day));
  date.setUTCFullYear(year, month - 1, day);
  const realDay = date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  return realDay && hour < 24 && minute < 60 && second <= 60;
}
