/** Makes answers of two servers comparable: what must differ becomes a word; uids and resource versions become the step that showed them first. */
import { parse, type CollectionTag, type DocumentOptions, type ScalarTag, type SchemaOptions } from 'yaml';
import type { Answer } from './target.ts';

type Value = unknown;
type Fields = Record<string, Value>;

export interface Comparable {
  readonly status: number;
  readonly headers: Fields;
  /** A text where it is no JSON; a list of events where it is a watch. */
  readonly body: Value;
}

export interface Normaliser {
  /** To be called in the order of the script; `step` is unique. `isList`: a table is one of many objects. */
  readonly normalise: (step: string, answer: Answer, isList?: boolean) => Comparable;
}

const HEADERS = ['content-type', 'warning', 'retry-after', 'cache-control', 'location'];
const TIMES = new Set(['creationTimestamp', 'deletionTimestamp', 'time']);

export function createNormaliser(): Normaliser {
  const origins = new Map<string, string>();
  let current = '';
  let fresh = 0;
  let isListAsked = false;
  const number = (what: 'uid' | 'rv', value: string): string => {
    const key = `${what} ${value}`;
    const known = origins.get(key);
    if (known !== undefined) return known;
    const origin = `${what} ${(fresh += 1)} of "${current}"`;
    origins.set(key, origin);
    return origin;
  };

  const metadataField = (key: string, value: Value, isList: boolean): Value => {
    if (TIMES.has(key)) return aTime(value);
    if (key === 'managedFields' && Array.isArray(value)) return managers(value as Fields[]);
    if (key === 'annotations' && isFields(value)) return annotations(value);
    if (typeof value !== 'string') return value;
    if (key === 'uid') return number('uid', value);
    if (key === 'resourceVersion') return isList ? decimal(value) : number('rv', value);
    // An untyped list says that there is no more with an empty token, a typed one with none.
    if (key === 'continue') return value === '' ? undefined : 'a token';
    return value;
  };
  const metadata = (fields: Fields, isList: boolean): Fields => {
    const entries = Object.entries(fields).map(([key, value]) => [key, metadataField(key, value, isList)]);
    return Object.fromEntries(entries.filter(([, value]) => value !== undefined)) as Fields;
  };
  const object = (value: Value): Value => {
    if (!isFields(value)) return value;
    if (value['kind'] === 'Status') return status(value, number);
    const { items, rows, metadata: meta, ...rest } = value;
    const isTable = Array.isArray(rows);
    const isList = String(value['kind']).endsWith('List') || (isTable && isListAsked);
    return {
      ...rest,
      ...(isFields(meta) ? { metadata: metadata(meta, isList) } : {}),
      ...(Array.isArray(items) ? { items: items.map(object) } : {}),
      ...(isTable ? { rows: rows.map((each: Fields) => row(each, object)) } : {}),
      ...(isFields(rest['object']) ? { object: event(rest, object) } : {}),
    };
  };
  return {
    normalise: (step, { status: code, headers, text }, isList = false) => {
      current = step;
      fresh = 0;
      isListAsked = isList;
      const seen = HEADERS.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]]));
      return {
        status: code,
        headers: Object.fromEntries(seen) as Fields,
        body: bodyOf(text.replace(GENERATED, '$1<random>'), String(headers['content-type'] ?? ''), object),
      };
    },
  };
}

function bodyOf(text: string, type: string, object: (value: Value) => Value): Value {
  // As Kubernetes and its clients read it: a word that is a truth value or a time there must be quoted.
  if (/yaml/.test(type)) return object(parse(text, YAML));
  if (!/json/.test(type)) return text;
  const whole = json(text);
  if (whole !== undefined && !isEvent(whole)) return object(whole);
  // A watch is one event per line.
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => object(json(line) ?? line));
}

/** The package takes a dot alone for a number; `.` is a key of every set of owned fields. */
const YAML: DocumentOptions & SchemaOptions = {
  version: '1.1',
  customTags: (tags) =>
    tags
      .filter((tag) => typeof tag === 'string' || !('format' in tag && tag.format === 'TIME'))
      .map((tag) => (typeof tag !== 'string' && isFloat(tag) ? { ...tag, test: /^[-+]?\d+\.\d*$/ } : tag)),
};
const isFloat = (tag: CollectionTag | ScalarTag): tag is ScalarTag =>
  tag.tag.endsWith(':float') && tag.test?.test('.') === true;

function json(text: string): Value {
  try {
    return JSON.parse(text) as Value;
  } catch {
    return undefined;
  }
}

const isFields = (value: Value): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isEvent = (value: Value): boolean => isFields(value) && 'type' in value && 'object' in value;
const decimal = (value: string): string => (/^[1-9][0-9]*$/.test(value) ? 'a resource version' : value);
const aTime = (value: Value): Value =>
  typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(value) ? 'a time' : value;

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/** The order of keys in the text of the last applied configuration says nothing. */
const annotations = (fields: Fields): Fields =>
  LAST_APPLIED in fields ? { ...fields, [LAST_APPLIED]: json(String(fields[LAST_APPLIED])) } : fields;

/** A bookmark's version says how far the server is, and that depends on everything else on it. */
function event({ type, object: inner }: Fields, object: (value: Value) => Value): Value {
  return type === 'BOOKMARK' ? bookmark(inner) : object(inner);
}

function bookmark(value: Value): Value {
  if (!isFields(value)) return value;
  const { metadata: meta, rows } = value;
  return {
    ...value,
    ...(isFields(meta)
      ? { metadata: { ...meta, resourceVersion: decimal(String(meta['resourceVersion'])) } }
      : {}),
    ...(Array.isArray(rows) ? { rows: rows.map((each: Fields) => row(each, bookmark)) } : {}),
  };
}

function row(value: Fields, object: (value: Value) => Value): Fields {
  const { cells, object: inner } = value;
  return { ...value, ...(Array.isArray(cells) ? { cells: cells.map(aYouth) } : {}), object: object(inner) };
}

/** The age of what the script made itself, which depends on how fast the servers are. */
const aYouth = (cell: Value): Value =>
  typeof cell === 'string' && /^(\d+m)?\d+s$|^\d+m$/.test(cell) ? 'minutes or seconds' : cell;

/** Entries are sorted by time, which has whole seconds: the order of two that share one says nothing. */
function managers(entries: readonly Fields[]): Value {
  const name = (entry: Fields): string =>
    ['operation', 'manager', 'subresource', 'apiVersion'].map((key) => String(entry[key])).join(' ');
  return entries
    .map((entry) => ({ ...entry, time: aTime(entry['time']) }))
    .toSorted((a, b) => (name(a) < name(b) ? -1 : 1));
}

function status(value: Fields, number: (what: 'uid' | 'rv', value: string) => string): Fields {
  const details = value['details'];
  const copy = { ...value, message: said(value['message']) };
  if (!isFields(details)) return copy;
  const { uid, causes } = details;
  return {
    ...copy,
    details: {
      ...details,
      ...(typeof uid === 'string' ? { uid: number('uid', uid) } : {}),
      ...(Array.isArray(causes)
        ? { causes: distinct(causes.map((each: Fields) => ({ ...each, message: said(each['message']) }))) }
        : {}),
    },
  };
}

/** Conflicts come in the order of a Go map. */
const byText = (a: Fields, b: Fields): number =>
  `${String(a['field'])} ${String(a['message'])}` < `${String(b['field'])} ${String(b['message'])}` ? -1 : 1;

/** kube-apiserver looks at the metadata of custom resources up to three times and repeats what it finds. */
function distinct(causes: readonly Fields[]): readonly Fields[] {
  const identity = (each: Fields): string => JSON.stringify([each['field'], each['reason'], each['message']]);
  return [...new Map(causes.map((each) => [identity(each), each])).values()].toSorted(byText);
}

/** Made by the server from the names `gen-` and `Gen_` of the script, and `gen-yyy...`. */
const GENERATED = /\b([gG]en[-_]y*)[a-z0-9]{5}\b/g;
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;

function said(message: Value): Value {
  if (typeof message !== 'string') return message;
  return message
    .replace(UUID, '<uid>')
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, '<time>')
    .replace(/(Too large resource version: \d+, current: )\d+/, '$1<current>')
    .replace(/(ResourceVersion in (?:object meta: |record \())\d+/, '$1<current>')
    .replace(/(too old resource version: \d+ )\(\d+\)/, '$1(<oldest>)');
}
