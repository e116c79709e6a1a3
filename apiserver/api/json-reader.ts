/** The exact JSON reader behind `parseJson`: slower than JSON.parse, but it sees every key and every literal. */

import { joinPath } from './field-path.ts';

/** A body as the registry takes it. */
export interface ParsedJson {
  readonly value: unknown;
  /** Field paths of repeated keys, in order, each once; the last one won. */
  readonly duplicates: readonly string[];
  /** Number literals that a double cannot hold (beyond 2^53 or out of range), by field path. */
  readonly lossy: readonly { readonly field: string; readonly literal: string }[];
}

/** The text is not JSON. `offset` counts UTF-16 units from the start of the text. */
export class JsonSyntaxError extends SyntaxError {
  readonly offset: number;
  constructor(message: string, offset: number) {
    super(`${message} at offset ${offset}`);
    this.name = 'JsonSyntaxError';
    this.offset = offset;
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
// Everything but the quote, the backslash and control characters.
const PLAIN = /[ !#-[\]-\uffff]*/y;
const HEX4 = /[0-9a-fA-F]{4}/y;
const SPACE = /[ \t\n\r]*/y;
const LIMIT = 2 ** 53;
/** UTF-16 units of a field path that is reported. */
const MAX_PATH = 1024;

/** Reads one document once: `new JsonReader(text, maxDepth, maxFindings).read()`. */
export class JsonReader {
  readonly #text: string;
  readonly #maxDepth: number;
  readonly #maxFindings: number;
  readonly #path: (string | number)[] = [];
  readonly #duplicates = new Set<string>();
  readonly #lossy: { readonly field: string; readonly literal: string }[] = [];
  #findings = 0;
  #at = 0;

  constructor(text: string, maxDepth: number, maxFindings: number) {
    this.#text = text;
    this.#maxDepth = maxDepth;
    this.#maxFindings = maxFindings;
  }

  read(): ParsedJson {
    const value = this.#value();
    this.#space();
    if (this.#at < this.#text.length) throw this.#unexpected('the end of the text');
    return { value, duplicates: [...this.#duplicates], lossy: this.#lossy };
  }

  #value(): unknown {
    this.#space();
    switch (this.#text.charAt(this.#at)) {
      case '{':
        return this.#nested(() => this.#object());
      case '[':
        return this.#nested(() => this.#array());
      case '"':
        return this.#string();
      case 't':
        return this.#word('true', true);
      case 'f':
        return this.#word('false', false);
      case 'n':
        return this.#word('null', null);
      default:
        return this.#number();
    }
  }

  #nested(read: () => unknown): unknown {
    if (this.#path.length >= this.#maxDepth) {
      throw new JsonSyntaxError(`nested deeper than ${this.#maxDepth} levels`, this.#at);
    }
    this.#at += 1;
    return read();
  }

  #object(): Record<string, unknown> {
    const object: Record<string, unknown> = {};
    if (this.#skip('}')) return object;
    const repeated = new Set<string>();
    do {
      this.#space();
      if (this.#text[this.#at] !== '"') throw this.#unexpected('a quoted key');
      const key = this.#string();
      if (!this.#skip(':')) throw this.#unexpected('":"');
      this.#path.push(key);
      if (Object.hasOwn(object, key) && !repeated.has(key)) {
        repeated.add(key);
        this.#addDuplicate();
      }
      const value = this.#value();
      this.#path.pop();
      put(object, key, value);
    } while (this.#skip(','));
    if (!this.#skip('}')) throw this.#unexpected('"," or "}"');
    return object;
  }

  /** The path is made at most that often: it is as long as its keys, which may be megabytes. */
  #addDuplicate(): void {
    this.#findings += 1;
    if (this.#findings <= this.#maxFindings) this.#duplicates.add(this.#here());
  }

  #here(): string {
    return joinPath('', this.#path).slice(0, MAX_PATH);
  }

  #array(): unknown[] {
    const items: unknown[] = [];
    if (this.#skip(']')) return items;
    do {
      this.#path.push(items.length);
      items.push(this.#value());
      this.#path.pop();
    } while (this.#skip(','));
    if (!this.#skip(']')) throw this.#unexpected('"," or "]"');
    return items;
  }

  #string(): string {
    this.#at += 1;
    let result = '';
    for (;;) {
      result += this.#match(PLAIN) ?? '';
      const c = this.#text[this.#at];
      this.#at += 1;
      // Half a surrogate pair, which only an escape can be, is no text that UTF-8 can hold.
      if (c === '"') return result.toWellFormed();
      if (c !== '\\') {
        this.#at -= 1;
        throw this.#unexpected('a printable character or the closing quote');
      }
      result += this.#escape();
    }
  }

  #escape(): string {
    const c = this.#text[this.#at] ?? '';
    if (c === 'u') {
      this.#at += 1;
      const hex = this.#match(HEX4);
      if (hex === undefined) throw this.#unexpected('four hexadecimal digits');
      return String.fromCharCode(Number.parseInt(hex, 16));
    }
    if (!Object.hasOwn(ESCAPES, c)) throw this.#unexpected('an escape sequence');
    this.#at += 1;
    return ESCAPES[c] ?? '';
  }

  #word<T>(word: string, value: T): T {
    if (!this.#text.startsWith(word, this.#at)) throw this.#unexpected('a value');
    this.#at += word.length;
    return value;
  }

  #number(): number {
    const literal = this.#match(NUMBER);
    if (literal === undefined) throw this.#unexpected('a value');
    const value = Number(literal);
    if (isLossy(literal, value) && this.#lossy.length < this.#maxFindings) {
      this.#lossy.push({ field: this.#here(), literal });
    }
    return value;
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  #space(): void {
    this.#match(SPACE);
  }

  #skip(character: string): boolean {
    this.#space();
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  #unexpected(wanted: string): JsonSyntaxError {
    const c = this.#text.codePointAt(this.#at);
    const found =
      c === undefined
        ? 'unexpected end of JSON'
        : `invalid character ${JSON.stringify(String.fromCodePoint(c))}`;
    return new JsonSyntaxError(`${found}, expected ${wanted},`, this.#at);
  }
}

/** Assignment would call the `__proto__` setter and make the key vanish. */
function put(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
  } else {
    object[key] = value;
  }
}

/**
 * Integers beyond 2^53 always count as lossy, even the few a double happens to hold: the border is what people can
 * know. Literals with a fraction or an exponent are rounded like everywhere else, but must not overflow, vanish,
 * or stand for a whole number beyond the border with other digits.
 */
function isLossy(literal: string, value: number): boolean {
  if (!Number.isFinite(value)) return true;
  const size = Math.abs(value);
  if (size < LIMIT && value !== 0) return false;
  const fractional = /[.eE]/.test(literal);
  if (fractional) return digits(literal) !== digits(String(value));
  return size > LIMIT || (size === LIMIT && !literal.endsWith('9007199254740992'));
}

/** Significant digits of a number literal, without point, exponent, sign, leading and trailing zeros. */
function digits(literal: string): string {
  const mantissa = literal.toLowerCase().split('e', 1)[0] ?? '';
  const found = mantissa.replace(/[-.]/g, '').replace(/^0+/, '');
  // A pattern for the end would begin anew at every zero of a number of megabytes.
  let end = found.length;
  while (found[end - 1] === '0') end -= 1;
  return found.slice(0, end);
}
