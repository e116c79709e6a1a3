/**
 * The embedded default: one SQLite file in WAL mode with synchronous=FULL. Reads happen on the calling thread
 * (reader.ts); writes gather here while the writer thread (writer.ts) commits the batch before them.
 */
import { getCompileCacheDir } from 'node:module';
import { DatabaseSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';
import { systemClock, type Clock } from '../../runtime/clock.ts';
import { checkKey } from '../keys.ts';
import {
  type Change,
  type ListOptions,
  type ListPage,
  type Revision,
  type Store,
  StoreUnusableError,
  type Write,
  type WriteResult,
} from '../store.ts';
import { toError, type Answer, type Request, type WriterOptions } from './messages.ts';
import { createReader, type Reader } from './reader.ts';
import { unusable } from './unusable.ts';

/** One transaction; what is more waits for the next. */
const MAX_BATCH_WRITES = 1024;
const MAX_BATCH_BYTES = 16 * 1024 * 1024;
/** Waiting writes; callers limit themselves (requests in flight), this limits what a fault of theirs can hold. */
const MAX_WAITING = 65_536;
const FIRST_BLOCK_BYTES = 256 * 1024;

export interface SqliteOptions {
  /** Path of the database; its directory is created with mode 0700, the file with 0600. */
  readonly file: string;
  /** Dates revisions for `revisionAt`. Default: the system's. */
  readonly clock?: Clock;
  /** How far the file may grow. Default: as far as the disk goes. */
  readonly maxBytes?: number;
}

interface Waiting {
  readonly write: Write;
  readonly resolve: (result: WriteResult) => void;
  readonly reject: (error: Error) => void;
}

/** `closing`: pending writes are committed; `ending`: the writer was told to close. */
type Phase = 'new' | 'open' | 'closing' | 'ending' | 'closed';

export function createSqliteStore(options: SqliteOptions): Store {
  return new SqliteStore(options);
}

class SqliteStore implements Store {
  readonly #options: SqliteOptions;
  readonly #clock: Clock;
  readonly #listeners = new Set<(changes: readonly Change[]) => void>();
  readonly #ended = Promise.withResolvers<void>();
  #phase: Phase = 'new';
  #worker: Worker | undefined;
  #connection: DatabaseSync | undefined;
  #open: Reader | undefined;
  #revision: Revision = 0;
  #oldest: Revision = 1;
  #waiting: Waiting[] = [];
  #inFlight: readonly Waiting[] = [];
  #scheduled = false;
  #block = new SharedArrayBuffer(FIRST_BLOCK_BYTES);
  #compaction: PromiseWithResolvers<void> | undefined;
  #compactions: Promise<void> = Promise.resolve();

  constructor(options: SqliteOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  async start(): Promise<void> {
    if (this.#phase !== 'new') throw new Error('store: started twice');
    const { file, maxBytes } = this.#options;
    const worker = await openWriter({ file, maxBytes, compileCache: getCompileCacheDir() });
    try {
      this.#connection = new DatabaseSync(file, { readOnly: true });
      this.#connection.exec('PRAGMA cell_size_check = ON');
      this.#open = createReader(file, this.#connection);
      this.#revision = this.#open.newest();
      this.#oldest = this.#open.oldest();
    } catch (error) {
      await worker.terminate();
      throw unusable(file, error);
    }
    this.#worker = worker;
    worker.on('message', (answer: Answer) => this.#receive(answer));
    worker.on('error', (error: Error) => this.#stop(error));
    worker.on('exit', () => this.#stop(new Error('the writer thread ended')));
    this.#phase = 'open';
  }

  append(write: Write): Promise<WriteResult> {
    return new Promise((resolve, reject) => {
      checkKey(write.key);
      if (this.#phase !== 'open') throw new StoreUnusableError(`database ${this.#options.file} is not open`);
      if (this.#waiting.length >= MAX_WAITING) throw new Error(`store: ${MAX_WAITING} writes are waiting`);
      this.#waiting.push({ write, resolve, reject });
      this.#schedule();
    });
  }

  subscribe(listener: (changes: readonly Change[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async changes(after: Revision, limit: number): Promise<readonly Change[]> {
    return this.#reader().changes(after, limit, this.#revision);
  }

  async list(prefix: string, options: ListOptions): Promise<ListPage> {
    const revision = options.revision ?? this.#revision;
    if (revision > this.#revision) throw new RangeError(`store: revision ${revision} is not written yet`);
    return this.#reader().list(prefix, { revision, after: options.after, limit: options.limit });
  }

  revision(): Revision {
    return this.#revision;
  }

  oldest(): Revision {
    return this.#oldest;
  }

  async revisionAt(timeMs: number): Promise<Revision> {
    return this.#reader().revisionAt(timeMs);
  }

  compact(revision: Revision): Promise<void> {
    const run = this.#compactions.then(() => {
      this.#reader();
      this.#compaction = Promise.withResolvers();
      this.#send({ is: 'compact', revision });
      return this.#compaction.promise;
    });
    this.#compactions = run.catch(() => undefined);
    return run;
  }

  async close(): Promise<void> {
    if (this.#phase === 'new') this.#phase = 'closed';
    if (this.#phase === 'closed') return;
    if (this.#phase === 'open') {
      this.#phase = 'closing';
      this.#flush();
    }
    await this.#ended.promise;
  }

  #reader(): Reader {
    if (this.#open === undefined || this.#phase === 'ending' || this.#phase === 'closed') {
      throw new StoreUnusableError(`database ${this.#options.file} is not open`);
    }
    return this.#open;
  }

  #send(request: Request): void {
    this.#worker?.postMessage(request);
  }

  /** At the end of this turn of the event loop, so that writes of the same turn share a sync. */
  #schedule(): void {
    if (this.#scheduled || this.#inFlight.length > 0) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#inFlight.length > 0 || this.#phase === 'ending' || this.#phase === 'closed') return;
    const batch = this.#take();
    if (batch.length > 0) {
      this.#inFlight = batch;
      this.#send(this.#pack(batch.map(({ write }) => write)));
    } else if (this.#phase === 'closing') {
      this.#phase = 'ending';
      // The writer must be the last to close: only then SQLite folds the write-ahead log into the file.
      this.#connection?.close();
      this.#send({ is: 'close' });
    }
  }

  /** The next batch: at least one write, then as many as the limits allow. */
  #take(): readonly Waiting[] {
    let bytes = 0;
    let count = 0;
    for (const { write } of this.#waiting) {
      bytes += write.value.length;
      if (count > 0 && (bytes > MAX_BATCH_BYTES || count === MAX_BATCH_WRITES)) break;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }

  #pack(writes: readonly Write[]): Request {
    const bytes = writes.reduce((sum, write) => sum + write.value.length, 0);
    if (bytes > this.#block.byteLength) this.#block = new SharedArrayBuffer(2 ** Math.ceil(Math.log2(bytes)));
    const block = Buffer.from(this.#block);
    let offset = 0;
    for (const { value } of writes) offset += value.copy(block, offset);
    return {
      is: 'batch',
      keys: writes.map((write) => write.key),
      deletes: writes.map((write) => write.type === 'delete'),
      expected: writes.map((write) => write.expected),
      lengths: writes.map((write) => write.value.length),
      values: this.#block,
      nowMs: this.#clock.now(),
    };
  }

  #receive(answer: Answer): void {
    switch (answer.is) {
      case 'committed':
        return this.#committed(answer.outcomes);
      case 'failed': {
        const error = toError(answer.failure);
        for (const { reject } of this.#nextAfter()) reject(error);
        return;
      }
      case 'compacted':
        this.#oldest = answer.oldest;
        if (answer.done) this.#compaction?.resolve();
        return;
      case 'compaction failed':
        this.#compaction?.reject(toError(answer.failure));
        return;
      case 'opened':
      case 'not opened':
        return;
      default:
        answer satisfies never;
    }
  }

  #committed(outcomes: readonly number[]): void {
    const batch = this.#nextAfter();
    const changes: Change[] = [];
    for (const [index, { write }] of batch.entries()) {
      const revision = outcomes[index] ?? 0;
      if (revision <= 0) continue;
      // Written, so what was stored is what the caller expected.
      changes.push({
        revision,
        key: write.key,
        type: write.type,
        value: write.value,
        previous: write.expected,
      });
    }
    this.#revision = changes.at(-1)?.revision ?? this.#revision;
    if (changes.length > 0) for (const listener of this.#listeners) listener(changes);
    for (const [index, { resolve }] of batch.entries()) {
      const outcome = outcomes[index] ?? 0;
      resolve(outcome > 0 ? { ok: true, revision: outcome } : { ok: false, current: -1 - outcome });
    }
  }

  /** Takes the answered batch and keeps the writer busy with the next one. */
  #nextAfter(): readonly Waiting[] {
    const batch = this.#inFlight;
    this.#inFlight = [];
    this.#flush();
    return batch;
  }

  /** The thread is gone: asked to by `close`, or by a fault, and then nothing more can be written. */
  #stop(cause: Error): void {
    if (this.#phase === 'closed') return;
    this.#phase = 'closed';
    if (this.#connection?.isOpen === true) this.#connection.close();
    const error = new StoreUnusableError(
      `database ${this.#options.file} is closed (${cause.message}): restart the process`,
      { cause },
    );
    for (const { reject } of [...this.#inFlight, ...this.#waiting]) reject(error);
    this.#compaction?.reject(error);
    this.#inFlight = [];
    this.#waiting = [];
    this.#ended.resolve();
  }
}

/** The thread once it has opened the database; rejects with why it could not. */
async function openWriter(workerData: WriterOptions): Promise<Worker> {
  const worker = new Worker(new URL('./thread.js', import.meta.url), { workerData });
  const answer = await new Promise<Answer>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  if (answer.is === 'not opened') throw toError(answer.failure);
  return worker;
}
