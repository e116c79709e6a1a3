import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMemoryStore } from './memory/store.ts';
import { migrate, MigrationRefusedError, type MigrationTarget } from './migration.ts';
import { createSqliteTarget } from './sqlite/import.ts';
import { createSqliteStore } from './sqlite/store.ts';
import { CompactedError, type Store } from './store.ts';

const QUIET = { sourceServers: () => Promise.resolve([]), ignoreServers: false };

describe('a migration into sqlite', () => {
  let directory = '';
  let file = '';
  let source: Store;
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'polder-import-'));
    file = join(directory, 'store.db');
    source = createMemoryStore();
    await source.start();
    for (let index = 0; index < 1200; index += 1)
      await put(source, `/core/configmaps/a/${index}`, `v${index}`);
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  const put = async (store: Store, key: string, text: string): Promise<void> => {
    const result = await store.append({ key, type: 'put', value: Buffer.from(text), expected: 0 });
    assert.ok(result.ok);
  };
  const contents = async (work: (store: Store) => Promise<void>): Promise<void> => {
    const store = createSqliteStore({ file });
    await store.start();
    try {
      await work(store);
    } finally {
      await store.close();
    }
  };

  it('counts what it moved, goes on with the revisions, and has no history', async () => {
    const { counts, from, to } = await migrate({
      source,
      target: createSqliteTarget(file),
      overwrite: false,
      ...QUIET,
    });
    assert.deepEqual([[...counts], from, to], [[['configmaps', 1200]], 1200, 2400]);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    await contents(async (store) => {
      assert.deepEqual([store.revision(), store.oldest()], [2400, 2400]);
      assert.equal((await store.list('', { limit: 2000 })).entries.length, 1200);
      await assert.rejects(store.changes(1200, 10), CompactedError);
      await put(store, '/core/configmaps/a/next', 'x');
      assert.equal(store.revision(), 2401);
    });
  });

  it('replaces only when told to, keeps what was there, and never goes back', async () => {
    await contents(async (store) => {
      for (let index = 0; index < 3000; index += 1) await put(store, `/old/things//${index}`, 'x');
    });
    const target = createSqliteTarget(file);
    await assert.rejects(migrate({ source, target, overwrite: false, ...QUIET }), MigrationRefusedError);
    assert.equal((await migrate({ source, target, overwrite: true, ...QUIET })).to, 3000 + 1200);
    await contents(async (store) => {
      assert.equal((await store.list('/old/', { limit: 1 })).entries.length, 0);
      assert.equal((await store.list('', { limit: 2000 })).entries.length, 1200);
    });
    assert.ok(existsSync(`${file}.replaced`));
  });

  it('leaves everything as it was when the source changes meanwhile', async () => {
    const real = createSqliteTarget(file);
    const meddling: MigrationTarget = {
      inspect: () => real.inspect(),
      write: async (load) => {
        const confirm: typeof load.confirm = async (pages) => {
          await put(source, '/core/configmaps/a/late', 'x');
          await load.confirm(pages);
        };
        return await real.write({ ...load, confirm });
      },
    };
    await assert.rejects(
      migrate({ source, target: meddling, overwrite: false, ...QUIET }),
      /was written to meanwhile/,
    );
    assert.deepEqual(readdirSync(directory), []);
  });

  it('leaves everything as it was when a server opens the source meanwhile, unless that is meant', async () => {
    const target = createSqliteTarget(file);
    let asked = 0;
    const sourceServers = (): Promise<readonly string[]> => {
      asked += 1;
      return Promise.resolve(asked === 1 ? [] : ['cp-1 (process 1)']);
    };
    const migration = { source, target, overwrite: false, sourceServers };
    await assert.rejects(migrate({ ...migration, ignoreServers: false }), (error) => {
      assert.ok(error instanceof MigrationRefusedError);
      assert.match(error.message, /^the source is in use by cp-1 \(process 1\): stop every server on it/);
      return true;
    });
    assert.deepEqual(readdirSync(directory), []);
    assert.equal((await migrate({ ...migration, ignoreServers: true })).from, 1200);
  });

  it('leaves everything as it was when the target would not give back the same', async () => {
    const real = createSqliteTarget(file);
    const lossy: MigrationTarget = {
      inspect: () => real.inspect(),
      write: async (load) => {
        async function* some(): AsyncGenerator<Awaited<ReturnType<Store['list']>>['entries']> {
          for await (const page of load.pages) yield page.slice(1);
        }
        return await real.write({ ...load, pages: some() });
      },
    };
    await assert.rejects(
      migrate({ source, target: lossy, overwrite: false, ...QUIET }),
      /does not give back/,
    );
    assert.deepEqual(readdirSync(directory), []);
  });
});
