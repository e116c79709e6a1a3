/**
 * Opens the database file for writing, or creates it. Everything doubtful is found before the file is opened for
 * writing, so what cannot be used is left byte for byte as it was.
 *
 * No `quick_check` here: it reads the whole file (seconds per gigabyte, on every start). Instead every value read
 * is checked against its CRC (reader.ts), and loading the watch cache reads every current one; SQLite itself
 * checksums the write-ahead log; the newest rows, where a disk that lies about syncing loses data, are read here.
 */
import { closeSync, chmodSync, existsSync, fsyncSync, mkdirSync, openSync, readSync } from 'node:fs';
import { fstatSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StoreUnusableError } from '../store.ts';
import { APPLICATION_ID, FORMAT, SCHEMA } from './format.ts';
import { createReader } from './reader.ts';
import { corrupt, unusable } from './unusable.ts';

const MAGIC = 'SQLite format 3\0';
const HEADER_BYTES = 100;
/** Newest rows read at start. */
const TAIL = 256;

/** Throws `StoreUnusableError`. `maxBytes` limits how far the file may grow; default: the disk. */
export function openForWriting(file: string, maxBytes?: number): DatabaseSync {
  try {
    if (existsSync(file)) inspect(file);
    else create(file);
    const database = new DatabaseSync(file);
    try {
      prepare(database, maxBytes);
      return database;
    } catch (error) {
      database.close();
      throw error;
    }
  } catch (error) {
    throw unusable(file, error);
  }
}

function prepare(database: DatabaseSync, maxBytes: number | undefined): void {
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cell_size_check = ON');
  // 16 MiB of pages: the upper levels of four trees and their warm leaves for millions of rows.
  database.exec('PRAGMA cache_size = -16384; PRAGMA journal_size_limit = 67108864');
  if (maxBytes === undefined) return;
  const row = database.prepare('PRAGMA page_size').get();
  database.exec(`PRAGMA max_page_count = ${Math.floor(maxBytes / Number(row?.['page_size']))}`);
}

/** Built under another name and renamed, so a file of the real name was complete once: an empty one is a loss. */
function create(file: string): void {
  if (existsSync(`${file}-wal`)) {
    throw new StoreUnusableError(
      `database ${file} is missing but ${file}-wal is there: put the file back, or move ${file}-wal away to start empty`,
    );
  }
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const fresh = `${file}.new`;
  rmSync(fresh, { force: true });
  // SQLite gives its -wal and -shm files the mode of the database.
  closeSync(openSync(fresh, 'wx', 0o600));
  const database = new DatabaseSync(fresh);
  try {
    database.exec(`PRAGMA synchronous = FULL; BEGIN; ${SCHEMA} COMMIT`);
  } finally {
    database.close();
  }
  renameSync(fresh, file);
  const directory = openSync(dirname(file), 'r');
  fsyncSync(directory);
  closeSync(directory);
}

function inspect(file: string): void {
  inspectHeader(file);
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    inspectRows(file, database);
  } finally {
    database.close();
  }
  for (const path of [file, `${file}-wal`, `${file}-shm`]) if (existsSync(path)) chmodSync(path, 0o600);
}

/** The first 100 bytes, read without SQLite. Layout: https://sqlite.org/fileformat.html#the_database_header */
function inspectHeader(file: string): void {
  const header = Buffer.alloc(HEADER_BYTES);
  // 'r+' finds a file or file system that may not be written while nothing is touched yet.
  const descriptor = openSync(file, 'r+');
  const { size, read } = (() => {
    try {
      return { size: fstatSync(descriptor).size, read: readSync(descriptor, header, 0, HEADER_BYTES, 0) };
    } finally {
      closeSync(descriptor);
    }
  })();
  if (read < HEADER_BYTES) throw corrupt(file, `truncated to ${size} bytes`);
  if (header.toString('latin1', 0, 16) !== MAGIC)
    throw corrupt(file, 'its first bytes are not a database header');
  const application = header.readUInt32BE(68);
  if (application !== APPLICATION_ID) {
    throw new StoreUnusableError(
      `database ${file} belongs to another application (id 0x${application.toString(16)}): use another data directory`,
    );
  }
  const format = header.readUInt32BE(60);
  if (format > FORMAT) {
    throw new StoreUnusableError(
      `database ${file} has format ${format}, newer than ${FORMAT}, the newest this version reads: ` +
        'start the newer version, or restore a backup made before the upgrade',
    );
  }
  // With a write-ahead log the file may lawfully lag behind its header; SQLite then knows the pages.
  const stored = header.readUInt16BE(16);
  const wanted = header.readUInt32BE(28) * (stored === 1 ? 65_536 : stored);
  const hasLog = existsSync(`${file}-wal`) && statSync(`${file}-wal`).size > 0;
  if (!hasLog && size < wanted) throw corrupt(file, `truncated to ${size} of ${wanted} bytes`);
}

function inspectRows(file: string, database: DatabaseSync): void {
  const reader = createReader(file, database);
  const revision = reader.newest();
  const oldest = reader.oldest();
  if (oldest < 1 || oldest > Math.max(revision, 1))
    throw corrupt(file, `oldest ${oldest}, newest ${revision}`);
  const from = Math.max(oldest - 1, revision - TAIL);
  const tail = reader.changes(from, TAIL, revision);
  if (tail.length !== revision - from)
    throw corrupt(file, `a revision between ${from} and ${revision} is missing`);
}
