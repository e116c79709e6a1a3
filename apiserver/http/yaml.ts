/**
 * YAML in and out, the only file that knows the `yaml` package. Bodies are read node by node, so that repeated
 * keys and integers beyond 2^53 are seen as they are in JSON.
 */
import { isUtf8 } from 'node:buffer';
import { Composer, isAlias, isMap, isScalar, isSeq, Lexer, Parser, stringify } from 'yaml';
import type {
  CollectionTag,
  CST,
  Document,
  DocumentOptions,
  Node,
  ParseOptions,
  Scalar,
  ScalarTag,
  SchemaOptions,
} from 'yaml';
import { badRequest, type ApiError } from '../api/errors.ts';
import type { Body } from '../registry/registry.ts';

const MAX_DEPTH = 512;
/** A level is at most two open tokens, the document is one. */
const MAX_OPEN_TOKENS = 2 * MAX_DEPTH + 16;
const MAX_FINDINGS = 100;
/** Behind the one that is read. */
const MAX_EMPTY_DOCUMENTS = 16;
/** Values made by following aliases, in the whole document: a few lines must not become gigabytes. */
const MAX_ALIAS_NODES = 10_000;

export function toYaml(value: unknown): string {
  return stringify(value, { lineWidth: 0, aliasDuplicateObjects: false, version: '1.1' });
}

/**
 * Throws `ApiError` BadRequest for anything that is not exactly one YAML 1.1 document. Behind it may be ends and
 * beginnings of documents that hold nothing, as templates leave them.
 */
export function parseYaml(bytes: Buffer | string): Body {
  const document = parsed(readable(bytes));
  const [problem] = document.errors;
  if (problem?.code === 'RESOURCE_EXHAUSTION') throw tooDeep();
  if (problem !== undefined) throw notYaml(problem.message);
  // The package only warns of a directive that is none.
  const warning = document.warnings.find(({ code }) => code === 'BAD_DIRECTIVE');
  if (warning !== undefined) throw notYaml(warning.message);
  if (document.directives.yaml.version !== '1.1') throw notYaml('only version 1.1 is read');
  return new YamlReader(document).read();
}

const notYaml = (why: string): ApiError => badRequest(`the body is not valid YAML: ${why}`);

/** What YAML 1.1 does not allow anywhere in a text. source: sigs.k8s.io/yaml goyaml.v2 readerc.go */
const FORBIDDEN = /[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;
/** Every one means the same as LF, also inside of text. The package knows LF and CR LF only. */
const LINE_ENDS = /\r\n?/g;

/** Throws BadRequest for what is not UTF-8 and for control characters. */
function readable(bytes: Buffer | string): string {
  if (typeof bytes !== 'string' && !isUtf8(bytes)) throw notYaml('it is not UTF-8');
  const text = bytes.toString();
  const [found] = FORBIDDEN.exec(text) ?? [];
  if (found !== undefined) {
    throw notYaml(`the character U+${hex(found.codePointAt(0) ?? 0)} is not allowed in it`);
  }
  return text.replace(LINE_ENDS, '\n');
}

const hex = (value: number): string => value.toString(16).toUpperCase().padStart(4, '0');

const tooDeep = (): ApiError => badRequest(`the body is nested deeper than ${MAX_DEPTH} levels`);

const isClock = (tag: CollectionTag | ScalarTag): boolean => 'format' in tag && tag.format === 'TIME';
/** As in YAML 1.2. source: sigs.k8s.io/yaml goyaml.v2 resolve.go reads both spellings. */
const OCTAL: ScalarTag = {
  tag: 'tag:yaml.org,2002:int',
  default: true,
  test: /^[-+]?0o(?=_*[0-7])[0-7_]+$/,
  resolve: (text) => {
    const digits = BigInt(text.replaceAll('_', '').replace(/^[-+]/, ''));
    return text.startsWith('-') ? -digits : digits;
  },
};
const isFloat = (tag: CollectionTag | ScalarTag): tag is ScalarTag =>
  tag.tag.endsWith(':float') && tag.test?.test('.') === true;
/** The package's own without those that have no digit. */
const FLOAT = /^[-+]?(?:[0-9][0-9_]*\.[0-9_]*|\.(?=_*[0-9])[0-9_]*)$/;
const OPTIONS: DocumentOptions & ParseOptions & SchemaOptions = {
  version: '1.1',
  // A date stays the text it was: JSON knows no dates. So do 1:20 and a dot without digits, as they do in Kubernetes.
  customTags: (tags) =>
    [...tags, OCTAL]
      .filter((tag) => typeof tag === 'string' || !(tag.tag.endsWith(':timestamp') || isClock(tag)))
      .map((tag) => (typeof tag !== 'string' && isFloat(tag) ? { ...tag, test: FLOAT } : tag)),
  intAsBigInt: true,
  uniqueKeys: false,
  stringKeys: false,
  prettyErrors: false,
  logLevel: 'error',
};

/** Throws BadRequest for more than one document. */
function parsed(text: string): Document.Parsed {
  let found: Document.Parsed | undefined;
  let empty = 0;
  for (const document of new Composer(OPTIONS).compose(tokensOf(text), true, text.length)) {
    if (found === undefined) found = document as Document.Parsed;
    else if (!isEmpty(document) || (empty += 1) > MAX_EMPTY_DOCUMENTS) {
      throw badRequest('the body is more than one YAML document');
    }
  }
  if (found === undefined) throw badRequest('the body is empty');
  return found;
}

/** Nothing but comments. */
const isEmpty = ({ contents, errors }: Document): boolean =>
  errors.length === 0 &&
  (contents === null || (isScalar(contents) && contents.value === null && contents.source === ''));

/**
 * Reading a document recurses, and takes seconds until it gives up where the nesting is megabytes deep. So the depth
 * is looked at while the text is cut into tokens, which does not recurse.
 */
function* tokensOf(text: string): Generator<CST.Token> {
  const parser = new Parser();
  for (const lexeme of new Lexer().lex(text)) {
    yield* parser.next(lexeme);
    if (parser.stack.length > MAX_OPEN_TOKENS) throw tooDeep();
  }
  yield* parser.end();
}

class YamlReader {
  readonly #document: Document;
  readonly #duplicates = new Set<string>();
  readonly #lossy: { readonly field: string; readonly literal: string }[] = [];
  #aliasDepth = 0;
  #aliasNodes = 0;

  constructor(document: Document) {
    this.#document = document;
  }

  read(): Body {
    const value = this.#node(this.#document.contents, '', 0);
    return { value, duplicates: [...this.#duplicates], lossy: this.#lossy };
  }

  #node(node: unknown, path: string, depth: number): unknown {
    if (depth > MAX_DEPTH) throw tooDeep();
    if (this.#aliasDepth > 0 && (this.#aliasNodes += 1) > MAX_ALIAS_NODES) {
      throw badRequest('the body repeats too much through YAML aliases');
    }
    if (isAlias(node)) return this.#alias(node.resolve(this.#document), path, depth);
    if (isScalar(node)) return this.#scalar(node, path);
    if (isSeq(node)) {
      return node.items.map((item, index) => this.#node(item, `${path}[${index}]`, depth + 1));
    }
    if (isMap(node)) return this.#map(node.items, path, depth);
    return null;
  }

  #alias(target: Node | undefined, path: string, depth: number): unknown {
    if (target === undefined) throw badRequest('the body uses a YAML alias that names nothing');
    this.#aliasDepth += 1;
    // One level more, so that an alias inside its own anchor ends at the depth limit.
    const value = this.#node(target, path, depth + 1);
    this.#aliasDepth -= 1;
    return value;
  }

  #map(
    pairs: readonly { readonly key: unknown; readonly value: unknown }[],
    path: string,
    depth: number,
  ): unknown {
    const merged: [string, unknown][] = [];
    const entries = new Map<string, unknown>();
    for (const pair of pairs) {
      const key = keyText(pair.key);
      const field = path === '' ? key : `${path}.${key}`;
      const value = this.#node(pair.value, field, depth + 1);
      if (key === '<<') {
        merged.push(...mergeEntries(value));
      } else {
        if (entries.has(key) && this.#duplicates.size < MAX_FINDINGS) this.#duplicates.add(field);
        entries.set(key, value);
      }
    }
    for (const [key, value] of merged) if (!entries.has(key)) entries.set(key, value);
    return Object.fromEntries(entries);
  }

  #scalar(node: Scalar, path: string): unknown {
    const { value, source } = node;
    if (typeof value === 'bigint') {
      const number = Number(value);
      if (!Number.isSafeInteger(number)) this.#addLossy(path, source ?? String(value));
      return number;
    }
    if (typeof value === 'number' && !Number.isFinite(value)) {
      if (isTooLarge(node)) return source;
      throw badRequest(`${path === '' ? 'the body' : path}: ${source ?? 'the number'} is not a JSON number`);
    }
    if (value instanceof Uint8Array) return textOf(value, source ?? '', path);
    return wellFormed(value) ?? null;
  }

  #addLossy(field: string, literal: string): void {
    if (this.#lossy.length < MAX_FINDINGS) this.#lossy.push({ field, literal });
  }
}

/** A plain 1e400 is text, as it is in Kubernetes: JSON knows it as no number, and nothing is rounded. */
const isTooLarge = ({ value, source, tag, type }: Scalar): boolean =>
  (value === Infinity || value === -Infinity) &&
  type === 'PLAIN' &&
  tag === undefined &&
  source !== undefined &&
  /[0-9]/.test(source);

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
  throw badRequest('the body has a YAML key that is neither text nor a number');
}

function mergeEntries(value: unknown): readonly [string, unknown][] {
  if (Array.isArray(value)) return value.flatMap((one) => mergeEntries(one));
  if (typeof value !== 'object' || value === null) throw badRequest('a YAML merge key needs a mapping');
  return Object.entries(value);
}
