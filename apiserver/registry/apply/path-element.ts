/**
 * Path elements: one step from a container to a field or item. The canonical text is the element's identity:
 * `f:name` a field, `k:{"name":"a"}` an item of a list-map, `v:"a"` an item of a set, `i:0` an index.
 * source: structured-merge-diff fieldpath/element.go and serialize-pe.go.
 */
import { isObject, type Json } from '../../api/json.ts';
import { compareText, elementJson, goNumber, goQuoted } from './go-text.ts';

export type PathElement = string;
export type Path = readonly PathElement[];

/** A `fieldsV1` document that no Kubernetes server would accept. */
export class MalformedFields extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'MalformedFields';
  }
}

export const fieldElement = (name: string): PathElement => `f:${name}`;
export const valueElement = (value: Json): PathElement => `v:${elementJson(value)}`;
/** The name behind `f:`, undefined for the other three. */
export const fieldName = (element: PathElement): string | undefined =>
  element.startsWith('f:') ? element.slice(2) : undefined;
export const isKey = (element: PathElement): boolean => element.startsWith('k:');

/** Text of one `"name":value` pair of a key element; pairs are joined by commas in name order. */
export const keyPair = (name: string, value: Json): string => `${JSON.stringify(name)}:${elementJson(value)}`;

/**
 * Brings a key of a `fieldsV1` object into canonical form. Undefined for an element type that this version does
 * not know: those are dropped, as Kubernetes does. Throws `MalformedFields`.
 */
export function parseElement(text: string): PathElement | undefined {
  if (text.length < 2) throw new MalformedFields(`path element "${text}" is too short`);
  if (text[1] !== ':') throw new MalformedFields(`path element "${text}" has no colon`);
  switch (text.charAt(0)) {
    case 'f':
      return text;
    case 'v':
      return valueElement(parseJson(text));
    case 'k':
      return parseKey(text);
    case 'i':
      if (!/^[-+]?\d+$/.test(text.slice(2))) throw new MalformedFields(`"${text}" is no index`);
      return `i:${Number(text.slice(2))}`;
    default:
      return undefined;
  }
}

function parseKey(text: string): PathElement {
  const fields = parseJson(text);
  if (!isObject(fields)) throw new MalformedFields(`key "${text}" is not an object`);
  const names = Object.keys(fields).sort(compareText);
  return `k:{${names.map((name) => keyPair(name, fields[name] ?? null)).join(',')}}`;
}

function parseJson(element: string): Json {
  try {
    return JSON.parse(element.slice(2)) as Json;
  } catch (cause) {
    throw new MalformedFields(`path element "${element}" is not JSON: ${String(cause)}`);
  }
}

/** As people see it in conflicts: `.spec.parts[name="a"].value`. */
export function printPath(path: Path): string {
  return path.map(printElement).join('');
}

function printElement(element: PathElement): string {
  const body = element.slice(2);
  switch (element.charAt(0)) {
    case 'f':
      return `.${body}`;
    case 'v':
      return `[=${printValue(JSON.parse(body) as Json)}]`;
    case 'k': {
      const fields = Object.entries(JSON.parse(body) as Record<string, Json>);
      return `[${fields.map(([name, value]) => `${name}=${printValue(value)}`).join(',')}]`;
    }
    default:
      return `[${body}]`;
  }
}

function printValue(value: Json): string {
  if (typeof value === 'string') return goQuoted(value);
  return typeof value === 'number' ? goNumber(value) : JSON.stringify(value);
}

const TYPE_ORDER = 'fkvi';

/** Sorts in place into the order in which `fieldsV1` is written: fields, keys, values, indexes. */
export function sortElements(elements: PathElement[]): PathElement[] {
  if (elements.length < 2) return elements;
  if (elements.every((element) => element.startsWith('f:'))) return elements.sort(compareText);
  const parsed = new Map(elements.map((element) => [element, operand(element)]));
  return elements.sort((a, b) => compareParsed(a, b, parsed));
}

/** What two elements of one type are compared by. */
function operand(element: PathElement): Json {
  if (element.startsWith('f:')) return element;
  const value = JSON.parse(element.slice(2)) as Json;
  return isObject(value) && isKey(element) ? Object.entries(value).flat() : value;
}

function compareParsed(a: PathElement, b: PathElement, parsed: ReadonlyMap<PathElement, Json>): number {
  const byType = TYPE_ORDER.indexOf(a.charAt(0)) - TYPE_ORDER.indexOf(b.charAt(0));
  return byType !== 0 ? byType : compareValues(parsed.get(a) ?? null, parsed.get(b) ?? null);
}

const RANKS: readonly string[] = ['number', 'string', 'boolean', 'list', 'map', 'null'];

function rankOf(value: Json): number {
  if (value === null) return RANKS.indexOf('null');
  if (Array.isArray(value)) return RANKS.indexOf('list');
  return RANKS.indexOf(typeof value === 'object' ? 'map' : typeof value);
}

/** Total order over JSON values: numbers, strings, booleans, lists, maps, null. source: value.Compare. */
function compareValues(a: Json, b: Json): number {
  const byRank = rankOf(a) - rankOf(b);
  if (byRank !== 0) return byRank;
  if (typeof a === 'string' && typeof b === 'string') return compareText(a, b);
  if (Array.isArray(a) && Array.isArray(b)) return compareLists(a, b);
  if (isObject(a) && isObject(b)) return compareLists(sortedEntries(a), sortedEntries(b));
  return Number(a) - Number(b);
}

const sortedEntries = (value: Readonly<Record<string, Json>>): readonly Json[] =>
  Object.keys(value)
    .sort(compareText)
    .flatMap((key) => [key, value[key] ?? null]);

function compareLists(a: readonly Json[], b: readonly Json[]): number {
  for (let i = 0; i < a.length && i < b.length; i += 1) {
    const order = compareValues(a[i] ?? null, b[i] ?? null);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}
