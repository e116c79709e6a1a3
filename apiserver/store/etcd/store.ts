/**
 * The distributed engine: etcd v3, shared by any number of processes. etcd decides every write; each process follows
 * one watch, and whatever was decided counts here once that watch has shown it. See `layout.ts` for what is kept.
 */
import { systemClock, type Clock } from '../../runtime/clock.ts';
import { silentLog, type Log } from '../../runtime/log.ts';
import type { Metrics } from '../../runtime/metrics.ts';
import { checkKey } from '../keys.ts';
import {
  CompactedError,
  OutcomeUnknownError,
  StoreUnusableError,
  type Change,
  type ListOptions,
  type ListPage,
  type Revision,
  type Store,
  type Write,
  type WriteResult,
} from '../store.ts';
import { assemble } from './changes.ts';
import { createCommits, type Commits } from './commits.ts';
import { createConnection, type Connection, type EtcdServers } from './connection.ts';
import { EtcdFailure } from './failure.ts';
import { changesAfter, compactedUpTo } from './history.ts';
import { createLayout, encodeHead, type Layout } from './layout.ts';
import { createLive, type Live } from './live.ts';
import { decodeRange, encodeCompact, encodeRange, encodeTxn, METHOD, type WatchEvent } from './messages.ts';
import { createEtcdMetrics, NO_METRICS, type EtcdMetrics } from './metrics.ts';
import { createNotes, type Notes } from './notes.ts';
import { openOrCreate, type Opened } from './opening.ts';
import { readPage } from './pages.ts';
import { createPresence, type Presence } from './presence.ts';
import { createWaiters, type Waiters } from './waiters.ts';

export interface EtcdOptions extends EtcdServers {
  /** All keys are `<prefix>/...`. Default `/polder`. */
  readonly prefix?: string;
  /** Dates revisions for `revisionAt`. Default: the system's. */
  readonly clock?: Clock;
  /** How long etcd may take to answer a write, or to say what is newest. Default 10 s. */
  readonly timeoutMs?: number;
  readonly log?: Log;
  readonly metrics?: Metrics;
  /** Whether a migration refuses to replace what this process has open. Default true; false for who only reads. */
  readonly announce?: boolean;
  /**
   * The store cannot follow etcd any more: its history was compacted while this process was away, or others wrote
   * under our prefix. Default: thrown where nobody catches it, so that the process ends and starts again.
   */
  readonly onLost?: (error: StoreUnusableError) => void;
}

const TIMEOUT_MS = 10_000;
const SEEN_TIMEOUT_MS = 20_000;
const COMPACT_TIMEOUT_MS = 60_000;

export function createEtcdStore(options: EtcdOptions): Store {
  return new EtcdStore(options);
}

/** What there is once the store has started. */
interface Parts extends Opened {
  readonly connection: Connection;
  readonly presence: Presence;
  readonly live: Live;
  readonly commits: Commits;
  readonly notes: Notes;
  readonly waiters: Waiters;
}

class EtcdStore implements Store {
  readonly #options: EtcdOptions;
  readonly #layout: Layout;
  readonly #metrics: EtcdMetrics;
  readonly #listeners = new Set<(changes: readonly Change[]) => void>();
  #parts: Parts | undefined;
  #closing: Promise<void> | undefined;
  #lost: StoreUnusableError | undefined;
  #revision: Revision = 0;
  #oldest: Revision = 1;
  /** Reads of the newest revision: the one on its way or over, and the one that begins after it. */
  #lastRead: Promise<void> = Promise.resolve();
  #nextRead: Promise<void> | undefined;

  constructor(options: EtcdOptions) {
    this.#options = options;
    this.#layout = createLayout(options.prefix);
    this.#metrics = options.metrics === undefined ? NO_METRICS : createEtcdMetrics(options.metrics);
  }

  get #timeoutMs(): number {
    return this.#options.timeoutMs ?? TIMEOUT_MS;
  }

  async start(): Promise<void> {
    if (this.#parts !== undefined || this.#closing !== undefined) throw new Error('store: started twice');
    const connection = createConnection(this.#options, this.#metrics);
    const presence = createPresence({
      connection,
      layout: this.#layout,
      clock: systemClock,
      log: this.#options.log ?? silentLog,
      timeoutMs: this.#timeoutMs,
    });
    try {
      // Before anything else: a migration that does not see this process has made the store its own by then.
      if (this.#options.announce !== false) await presence.start();
      const found = await openOrCreate(connection, this.#layout, { start: 0 }, this.#timeoutMs);
      if (found.is === 'importing') throw importing(this.#layout);
      const { opened } = found;
      const compacted = await compactedUpTo(connection, this.#layout);
      this.#revision = opened.headRevision - opened.base;
      this.#oldest = Math.max(opened.firstKnown, compacted - opened.base + 1);
      this.#parts = this.#assemble({ connection, presence }, opened);
      this.#parts.live.start(opened.headRevision + 1);
    } catch (error) {
      await presence.close();
      connection.close();
      throw asUnusable(error);
    }
  }

  async append(write: Write): Promise<WriteResult> {
    checkKey(write.key);
    if (this.#closing !== undefined) throw closed();
    if (this.#lost !== undefined) throw this.#lost;
    return await this.#open().commits.append(write);
  }

  subscribe(listener: (changes: readonly Change[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  sync(): Promise<void> {
    // A read that is on its way may have been answered already: only one that begins now says what is newest now.
    this.#nextRead ??= this.#lastRead.then(async () => {
      this.#nextRead = undefined;
      const read = this.#readNewest();
      this.#lastRead = read.catch(() => undefined);
      await read;
    });
    return this.#nextRead;
  }

  async changes(after: Revision, limit: number): Promise<readonly Change[]> {
    const { base, metaRevision, connection } = this.#open();
    if (after < this.#oldest - 1) throw new CompactedError(after, this.#oldest);
    if (after >= this.#revision) return [];
    const past = { layout: this.#layout, base, metaRevision, after, newest: this.#revision, limit };
    try {
      return await changesAfter(connection, past);
    } catch (error) {
      if (error instanceof CompactedError) this.#oldest = Math.max(this.#oldest, error.oldest);
      throw asUnusable(error);
    }
  }

  async list(prefix: string, options: ListOptions): Promise<ListPage> {
    const { base, connection } = this.#open();
    if (options.revision === undefined || options.revision > this.#revision) await this.sync();
    const revision = options.revision ?? this.#revision;
    if (revision > this.#revision) throw new RangeError(`store: revision ${revision} is not written yet`);
    if (this.#isDropped(revision)) throw new CompactedError(revision, this.#oldest);
    const { after, limit } = options;
    try {
      const request = { prefix, after, limit, revision: revision + base, base };
      return { ...(await readPage(connection, this.#layout, request)), revision };
    } catch (error) {
      if (!isCompacted(error)) throw asUnusable(error);
      await this.#learnOldest().catch(rethrow);
      throw new CompactedError(revision, this.#oldest);
    }
  }

  revision(): Revision {
    return this.#revision;
  }

  oldest(): Revision {
    return this.#oldest;
  }

  async revisionAt(timeMs: number): Promise<Revision> {
    return await this.#open().notes.revisionAt(timeMs).catch(rethrow);
  }

  async compact(revision: Revision): Promise<void> {
    const { base, connection, notes } = this.#open();
    const upTo = Math.min(revision, this.#revision - 1);
    if (upTo < this.#oldest) return;
    try {
      await connection.call(METHOD.compact, encodeCompact(upTo + base), COMPACT_TIMEOUT_MS);
      this.#oldest = Math.max(this.#oldest, upTo + 1);
      await notes.forget(this.#oldest);
    } catch (error) {
      if (!isCompacted(error)) throw asUnusable(error);
      // Another process was faster.
      await this.#learnOldest().catch(rethrow);
    }
  }

  async close(): Promise<void> {
    this.#closing ??= this.#close();
    await this.#closing;
  }

  async #close(): Promise<void> {
    const parts = this.#parts;
    if (parts === undefined) return;
    await parts.commits.drained();
    parts.live.close();
    parts.waiters.fail(closed());
    await parts.presence.close();
    parts.connection.close();
  }

  #open(): Parts {
    if (this.#parts === undefined) throw closed();
    return this.#parts;
  }

  #assemble(kept: Pick<Parts, 'connection' | 'presence'>, opened: Opened): Parts {
    const { connection } = kept;
    const { clock = systemClock, log = silentLog } = this.#options;
    const layout = this.#layout;
    const { base, metaRevision } = opened;
    const notes = createNotes({ connection, layout, newest: () => this.#revision });
    const waiters = createWaiters(this.#revision);
    const seen = async (revision: Revision): Promise<void> =>
      await waiters.until(revision, SEEN_TIMEOUT_MS, notShown);
    const sync = async (): Promise<void> => await this.sync();
    const commits = createCommits({
      connection,
      layout,
      base,
      metaRevision,
      clock,
      timeoutMs: this.#timeoutMs,
      notes,
      seen,
      sync,
    });
    const live = createLive({
      connection,
      range: { key: layout.all, end: layout.allEnd },
      clock: systemClock,
      log,
      metrics: this.#metrics,
      onEvents: (events) => this.#deliver(events),
      onCompacted: async () => await this.#resume(),
      onLost: (error) => this.#lose(error.message),
    });
    return { ...opened, ...kept, live, commits, notes, waiters };
  }

  #deliver(events: readonly WatchEvent[]): void {
    const { base, metaRevision, commits, waiters } = this.#open();
    const { seen, foreign } = assemble({ layout: this.#layout, base, metaRevision }, events);
    if (seen.length > 0) {
      const changes: Change[] = [];
      for (const { change, writeId } of seen) {
        changes.push(change);
        commits.observe(writeId, change.revision);
        this.#revision = change.revision;
      }
      for (const listener of this.#listeners) listener(changes);
      waiters.reached(this.#revision);
    }
    if (foreign === undefined) return;
    this.#parts?.live.close();
    const why = `etcd key ${foreign.key} was changed by something that is no server`;
    void this.#adopt().finally(() => this.#lose(why));
  }

  /** Moves `head` past what others did to our keys, so that the next start begins with it instead of meeting it. */
  async #adopt(): Promise<void> {
    const { connection, base } = this.#open();
    const { head } = this.#layout;
    const value = encodeHead({ writeId: 'adopted', previous: 0, last: Buffer.alloc(0) });
    const request = encodeTxn({
      when: [{ key: head, modRevision: this.#revision + base }],
      success: [{ is: 'put', key: head, value }],
      failure: [],
    });
    // When it fails, the next start meets the change again and tries again.
    await connection.call(METHOD.txn, request, this.#timeoutMs).catch(() => undefined);
  }

  /** Where the watch may go on when etcd has dropped what comes next: nothing of that was ours, or all is lost. */
  async #resume(): Promise<number> {
    const { connection, base } = this.#open();
    const request = encodeRange({ key: this.#layout.head, keysOnly: true });
    const answer = decodeRange(await connection.call(METHOD.range, request, this.#timeoutMs));
    await this.#learnOldest();
    if (answer.kvs[0]?.modRevision === this.#revision + base) return answer.revision + 1;
    throw new StoreUnusableError('etcd has compacted changes that this process has not seen');
  }

  #lose(why: string): void {
    const error = new StoreUnusableError(`${why}: this process cannot go on and has to start again`);
    this.#lost = error;
    this.#parts?.live.close();
    void this.#parts?.presence.close();
    this.#parts?.waiters.fail(error);
    if (this.#options.onLost !== undefined) {
      this.#options.onLost(error);
      return;
    }
    queueMicrotask(() => {
      throw error;
    });
  }

  async #readNewest(): Promise<void> {
    const { connection, base, waiters } = this.#open();
    const before = this.#revision;
    try {
      const request = encodeRange({ key: this.#layout.head, keysOnly: true });
      const answer = decodeRange(await readAgain(connection, request, this.#timeoutMs));
      const newest = (answer.kvs[0]?.modRevision ?? 0) - base;
      if (newest < before) this.#lose('etcd has gone back to an older state, as from a backup');
      await waiters.until(newest, this.#timeoutMs, notShown);
      if (this.#lost !== undefined) throw this.#lost;
    } catch (error) {
      throw asUnusable(error);
    }
  }

  async #learnOldest(): Promise<void> {
    const { connection, base } = this.#open();
    const compacted = await compactedUpTo(connection, this.#layout);
    this.#oldest = Math.max(this.#oldest, compacted - base + 1);
  }

  #isDropped(revision: Revision): boolean {
    const { start } = this.#open();
    return revision < this.#oldest && !(revision === start && this.#oldest === start + 1);
  }
}

const READ_AGAIN_AFTER_MS = 50;

/** Reads may be sent again: the next server, or the same one after a restart, may answer. */
async function readAgain(connection: Connection, request: Buffer, timeoutMs: number): Promise<Buffer> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    try {
      return await connection.call(METHOD.range, request, Math.min(5000, deadline - Date.now()));
    } catch (error) {
      const canRetry = error instanceof EtcdFailure && error.kind === 'unknown' && Date.now() < deadline;
      if (!canRetry) throw error;
      // The time of the network, whatever clock the store dates its revisions with.
      await new Promise<void>((resolve) => void systemClock.after(READ_AGAIN_AFTER_MS, resolve));
    }
  }
}

const isCompacted = (error: unknown): boolean => error instanceof EtcdFailure && error.kind === 'compacted';
const importing = ({ prefix }: Layout): Error =>
  new StoreUnusableError(
    `a migration into ${prefix} in etcd is under way or was broken off: run polder migrate to its end`,
  );
const closed = (): Error => new StoreUnusableError('the etcd store is not open');
const notShown = (): Error => new OutcomeUnknownError('etcd has decided but its watch does not show it');

function asUnusable(error: unknown): unknown {
  return error instanceof EtcdFailure ? new StoreUnusableError(error.message, { cause: error }) : error;
}
const rethrow = (error: unknown): never => {
  throw asUnusable(error);
};
