/**
 * Text exactly as Go writes it: field sets, manager identifiers and the last-applied annotation are compared and
 * stored as text by clients and by kube-apiserver, so key order and escaping have to be the same here.
 */
import { isObject, type Json } from '../../api/json.ts';

const HTML = /[<>&\u2028\u2029]/;
const HTML_ALL = /[<>&\u2028\u2029]/g;
// oxlint-disable-next-line no-control-regex -- these two control characters are what the branch is about
const SHORT_ESCAPES = /[\b\f]/;
/** Pairs of backslashes are consumed first, so that an escaped backslash before a `b` stays as it is. */
const ESCAPE_PAIR = /\\[\\bf]/g;
const SURROGATES = 0xd800;
const AFTER_SURROGATES = 0xe000;

/** A JSON string with `<`, `>`, `&` and the line separators escaped, as Go's encoders do by default. */
export function goString(text: string): string {
  const plain = JSON.stringify(text);
  if (!HTML.test(text)) return plain;
  return plain.replace(HTML_ALL, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/**
 * A scalar or nested value as structured-merge-diff writes it into `k:` and `v:` elements.
 * source: json-iterator writes \b and \f in the long form, unlike encoding/json.
 */
export function elementJson(value: Json): string {
  if (typeof value !== 'string')
    return value !== null && typeof value === 'object' ? goJson(value) : String(value);
  const text = goString(value);
  if (!SHORT_ESCAPES.test(value)) return text;
  return text.replace(ESCAPE_PAIR, (pair) => {
    if (pair === '\\b') return '\\u0008';
    return pair === '\\f' ? '\\u000c' : pair;
  });
}

/** Compact JSON with sorted keys: how Go encodes an unstructured object. */
export function goJson(value: Json): string {
  if (typeof value === 'string') return goString(value);
  if (Array.isArray(value)) return `[${value.map((item: Json) => goJson(item)).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const fields = Object.keys(value)
    .sort(compareText)
    .map((key) => `${goString(key)}:${goJson(value[key] ?? null)}`);
  return `{${fields.join(',')}}`;
}

/** Orders by UTF-8 bytes as Go's string comparison does; UTF-16 code units order astral characters differently. */
export function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i += 1) {
    const left = a.charCodeAt(i);
    const right = b.charCodeAt(i);
    if (left !== right) return codePointRank(left) - codePointRank(right);
  }
  return a.length - b.length;
}

/** Surrogates stand for code points above U+FFFF and therefore come after the rest of the basic plane. */
function codePointRank(unit: number): number {
  if (unit < SURROGATES) return unit;
  return unit >= AFTER_SURROGATES ? unit - 0x0800 : unit + 0x2000;
}

/** source: strconv uses the exponent form outside these powers of ten. */
const SMALL_POWER = -4;
const LARGE_POWER = 6;

const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;
const SHORT: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
};

/** A string the way Go's `%q` shows it to people. */
export function goQuoted(text: string): string {
  let out = '"';
  for (const char of text) out += SHORT[char] ?? (PRINTABLE.test(char) ? char : escaped(char));
  return `${out}"`;
}

function escaped(char: string): string {
  const code = char.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  if (code < 0x80) return `\\x${hex.padStart(2, '0')}`;
  return code > 0xffff ? `\\U${hex.padStart(8, '0')}` : `\\u${hex.padStart(4, '0')}`;
}

/** A number the way Go's `%v` shows it to people: 80, 0.5, 1e+06. */
export function goNumber(value: number): string {
  const [digits = '', exponent = '0'] = value.toExponential().split('e');
  const power = Number(exponent);
  if (power >= SMALL_POWER && power < LARGE_POWER) return String(value);
  return `${digits}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
}
