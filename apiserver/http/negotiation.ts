/**
 * Which form of the answer the client wants, from its Accept header: JSON or YAML, and the object itself, a
 * Table or metadata only. A clause that is not understood is skipped; none left means 406.
 * source: kubernetes/apiserver pkg/endpoints/handlers/negotiation/negotiate.go
 */
import { ApiError } from '../api/errors.ts';
import type { Kind } from '../api/kind.ts';

export const JSON_TYPE = 'application/json';
export const YAML_TYPE = 'application/yaml';

export type Form = 'object' | 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList';

export interface Representation {
  readonly mediaType: typeof JSON_TYPE | typeof YAML_TYPE;
  readonly form: Form;
  /** Version of meta.k8s.io for every form but `object`. */
  readonly metaVersion: 'v1' | 'v1beta1';
}

const OBJECT_TYPES: readonly string[] = [JSON_TYPE, YAML_TYPE];

/** Watches stream JSON only. */
export type Purpose = 'object' | 'watch';

interface Clause {
  readonly type: string;
  readonly subtype: string;
  readonly quality: number;
  readonly params: ReadonlyMap<string, string>;
}

export const PLAIN_JSON: Representation = { mediaType: JSON_TYPE, form: 'object', metaVersion: 'v1' };
/** Clients send a handful of different headers; the answer is a pure function of them. */
const CACHE_SIZE = 256;
const MAX_HEADER_LENGTH = 4096;
const cache: Readonly<Record<Purpose, Map<string, Representation>>> = { object: new Map(), watch: new Map() };

/** Throws `ApiError` NotAcceptable listing the media types that would do. */
export function negotiate(accept: string | undefined, purpose: Purpose): Representation {
  if (accept === undefined || accept === '' || accept === JSON_TYPE || accept === '*/*') return PLAIN_JSON;
  const known = cache[purpose].get(accept);
  if (known !== undefined) return known;
  const types = purpose === 'watch' ? [JSON_TYPE] : OBJECT_TYPES;
  const found = accept.length > MAX_HEADER_LENGTH ? undefined : choose(parseAccept(accept), types);
  if (found === undefined) throw notAcceptable(types);
  if (cache[purpose].size >= CACHE_SIZE) cache[purpose].clear();
  cache[purpose].set(accept, found);
  return found;
}

export function notAcceptable(types: readonly string[]): ApiError {
  return new ApiError('NotAcceptable', `only the following media types are accepted: ${types.join(', ')}`);
}

/** Best first: by quality, then concrete before wildcard, then as written. */
export function parseAccept(header: string): readonly Clause[] {
  return header
    .split(',')
    .map(parseClause)
    .filter(({ type, subtype, quality }) => type !== '' && subtype !== '' && quality > 0)
    .sort((a, b) => b.quality - a.quality || wildcards(a) - wildcards(b));
}

/** Without a type or subtype: not a clause. */
function parseClause(text: string): Clause {
  const [media = '', ...rest] = text.split(';');
  const [type = '', subtype = type === '*' ? '*' : '', tooMuch] = media.trim().toLowerCase().split('/');
  const params = new Map<string, string>();
  for (const param of rest) {
    const [key = '', value = ''] = param.split('=', 2);
    if (value.trim() !== '') params.set(key.trim().toLowerCase(), value.trim());
  }
  const quality = Number(params.get('q') ?? '1');
  return { type: tooMuch === undefined ? type : '', subtype, quality, params };
}

const wildcards = (clause: Clause): number =>
  (clause.type === '*' ? 2 : 0) + (clause.subtype === '*' ? 1 : 0);

export function matches(clause: Clause, mediaType: string): boolean {
  const [type, subtype] = mediaType.split('/');
  if (clause.type === '*') return clause.subtype === '*';
  return clause.type === type && (clause.subtype === '*' || clause.subtype === subtype);
}

/** The media type of a Status that says what went wrong: it has no other forms, and JSON does where nothing is acceptable. */
export function negotiateStatus(accept: string | undefined): Representation['mediaType'] {
  if (accept === undefined || accept === '' || accept === JSON_TYPE || accept === '*/*') return JSON_TYPE;
  if (accept.length > MAX_HEADER_LENGTH) return JSON_TYPE;
  const clauses = parseAccept(accept).filter(({ params }) => !CONVERSION.some((name) => params.has(name)));
  return choose(clauses, OBJECT_TYPES)?.mediaType ?? JSON_TYPE;
}

function choose(clauses: readonly Clause[], types: readonly string[]): Representation | undefined {
  for (const clause of clauses) {
    const mediaType = types.find((type) => matches(clause, type));
    if (mediaType !== JSON_TYPE && mediaType !== YAML_TYPE) continue;
    const stream = clause.params.get('stream');
    if (stream !== undefined && (stream !== 'watch' || mediaType !== JSON_TYPE)) continue;
    const as = clause.params.get('as');
    if (!CONVERSION.some((name) => clause.params.has(name)))
      return { mediaType, form: 'object', metaVersion: 'v1' };
    const form = FORMS.find((candidate) => candidate === as);
    const metaVersion = META_VERSIONS.find((version) => version === clause.params.get('v'));
    if (form === undefined || metaVersion === undefined || clause.params.get('g') !== 'meta.k8s.io') continue;
    return { mediaType, form, metaVersion };
  }
  return undefined;
}

/** Which form is asked for; a part of it alone asks for none there is. */
const CONVERSION = ['as', 'g', 'v'];
const FORMS = ['Table', 'PartialObjectMetadata', 'PartialObjectMetadataList'] as const;
const META_VERSIONS = ['v1', 'v1beta1'] as const;

/**
 * People with a browser, curl or wget get indented JSON without asking.
 * source: kubernetes/apiserver pkg/endpoints/handlers/negotiation isPrettyPrint
 */
export function wantsPretty(query: URLSearchParams | undefined, userAgent: string | undefined): boolean {
  const asked = query?.get('pretty') ?? '';
  if (asked !== '') return TRUE_WORDS.has(asked);
  return userAgent !== undefined && /^(curl|Wget|Mozilla\/5\.0)/.test(userAgent);
}

const TRUE_WORDS: ReadonlySet<string> = new Set(['1', 't', 'T', 'true', 'TRUE', 'True']);

const JSON_PATCH = 'application/json-patch+json';
const MERGE_PATCH = 'application/merge-patch+json';
const APPLY_PATCH = 'application/apply-patch+yaml';
const STRATEGIC_PATCH = 'application/strategic-merge-patch+json';
export type PatchType = 'json' | 'merge' | 'apply' | 'strategic';
const PATCH_TYPES: ReadonlyMap<string, PatchType> = new Map([
  [JSON_PATCH, 'json'],
  [MERGE_PATCH, 'merge'],
  [APPLY_PATCH, 'apply'],
]);

/** The media type without parameters, lower case; empty when the header is missing. */
export function mediaTypeOf(contentType: string | undefined): string {
  if (contentType === undefined) return '';
  const end = contentType.indexOf(';');
  return (end === -1 ? contentType : contentType.slice(0, end)).trim().toLowerCase();
}

/**
 * Throws `ApiError` UnsupportedMediaType. A strategic merge patch is served for Kubernetes' own kinds, which kubectl
 * patches in no other way, and not for ours, as for custom resources.
 */
export function patchTypeOf(contentType: string | undefined, origin: Kind['origin']): PatchType {
  const mediaType = mediaTypeOf(contentType);
  if (mediaType === STRATEGIC_PATCH && origin === 'native') return 'strategic';
  const type = PATCH_TYPES.get(mediaType);
  if (type === undefined) throw unsupportedMediaType([...PATCH_TYPES.keys()]);
  return type;
}

export function unsupportedMediaType(types: readonly string[]): ApiError {
  return new ApiError(
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${types.join(', ')}`,
  );
}

/** Of an Accept-Encoding header. source: RFC 9110 12.5.3 */
export function acceptsGzip(header: string | string[] | undefined): boolean {
  if (typeof header !== 'string') return false;
  return header.split(',').some((clause) => /^\s*(gzip|\*)\s*(;\s*q=(?!0(\.0*)?\s*$).*)?$/i.test(clause));
}
