/**
 * The durable store: an append-only log of changes with one strictly increasing revision per change, assigned inside
 * the serialised commit, and the current value of every key. Revisions have no gaps, except with a database that
 * others write to as well (etcd): nobody may count on the next one being one more.
 *
 * Keys are `/<group>/<plural>/<namespace or empty>/<name>` (core group: `core`). Values are the object's JSON
 * without metadata.resourceVersion: the revision of the change that wrote it is its resourceVersion.
 */
export type Revision = number;

export interface Change {
  readonly revision: Revision;
  readonly key: string;
  readonly type: 'put' | 'delete';
  /** New value; for a delete the last state, as the deletion event must carry it. */
  readonly value: Buffer;
  /** Revision of the value this change replaced; 0 when it created the key. */
  readonly previous: Revision;
}

export interface Entry {
  readonly key: string;
  readonly revision: Revision;
  readonly value: Buffer;
}

/**
 * One write. `expected` is the revision the caller read: 0 = the key must not exist.
 *
 * | stored revision | expected       | put     | delete                                       |
 * | --------------- | -------------- | ------- | -------------------------------------------- |
 * | none            | 0              | created | resolves `{ok: false, current: 0}`           |
 * | n               | n              | written | deleted                                      |
 * | none or n       | anything else  | resolves `{ok: false, current}`, nothing written       |
 */
export interface Write {
  /** Not empty, at most 4,096 bytes, no lone surrogates; anything else makes `append` throw a `TypeError`. */
  readonly key: string;
  readonly type: 'put' | 'delete';
  /** Kept by reference until `append` resolves and handed to subscribers: never change it afterwards. */
  readonly value: Buffer;
  readonly expected: Revision;
  readonly guard?: Guard;
}
/**
 * What several keys have in common that each write of one of them counts on, such as what a namespace may hold in all.
 * A write is refused, with `current` equal to `expected`, when another one with a guard of that name was committed
 * after `seen`. Heeded by drivers with `sync`; with the others the only writer knows by itself.
 */
export interface Guard {
  /** As restricted as a key. */
  readonly name: string;
  /** The revision that the decision to write was made at. */
  readonly seen: Revision;
}
export type WriteResult =
  { readonly ok: true; readonly revision: Revision } | { readonly ok: false; readonly current: Revision };

export interface ListPage {
  /** Sorted by key (bytes of its UTF-8 form). */
  readonly entries: readonly Entry[];
  readonly more: boolean;
  /** The snapshot these entries belong to; ask for the next page at this revision. */
  readonly revision: Revision;
}
export interface ListOptions {
  /** Default: the newest committed revision. A revision not yet written makes `list` throw a `RangeError`. */
  readonly revision?: Revision;
  /** Only keys after this one; default: from the first. */
  readonly after?: string;
  /** Entries per page, at least 1. Reading takes about 4 us per entry on the calling thread. */
  readonly limit: number;
}

/** Asked for a revision that compaction removed. */
export class CompactedError extends Error {
  readonly oldest: Revision;
  constructor(asked: Revision, oldest: Revision) {
    super(`revision ${asked} is older than the oldest kept, ${oldest}`);
    this.name = 'CompactedError';
    this.oldest = oldest;
  }
}

/**
 * The store cannot be used as it is; `message` names the file, what is wrong and the way out. From `start`: nothing
 * was changed. From `append`: nothing of that write was stored, and a later one may succeed (space came back).
 */
export class StoreUnusableError extends Error {
  override readonly name = 'StoreUnusableError';
}

/** The database takes no value of this size. Nothing was written. */
export class ValueTooLargeError extends Error {
  override readonly name = 'ValueTooLargeError';
}

/**
 * It is not known whether the write happened: it was handed to the database and no answer came. Nothing is claimed; who
 * needs to know reads the object. From `append` of drivers whose database is another program.
 */
export class OutcomeUnknownError extends Error {
  override readonly name = 'OutcomeUnknownError';
}

export interface Store {
  /** Opens or creates the database. Throws `StoreUnusableError`; never overwrites what it cannot read. */
  start(): Promise<void>;
  /**
   * Appends one change. Durable (synced) when it resolves. Concurrent calls for one key are committed in call order
   * and each sees the writes before it; with sqlite and memory all calls are. Rejects with `StoreUnusableError` when
   * it could not be written (disk full, I/O error, database not reached), with `ValueTooLargeError` when it never can
   * be: then it did not happen. Rejects with `OutcomeUnknownError` when it may have.
   */
  append(write: Write): Promise<WriteResult>;
  /**
   * Every committed change reaches `listener` exactly once, in revision order, before its `append` resolves.
   * Listeners must not throw. The returned function ends the subscription.
   */
  subscribe(listener: (changes: readonly Change[]) => void): () => void;
  /**
   * Resolves when every subscriber has seen all that anybody had committed before the call. Absent where this process
   * is the only one that writes: there it holds at any time. Rejects with `StoreUnusableError` or
   * `OutcomeUnknownError` when the database does not answer in time.
   */
  sync?(): Promise<void>;
  /**
   * Changes with revision > `after`, at most `limit`, in revision order; empty when there is nothing newer.
   * Throws `CompactedError` when `after` < `oldest() - 1`.
   */
  changes(after: Revision, limit: number): Promise<readonly Change[]>;
  /** Entries under `prefix` (empty: all) as of one revision. Throws `CompactedError` when it is < `oldest()`. */
  list(prefix: string, options: ListOptions): Promise<ListPage>;
  /** The newest committed revision; 0 when nothing was ever written. Every subscriber has seen it. */
  revision(): Revision;
  /**
   * The oldest revision at which `list` still answers; `changes` answers from `oldest() - 1` on. 1 until the first
   * compaction, when `list` at 0 also answers: empty.
   */
  oldest(): Revision;
  /** The newest revision known to be committed at or before that time, to about a minute, never newer; 0 = none. */
  revisionAt(timeMs: number): Promise<Revision>;
  /**
   * Drops history at or below `revision` (at most `revision() - 1`; more is clamped): values replaced or deleted by
   * then. Afterwards `oldest()` is `revision + 1` and every list and change from there on is still complete. Works
   * in small steps between writes; a failure leaves the steps done so far.
   */
  compact(revision: Revision): Promise<void>;
  /** Ends pending commits, then closes. Idempotent. Afterwards `append` rejects. */
  close(): Promise<void>;
}
