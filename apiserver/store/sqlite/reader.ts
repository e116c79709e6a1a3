/**
 * Reads of the database, on a connection of their own: snapshots that neither wait for the writer nor stop it.
 * Each call is one read transaction and runs to its end on the calling thread; its limit bounds the time.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import { compareKeys, prefixEnd } from '../keys.ts';
import { CompactedError, type Change, type Entry, type ListPage, type Revision } from '../store.ts';
import { DELETE } from './format.ts';
import { corrupt, unusable } from './unusable.ts';

export interface Reader {
  /** The newest revision in the file. */
  newest(): Revision;
  oldest(): Revision;
  /** Revisions from `after` + 1 to `until`, at most `limit`. Throws `CompactedError`. */
  changes(after: Revision, limit: number, until: Revision): readonly Change[];
  /** Throws `CompactedError`. */
  list(prefix: string, page: Page): ListPage;
  revisionAt(timeMs: number): Revision;
}
export interface Page {
  readonly revision: Revision;
  readonly after: string | undefined;
  readonly limit: number;
}

type Row = readonly unknown[];
interface Range {
  readonly from: string;
  readonly end: string | Uint8Array;
}
/** One key's version, without its value. */
interface Version {
  readonly key: string;
  readonly revision: Revision;
}

/** `database` stays the caller's to close; `file` is for messages. */
export function createReader(file: string, database: DatabaseSync): Reader {
  return new SqliteReader(file, database);
}

class SqliteReader implements Reader {
  readonly #file: string;
  readonly #database: DatabaseSync;
  readonly #newest: StatementSync;
  readonly #oldest: StatementSync;
  readonly #changes: StatementSync;
  readonly #present: StatementSync;
  readonly #past: StatementSync;
  readonly #pastKey: StatementSync;
  readonly #value: StatementSync;
  readonly #time: StatementSync;

  constructor(file: string, database: DatabaseSync) {
    const prepare = (sql: string): StatementSync => {
      const statement = database.prepare(sql);
      statement.setReturnArrays(true);
      return statement;
    };
    this.#file = file;
    this.#database = database;
    this.#newest = prepare('SELECT max(revision) FROM log');
    this.#oldest = prepare("SELECT value FROM state WHERE name = 'oldest'");
    this.#changes = prepare(
      'SELECT revision, crc, value, key, type, previous FROM log WHERE revision > ? AND revision <= ? LIMIT ?',
    );
    this.#present = prepare(
      'SELECT key, revision FROM current WHERE key >= ? AND key < ? AND revision <= ? ORDER BY key LIMIT ?',
    );
    this.#pastKey = prepare('SELECT key FROM history WHERE key >= ? AND key < ? ORDER BY key LIMIT 1');
    this.#past = prepare(
      'SELECT revision, until FROM history WHERE key = ? AND revision <= ? ORDER BY revision DESC LIMIT 1',
    );
    this.#value = prepare('SELECT revision, crc, value, key FROM log WHERE revision = ?');
    this.#time = prepare('SELECT revision FROM times WHERE ms <= ? ORDER BY ms DESC LIMIT 1');
  }

  newest(): Revision {
    return firstNumber(this.#newest.get());
  }

  oldest(): Revision {
    return firstNumber(this.#oldest.get());
  }

  revisionAt(timeMs: number): Revision {
    return firstNumber(this.#time.get(Math.floor(timeMs)));
  }

  changes(after: Revision, limit: number, until: Revision): readonly Change[] {
    return this.#snapshot(() => {
      const oldest = this.oldest();
      if (after < oldest - 1) throw new CompactedError(after, oldest);
      return rows(this.#changes.all(after, until, limit)).map((stored): Change => {
        const { revision, key, value } = this.#entry(stored);
        const type = stored[4] === DELETE ? 'delete' : 'put';
        return { revision, key, type, value, previous: Number(stored[5]) };
      });
    });
  }

  list(prefix: string, page: Page): ListPage {
    return this.#snapshot(() => {
      const oldest = this.oldest();
      if (page.revision < oldest && !(page.revision === 0 && oldest === 1)) {
        throw new CompactedError(page.revision, oldest);
      }
      const versions = this.#versions(prefix, page);
      const entries = versions.slice(0, page.limit).map((version) => this.#read(version));
      return { entries, more: versions.length > page.limit, revision: page.revision };
    });
  }

  /** The versions valid at the page's revision in key order, one more than the limit when there are. */
  #versions(prefix: string, page: Page): readonly Version[] {
    const next = page.after === undefined ? '' : following(page.after);
    const range: Range = {
      from: compareKeys(next, prefix) > 0 ? next : prefix,
      // Text sorts below every blob: an empty one stands for "no end".
      end: prefixEnd(prefix) ?? new Uint8Array(0),
    };
    const wanted = page.limit + 1;
    const present = rows(this.#present.all(range.from, range.end, page.revision, wanted)).map(toVersion);
    // Nothing newer than the snapshot: nothing of it was replaced.
    if (this.newest() === page.revision) return present;
    const past = this.#replaced(range, page.revision, wanted);
    return [...present, ...past].sort((a, b) => compareKeys(a.key, b.key)).slice(0, wanted);
  }

  /** Versions valid then but replaced since: one seek per key, however often it changed. */
  #replaced(range: Range, revision: Revision, wanted: number): readonly Version[] {
    const found: Version[] = [];
    let from = range.from;
    while (found.length < wanted) {
      const next = row(this.#pastKey.get(from, range.end));
      if (next === undefined) break;
      const key = String(next[0]);
      const version = row(this.#past.get(key, revision));
      if (version !== undefined && Number(version[1]) > revision) {
        found.push({ key, revision: Number(version[0]) });
      }
      from = following(key);
    }
    return found;
  }

  #read(version: Version): Entry {
    const stored = row(this.#value.get(version.revision));
    if (stored === undefined) throw corrupt(this.#file, `revision ${version.revision} is missing`);
    const entry = this.#entry(stored);
    if (entry.key !== version.key) throw corrupt(this.#file, `revision ${version.revision} has another key`);
    return entry;
  }

  /** A row that begins with revision, crc, value, key. */
  #entry(stored: Row): Entry {
    const revision = Number(stored[0]);
    const bytes = stored[2];
    if (!(bytes instanceof Uint8Array) || crc32(bytes, revision >>> 0) !== stored[1]) {
      throw corrupt(this.#file, `the value of revision ${revision} does not match its checksum`);
    }
    const value = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return { key: String(stored[3]), revision, value };
  }

  #snapshot<T>(read: () => T): T {
    try {
      this.#database.exec('BEGIN');
      return read();
    } catch (error) {
      throw unusable(this.#file, error);
    } finally {
      // SQLite ends the transaction itself on some errors.
      if (this.#database.isTransaction) this.#database.exec('COMMIT');
    }
  }
}

// node:sqlite types rows as records; setReturnArrays makes them arrays.
const rows = (all: unknown): readonly Row[] => all as readonly Row[];
const row = (one: unknown): Row | undefined => one as Row | undefined;
const firstNumber = (one: unknown): number => Number(row(one)?.[0] ?? 0);
const toVersion = (stored: Row): Version => ({ key: String(stored[0]), revision: Number(stored[1]) });
/** The smallest key greater than `key`. */
const following = (key: string): string => `${key}\0`;
