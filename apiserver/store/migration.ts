/**
 * Moves the objects of one store into another, offline: byte for byte, with revisions that go on from those of the
 * source, so that clients never see one go back. History stays behind: who resumes from before is told to list again.
 */
import { createHash } from 'node:crypto';
import type { Entry, Revision, Store } from './store.ts';

export interface MigrationTarget {
  /** What is there; undefined: nothing. */
  inspect(): Promise<{ readonly objects: number; readonly revision: Revision } | undefined>;
  /** Replaces whatever is there, in one step at the end. Nothing counts before it resolves. */
  write(load: Load): Promise<Revision>;
}
export interface Load {
  /** All revisions of the target are greater than this one; it is the newest of the source. */
  readonly start: Revision;
  /** False: throws `MigrationRefusedError`, before anything is changed, while servers have the target open. */
  readonly ignoreServers: boolean;
  /** In key order. */
  readonly pages: AsyncIterable<readonly Entry[]>;
  /** Asked before the last step, with all that can be read from the target now. Throws when they are not the same. */
  confirm(pages: AsyncIterable<readonly Entry[]>): Promise<void>;
}

/** Nothing was changed; the message says why and what to do. */
export class MigrationRefusedError extends Error {
  override readonly name = 'MigrationRefusedError';
}

/** That servers have one side open: what they are told to have stored would be lost. */
export function serversRun(side: 'source' | 'target', names: readonly string[]): MigrationRefusedError {
  const loss =
    side === 'target'
      ? 'which ends them and drops what they have'
      : 'which loses what they write from now on';
  return new MigrationRefusedError(
    `the ${side} is in use by ${names.join(', ')}: stop every server on it (one that was killed is forgotten after ` +
      `some seconds), or give --ignore-servers, ${loss}`,
  );
}

export interface Migration {
  /** Started. */
  readonly source: Store;
  /** Names of the servers that have the source open; asked before anything is done and again before the last step. */
  readonly sourceServers: () => Promise<readonly string[]>;
  /** Do it although servers have the source or the target open. */
  readonly ignoreServers: boolean;
  readonly target: MigrationTarget;
  /** Replace what the target has. */
  readonly overwrite: boolean;
}
export interface Migrated {
  /** Number of objects by `plural.group`. */
  readonly counts: ReadonlyMap<string, number>;
  readonly from: Revision;
  readonly to: Revision;
  /** SHA-256 over all keys and values. */
  readonly digest: string;
}

const PAGE = 500;

/** Throws `MigrationRefusedError`, and an `Error` when the source changed meanwhile or the target has something else. */
export async function migrate(migration: Migration): Promise<Migrated> {
  const { source, target, overwrite, ignoreServers } = migration;
  await requireQuiet(migration);
  await source.sync?.();
  const from = source.revision();
  const there = await target.inspect();
  if (there !== undefined && there.objects > 0 && !overwrite) {
    throw new MigrationRefusedError(
      `the target has ${there.objects} objects already: give --overwrite to replace them, or another target`,
    );
  }
  const counts = new Map<string, number>();
  const read = createDigest();
  const to = await target.write({
    start: Math.max(from, there?.revision ?? 0),
    ignoreServers,
    pages: counted(pagesOf(source, from), read, counts),
    confirm: async (pages) => {
      const stored = createDigest();
      for await (const page of pages) stored.add(page);
      if (stored.text() !== read.text())
        throw new Error('the target does not give back what was written to it');
      await source.sync?.();
      if (source.revision() !== from) {
        throw new Error('the source was written to meanwhile: stop every server on it, then migrate again');
      }
      await requireQuiet(migration);
    },
  });
  return { counts, from, to, digest: read.text() };
}

async function requireQuiet({ sourceServers, ignoreServers }: Migration): Promise<void> {
  const names = ignoreServers ? [] : await sourceServers();
  if (names.length > 0) throw serversRun('source', names);
}

async function* pagesOf(store: Store, revision: Revision): AsyncGenerator<readonly Entry[]> {
  for (let after = ''; ;) {
    const page = await store.list('', { revision, after, limit: PAGE });
    yield page.entries;
    const last = page.entries.at(-1);
    if (!page.more || last === undefined) return;
    after = last.key;
  }
}

async function* counted(
  pages: AsyncIterable<readonly Entry[]>,
  digest: Digest,
  counts: Map<string, number>,
): AsyncGenerator<readonly Entry[]> {
  for await (const page of pages) {
    digest.add(page);
    for (const { key } of page) {
      const [, group = '', plural = ''] = key.split('/');
      const kind = group === 'core' ? plural : `${plural}.${group}`;
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
    }
    yield page;
  }
}

interface Digest {
  add(page: readonly Entry[]): void;
  text(): string;
}

function createDigest(): Digest {
  const hash = createHash('sha256');
  return {
    add: (page) => {
      for (const { key, value } of page) {
        hash.update(`${Buffer.byteLength(key)} ${value.length} ${key}`);
        hash.update(value);
      }
    },
    text: () => hash.copy().digest('hex'),
  };
}
