/** Makes the JSON value that a YAML document means, in one walk in the order of the text, whatever aliases it has. */
import { isUtf8 } from 'node:buffer';
import { isAlias, isCollection, isMap, isScalar, isSeq } from 'yaml';
import type { Alias, Document, Node, Scalar } from 'yaml';
import { badRequest, type ApiError } from '../api/errors.ts';
import type { Body } from '../registry/registry.ts';
import { MAX_DEPTH, notAKey, tooDeep } from './yaml-tokens.ts';

/** Of repeated keys and of numbers, each. */
const MAX_FINDINGS = 100;
/** UTF-16 units of a field path that is reported. */
const MAX_PATH = 1024;
/**
 * Values made by following aliases and entries copied by merge keys, in the whole document: a few lines must not
 * become gigabytes.
 */
const MAX_COPIES = 10_000;
/** UTF-16 units of the keys and texts among them. */
const MAX_COPIED_TEXT = 3 * 1024 * 1024;

type Pairs = readonly { readonly key: unknown; readonly value: unknown }[];

/** Reads one document once: `new YamlReader(document).read()`. */
export class YamlReader {
  readonly #document: Document;
  readonly #duplicates = new Set<string>();
  readonly #lossy: { readonly field: string; readonly literal: string }[] = [];
  /** The node that each name stands for at this point of the text: the last one before it. */
  readonly #anchors = new Map<string, Node>();
  /** What an alias stood for where it was first met, for when it is met again by following another. */
  readonly #targets = new Map<Alias, Node>();
  /** The anchored nodes that are being read. */
  readonly #open = new Set<Node>();
  #aliasDepth = 0;
  #copies = 0;
  #copiedText = 0;
  #findings = 0;

  constructor(document: Document) {
    this.#document = document;
  }

  /** Throws BadRequest for what is no JSON, and for too much that is repeated. */
  read(): Body {
    const value = this.#node(this.#document.contents, '', 0);
    return { value, duplicates: [...this.#duplicates], lossy: this.#lossy };
  }

  #node(node: unknown, path: string, depth: number): unknown {
    if (depth > MAX_DEPTH) throw tooDeep();
    if (this.#aliasDepth > 0) this.#countCopies(1);
    if (isAlias(node)) return this.#alias(node, path, depth);
    if (isScalar(node)) {
      this.#countText(node);
      this.#remember(node);
      return this.#scalar(node, path);
    }
    if (!isCollection(node)) return null;
    const anchored = this.#remember(node);
    if (anchored) this.#open.add(node);
    const value = this.#collection(node, path, depth);
    if (anchored) this.#open.delete(node);
    return value;
  }

  #collection(node: Node, path: string, depth: number): unknown {
    if (isSeq(node)) {
      return node.items.map((item, index) => this.#node(item, `${path}[${index}]`, depth + 1));
    }
    return isMap(node) ? this.#map(node.items, path, depth) : null;
  }

  /** Whether the node has a name. What is met by following an alias had its turn. */
  #remember(node: Node & { readonly anchor?: string }): boolean {
    if (node.anchor === undefined || this.#aliasDepth > 0) return false;
    this.#anchors.set(node.anchor, node);
    return true;
  }

  #alias(alias: Alias, path: string, depth: number): unknown {
    const target = this.#targets.get(alias) ?? this.#anchors.get(alias.source);
    if (target === undefined) throw badRequest('the body uses a YAML alias that names nothing');
    if (this.#open.has(target)) throw badRequest('the body uses a YAML alias inside of what it names');
    this.#targets.set(alias, target);
    this.#aliasDepth += 1;
    const value = this.#node(target, path, depth + 1);
    this.#aliasDepth -= 1;
    return value;
  }

  #countCopies(count: number): void {
    this.#copies += count;
    if (this.#copies > MAX_COPIES) throw repeatsTooMuch();
  }

  /** Before anything is made of it: a long text costs as much each time. */
  #countText({ source }: Scalar): void {
    if (this.#aliasDepth === 0) return;
    this.#copiedText += source?.length ?? 0;
    if (this.#copiedText > MAX_COPIED_TEXT) throw repeatsTooMuch();
  }

  #map(pairs: Pairs, path: string, depth: number): unknown {
    const merged: (readonly [string, unknown])[] = [];
    const entries = new Map<string, unknown>();
    const repeated = new Set<string>();
    for (const pair of pairs) {
      if (isScalar(pair.key)) {
        this.#countText(pair.key);
        this.#remember(pair.key);
      }
      const key = keyText(pair.key);
      const field = path === '' ? key : `${path}.${key}`;
      const value = this.#node(pair.value, field, depth + 1);
      if (key === '<<') {
        this.#merge(value, merged);
      } else {
        if (entries.has(key) && !repeated.has(key)) {
          repeated.add(key);
          this.#addDuplicate(field);
        }
        entries.set(key, value);
      }
    }
    for (const [key, value] of merged) if (!entries.has(key)) entries.set(key, value);
    return Object.fromEntries(entries);
  }

  #merge(value: unknown, into: (readonly [string, unknown])[]): void {
    if (Array.isArray(value)) {
      for (const one of value) this.#merge(one, into);
      return;
    }
    if (typeof value !== 'object' || value === null) throw badRequest('a YAML merge key needs a mapping');
    const entries = Object.entries(value);
    this.#countCopies(entries.length);
    into.push(...entries);
  }

  /** Made only to be shown: a path is as long as its keys, which may be megabytes. */
  #addDuplicate(field: string): void {
    this.#findings += 1;
    if (this.#findings <= MAX_FINDINGS) this.#duplicates.add(field.slice(0, MAX_PATH));
  }

  #scalar(node: Scalar, path: string): unknown {
    const { value, source } = node;
    if (isInfinite(value)) {
      if (isTooLarge(node)) return source;
      throw badRequest(`${path === '' ? 'the body' : path}: ${source ?? 'the number'} is not a JSON number`);
    }
    if (typeof value === 'bigint') {
      const number = Number(value);
      if (!Number.isSafeInteger(number)) this.#addLossy(path, source ?? String(value));
      return number;
    }
    if (value instanceof Uint8Array) return textOf(value, source ?? '', path);
    return wellFormed(value) ?? null;
  }

  #addLossy(field: string, literal: string): void {
    if (this.#lossy.length < MAX_FINDINGS) this.#lossy.push({ field: field.slice(0, MAX_PATH), literal });
  }
}

const repeatsTooMuch = (): ApiError => badRequest('the body repeats too much through YAML aliases');

/** Or not a number. */
const isInfinite = (value: unknown): boolean =>
  (typeof value === 'bigint' || typeof value === 'number') && !Number.isFinite(Number(value));

/** A plain 1e400 is text, as it is in Kubernetes: JSON knows it as no number, and nothing is rounded. */
const isTooLarge = ({ value, source, tag, type }: Scalar): boolean =>
  isInfinite(value) && type === 'PLAIN' && tag === undefined && source !== undefined && /[0-9]/.test(source);

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** The text that `!!binary` holds; its lines may be broken. Throws BadRequest for what is none. */
function textOf(value: Uint8Array, source: string, path: string): string {
  if (!BASE64.test(source.replaceAll('\n', ''))) throw badRequest(`${path}: !!binary is not valid base64`);
  if (!isUtf8(value)) throw badRequest(`${path}: !!binary is not UTF-8`);
  return Buffer.from(value).toString();
}

/** Half a surrogate pair, which only an escape can be, is no text that UTF-8 can hold. */
const wellFormed = (value: unknown): unknown => (typeof value === 'string' ? value.toWellFormed() : value);

function keyText(key: unknown): string {
  if (isScalar(key) && isTooLarge(key)) return key.source ?? '';
  const value = isScalar(key) ? key.value : key;
  if (typeof value === 'string') return value.toWellFormed();
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean')
    return String(value);
  // `<<` arrives as a symbol of its own in YAML 1.1.
  if (typeof value === 'symbol') return '<<';
  throw notAKey();
}
