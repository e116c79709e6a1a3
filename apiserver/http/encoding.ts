/**
 * Turns stored objects into the bytes of one representation. JSON of the object itself is what the cache holds
 * already; every other form is made from a parsed copy.
 */
import { ApiError } from '../api/errors.ts';
import { at, type JsonObject } from '../api/json.ts';
import { apiVersionOf, type Kind } from '../api/kind.ts';
import type { StoredObject } from '../registry/registry.ts';
import type { Clock } from '../runtime/clock.ts';
import { JSON_TYPE, YAML_TYPE, type Representation } from './negotiation.ts';
import { createTableForm, partialMetadata, type IncludeObject } from './table/table.ts';
import { toYaml } from './yaml.ts';

export interface EncodingOptions {
  readonly representation: Representation;
  readonly include: IncludeObject;
  readonly pretty: boolean;
  readonly clock: Clock;
}

export const PLAIN: Omit<EncodingOptions, 'clock'> = {
  representation: { mediaType: JSON_TYPE, form: 'object', metaVersion: 'v1' },
  include: 'Metadata',
  pretty: false,
};

/** Throws `ApiError` NotAcceptable when a list form was asked for. */
export function encodeObject(kind: Kind, object: StoredObject, options: EncodingOptions): Buffer {
  const { form, mediaType, metaVersion } = options.representation;
  if (form === 'object') {
    if (mediaType === JSON_TYPE && !options.pretty) return object.bytes;
    return Buffer.from(style(object.read(), options));
  }
  if (form === 'PartialObjectMetadataList') throw mismatch(form, 'is not a list');
  const text =
    form === 'Table' ? tableOf(kind, object, options) : partialMetadata(object.read(), metaVersion);
  return Buffer.from(restyle(text, options));
}

function tableOf(kind: Kind, object: StoredObject, options: EncodingOptions): string {
  const { metaVersion } = options.representation;
  const table = createTableForm(kind, { include: options.include, metaVersion, clock: options.clock });
  const value = object.read();
  // What a dry run would have made has no version.
  const resourceVersion = at(value, 'metadata.resourceVersion');
  const metadata = JSON.stringify(resourceVersion === undefined ? {} : { resourceVersion });
  const row = table.row(value);
  return `{"kind":"Table","apiVersion":"meta.k8s.io/${metaVersion}","metadata":${metadata},"columnDefinitions":${table.columns},"rows":[${row}]}`;
}

/** Compact JSON text in the style that was asked for. */
function restyle(text: string, options: EncodingOptions): string {
  const { mediaType } = options.representation;
  if (mediaType === JSON_TYPE && !options.pretty) return text;
  return style(JSON.parse(text) as unknown, options);
}

function style(value: unknown, { representation, pretty }: EncodingOptions): string {
  if (representation.mediaType === YAML_TYPE) return toYaml(value);
  return pretty ? `${JSON.stringify(value, undefined, 2)}\n` : JSON.stringify(value);
}

const mismatch = (form: string, why: string): ApiError =>
  new ApiError('NotAcceptable', `you requested ${form}, but the requested object ${why}`);

export interface ListMetadata {
  readonly resourceVersion: string;
  readonly continue: string;
  readonly remainingItemCount: number | undefined;
}

/** The parts around the items of a list, and the items themselves. */
export interface ListEncoding {
  readonly head: string;
  readonly separator: string;
  readonly tail: string;
  /** Bytes of one item; undefined: `object.bytes` as they are, so the length of the whole is known up front. */
  readonly item: ((object: StoredObject) => Buffer) | undefined;
}

/** Throws `ApiError` NotAcceptable when the form of a single object was asked for. */
export function encodeList(
  kind: Kind,
  metadata: ListMetadata,
  isEmpty: boolean,
  options: EncodingOptions,
): ListEncoding {
  const { form, metaVersion } = options.representation;
  if (form === 'PartialObjectMetadata') throw mismatch(form, 'is a list');
  const meta = listMeta(metadata);
  const metaApi = `meta.k8s.io/${metaVersion}`;
  switch (form) {
    case 'object':
      return styled(
        { kind: kind.listKind, apiVersion: apiVersionOf(kind), metadata: meta },
        { field: 'items', isEmpty, item: plainItem(options) },
        options,
      );
    case 'PartialObjectMetadataList':
      return styled(
        { kind: form, apiVersion: metaApi, metadata: meta },
        { field: 'items', isEmpty, item: (object) => partialMetadata(object.read(), metaVersion) },
        options,
      );
    case 'Table': {
      const table = createTableForm(kind, { include: options.include, metaVersion, clock: options.clock });
      return styled(
        {
          kind: form,
          apiVersion: metaApi,
          metadata: meta,
          columnDefinitions: JSON.parse(table.columns) as unknown,
        },
        { field: 'rows', isEmpty, item: (object) => table.row(object.read()) },
        options,
      );
    }
  }
}

function plainItem({
  representation,
  pretty,
}: EncodingOptions): ((object: StoredObject) => string) | undefined {
  if (representation.mediaType === JSON_TYPE && !pretty) return undefined;
  return (object) => object.bytes.toString();
}

function listMeta(metadata: ListMetadata): JsonObject {
  return {
    resourceVersion: metadata.resourceVersion,
    ...(metadata.continue === '' ? {} : { continue: metadata.continue }),
    ...(metadata.remainingItemCount === undefined ? {} : { remainingItemCount: metadata.remainingItemCount }),
  };
}

interface Items {
  readonly field: 'items' | 'rows';
  readonly isEmpty: boolean;
  /** Compact JSON text of one item; undefined: the bytes as they are. */
  readonly item: ((object: StoredObject) => string) | undefined;
}

/** Splits the document at its list, so that items can be styled one by one between other work. */
function styled(
  envelope: Readonly<Record<string, unknown>>,
  items: Items,
  options: EncodingOptions,
): ListEncoding {
  const { field, item, isEmpty } = items;
  if (options.representation.mediaType === YAML_TYPE) {
    return {
      head: `${toYaml(envelope)}${field}:${isEmpty ? ' []\n' : '\n'}`,
      separator: '',
      tail: '',
      item: (object) => Buffer.from(yamlItem(item === undefined ? object.bytes.toString() : item(object))),
    };
  }
  if (options.pretty) {
    const head = JSON.stringify(envelope, undefined, 2).slice(0, -2);
    return {
      head: `${head},\n  "${field}": [${isEmpty ? '' : '\n    '}`,
      separator: ',\n    ',
      tail: `${isEmpty ? '' : '\n  '}]\n}\n`,
      item: (object) => Buffer.from(prettyItem(item === undefined ? object.bytes.toString() : item(object))),
    };
  }
  return {
    head: `${JSON.stringify(envelope).slice(0, -1)},"${field}":[`,
    separator: ',',
    tail: ']}\n',
    item: item === undefined ? undefined : (object) => Buffer.from(item(object)),
  };
}

/** Text inside strings holds no raw line break, so indenting lines is indenting the structure. */
const prettyItem = (text: string): string =>
  JSON.stringify(JSON.parse(text) as unknown, undefined, 2).replaceAll('\n', '\n    ');

function yamlItem(text: string): string {
  const lines = toYaml(JSON.parse(text) as unknown)
    .trimEnd()
    .split('\n');
  return `${lines.map((line, index) => (index === 0 ? `- ${line}` : line === '' ? '' : `  ${line}`)).join('\n')}\n`;
}
