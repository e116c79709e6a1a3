/** What went wrong with the database file, in words: which file, what, and the way out. */
import { StoreUnusableError } from '../store.ts';

// Primary result codes: https://sqlite.org/rescode.html
const SQLITE_PERM = 3;
const SQLITE_BUSY = 5;
const SQLITE_READONLY = 8;
const SQLITE_IOERR = 10;
const SQLITE_CORRUPT = 11;
const SQLITE_FULL = 13;
const SQLITE_CANTOPEN = 14;
const SQLITE_NOTADB = 26;

const RESTORE = 'restore it from a backup, or move it and its -wal file away to start empty';
const SPACE = 'free space on its disk (or raise the limit); writes resume by themselves';
const OPENABLE = 'let this user read and write the file and its directory';

const CAUSE: Readonly<Record<number, readonly [what: string, wayOut: string]>> = {
  [SQLITE_PERM]: ['may not be written', OPENABLE],
  [SQLITE_BUSY]: ['is in use by another process', 'stop that process, or use another data directory'],
  [SQLITE_READONLY]: ['is read-only', OPENABLE],
  [SQLITE_IOERR]: [
    'could not be read or written',
    'check the disk and its free space; nothing stored is lost',
  ],
  [SQLITE_CORRUPT]: ['is corrupt', RESTORE],
  [SQLITE_FULL]: ['cannot grow: the disk or its limit is full', SPACE],
  [SQLITE_CANTOPEN]: ['cannot be opened', OPENABLE],
  [SQLITE_NOTADB]: ['is not a database', RESTORE],
};
const SYSTEM_CAUSE: Readonly<Record<string, readonly [what: string, wayOut: string]>> = {
  EACCES: ['may not be written', OPENABLE],
  EPERM: ['may not be written', OPENABLE],
  EROFS: ['is on a read-only file system', 'use a data directory on a writable one'],
  ENOSPC: ['cannot grow: the disk is full', SPACE],
  EDQUOT: ['cannot grow: the disk quota is used up', SPACE],
  ENOTDIR: ['is not inside a directory', 'name a data directory that is one'],
  EEXIST: ['is not inside a directory', 'name a data directory that is one'],
  EISDIR: ['is a directory', 'move it away, or use another data directory'],
};

export const corrupt = (file: string, detail: string): StoreUnusableError =>
  new StoreUnusableError(`database ${file} is corrupt (${detail}): ${RESTORE}`);

/** `error` as a `StoreUnusableError` about `file` when SQLite or the file system caused it; else as it is. */
export function unusable(file: string, error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof StoreUnusableError) return error;
  const known = causeOf(error);
  if (known === undefined) return error;
  const [what, wayOut] = known;
  return new StoreUnusableError(`database ${file} ${what} (${error.message}): ${wayOut}`, { cause: error });
}

function causeOf(error: Error): readonly [string, string] | undefined {
  if ('errcode' in error && typeof error.errcode === 'number') {
    // The low byte is the primary code: https://sqlite.org/rescode.html#primary_result_codes_versus_extended_result_codes
    return CAUSE[error.errcode & 0xff];
  }
  if (!('code' in error) || typeof error.code !== 'string') return undefined;
  return Object.hasOwn(SYSTEM_CAUSE, error.code) ? SYSTEM_CAUSE[error.code] : undefined;
}
