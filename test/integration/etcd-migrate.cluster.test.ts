/** `polder migrate`: the same objects on the other side, under revisions that only go up. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFakeClock } from '../../apiserver/runtime/clock.ts';
import { acquireDataDir } from '../../apiserver/runtime/data-dir.ts';
import { silentLog } from '../../apiserver/runtime/log.ts';
import { createConnection, type Connection } from '../../apiserver/store/etcd/connection.ts';
import { EtcdFailure } from '../../apiserver/store/etcd/failure.ts';
import { createLayout } from '../../apiserver/store/etcd/layout.ts';
import { METHOD } from '../../apiserver/store/etcd/messages.ts';
import { createPresence, presentServers } from '../../apiserver/store/etcd/presence.ts';
import { createEtcdStore } from '../../apiserver/store/etcd/store.ts';
import { createSqliteStore } from '../../apiserver/store/sqlite/store.ts';
import { CompactedError, StoreUnusableError, type Entry, type Store } from '../../apiserver/store/store.ts';
import { put, remove, written } from '../conformance/store-support.ts';
import { useEtcd } from '../support/etcd.ts';
import type { Json } from '../support/http.ts';
import { ROOT, run, startPolder, type Output, type Polder } from '../support/polder.ts';
import { until } from '../support/until.ts';

describe('polder migrate', function () {
  this.timeout(120_000);
  const etcd = useEtcd();
  let directory = '';
  let prefix = '';
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'polder-migrate-'));
    prefix = directory;
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  const args = (from: string, to: string, dir: string): readonly string[] => [
    'apiserver/polder.js',
    'migrate',
    `--from=${from}`,
    `--to=${to}`,
    `--data-dir=${dir}`,
    `--etcd-servers=${etcd.url}`,
    `--etcd-prefix=${prefix}`,
  ];
  const migrate = (from: string, to: string, ...more: readonly string[]): Promise<Output> =>
    run(process.execPath, [...args(from, to, directory), ...more], {});
  const sqlite = (dir = directory): Store => createSqliteStore({ file: join(dir, 'store.db') });
  const inEtcd = (): Store => createEtcdStore({ servers: [etcd.url], prefix });
  /** Runs `work` on a started store. */
  const using = async <T>(store: Store, work: (store: Store) => Promise<T>): Promise<T> => {
    await store.start();
    try {
      return await work(store);
    } finally {
      await store.close();
    }
  };
  const all = async (store: Store): Promise<readonly Entry[]> =>
    (await store.list('', { limit: 100_000 })).entries;
  const content = (entries: readonly Entry[]): readonly string[] =>
    entries.map(({ key, value }) => `${key} ${value.toString('base64')}`);
  /** 700 objects of two kinds after 2,100 changes. */
  const fill = async (store: Store): Promise<readonly Entry[]> => {
    const write = async (index: number): Promise<void> => {
      const key = `/${index % 2 === 0 ? 'core/configmaps' : 'data.polder.dev/depots'}/a/é${index}`;
      const value = `${'ä'.repeat(index)}\0${index}`;
      const first = await written(store.append(put(key, 'first')));
      await written(store.append(put(key, value, first)));
      const other = await written(store.append(put(`${key}-gone`, 'x')));
      if (index % 2 === 0) await written(store.append(remove(`${key}-gone`, 'x', other)));
    };
    await Promise.all(Array.from({ length: 467 }, (_, index) => write(index)));
    return await all(store);
  };

  it('there and back keeps every byte; revisions go up and the past is said to be gone', async () => {
    const first = await using(sqlite(), async (store) => ({
      entries: await fill(store),
      at: store.revision(),
    }));

    const there = await migrate('sqlite', 'etcd');
    assert.equal(there.code, 0, there.stderr);
    assert.match(there.stdout, /^configmaps +234$/m);
    assert.match(there.stdout, /^depots\.data\.polder\.dev +466$/m);
    assert.match(there.stdout, /^total +700$/m);

    const second = await using(inEtcd(), async (store) => {
      const entries = await all(store);
      assert.deepEqual(content(entries), content(first.entries));
      assert.ok(entries.every(({ revision }) => revision > first.at));
      await assert.rejects(store.changes(first.at, 10), CompactedError);
      await assert.rejects(store.list('', { limit: 1, revision: first.at }), CompactedError);
      assert.deepEqual(await store.changes(store.revision(), 10), []);
      const before = store.revision();
      assert.ok((await written(store.append(put('/core/configmaps/a/new', 'x')))) > before);
      return { entries: await all(store), at: store.revision() };
    });

    const refused = await migrate('etcd', 'sqlite');
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /700 objects already: give --overwrite/);
    const back = await migrate('etcd', 'sqlite', '--overwrite');
    assert.equal(back.code, 0, back.stderr);

    await using(sqlite(), async (store) => {
      const entries = await all(store);
      assert.deepEqual(content(entries), content(second.entries));
      assert.ok(entries.every(({ revision }) => revision > second.at));
      await assert.rejects(store.changes(second.at, 10), CompactedError);
      const at = store.revision();
      assert.equal(await written(store.append(put('/core/configmaps/a/newer', 'x'))), at + 1);
      assert.equal((await store.changes(at, 10)).length, 1);
    });
  });

  it('an empty store keeps its revision too', async () => {
    await using(sqlite(), async (store) => {
      await written(store.append(put('/core/configmaps/a/one', 'x')));
      await written(store.append(remove('/core/configmaps/a/one', 'x', 1)));
    });
    assert.equal((await migrate('sqlite', 'etcd')).code, 0);
    await using(inEtcd(), async (store) => {
      assert.equal(store.revision(), 2);
      assert.deepEqual(await all(store), []);
      await assert.rejects(store.changes(1, 10), CompactedError);
    });
    assert.equal((await migrate('etcd', 'sqlite', '--overwrite')).code, 0);
    await using(sqlite(), async (store) => {
      assert.ok(store.revision() > 2);
      assert.deepEqual(await all(store), []);
    });
  });

  it('does nothing while a server holds the data directory, and creates nothing from nothing', async () => {
    const nothing = await migrate('sqlite', 'etcd');
    assert.equal(nothing.code, 2);
    assert.equal((await migrate('etcd', 'sqlite')).code, 1);
    await using(sqlite(), fill);
    const held = acquireDataDir(directory);
    const refused = await migrate('sqlite', 'etcd');
    held.release();
    assert.equal(refused.code, 3);
    assert.match(refused.stderr, /is held by process/);
    await using(inEtcd(), async (store) => assert.deepEqual(await all(store), []));
  });

  it('broken off on the way to etcd leaves a store that nobody opens, and is run again to its end', async () => {
    const entries = await using(sqlite(), fill);
    const child = spawn(process.execPath, [...args('sqlite', 'etcd', directory)], {
      cwd: ROOT,
      stdio: 'ignore',
    });
    const gone = new Promise<void>((resolve) => void child.on('close', () => resolve()));
    const opens = async (): Promise<boolean> => {
      try {
        await using(inEtcd(), all);
        return true;
      } catch (error) {
        assert.ok(error instanceof StoreUnusableError, String(error));
        assert.match(error.message, /run polder migrate to its end/);
        return false;
      }
    };
    // Asked without a pause: it lasts less than a second.
    while (child.exitCode === null && !(await isImporting(etcd.url, prefix)));
    child.kill('SIGKILL');
    await gone;
    assert.equal(await opens(), false, 'it was over before it was killed');

    const again = await migrate('sqlite', 'etcd');
    assert.equal(again.code, 0, again.stderr);
    await using(inEtcd(), async (store) => assert.deepEqual(content(await all(store)), content(entries)));
  });

  it('a server that is still on an overwritten etcd writes nothing into the new store and ends', async () => {
    await using(sqlite(), fill);
    const lost = Promise.withResolvers<Error>();
    const store = createEtcdStore({ servers: [etcd.url], prefix, onLost: lost.resolve });
    await store.start();
    await written(store.append(put('/core/configmaps/a/old', 'x')));
    assert.equal((await migrate('sqlite', 'etcd', '--overwrite', '--ignore-servers')).code, 0);
    assert.match((await lost.promise).message, /has to start again/);
    await assert.rejects(store.append(put('/core/configmaps/a/late', 'x')), StoreUnusableError);
    await store.close();
    await using(inEtcd(), async (fresh) => assert.equal((await all(fresh)).length, 700));
  });

  it('refuses to replace what a server has open, names it, and does so once it has closed it', async () => {
    await using(sqlite(), fill);
    const store = inEtcd();
    await store.start();
    const at = await written(store.append(put('/core/configmaps/a/theirs', 'x')));
    const refused = await migrate('sqlite', 'etcd', '--overwrite');
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /^polder: the target is in use by \S+ \(process \d+, since 20\S+Z\): stop/);
    assert.ok(refused.stderr.includes(`(process ${process.pid}, `), refused.stderr);
    assert.ok(refused.stderr.includes('give --ignore-servers'), refused.stderr);
    // Nothing was dropped, and the server goes on.
    assert.ok((await written(store.append(put('/core/configmaps/a/more', 'x')))) > at);
    assert.deepEqual(
      (await all(store)).map(({ key }) => key),
      ['/core/configmaps/a/more', '/core/configmaps/a/theirs'],
    );
    await store.close();
    assert.equal((await migrate('sqlite', 'etcd', '--overwrite')).code, 0);
    await using(inEtcd(), async (fresh) => assert.equal((await all(fresh)).length, 700));
  });

  it('refuses to leave what a server still writes to, but when told to', async () => {
    const store = inEtcd();
    const other = inEtcd();
    await store.start();
    await other.start();
    await written(store.append(put('/core/configmaps/a/one', 'x')));
    const refused = await migrate('etcd', 'sqlite');
    assert.equal(refused.code, 1);
    assert.match(
      refused.stderr,
      /the source is in use by \S+ \(process [^)]+\), \S+ \(process [^)]+\): stop/,
    );
    await other.close();
    assert.equal((await migrate('etcd', 'sqlite')).code, 1);
    const told = await migrate('etcd', 'sqlite', '--ignore-servers');
    assert.equal(told.code, 0, told.stderr);
    await store.close();
    await using(sqlite(), async (fresh) => assert.equal((await all(fresh)).length, 1));
  });

  it('sees a server again whose record was lost while it stood still', async () => {
    const connection = createConnection({ servers: [etcd.url] });
    const layout = createLayout(prefix);
    const clock = createFakeClock(Date.now());
    const presence = createPresence({ connection, layout, clock, log: silentLog, timeoutMs: 10_000 });
    await presence.start();
    const [first] = await serversOn(etcd.url, prefix);
    const lease = first?.slice(`${prefix}/servers/`.length) ?? '0';
    await ask(etcd.url, 'lease/revoke', { ID: lease });
    assert.deepEqual(await serversOn(etcd.url, prefix), []);
    await until('it is seen again', async () => {
      clock.advance(5000);
      return (await serversOn(etcd.url, prefix)).length === 1;
    });
    assert.notDeepEqual(await serversOn(etcd.url, prefix), [first]);
    assert.equal((await presentServers(connection, layout)).length, 1);
    await presence.close();
    assert.deepEqual(await serversOn(etcd.url, prefix), []);
    connection.close();
  });

  it('sees a server whose lease etcd gave and whose record it refused, once it takes it', async () => {
    const real = createConnection({ servers: [etcd.url] });
    const layout = createLayout(prefix);
    const clock = createFakeClock(Date.now());
    const seen = async (): Promise<number> => (await presentServers(real, layout)).length;
    let refusals = 0;
    const connection: Connection = {
      close: () => real.close(),
      stream: (path, request, sink) => real.stream(path, request, sink),
      call: async (method, request, timeoutMs) => {
        if (method !== METHOD.txn || refusals === 0) return await real.call(method, request, timeoutMs);
        refusals -= 1;
        throw new EtcdFailure('unknown', 'etcd took too long');
      },
    };
    const presence = createPresence({ connection, layout, clock, log: silentLog, timeoutMs: 10_000 });
    await presence.start();
    const [first] = await serversOn(etcd.url, prefix);
    refusals = 1;
    await ask(etcd.url, 'lease/revoke', { ID: first?.slice(`${prefix}/servers/`.length) ?? '0' });
    await until('it was refused', () => {
      clock.advance(5000);
      return refusals === 0;
    });
    await until('it is seen', async () => {
      clock.advance(5000);
      return (await seen()) === 1;
    });
    await presence.close();
    assert.equal(await seen(), 0);
    real.close();
  });

  it('a server goes on with the moved objects: same uid, newer resourceVersion, clients told to list again', async () => {
    const dir = join(directory, 'data');
    const moved = async (from: string, to: string, ...more: readonly string[]): Promise<void> => {
      const output = await run(process.execPath, [...args(from, to, dir), ...more], {});
      assert.equal(output.code, 0, output.stderr);
    };
    const before = await startPolder({ dir });
    await before.ok(['create', 'namespace', 'moved']);
    await before.ok(['create', 'configmap', 'map', '-n', 'moved', '--from-literal=a=b']);
    const read = async (polder: Polder): Promise<Json> =>
      JSON.parse(await polder.ok(['get', 'configmap', 'map', '-n', 'moved', '-o', 'json']));
    const first = await read(before);
    assert.equal(await before.stop(), 0);

    await moved('sqlite', 'etcd');
    const flags = [`--etcd-servers=${etcd.url}`, `--etcd-prefix=${prefix}`];
    const onEtcd = await startPolder({ dir, args: ['--store=etcd', ...flags] });
    const second = await read(onEtcd);
    assert.deepEqual(bare(second), bare(first));
    assert.ok(Number(second.metadata.resourceVersion) > Number(first.metadata.resourceVersion));
    const since = first.metadata.resourceVersion;
    const old = `/api/v1/namespaces/moved/configmaps?watch=1&timeoutSeconds=5&resourceVersion=${since}`;
    assert.match(await onEtcd.ok(['get', '--raw', old]), /"code":410/);
    await onEtcd.ok(['delete', 'configmap', 'map', '-n', 'moved']);
    await onEtcd.stop('SIGKILL');

    const refused = await run(process.execPath, [...args('etcd', 'sqlite', dir), '--overwrite'], {});
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /the source is in use by/);
    await until('it is forgotten', async () => (await serversOn(etcd.url, prefix)).length === 0, 40_000);
    await moved('etcd', 'sqlite', '--overwrite');
    const after = await startPolder({ dir });
    assert.equal((await after.kubectl(['get', 'configmap', 'map', '-n', 'moved'])).code, 1);
    await after.ok(['get', 'namespace', 'moved']);
    await after.stop();
  });
});

/** etcd's JSON gateway. */
async function ask<T>(url: string, what: string, body: object): Promise<T> {
  const response = await fetch(`${url}/v3/${what}`, { method: 'POST', body: JSON.stringify(body) });
  assert.equal(response.status, 200);
  return (await response.json()) as T;
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** Keys of the processes that have the store open. */
async function serversOn(url: string, prefix: string): Promise<readonly string[]> {
  const range = { key: base64(`${prefix}/servers/`), range_end: base64(`${prefix}/servers0`) };
  const { kvs = [] } = await ask<{ kvs?: readonly { readonly key: string }[] }>(url, 'kv/range', range);
  return kvs.map(({ key }) => Buffer.from(key, 'base64').toString());
}

/** Asked without opening the store: that would make one. */
async function isImporting(url: string, prefix: string): Promise<boolean> {
  const meta = { key: base64(`${prefix}/meta`) };
  const { kvs = [] } = await ask<{ kvs?: readonly { readonly value: string }[] }>(url, 'kv/range', meta);
  return kvs.some(({ value }) => Buffer.from(value, 'base64').toString().includes('importing'));
}

function bare(object: Json): Json {
  const { resourceVersion: _version, ...metadata } = object.metadata;
  return { ...object, metadata };
}
