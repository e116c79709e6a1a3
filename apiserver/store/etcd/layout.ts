/**
 * What the store keeps in etcd, all of it under one prefix.
 *
 * | key                | value                                      | written                                  |
 * | ------------------ | ------------------------------------------ | ---------------------------------------- |
 * | objects<key>       | the value as it was handed over            | by every change                          |
 * | head               | what the change above does not say itself  | in the transaction of every change       |
 * | times/<instant>    | the revision that was newest then          | in the first change of each minute       |
 * | guards/<name>      | nothing                                    | by every change with that guard          |
 * | meta               | format, and where our revisions begin      | once, and by a migration                 |
 * | servers/<lease>    | which process has opened the store         | by each, under a lease that it keeps     |
 *
 * A change is one transaction, so that it has an etcd revision of its own. Our revision is etcd's, counted from the
 * one that created `meta`: strictly increasing always, and gap-free but for processes that come and go, and for what
 * others write to the same etcd.
 * `head` is changed by us alone: its revision is the newest of ours, whatever else moves etcd's.
 */
import { StoreUnusableError, type Revision } from '../store.ts';

export const FORMAT = 1;

export interface Layout {
  readonly prefix: string;
  readonly meta: Buffer;
  readonly head: Buffer;
  /** Everything of ours: from `all` up to `allEnd`. */
  readonly all: Buffer;
  readonly allEnd: Buffer;
  readonly objects: string;
  /** Bytes of `objects`. */
  readonly objectsLength: number;
  readonly timesEnd: Buffer;
  /** What processes say of themselves: from `servers` up to `serversEnd`. */
  readonly servers: Buffer;
  readonly serversEnd: Buffer;
  object(key: string): Buffer;
  /** The key of an object; undefined for anything else. */
  keyOf(etcdKey: Buffer): string | undefined;
  guard(name: string): Buffer;
  time(ms: number): Buffer;
  server(lease: number): Buffer;
}

/** Such keys sort newest first, so that the newest note at or before an instant is the first of a range. */
const LAST_INSTANT = Number.MAX_SAFE_INTEGER;
const DIGITS = String(LAST_INSTANT).length;

/** Default prefix: `/polder`. */
export function createLayout(given = '/polder'): Layout {
  const prefix = given.replace(/\/+$/, '');
  const objects = `${prefix}/objects`;
  const objectsBytes = Buffer.from(objects);
  const object = (key: string): Buffer => Buffer.from(objects + key);
  return {
    prefix,
    objects,
    meta: Buffer.from(`${prefix}/meta`),
    head: Buffer.from(`${prefix}/head`),
    all: Buffer.from(`${prefix}/`),
    // 0 follows the slash.
    allEnd: Buffer.from(`${prefix}0`),
    objectsLength: objectsBytes.length,
    timesEnd: Buffer.from(`${prefix}/times0`),
    servers: Buffer.from(`${prefix}/servers/`),
    serversEnd: Buffer.from(`${prefix}/servers0`),
    object,
    keyOf: (etcdKey) =>
      etcdKey.subarray(0, objectsBytes.length).equals(objectsBytes)
        ? etcdKey.toString('utf8', objectsBytes.length)
        : undefined,
    guard: (name) => Buffer.from(`${prefix}/guards/${name}`),
    time: (ms) =>
      Buffer.from(`${prefix}/times/${String(LAST_INSTANT - Math.floor(ms)).padStart(DIGITS, '0')}`),
    server: (lease) => Buffer.from(`${prefix}/servers/${lease}`),
  };
}

/** The smallest bytes that are greater than everything that starts with `start`, which is UTF-8: no byte is 255. */
export function bytesEnd(start: Buffer): Buffer {
  const end = Buffer.from(start);
  end[end.length - 1] = (end.at(-1) ?? 0) + 1;
  return end;
}

/** What a change does not say itself. */
export interface Head {
  /** Of the writing process and its writes, to find out what became of one. */
  readonly writeId: string;
  /** Revision of the value that was replaced. */
  readonly previous: Revision;
  /** The last state of what was deleted; empty for a put. */
  readonly last: Buffer;
}

const NEWLINE = 0x0a;

export const encodeHead = ({ writeId, previous, last }: Head): Buffer =>
  Buffer.concat([Buffer.from(`${writeId} ${previous}\n`), last]);

export function decodeHead(value: Buffer): Head {
  const at = value.indexOf(NEWLINE);
  const [writeId = '', previous = ''] = value.toString('latin1', 0, Math.max(at, 0)).split(' ');
  return { writeId, previous: Number(previous), last: value.subarray(at + 1) };
}

/** The value of `meta`. */
export interface Meta {
  /** Our revision at the one of etcd that created `meta`; 0 unless the store continues another one. */
  readonly start: Revision;
  /** Nothing below is known; absent: everything after `start` is. */
  readonly oldest?: Revision;
  /** Set while objects are brought in: nobody may use the store yet. */
  readonly importing?: true;
}

export const encodeMeta = (meta: Meta): Buffer => Buffer.from(JSON.stringify({ format: FORMAT, ...meta }));

/** Throws `StoreUnusableError` for another format. */
export function decodeMeta(key: Buffer, value: Buffer): Meta {
  const { format, start, oldest, importing } = fieldsOf(value);
  if (format !== FORMAT || !isRevision(start) || !(oldest === undefined || isRevision(oldest))) {
    throw new StoreUnusableError(
      `etcd key ${key.toString()} is not of format ${FORMAT}: use the version of polder that wrote it, or another --etcd-prefix`,
    );
  }
  return {
    start,
    ...(oldest === undefined ? {} : { oldest }),
    ...(importing === true ? { importing } : {}),
  };
}

const isRevision = (value: unknown): value is Revision => Number.isSafeInteger(value) && Number(value) >= 0;

/** Of a value that is JSON; none when it is something else. */
export function fieldsOf(value: Buffer): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(value.toString());
    return typeof parsed === 'object' && parsed !== null ? { ...parsed } : {};
  } catch {
    return {};
  }
}
