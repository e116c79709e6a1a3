/**
 * One version of one object in memory: its complete JSON as bytes and next to nothing else. The store keeps values
 * without resourceVersion; here the revision is spliced in once, right after the head that all objects of a kind
 * share, so that every reader afterwards copies bytes and nobody serialises again.
 */
import { isObject, type JsonObject } from '../api/json.ts';
import { apiVersionOf, type Kind } from '../api/kind.ts';
import type { Revision } from '../store/store.ts';
import { Block, type Blocks } from './blocks.ts';
import { pathOf, prefixOf } from './keys.ts';
import type { StoredObject } from './registry.ts';
import { parseStored } from './stored-json.ts';

/** What all objects of one kind share. */
export interface Shape {
  readonly kind: Kind;
  readonly apiVersion: string;
  /** Key prefix in the store. */
  readonly prefix: string;
  /** `{"apiVersion":"...","kind":"...","metadata":{`: every stored value starts with it. */
  readonly head: Buffer;
}

export function shapeOf(kind: Kind): Shape {
  const apiVersion = apiVersionOf(kind);
  const head = `{"apiVersion":${JSON.stringify(apiVersion)},"kind":${JSON.stringify(kind.kind)},"metadata":{`;
  return { kind, apiVersion, prefix: prefixOf(kind), head: Buffer.from(head) };
}

interface Identity {
  readonly shape: Shape;
  /** `namespace/name`. */
  readonly path: string;
  readonly revision: Revision;
}

/** Parsed objects of the current event-loop turn: several readers of one change parse it once. */
const parsed = new Map<Stored, JsonObject>();
const MAX_PARSED = 2048;
const forget = (): void => parsed.clear();

/**
 * Objects that are read again and again (the tenant of a request, the depot that everybody names), parsed. One slot
 * for each remainder of a revision: parsed for the second time, an object replaces what has its slot.
 */
const KEPT_SLOTS = 64;
const MAX_KEPT_BYTES = 16_384;
const kept = new Map<number, { readonly stored: Stored; readonly object: JsonObject }>();
const seen = new Map<number, Revision>();

function keep(stored: Stored, object: JsonObject): void {
  if (stored.revision === 0 || stored.size > MAX_KEPT_BYTES) return;
  const slot = stored.revision % KEPT_SLOTS;
  if (seen.get(slot) === stored.revision) kept.set(slot, { stored, object });
  else seen.set(slot, stored.revision);
}

export class Stored implements StoredObject {
  readonly shape: Shape;
  /** `namespace/name`. */
  readonly path: string;
  readonly revision: Revision;
  /** Bytes of the JSON. */
  readonly size: number;
  #block: Block;
  #start: number;

  /** `block` holds the JSON from `start` on. */
  constructor(identity: Identity, block: Block, start: number, size: number) {
    this.shape = identity.shape;
    this.path = identity.path;
    this.revision = identity.revision;
    this.size = size;
    this.#block = block;
    this.#start = start;
  }
  get bytes(): Buffer {
    return this.#block.bytes.subarray(this.#start, this.#start + this.size);
  }
  get key(): string {
    return this.shape.prefix + this.path;
  }
  get namespace(): string {
    return this.path.slice(0, this.path.indexOf('/'));
  }
  get name(): string {
    return this.path.slice(this.path.indexOf('/') + 1);
  }
  read(): JsonObject {
    const known = parsed.get(this);
    if (known !== undefined) return known;
    const often = kept.get(this.revision % KEPT_SLOTS);
    if (often?.stored === this) return often.object;
    const object = parseStored(this.bytes);
    keep(this, object);
    if (parsed.size === 0) setImmediate(forget);
    if (parsed.size < MAX_PARSED) parsed.set(this, object);
    return object;
  }

  /** Current from now on. */
  enter(blocks: Blocks): void {
    blocks.enter(this.#block, this.size);
  }
  /** Current no longer; others may still read it. */
  leave(blocks: Blocks): void {
    blocks.leave(this.#block, this.size);
  }
  /** Of a current object: goes to another block when too little else is left in this one. */
  settle(blocks: Blocks): void {
    if (!blocks.isSparse(this.#block)) return;
    const to = blocks.withRoom(this.size);
    const { bytes } = this;
    blocks.leave(this.#block, this.size);
    this.#block = to;
    this.#start = to.used;
    to.used += bytes.copy(to.bytes, to.used);
    blocks.enter(to, this.size);
  }
}

const NO_LABELS: Readonly<Record<string, string>> = {};
const LABELS = Buffer.from('"labels":{');
const CLOSING_BRACE = 0x7d;

/** Labels of a stored object, read from where `serialise` puts them. */
export function labelsOf(stored: Stored): Readonly<Record<string, string>> {
  const { bytes } = stored;
  const at = versionEnd(stored);
  if (bytes.compare(LABELS, 0, LABELS.length, at, at + LABELS.length) !== 0) return NO_LABELS;
  // Neither keys nor values of labels may hold a brace: the first one closes the object.
  const end = bytes.indexOf(CLOSING_BRACE, at);
  const text = bytes.toString('latin1', at + LABELS.length - 1, end + 1);
  return JSON.parse(text) as Record<string, string>;
}

/** A stored value that becomes current. Throws when the value was not written by `serialise` for this kind. */
export function currentFrom(blocks: Blocks, identity: Identity, value: Buffer): Stored {
  return placed(identity, value, (size) => blocks.withRoom(size));
}

/** The same for what is not current: an earlier state, an answer. */
export const storedFrom = (identity: Identity, value: Buffer): Stored =>
  placed(identity, value, (size) => new Block(size));

function placed(identity: Identity, value: Buffer, roomFor: (size: number) => Block): Stored {
  const { shape, path, revision } = identity;
  const { head } = shape;
  if (value.length <= head.length || value.compare(head, 0, head.length, 0, head.length) !== 0) {
    throw new Error(`the value of ${shape.prefix}${path} does not start as a ${shape.kind.kind} must`);
  }
  const version = `"resourceVersion":"${revision}",`;
  const size = value.length + version.length;
  const block = roomFor(size);
  const start = block.used;
  const { bytes } = block;
  head.copy(bytes, start);
  bytes.write(version, start + head.length, 'latin1');
  value.copy(bytes, start + head.length + version.length, head.length);
  block.used += size;
  return new Stored(identity, block, start, size);
}

/** The same object as it must look in an event of another revision. */
export function atRevision(stored: Stored, revision: Revision): Stored {
  if (stored.revision === revision) return stored;
  return storedFrom({ shape: stored.shape, path: stored.path, revision }, valueOf(stored));
}

/** What the store keeps of a cached object: the bytes without resourceVersion. */
export function valueOf(stored: Stored): Buffer {
  return Buffer.concat([stored.shape.head, stored.bytes.subarray(versionEnd(stored))]);
}

/** Where the bytes go on after the resourceVersion. */
const versionEnd = ({ shape, revision }: Stored): number =>
  shape.head.length + '"resourceVersion":"",'.length + String(revision).length;

/** The bytes to store: head first, labels at its end so that selecting needs no parsing, resourceVersion left out. */
export const serialise = (shape: Shape, object: JsonObject): Buffer =>
  Buffer.from(JSON.stringify(isInOrder(shape, object) ? object : inOrder(shape, object)));

/** What was just created is. */
function isInOrder({ apiVersion, kind }: Shape, object: JsonObject): boolean {
  if (object['apiVersion'] !== apiVersion || object['kind'] !== kind.kind) return false;
  const { metadata } = object;
  if (!isObject(metadata) || Object.hasOwn(metadata, 'resourceVersion')) return false;
  return (
    HEAD_FIELDS.every((name, index) => name === nameAt(object, index)) &&
    (nameAt(metadata, 0) === 'labels' || !Object.hasOwn(metadata, 'labels'))
  );
}
const HEAD_FIELDS = ['apiVersion', 'kind', 'metadata'] as const;

function nameAt(object: JsonObject, index: number): string | undefined {
  let at = 0;
  for (const name in object) {
    if (at === index) return name;
    at += 1;
  }
  return undefined;
}

function inOrder({ apiVersion, kind }: Shape, object: JsonObject): JsonObject {
  const { apiVersion: _version, kind: _kind, metadata, ...rest } = object;
  const { resourceVersion: _revision, labels, ...others } = isObject(metadata) ? metadata : {};
  const kept = labels === undefined ? others : { labels, ...others };
  return { apiVersion, kind: kind.kind, metadata: kept, ...rest };
}

/** An answer that is not stored: dry runs and virtual kinds. `revision` 0 leaves resourceVersion out. */
export function unstored(shape: Shape, object: JsonObject, revision: Revision): StoredObject {
  const metadata = isObject(object['metadata']) ? object['metadata'] : {};
  const text = (field: string): string => {
    const value = Object.hasOwn(metadata, field) ? metadata[field] : undefined;
    return typeof value === 'string' ? value : '';
  };
  const path = pathOf(text('namespace'), text('name'));
  const value = serialise(shape, object);
  if (revision !== 0) return storedFrom({ shape, path, revision }, value);
  const block = new Block(value.length);
  value.copy(block.bytes);
  return new Stored({ shape, path, revision }, block, 0, value.length);
}
