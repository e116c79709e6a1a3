import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StoreUnusableError, type Change, type Revision, type Store, type Write } from '../store.ts';
import { createSqliteStore } from './store.ts';

const value = Buffer.alloc(4000, 'v');
const put = (key: string, expected: Revision = 0): Write => ({ key, type: 'put', value, expected });

/** Appends with 32 writers until one is refused; returns what was acknowledged and why it ended. */
async function fill(store: Store): Promise<{ acknowledged: Map<string, Revision>; error: Error }> {
  const acknowledged = new Map<string, Revision>();
  let error: Error | undefined;
  const writer = async (id: number): Promise<void> => {
    for (let i = 0; error === undefined && i < 10_000; i += 1) {
      const key = `/w${id}/${i}`;
      try {
        const result = await store.append(put(key));
        assert.ok(result.ok);
        acknowledged.set(key, result.revision);
      } catch (cause) {
        assert.ok(cause instanceof Error);
        error = cause;
      }
    }
  };
  await Promise.all(Array.from({ length: 32 }, (_, id) => writer(id)));
  assert.ok(error, 'the disk never filled');
  return { acknowledged, error };
}

async function holdsExactly(store: Store, acknowledged: ReadonlyMap<string, Revision>): Promise<void> {
  const { entries } = await store.list('', { limit: 100_000 });
  assert.deepEqual(
    new Map(entries.map((entry) => [entry.key, entry.revision])),
    new Map([...acknowledged].sort(byKey)),
  );
  const log = await store.changes(0, 100_000);
  assert.deepEqual(
    log.map((change) => change.revision),
    Array.from({ length: acknowledged.size }, (_, index) => index + 1),
  );
}
const byKey = ([a]: readonly [string, Revision], [b]: readonly [string, Revision]): number =>
  a < b ? -1 : 1;

describe('a sqlite store without space', () => {
  let directory = '';
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'polder-full-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it('refuses writes at its limit, loses nothing acknowledged, and goes on after compaction', async () => {
    const file = join(directory, 'polder.db');
    const store = createSqliteStore({ file, maxBytes: 2 * 1024 * 1024 });
    await store.start();
    const seen: Change[] = [];
    store.subscribe((changes) => seen.push(...changes));
    let hot = 0;
    for (; hot < 100; hot += 1) await store.append(put('/hot', hot));
    const { acknowledged, error } = await fill(store);

    assert.ok(error instanceof StoreUnusableError);
    assert.match(
      error.message,
      /polder\.db cannot grow: the disk or its limit is full .*: free space on its disk/,
    );
    assert.equal(store.revision(), hot + acknowledged.size);
    assert.equal(seen.length, store.revision());
    assert.equal((await store.list('/w', { limit: 100_000 })).entries.length, acknowledged.size);
    // What is too much for a group may still fit one by one.
    const single = async (): Promise<void> => {
      for (let i = 0; i < 1000; i += 1) await store.append(put(`/s${i}`));
    };
    await assert.rejects(single(), StoreUnusableError);

    const next = store.revision() + 1;
    await store.compact(hot);
    assert.deepEqual(await store.append(put('/again')), { ok: true, revision: next });
    await store.close();
  });

  it('goes on by itself when a full disk has space again', async function () {
    const disk = join(directory, 'disk');
    mkdirSync(disk);
    if (!mounted(disk)) this.skip();
    try {
      const file = join(disk, 'polder.db');
      let store = createSqliteStore({ file });
      await store.start();
      const ballast = join(disk, 'ballast');
      writeFileSync(ballast, Buffer.alloc(2 * 1024 * 1024));
      const { acknowledged, error } = await fill(store);
      assert.ok(error instanceof StoreUnusableError);
      assert.match(
        error.message,
        /polder\.db cannot grow: the disk or its limit is full|could not be written/,
      );
      await holdsExactly(store, acknowledged);

      rmSync(ballast);
      assert.deepEqual(await store.append(put('/again')), { ok: true, revision: acknowledged.size + 1 });
      await store.close();

      store = createSqliteStore({ file });
      await store.start();
      await holdsExactly(store, new Map([...acknowledged, ['/again', acknowledged.size + 1]]));
      await store.close();
    } finally {
      execFileSync('umount', [disk]);
    }
  });

  it('says so when there is no space to create the database', async function () {
    const disk = join(directory, 'disk');
    mkdirSync(disk);
    if (!mounted(disk)) this.skip();
    try {
      writeFileSync(join(disk, 'ballast'), Buffer.alloc(8 * 1024 * 1024 - 8192));
      const store = createSqliteStore({ file: join(disk, 'polder.db') });
      await assert.rejects(store.start(), {
        name: 'StoreUnusableError',
        message: /polder\.db cannot grow: .*free space/,
      });
      await store.close();
    } finally {
      execFileSync('umount', [disk]);
    }
  });
});

/** An 8 MiB disk, where this user may mount one. */
function mounted(directory: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', directory], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
