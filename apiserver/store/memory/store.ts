/** The store in memory, for tests only: nothing survives the process and nothing limits its size. */
import { systemClock, type Clock } from '../../runtime/clock.ts';
import { checkKey, compareKeys } from '../keys.ts';
import {
  CompactedError,
  type Change,
  type Entry,
  type ListOptions,
  type ListPage,
  type Revision,
  type Store,
  type Write,
  type WriteResult,
} from '../store.ts';

interface Pending {
  readonly write: Write;
  readonly resolve: (result: WriteResult) => void;
}

/** `clock` (default: the system's) dates revisions for `revisionAt`. */
export function createMemoryStore(options: { readonly clock?: Clock } = {}): Store {
  return new MemoryStore(options.clock ?? systemClock);
}

class MemoryStore implements Store {
  readonly #clock: Clock;
  /** All versions of every key, oldest first; a deletion is a version too. */
  readonly #versions = new Map<string, Change[]>();
  readonly #listeners = new Set<(changes: readonly Change[]) => void>();
  readonly #times: { readonly ms: number; readonly revision: Revision }[] = [];
  #log: Change[] = [];
  #pending: Pending[] = [];
  #oldest: Revision = 1;
  #revision: Revision = 0;
  #closed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  start(): Promise<void> {
    return Promise.resolve();
  }

  append(write: Write): Promise<WriteResult> {
    if (this.#closed) return Promise.reject(new Error('store: closed'));
    return new Promise((resolve) => {
      checkKey(write.key);
      this.#pending.push({ write, resolve });
      if (this.#pending.length === 1) queueMicrotask(() => this.#commit());
    });
  }

  subscribe(listener: (changes: readonly Change[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  changes(after: Revision, limit: number): Promise<readonly Change[]> {
    if (after < this.#oldest - 1) return Promise.reject(new CompactedError(after, this.#oldest));
    const found = this.#log.filter((change) => change.revision > after);
    return Promise.resolve(found.slice(0, limit));
  }

  list(prefix: string, options: ListOptions): Promise<ListPage> {
    const revision = options.revision ?? this.#revision;
    if (revision > this.#revision) {
      return Promise.reject(new RangeError(`store: revision ${revision} is not written yet`));
    }
    if (revision < this.#oldest && !(revision === 0 && this.#oldest === 1)) {
      return Promise.reject(new CompactedError(revision, this.#oldest));
    }
    const after = options.after;
    const entries = [...this.#versions]
      .filter(([key]) => key.startsWith(prefix) && (after === undefined || compareKeys(key, after) > 0))
      .flatMap(([, versions]) => versions.findLast((version) => version.revision <= revision) ?? [])
      .filter((version) => version.type === 'put')
      .sort((a, b) => compareKeys(a.key, b.key));
    const page = entries.slice(0, options.limit).map(toEntry);
    return Promise.resolve({ entries: page, more: entries.length > page.length, revision });
  }

  revision(): Revision {
    return this.#revision;
  }

  oldest(): Revision {
    return this.#oldest;
  }

  revisionAt(timeMs: number): Promise<Revision> {
    return Promise.resolve(this.#times.findLast((time) => time.ms <= timeMs)?.revision ?? 0);
  }

  compact(revision: Revision): Promise<void> {
    const upTo = Math.min(revision, this.#revision - 1);
    if (upTo < this.#oldest) return Promise.resolve();
    for (const [key, versions] of this.#versions) {
      const base = versions.findLastIndex((version) => version.revision <= upTo + 1);
      const kept = versions.slice(Math.max(base, 0));
      const first = kept[0];
      if (first?.type === 'delete' && first.revision <= upTo) kept.shift();
      if (kept.length === 0) this.#versions.delete(key);
      else this.#versions.set(key, kept);
    }
    this.#log = this.#log.filter((change) => change.revision > upTo);
    this.#oldest = upTo + 1;
    return Promise.resolve();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.resolve();
    this.#commit();
  }

  #commit(): void {
    const batch = this.#pending;
    this.#pending = [];
    const committed: Change[] = [];
    const results = batch.map(({ write }) => this.#apply(write, committed));
    if (committed.length > 0) for (const listener of this.#listeners) listener(committed);
    for (const [index, { resolve }] of batch.entries()) {
      const result = results[index];
      if (result !== undefined) resolve(result);
    }
  }

  #apply(write: Write, committed: Change[]): WriteResult {
    const versions = this.#versions.get(write.key) ?? [];
    const newest = versions.at(-1);
    const current = newest?.type === 'put' ? newest.revision : 0;
    if (current !== write.expected || (write.type === 'delete' && current === 0)) {
      return { ok: false, current };
    }
    this.#date();
    this.#revision += 1;
    const { key, type, value } = write;
    const change: Change = { revision: this.#revision, key, type, value, previous: current };
    versions.push(change);
    this.#versions.set(key, versions);
    this.#log.push(change);
    committed.push(change);
    return { ok: true, revision: change.revision };
  }

  /** Notes, once a minute, what was newest before this change. */
  #date(): void {
    const ms = this.#clock.now();
    const last = this.#times.at(-1);
    if (last === undefined || ms >= last.ms + 60_000) this.#times.push({ ms, revision: this.#revision });
  }
}

const toEntry = ({ key, revision, value }: Change): Entry => ({ key, revision, value });
