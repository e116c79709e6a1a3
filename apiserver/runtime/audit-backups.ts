/**
 * Audit logs that were moved aside: `audit-<time>.log` beside `audit.log`, so that the order of the names is the order
 * of time. source: the names that kube-apiserver gives.
 */
import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';

/** Nothing to do when somebody moved the file already. Throws what the file system throws. */
export function moveAside(path: string, nowMs: number): void {
  const { stem, extension } = partsOf(path);
  // Two within one millisecond: the later one must not replace the earlier.
  for (let atMs = nowMs; ; atMs += 1) {
    const to = join(
      dirname(path),
      `${stem}-${new Date(atMs).toISOString().replaceAll(':', '-')}${extension}`,
    );
    if (existsSync(to)) continue;
    if (existsSync(path)) renameSync(path, to);
    return;
  }
}

/** Keeps the newest ones; `keep` 0 keeps all. Throws what the file system throws. */
export function removeOldest(path: string, keep: number): void {
  if (keep === 0) return;
  const { stem, extension } = partsOf(path);
  const backups = readdirSync(dirname(path))
    .filter((name) => isBackup(name, stem, extension))
    .sort();
  for (const name of backups.slice(0, -keep)) rmSync(join(dirname(path), name), { force: true });
}

const TIME = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}-[0-9]{2}-[0-9]{2}\.[0-9]{3}Z$/;

const isBackup = (name: string, stem: string, extension: string): boolean =>
  name.startsWith(`${stem}-`) &&
  name.endsWith(extension) &&
  TIME.test(name.slice(stem.length + 1, name.length - extension.length));

function partsOf(path: string): { readonly stem: string; readonly extension: string } {
  const extension = extname(path);
  return { stem: basename(path, extension), extension };
}
