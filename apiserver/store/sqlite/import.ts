/** A sqlite database as the target of a migration: made beside the real file, which it replaces in one rename. */
import { closeSync, existsSync, fsyncSync, linkSync, mkdirSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import type { Load, MigrationTarget } from '../migration.ts';
import { StoreUnusableError, type Entry, type Revision } from '../store.ts';
import { DELETE, PUT, SCHEMA } from './format.ts';
import { openForWriting } from './open.ts';
import { createReader } from './reader.ts';

const PAGE = 500;

/** The caller holds the directory of `file`. What was there is kept as `<file>.replaced`. */
export function createSqliteTarget(file: string): MigrationTarget {
  return {
    inspect: async () => await Promise.resolve(existsSync(file) ? inspect(file) : undefined),
    write: async (load) => await write(file, load),
  };
}

/** Checks the whole file as a start would, and folds its write-ahead log into it. */
function inspect(file: string): { readonly objects: number; readonly revision: Revision } {
  const database = openForWriting(file);
  try {
    const count = database.prepare('SELECT count(*) AS objects FROM current').get();
    return { objects: Number(count?.['objects']), revision: createReader(file, database).newest() };
  } finally {
    database.close();
  }
}

async function write(file: string, load: Load): Promise<Revision> {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const fresh = `${file}.migrating`;
  for (const path of [fresh, `${fresh}-journal`]) rmSync(path, { force: true });
  closeSync(openSync(fresh, 'wx', 0o600));
  const database = new DatabaseSync(fresh);
  let revision: Revision;
  try {
    database.exec(`PRAGMA synchronous = FULL; BEGIN; ${SCHEMA}`);
    revision = await insert(database, load);
    database.exec('COMMIT');
    await load.confirm(pagesOf(fresh, database, revision));
  } catch (error) {
    database.close();
    rmSync(fresh, { force: true });
    throw error;
  }
  database.close();
  replace(file, fresh);
  return revision;
}

/** Returns the newest revision; everything is as if older history had been compacted. */
async function insert(database: DatabaseSync, { start, pages }: Load): Promise<Revision> {
  const log = database.prepare(
    'INSERT INTO log (revision, key, type, previous, crc, value) VALUES (?, ?, ?, 0, ?, ?)',
  );
  const current = database.prepare('INSERT INTO current VALUES (?, ?)');
  let revision = start;
  for await (const page of pages) {
    for (const { key, value } of page) {
      revision += 1;
      log.run(revision, key, PUT, crc32(value, revision >>> 0), value);
      current.run(key, revision);
    }
  }
  if (revision === start && start > 0) {
    // Revisions are counted from the newest row: an empty store that continues another one needs one.
    revision += 1;
    log.run(revision, '/migrated', DELETE, crc32(Buffer.alloc(0), revision >>> 0), Buffer.alloc(0));
  }
  database.prepare("UPDATE state SET value = ? WHERE name = 'oldest'").run(Math.max(revision, 1));
  return revision;
}

async function* pagesOf(
  file: string,
  database: DatabaseSync,
  revision: Revision,
): AsyncGenerator<readonly Entry[]> {
  const reader = createReader(file, database);
  for (let after: string | undefined; ;) {
    const page = reader.list('', { revision, after, limit: PAGE });
    yield await Promise.resolve(page.entries);
    after = page.entries.at(-1)?.key;
    if (!page.more || after === undefined) return;
  }
}

/** At no moment is there no database under the name: a start would take that for a new installation. */
function replace(file: string, fresh: string): void {
  const old = `${file}.replaced`;
  if (existsSync(file)) {
    if (existsSync(`${file}-wal`)) throw new StoreUnusableError(`database ${file} is in use`);
    rmSync(old, { force: true });
    linkSync(file, old);
  }
  renameSync(fresh, file);
  const directory = openSync(dirname(file), 'r');
  fsyncSync(directory);
  closeSync(directory);
}
