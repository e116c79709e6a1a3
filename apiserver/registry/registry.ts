/**
 * The registry: every verb on every kind, over one store and one watch cache. Transport (`http/`) parses the
 * request, decides access and encodes the answer; everything between is here and the same for all kinds.
 */
import type { ApiError } from '../api/errors.ts';
import type { UserInfo } from '../api/identity.ts';
import type { JsonObject } from '../api/json.ts';
import type { Kind } from '../api/kind.ts';
import type { Revision } from '../store/store.ts';

/** One version of one object as it stands in the cache. Immutable: share it, never change it. */
export interface StoredObject {
  readonly key: string;
  readonly namespace: string;
  readonly name: string;
  readonly revision: Revision;
  /** The complete JSON, resourceVersion included; serialised once. Not to be changed. */
  readonly bytes: Buffer;
  /** Length of `bytes`. */
  readonly size: number;
  /** Parsed on first use and not kept, so memory stays at the bytes; treat as frozen. */
  read(): JsonObject;
}

/** What the caller may see; decides object by object and says when the answer may have changed. */
export interface Visibility {
  /** True: every object, now and later; nothing needs to be asked. */
  readonly all: boolean;
  /** True while every object that was asked for is seen; `onChange` is called before it is less. Absent: not known. */
  readonly allForNow?: boolean;
  allows(object: StoredObject): boolean;
  /** Called after grants or revocations took effect; open watches then re-evaluate what they show. */
  onChange(listener: () => void): () => void;
  /** Whether a change of a kind that decides what callers see can have changed this; absent: all but reports in a status. */
  affectedBy?(change: VisibilityChange): boolean;
}
/** `previous` undefined: created; `object` undefined: deleted. */
export interface VisibilityChange {
  readonly kind: Kind;
  readonly object: StoredObject | undefined;
  readonly previous: StoredObject | undefined;
}

export interface Context {
  readonly user: UserInfo;
  /** Aborted when the client is gone or the deadline passed. */
  readonly signal: AbortSignal;
  /** Adds a Warning header; duplicates are dropped. */
  readonly warn: (text: string) => void;
  /** Adds to the audit record; never values. */
  readonly annotate: (key: string, value: string) => void;
}

/** `namespace` is empty for cluster-scoped kinds and for requests over all namespaces. */
export interface Target {
  readonly kind: Kind;
  readonly namespace: string;
  readonly name: string;
}
export interface Collection {
  readonly kind: Kind;
  readonly namespace: string;
}

/** What the body parser saw that a plain JavaScript value cannot show. */
export interface Body {
  readonly value: unknown;
  /** Field paths of repeated keys, in order; the last one won. */
  readonly duplicates: readonly string[];
  /** Number literals that a double cannot hold (beyond 2^53 or out of range), by field path. */
  readonly lossy: readonly { readonly field: string; readonly literal: string }[];
}

export type FieldValidation = 'Strict' | 'Warn' | 'Ignore';
export interface WriteOptions {
  readonly dryRun: boolean;
  /** 1 to 128 printable characters. */
  readonly fieldManager: string;
  readonly fieldValidation: FieldValidation;
  /** What the client said, without defaults, for admission. Absent: nothing. */
  readonly sent?: JsonObject | undefined;
}

export type Patch =
  | { readonly type: 'merge'; readonly body: Body }
  | { readonly type: 'json'; readonly body: Body }
  /** Served for native kinds only; transport answers 415 for all others, as for custom resources. */
  | { readonly type: 'strategic'; readonly body: Body }
  | {
      readonly type: 'apply';
      readonly body: Body;
      readonly force: boolean;
      /**
       * Called before an apply creates the object that was not there; throws Forbidden when the caller may patch
       * but not create. Absent: creating needs no further decision.
       */
      readonly beforeCreate?: () => Promise<void> | void;
    };

export interface DeleteOptions {
  readonly dryRun: boolean;
  readonly uid?: string;
  readonly resourceVersion?: string;
  /** Validated by transport; default Background. */
  readonly propagationPolicy: 'Background' | 'Foreground' | 'Orphan';
  /** Only checked for being >= 0: nothing here has a grace period. */
  readonly gracePeriodSeconds?: number;
  /** What the client said, without defaults, for admission. Absent: nothing. */
  readonly sent?: JsonObject | undefined;
}

/** Selectors arrive parsed; see `api/selectors.ts`. */
export interface Selectors {
  readonly labels: (labels: Readonly<Record<string, string>>) => boolean;
  /** True when no label selector was given: nothing has to be parsed. */
  readonly anyLabels: boolean;
  /** The label selector as sent; watches with the same text share one evaluation per change. */
  readonly labelText?: string;
  /** Field path to wanted value; `not` for `!=`. */
  readonly fields: readonly { readonly path: string; readonly value: string; readonly not: boolean }[];
}

export interface ListOptions {
  readonly selectors: Selectors;
  readonly visibility: Visibility;
  /** 0 = no limit. */
  readonly limit: number;
  readonly continue: string;
  /** As sent; empty = unset. */
  readonly resourceVersion: string;
  readonly resourceVersionMatch: '' | 'Exact' | 'NotOlderThan';
}
export interface ListResult {
  readonly revision: Revision;
  readonly items: readonly StoredObject[];
  /** Empty on the last page. */
  readonly continue: string;
  /** Set only when neither selectors nor visibility filtered anything. */
  readonly remaining: number | undefined;
}

export interface WatchOptions {
  readonly selectors: Selectors;
  readonly visibility: Visibility;
  /** As sent; empty = unset, `0` = any. */
  readonly resourceVersion: string;
  readonly resourceVersionMatch: '' | 'Exact' | 'NotOlderThan';
  readonly sendInitialEvents: boolean | undefined;
  readonly allowBookmarks: boolean;
}
export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  /** For DELETED the last visible state; its bytes carry the resourceVersion of this event. */
  readonly object: StoredObject;
  readonly revision: Revision;
}
/** Receives one watch. Calls are synchronous and ordered; nothing follows `error` or `end`. */
export interface WatchSink {
  events(batch: readonly WatchEvent[]): void;
  bookmark(revision: Revision, endOfInitialEvents: boolean): void;
  /**
   * Resolves when the client has room again. Asked between batches while a watch catches up, so that a large initial
   * state does not pile up; absent: batches follow each other turn by turn.
   */
  drained?(): Promise<void>;
  /** One ERROR event, then the stream ends. */
  error(error: ApiError): void;
}
export interface WatchHandle {
  /**
   * Sends a bookmark with the newest revision this watch is complete up to, when bookmarks were asked for and the
   * initial events are over; otherwise nothing. Transport calls it just before the deadline.
   */
  bookmark(): void;
  close(): void;
}

export type Written = {
  readonly object: StoredObject;
  /** True when this request created it: answer 201. */
  readonly created: boolean;
};
/** `object` set: still there, waiting for finalizers; absent: gone (`uid` of what was deleted). */
export interface Deleted {
  readonly object: StoredObject | undefined;
  readonly uid: string;
}

/** All methods throw `ApiError` for what a client caused and any other error for a broken invariant. */
export interface Registry {
  /** With subresource `scale`, get, update and patch answer the autoscaling/v1 Scale of the object. */
  get(
    context: Context,
    target: Target & { readonly subresource?: '' | 'status' | 'scale' },
    options: { readonly resourceVersion: string },
  ): Promise<StoredObject>;
  list(context: Context, collection: Collection, options: ListOptions): Promise<ListResult>;
  /** Throws before the stream starts for invalid options; an expired revision arrives through `sink.error`. */
  watch(context: Context, collection: Collection, options: WatchOptions, sink: WatchSink): WatchHandle;
  create(context: Context, target: Target, body: Body, options: WriteOptions): Promise<Written>;
  update(
    context: Context,
    target: Target & { readonly subresource: '' | 'status' | 'scale' },
    body: Body,
    options: WriteOptions,
  ): Promise<Written>;
  patch(
    context: Context,
    target: Target & { readonly subresource: '' | 'status' | 'scale' },
    patch: Patch,
    options: WriteOptions,
  ): Promise<Written>;
  delete(context: Context, target: Target, options: DeleteOptions): Promise<Deleted>;
  deleteCollection(
    context: Context,
    collection: Collection,
    options: DeleteOptions & { readonly list: ListOptions },
  ): Promise<ListResult>;

  /**
   * Resolves when everything below shows what anybody had committed before the call. Absent where this process is the
   * only writer: there it always does. Transport waits for it before it decides access, for all writes and for reads
   * that name no resourceVersion. Throws 503 and 504.
   */
  readonly sync?: () => Promise<void>;
  /** Newest revision in the cache. */
  revision(): Revision;
  /** Straight from the cache, no access decision: for policy, admission look-ups and wiring only. */
  peek(kind: Kind, namespace: string, name: string): StoredObject | undefined;
  peekAll(kind: Kind, namespace?: string): readonly StoredObject[];
  /** Every committed change of one kind, synchronously, in order; `undefined` object on delete. */
  observe(
    kind: Kind,
    listener: (
      key: { readonly namespace: string; readonly name: string },
      object: StoredObject | undefined,
    ) => void,
  ): () => void;
  /** Loads the cache from the store; nothing is served before it resolves. */
  start(): Promise<void>;
  close(): Promise<void>;
}
