/**
 * Compaction in slices: each a short transaction, so that a batch of writes never waits long. The file does not
 * shrink: what becomes free is written again.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Revision } from '../store.ts';
import { DELETE } from './format.ts';

/** What a slice may take, about: it decides how many revisions the next one handles. */
const SLICE_MS = 2;
const FIRST_SLICE = 64;
const LARGEST_SLICE = 4096;

export interface Compaction {
  /** Does one slice and returns the oldest revision at which lists are complete now. */
  step(): Revision;
  /** True when nothing at or below the asked revision is left to drop. */
  isDone(): boolean;
}

/** Drops what was replaced at or before `revision` + 1 and deletions at or below `revision`. */
export function createCompaction(database: DatabaseSync, revision: Revision): Compaction {
  return new SqliteCompaction(database, revision);
}

class SqliteCompaction implements Compaction {
  readonly #database: DatabaseSync;
  readonly #history: StatementSync;
  readonly #replaced: StatementSync;
  readonly #deletions: StatementSync;
  readonly #times: StatementSync;
  readonly #move: StatementSync;
  readonly #goal: Revision;
  #oldest: Revision;
  #size = FIRST_SLICE;

  constructor(database: DatabaseSync, revision: Revision) {
    this.#database = database;
    const bound = database
      .prepare(
        "SELECT value AS oldest, (SELECT max(revision) FROM log) AS newest FROM state WHERE name = 'oldest'",
      )
      .get();
    this.#oldest = Number(bound?.['oldest']);
    // The newest row stays whatever it is: revisions are counted from it.
    this.#goal = Math.min(revision + 1, Number(bound?.['newest'] ?? 0));
    this.#history = database.prepare(
      `DELETE FROM history WHERE (key, revision) IN
       (SELECT key, previous FROM log WHERE revision > ? AND revision <= ? AND previous > 0)`,
    );
    this.#replaced = database.prepare(
      `DELETE FROM log WHERE revision IN
       (SELECT previous FROM log WHERE revision > ? AND revision <= ? AND previous > 0)`,
    );
    this.#deletions = database.prepare(
      `DELETE FROM log WHERE revision >= ? AND revision < ? AND type = ${DELETE}`,
    );
    this.#times = database.prepare('DELETE FROM times WHERE revision < ?');
    this.#move = database.prepare("UPDATE state SET value = ? WHERE name = 'oldest'");
  }

  isDone(): boolean {
    return this.#oldest >= this.#goal;
  }

  step(): Revision {
    if (this.isDone()) return this.#oldest;
    const from = this.#oldest;
    const to = Math.min(from + this.#size, this.#goal);
    const startedMs = performance.now();
    try {
      this.#database.exec('BEGIN IMMEDIATE');
      // History first: it is found through the rows that the next statement drops.
      this.#history.run(from, to);
      this.#replaced.run(from, to);
      this.#deletions.run(from, to);
      if (to === this.#goal) this.#times.run(to - 1);
      this.#move.run(to);
      this.#database.exec('COMMIT');
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
    const tookMs = performance.now() - startedMs;
    if (tookMs < SLICE_MS) this.#size = Math.min(this.#size * 2, LARGEST_SLICE);
    else if (tookMs > 2 * SLICE_MS) this.#size = Math.max(Math.floor(this.#size / 2), 1);
    this.#oldest = to;
    return to;
  }
}
