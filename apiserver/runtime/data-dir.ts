/**
 * The data directory of one embedded Polder: who holds it, and its `ready.json`.
 *
 * The lock is an exclusive SQLite lock on `lock.db`: the operating system drops it with the process, even after
 * kill -9, so there are no stale locks to judge. `holder.json` only tells people who holds it.
 */
import { chmodSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { makeDirectory } from './make-directory.ts';

export interface Holder {
  readonly pid: number;
  readonly since: string;
}

/** Another process holds the directory. */
export class DataDirHeldError extends Error {
  override readonly name = 'DataDirHeldError';
}
/** The directory cannot be used; the message names it and the way out. */
export class DataDirUnusableError extends Error {
  override readonly name = 'DataDirUnusableError';
}

export interface DataDir {
  readonly path: string;
  file(name: string): string;
  /** Says that serving has begun. Written atomically. */
  writeReady(ready: { readonly url: string; readonly kubeconfig: string; readonly pid: number }): void;
  /** Removes ready.json and gives the lock back. Idempotent. */
  release(): void;
}

/** Takes the directory for this process or throws `DataDirHeldError` / `DataDirUnusableError`. */
export function acquireDataDir(path: string, now: () => Date = () => new Date()): DataDir {
  const lock = openLock(path);
  const file = (name: string): string => join(path, name);
  const holder: Holder = { pid: process.pid, since: now().toISOString() };
  writeAtomically(file('holder.json'), holder);
  // A ready.json left by kill -9 must not announce a server that is not there.
  rmSync(file('ready.json'), { force: true });
  let held = true;
  return {
    path,
    file,
    writeReady: (ready) => writeAtomically(file('ready.json'), ready),
    release: () => {
      if (!held) return;
      held = false;
      rmSync(file('ready.json'), { force: true });
      rmSync(file('holder.json'), { force: true });
      lock.close();
    },
  };
}

function openLock(path: string): DatabaseSync {
  let lock: DatabaseSync | undefined;
  try {
    makeDirectory(path);
    lock = new DatabaseSync(join(path, 'lock.db'));
    chmodSync(join(path, 'lock.db'), 0o600);
    lock.exec('PRAGMA busy_timeout = 0; PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE');
    return lock;
  } catch (error) {
    lock?.close();
    throw explain(path, error);
  }
}

function explain(path: string, error: unknown): Error {
  const reason = error instanceof Error ? error.message : String(error);
  if (/not a database|malformed/i.test(reason)) {
    return new DataDirUnusableError(
      `${join(path, 'lock.db')} is damaged (${reason}); it holds no data: delete it while nothing runs on the directory`,
      { cause: error },
    );
  }
  if (!/locked|busy/i.test(reason)) {
    return new DataDirUnusableError(
      `data directory ${path} cannot be used: ${reason}; give a writable directory with --data-dir`,
      { cause: error },
    );
  }
  const holder = readHolder(path);
  const who = holder === undefined ? 'another process' : `process ${holder.pid} since ${holder.since}`;
  return new DataDirHeldError(
    `data directory ${path} is held by ${who}; stop that process or give another directory with --data-dir`,
    { cause: error },
  );
}

function readHolder(path: string): Holder | undefined {
  try {
    return JSON.parse(readFileSync(join(path, 'holder.json'), 'utf8')) as Holder;
  } catch {
    // The holder writes this file just after it took the lock: it may not be there yet.
    return undefined;
  }
}

function writeAtomically(file: string, value: unknown): void {
  const scratch = `${file}.new`;
  writeFileSync(scratch, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
  renameSync(scratch, file);
}
