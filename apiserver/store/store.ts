/**
 * The durable store: an append-only log of changes with one gap-free, strictly increasing revision per change,
 * assigned inside the serialised commit, and the current value of every key.
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
 * | stored revision | expected | outcome                                              |
 * | --------------- | -------- | ---------------------------------------------------- |
 * | none            | 0        | created                                              |
 * | = expected      | any      | written or deleted                                   |
 * | differs         | any      | resolves `{ok: false, current}`, nothing is written  |
 */
export interface Write {
  readonly key: string;
  readonly type: 'put' | 'delete';
  readonly value: Buffer;
  readonly expected: Revision;
}
export type WriteResult =
  { readonly ok: true; readonly revision: Revision } | { readonly ok: false; readonly current: Revision };

export interface ListPage {
  /** Sorted by key (bytewise). */
  readonly entries: readonly Entry[];
  readonly more: boolean;
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

/** The store cannot be used as it is; `message` names the file, what is wrong and the way out. Nothing was changed. */
export class StoreUnusableError extends Error {
  override readonly name = 'StoreUnusableError';
}

export interface Store {
  /** Opens or creates the database. Throws `StoreUnusableError`; never overwrites what it cannot read. */
  start(): Promise<void>;
  /** Appends one change. Durable (synced) when it resolves. Concurrent calls are committed in groups, in call order. */
  append(write: Write): Promise<WriteResult>;
  /** Every committed change reaches `listener` exactly once, in revision order, before its `append` resolves. */
  subscribe(listener: (changes: readonly Change[]) => void): () => void;
  /** Changes with revision > `after`, at most `limit`. Throws `CompactedError` when `after` < `oldest() - 1`. */
  changes(after: Revision, limit: number): Promise<readonly Change[]>;
  /**
   * Entries under `prefix` with key > `after` as of `revision` (a snapshot; the newest when undefined).
   * Throws `CompactedError`.
   */
  list(
    prefix: string,
    options: { readonly revision?: Revision; readonly after?: string; readonly limit: number },
  ): Promise<ListPage>;
  /** The newest committed revision; 0 when nothing was ever written. */
  revision(): Revision;
  /** The oldest revision at which `list` still answers; `changes` answers from `oldest() - 1` on. */
  oldest(): Revision;
  /** Drops history at or below `revision` that is not current. Current values stay. */
  compact(revision: Revision): Promise<void>;
  /** Ends pending commits, then closes. Idempotent. */
  close(): Promise<void>;
}
