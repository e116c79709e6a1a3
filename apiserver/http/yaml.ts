/**
 * YAML in and out. This file and the two beside it, `yaml-tokens.ts` and `yaml-nodes.ts`, are all that knows the
 * `yaml` package. Bodies are read node by node, so that repeated keys and integers beyond 2^53 are seen as they are
 * in JSON.
 */
import { isUtf8 } from 'node:buffer';
import { Composer, isScalar, stringify } from 'yaml';
import type {
  CollectionTag,
  Document,
  DocumentOptions,
  ErrorCode,
  ParseOptions,
  ScalarTag,
  SchemaOptions,
} from 'yaml';
import { badRequest, type ApiError } from '../api/errors.ts';
import type { Body } from '../registry/registry.ts';
import { YamlReader } from './yaml-nodes.ts';
import { notYaml, tokensOf, tooDeep } from './yaml-tokens.ts';

/** Behind the one that is read. */
const MAX_EMPTY_DOCUMENTS = 16;
/** A longer one is beyond a double, and reading it takes long: it stays text, as it does in Kubernetes. */
const MAX_INTEGER_LENGTH = 1100;

/**
 * What has very many values, or many that are deep, is written as JSON, which is YAML as well: the package takes some
 * three microseconds for each, and indents each by its depth.
 */
export function toYaml(value: unknown): string {
  if (weightOf(value, 1, 0) > MAX_WEIGHT) return `${JSON.stringify(value).replace(NOT_RAW, escaped)}\n`;
  return stringify(value, { lineWidth: 0, aliasDuplicateObjects: false, version: '1.1' });
}

/** Of all values, each as much as it is deep. */
const MAX_WEIGHT = 200_000;

/** `before` and what is in the value, or any more than the most. */
function weightOf(value: unknown, depth: number, before: number): number {
  let weight = before + depth;
  if (typeof value !== 'object' || value === null) return weight;
  for (const one of Array.isArray(value) ? (value as unknown[]) : Object.values(value)) {
    if (weight > MAX_WEIGHT) break;
    weight = weightOf(one, depth + 1, weight);
  }
  return weight;
}

/** JSON has it as it is, and YAML only escaped. */
const NOT_RAW = /[\x7f-\x84\x86-\x9f\ufeff\ufffe\uffff]/g;
const escaped = (character: string): string => `\\u${hex(character.charCodeAt(0))}`;

/**
 * Throws `ApiError` BadRequest for anything that is not exactly one YAML 1.1 document, and RequestEntityTooLarge for one
 * of too many tokens. Behind it may be ends and beginnings of documents that hold nothing, as templates leave them.
 */
export function parseYaml(bytes: Buffer | string): Body {
  const document = parsed(readable(bytes));
  const [problem] = document.errors;
  if (problem !== undefined) throw notYaml(problem.message);
  if (document.directives.yaml.version !== '1.1') throw notYaml('only version 1.1 is read');
  return new YamlReader(document).read();
}

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

/** Sets, and lists of pairs, are the mappings and lists they look like. source: goyaml.v2 decode.go asks no tag of theirs. */
const FOREIGN = new Set(['timestamp', 'omap', 'pairs', 'set'].map((name) => `tag:yaml.org,2002:${name}`));
const isForeign = (tag: CollectionTag | ScalarTag): boolean => FOREIGN.has(tag.tag) || isClock(tag);
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
const isFloat = (tag: ScalarTag): boolean => tag.tag.endsWith(':float') && tag.test?.test('.') === true;
/** The package's own without those that have no digit. */
const FLOAT = /^[-+]?(?:[0-9][0-9_]*\.[0-9_]*|\.(?=_*[0-9])[0-9_]*)$/;

function bounded(tag: CollectionTag | ScalarTag): CollectionTag | ScalarTag {
  if (tag.collection !== undefined) return tag;
  if (isFloat(tag)) return { ...tag, test: FLOAT };
  if (!tag.tag.endsWith(':int')) return tag;
  return {
    ...tag,
    resolve: (text, ...rest) => (text.length > MAX_INTEGER_LENGTH ? text : tag.resolve(text, ...rest)),
  };
}

const OPTIONS: DocumentOptions & ParseOptions & SchemaOptions = {
  version: '1.1',
  // A date stays the text it was: JSON knows no dates. So do 1:20 and a dot without digits, as they do in Kubernetes.
  customTags: (tags) =>
    [...tags, OCTAL]
      .filter((tag) => typeof tag !== 'string')
      .filter((tag) => !isForeign(tag))
      .map(bounded),
  resolveKnownTags: false,
  intAsBigInt: true,
  uniqueKeys: false,
  stringKeys: false,
  prettyErrors: false,
  logLevel: 'error',
};

/** The refusal; undefined for a tag that is not known, which is as good as none. */
function refusalOf(code: ErrorCode, message: string, isWarning: boolean): ApiError | undefined {
  if (code === 'RESOURCE_EXHAUSTION') return tooDeep();
  return isWarning && code !== 'BAD_DIRECTIVE' ? undefined : notYaml(message);
}

/**
 * Throws at the first mistake. The package goes on behind it and keeps every one, and megabytes of mistakes take longer
 * to keep than to read.
 */
function createComposer(): Composer {
  const composer = new Composer(OPTIONS);
  let first: ApiError | undefined;
  // Private in the types of the package, whose version is fixed; a test sees when it is called so no more.
  Object.defineProperty(composer, 'onError', {
    value: (_source: unknown, code: ErrorCode, message: string, isWarning = false): void => {
      // The package catches what is thrown inside of a collection, to report it once more.
      first ??= refusalOf(code, message, isWarning);
      if (first !== undefined) throw first;
    },
  });
  return composer;
}

/** Throws BadRequest for more than one document. */
function parsed(text: string): Document.Parsed {
  let found: Document.Parsed | undefined;
  let empty = 0;
  for (const document of createComposer().compose(tokensOf(text), true, text.length)) {
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
