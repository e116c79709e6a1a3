/**
 * Watch events as bytes: `{"type":...,"object":...}` and a line break. What several watches show in the same form
 * is encoded once: a batch that is handed to many watchers, and an event that appears in several batches.
 */
import type { ApiError } from '../api/errors.ts';
import { apiVersionOf, type Kind } from '../api/kind.ts';
import type { WatchEvent } from '../registry/registry.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Representation } from './negotiation.ts';
import { createTableForm, partialMetadata, type IncludeObject, type TableForm } from './table/table.ts';

export interface Frames {
  /** `first`: nothing was sent on this watch before. */
  batch(events: readonly WatchEvent[], first: boolean): EncodedBatch;
  /** `first` as for `batch`. */
  bookmark(revision: number, endOfInitialEvents: boolean, first: boolean): EncodedBatch;
  error(error: ApiError): EncodedBatch;
}

/** Frames in pieces, so that the cache's own buffers are not copied before they are written. */
export interface EncodedBatch {
  readonly parts: readonly Buffer[];
  /** Parts that make up one frame; each frame ends in a line break. */
  readonly partsPerFrame: 1 | 3;
  /** Bytes of all frames. */
  readonly length: number;
  /** All frames as one chunk of a chunked HTTP body; made by the first watch that writes it. */
  chunk: Buffer | undefined;
}

export interface FramesOptions {
  readonly kind: Kind;
  readonly representation: Representation;
  readonly include: IncludeObject;
  readonly clock: Clock;
}

/** One set of encoders per process, so that watches in the same form share them. */
export function createFramesCache(clock: Clock): (options: Omit<FramesOptions, 'clock'>) => Frames {
  const byKind = new WeakMap<Kind, Map<string, Frames>>();
  return (options) => {
    const { kind, representation, include } = options;
    const known = byKind.get(kind) ?? new Map<string, Frames>();
    byKind.set(kind, known);
    // At most three forms, two versions and three ways to include the object: nothing to bound.
    const key = `${representation.form} ${representation.metaVersion} ${include}`;
    const frames = known.get(key) ?? createFrames({ ...options, clock });
    known.set(key, frames);
    return frames;
  };
}

const LINE_BREAK = Buffer.from('}\n');
const HEADS = {
  ADDED: Buffer.from('{"type":"ADDED","object":'),
  MODIFIED: Buffer.from('{"type":"MODIFIED","object":'),
  DELETED: Buffer.from('{"type":"DELETED","object":'),
} as const;
/** source: KEP-3157; ends the initial events of a streaming list. */
const INITIAL_EVENTS_END = 'k8s.io/initial-events-end';

function createFrames(options: FramesOptions): Frames {
  const encoder = encoderFor(options);
  const encode = options.representation.form === 'object' ? encoder : oncePerTurn(encoder);
  // Watches get the same events one after the other, in one array or in one each: the last one is the one to keep.
  let last: { readonly events: readonly WatchEvent[]; readonly encoded: EncodedBatch } | undefined;
  const pieces = (batch: readonly WatchEvent[], first: boolean): EncodedBatch => {
    const parts: Buffer[] = [];
    let length = 0;
    for (const [index, event] of batch.entries()) {
      const head = HEADS[event.type];
      const object = encode(event, first && index === 0);
      parts.push(head, object, LINE_BREAK);
      length += head.length + object.length + LINE_BREAK.length;
    }
    return { parts, partsPerFrame: 3, length, chunk: undefined };
  };
  const forget = (): void => {
    last = undefined;
  };
  return {
    batch: (events, first) => {
      if (first && options.representation.form === 'Table') return pieces(events, true);
      if (last !== undefined && isSame(last.events, events)) return last.encoded;
      const encoded = pieces(events, false);
      // Not longer than this turn: a large batch must not stay in memory until the next one.
      if (last === undefined) setImmediate(forget);
      last = { events, encoded };
      return encoded;
    },
    bookmark: (revision, endOfInitialEvents, first) => {
      const metadata = {
        resourceVersion: String(revision),
        ...(endOfInitialEvents ? { annotations: { [INITIAL_EVENTS_END]: 'true' } } : {}),
      };
      return single(`{"type":"BOOKMARK","object":${bookmarkObject(options, metadata, first)}}\n`);
    },
    error: (error) => single(`{"type":"ERROR","object":${JSON.stringify(error.status())}}\n`),
  };
}

function isSame(a: readonly WatchEvent[], b: readonly WatchEvent[]): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index += 1) if (a[index] !== b[index]) return false;
  return true;
}

function single(frame: string): EncodedBatch {
  const bytes = Buffer.from(frame);
  return { parts: [bytes], partsPerFrame: 1, length: bytes.length, chunk: undefined };
}

/**
 * Watches that each see a part of a kind get batches of their own, made of the same events: what is costly to
 * encode is kept until the end of the turn. Not longer, because events live on in the history.
 */
function oncePerTurn(encode: Encode): Encode {
  const made = new Map<WatchEvent, Buffer>();
  const forget = (): void => made.clear();
  return (event, first) => {
    if (first) return encode(event, true);
    const known = made.get(event);
    if (known !== undefined) return known;
    const bytes = encode(event, false);
    if (made.size === 0) setImmediate(forget);
    made.set(event, bytes);
    return bytes;
  };
}

type Encode = (event: WatchEvent, first: boolean) => Buffer;

function encoderFor(options: FramesOptions): Encode {
  const { metaVersion, form } = options.representation;
  switch (form) {
    case 'object':
      return (event) => event.object.bytes;
    case 'Table': {
      const table = createTableForm(options.kind, { ...options, metaVersion });
      return (event, first) => Buffer.from(tableEvent(table, event, { metaVersion, first }));
    }
    case 'PartialObjectMetadata':
    case 'PartialObjectMetadataList':
      return (event) => Buffer.from(partialMetadata(event.object.read(), metaVersion));
  }
}

function tableEvent(
  table: TableForm,
  event: WatchEvent,
  options: { readonly metaVersion: string; readonly first: boolean },
): string {
  const metadata = `{"resourceVersion":"${event.revision}"}`;
  // kubectl prints the header once and keeps the columns of the first event for all others.
  const columns = options.first ? table.columns : 'null';
  return `{"kind":"Table","apiVersion":"meta.k8s.io/${options.metaVersion}","metadata":${metadata},"columnDefinitions":${columns},"rows":[${table.row(event.object.read())}]}`;
}

interface BookmarkMetadata {
  readonly resourceVersion: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

function bookmarkObject(options: FramesOptions, metadata: BookmarkMetadata, first: boolean): string {
  const { kind, representation } = options;
  const api = `meta.k8s.io/${representation.metaVersion}`;
  switch (representation.form) {
    case 'object':
      return JSON.stringify({ kind: kind.kind, apiVersion: apiVersionOf(kind), metadata });
    case 'PartialObjectMetadata':
    case 'PartialObjectMetadataList':
      return JSON.stringify({ kind: 'PartialObjectMetadata', apiVersion: api, metadata });
    case 'Table':
      return bookmarkTable(options, metadata, first);
  }
}

/** The end of the initial events is told by the object, so that one is there whatever was asked for. */
function bookmarkTable(options: FramesOptions, metadata: BookmarkMetadata, first: boolean): string {
  const { kind, include, representation } = options;
  const { metaVersion } = representation;
  const api = `meta.k8s.io/${metaVersion}`;
  const { columns, noCells } = createTableForm(kind, { ...options, metaVersion });
  const object =
    include === 'Object'
      ? { kind: kind.kind, apiVersion: apiVersionOf(kind), metadata }
      : include === 'None' && metadata.annotations === undefined
        ? null
        : { kind: 'PartialObjectMetadata', apiVersion: api, metadata };
  const meta = JSON.stringify({ resourceVersion: metadata.resourceVersion });
  return `{"kind":"Table","apiVersion":"${api}","metadata":${meta},"columnDefinitions":${first ? columns : 'null'},"rows":[{"cells":${noCells},"object":${JSON.stringify(object)}}]}`;
}
