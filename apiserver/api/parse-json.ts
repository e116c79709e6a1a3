/**
 * Reads a JSON body without losing what JSON.parse hides: repeated keys, numbers a double cannot hold, and keys
 * such as `__proto__`. source: RFC 8259; field paths as kube-apiserver's strict decoder prints them.
 */
import { JsonReader, type ParsedJson } from './json-reader.ts';

/** Deeper input is refused, so that every later walk over the value may recurse. */
export const MAX_DEPTH = 512;
/** At most this many duplicates and this many lossy numbers are reported. */
export const MAX_FINDINGS = 100;

const NONE: readonly never[] = [];
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
/** Both kinds of bracket differ from the braces in one bit, 0x20. */
const OPEN = 0x7b;
const CLOSE = 0x7d;
/** One digit fewer than 2^53 has: a shorter run cannot be lossy. */
const SAFE_DIGITS = 15;

/**
 * Parses one JSON document. Buffers are read as UTF-8; invalid bytes and escaped halves of surrogate pairs become
 * U+FFFD, as in Go.
 *
 * Every key becomes a plain own property, `__proto__` and `constructor` included, so reading needs `Object.hasOwn`
 * and copying must not assign by key; `JSON.stringify` and spread are safe.
 *
 * Throws `JsonSyntaxError` for malformed text and for nesting deeper than `MAX_DEPTH`.
 */
export function parseJson(input: Buffer | string): ParsedJson {
  const text = typeof input === 'string' ? input : input.toString('utf8');
  return parseFast(text) ?? new JsonReader(text, MAX_DEPTH, MAX_FINDINGS).read();
}

/**
 * JSON.parse plus a scan that proves nothing was lost: as many keys in the value as colons outside strings means
 * no key was dropped, and no literal is long enough to be rounded. Anything else is left to the exact reader.
 */
function parseFast(text: string): ParsedJson | undefined {
  const colons = scan(text);
  if (colons < 0 || hasSurrogate(text)) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return countKeys(value) === colons ? { value, duplicates: NONE, lossy: NONE } : undefined;
}

/** Whether half a surrogate pair is escaped, as far as that can be told at a glance. The first look costs next to nothing. */
const hasSurrogate = (text: string): boolean => text.includes('\\u') && SURROGATE.test(text);
const SURROGATE = /\\u[dD][89a-fA-F]/;

/** Colons outside strings, or -1 when the exact reader has to look: long numbers, exponents, deep nesting. */
function scan(text: string): number {
  const length = text.length;
  let colons = 0;
  let depth = 0;
  let run = 0;
  for (let i = 0; i < length; i += 1) {
    const c = text.charCodeAt(i);
    if (c === QUOTE) {
      i = endOfString(text, i + 1);
    } else if (c === COLON) {
      colons += 1;
    } else if (c >= 0x2e && c <= 0x39) {
      run += 1;
      if (run > SAFE_DIGITS) return -1;
      continue;
    } else if ((c | 0x20) === OPEN) {
      depth += 1;
      if (depth > MAX_DEPTH) return -1;
    } else if ((c | 0x20) === CLOSE) {
      depth -= 1;
    } else if (run > 0 && (c | 0x20) === 0x65) {
      return -1;
    }
    run = 0;
  }
  return colons;
}

/** Index of the quote that closes the string whose content starts at `from`. */
function endOfString(text: string, from: number): number {
  let i = from;
  for (; i < text.length; i += 1) {
    const c = text.charCodeAt(i);
    if (c === QUOTE) return i;
    if (c === BACKSLASH) i += 1;
  }
  return i;
}

function countKeys(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let count = 0;
  if (Array.isArray(value)) {
    for (const item of value) if (typeof item === 'object') count += countKeys(item);
    return count;
  }
  const object = value as Record<string, unknown>;
  // Everything JSON.parse makes is an own property, so for-in sees no inherited key unless a prototype was
  // polluted elsewhere; then the counts differ and the exact reader answers.
  for (const key in object) {
    count += 1;
    const child = object[key];
    if (typeof child === 'object') count += countKeys(child);
  }
  return count;
}
