/** Group commit: one transaction, one sync, for a whole batch of writes. */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import { StoreUnusableError, type Revision } from '../store.ts';
import { DELETE, PUT } from './format.ts';
import type { Request } from './messages.ts';

export type Batch = Extract<Request, { is: 'batch' }>;

/** How finely commit times are kept. */
const TIME_STEP_MS = 60_000;

export interface Committer {
  /** One outcome per write, as in `messages.ts`. Throws when nothing was stored. */
  commit(batch: Batch): readonly number[];
}

export function createCommitter(file: string, database: DatabaseSync): Committer {
  return new SqliteCommitter(file, database);
}

interface Change {
  readonly revision: Revision;
  readonly key: string;
  readonly type: number;
  readonly previous: Revision;
  readonly value: Uint8Array;
}

class SqliteCommitter implements Committer {
  readonly #file: string;
  readonly #begin: StatementSync;
  readonly #end: StatementSync;
  readonly #database: DatabaseSync;
  readonly #newest: StatementSync;
  readonly #current: StatementSync;
  readonly #log: StatementSync;
  readonly #create: StatementSync;
  readonly #replace: StatementSync;
  readonly #delete: StatementSync;
  readonly #history: StatementSync;
  readonly #lastTime: StatementSync;
  readonly #dropTimes: StatementSync;
  readonly #time: StatementSync;
  #revision: Revision;
  #lastMs: number;

  constructor(file: string, database: DatabaseSync) {
    this.#file = file;
    this.#database = database;
    this.#begin = database.prepare('BEGIN IMMEDIATE');
    this.#end = database.prepare('COMMIT');
    this.#newest = arrays(database.prepare('SELECT max(revision) FROM log'));
    this.#current = arrays(database.prepare('SELECT revision FROM current WHERE key = ?'));
    this.#log = database.prepare(
      'INSERT INTO log (revision, key, type, previous, crc, value) VALUES (?, ?, ?, ?, ?, ?)',
    );
    // Each does nothing when what is stored is not what the caller expected: no look-up before it is needed.
    this.#create = database.prepare('INSERT OR IGNORE INTO current (revision, key) VALUES (?, ?)');
    this.#replace = database.prepare('UPDATE current SET revision = ? WHERE key = ? AND revision = ?');
    this.#delete = database.prepare('DELETE FROM current WHERE key = ? AND revision = ?');
    this.#history = database.prepare('INSERT INTO history VALUES (?, ?, ?)');
    this.#lastTime = arrays(database.prepare('SELECT max(ms) FROM times'));
    this.#dropTimes = database.prepare('DELETE FROM times WHERE ms > ?');
    this.#time = database.prepare('INSERT OR IGNORE INTO times VALUES (?, ?)');
    this.#revision = number(this.#newest.get());
    this.#lastMs = number(this.#lastTime.get());
  }

  commit(batch: Batch): readonly number[] {
    let revision = this.#revision;
    let offset = 0;
    const outcomes: number[] = [];
    try {
      this.#begin.run();
      this.#checkAlone();
      this.#date(batch.nowMs);
      for (const [index, key] of batch.keys.entries()) {
        const length = batch.lengths[index] ?? 0;
        const value = new Uint8Array(batch.values, offset, length);
        offset += length;
        const previous = batch.expected[index] ?? 0;
        const type = batch.deletes[index] === true ? DELETE : PUT;
        const change = { revision: revision + 1, key, type, previous, value };
        if (!this.#claim(change)) {
          outcomes.push(-1 - number(this.#current.get(key)));
          continue;
        }
        this.#write(change);
        revision += 1;
        outcomes.push(revision);
      }
      this.#end.run();
    } catch (error) {
      // SQLite has rolled back already on some errors (disk full among them).
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      this.#lastMs = number(this.#lastTime.get());
      throw error;
    }
    this.#revision = revision;
    return outcomes;
  }

  /** Makes the change the current one of its key; false when another revision is stored than the one it replaces. */
  #claim({ revision, key, type, previous }: Change): boolean {
    if (type === DELETE) return previous > 0 && this.#delete.run(key, previous).changes === 1;
    const statement =
      previous === 0 ? this.#create.run(revision, key) : this.#replace.run(revision, key, previous);
    return statement.changes === 1;
  }

  #write({ revision, key, type, previous, value }: Change): void {
    this.#log.run(revision, key, type, previous, crc32(value, revision >>> 0), value);
    if (previous > 0) this.#history.run(key, previous, revision);
  }

  /** A second writer would give revisions that our subscribers never saw. */
  #checkAlone(): void {
    const newest = number(this.#newest.get());
    if (newest === this.#revision) return;
    throw new StoreUnusableError(
      `database ${this.#file} was written by another process (revision ${newest}, expected ${this.#revision}): ` +
        'stop one of the two, then restart this one',
    );
  }

  /** Notes what was newest before the first commit of each minute. */
  #date(nowMs: number): void {
    const ms = Math.floor(nowMs);
    // The clock was set back: what was noted for the future is wrong.
    if (ms < this.#lastMs) this.#dropTimes.run(ms);
    else if (ms < this.#lastMs + TIME_STEP_MS) return;
    this.#time.run(ms, this.#revision);
    this.#lastMs = ms;
  }
}

function arrays(statement: StatementSync): StatementSync {
  statement.setReturnArrays(true);
  return statement;
}
const number = (row: unknown): number => Number((row as readonly unknown[] | undefined)?.[0] ?? 0);
