/** The etcd store when the network fails, etcd is shared, compacted by others, guarded by TLS, or loses a member. */
import assert from 'node:assert/strict';
import { cpSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createAuthority, issue, type Authority } from '../../apiserver/runtime/certificates.ts';
import { createEtcdStore, type EtcdOptions } from '../../apiserver/store/etcd/store.ts';
import {
  CompactedError,
  StoreUnusableError,
  ValueTooLargeError,
  type Change,
  type Revision,
  type Store,
} from '../../apiserver/store/store.ts';
import { put, remove, show, written } from '../conformance/store-support.ts';
import { startEtcd, startEtcdCluster, useEtcd, type Etcd } from '../support/etcd.ts';
import { createTcpGate, type TcpGate } from '../support/tcp-gate.ts';
import { until } from '../support/until.ts';

const portOf = (etcd: Etcd): number => Number(new URL(etcd.url).port);

/** Name of the error of a write that cannot succeed. */
async function failureOf(store: Store): Promise<string> {
  try {
    await store.append(put('/b', 'x'));
    return 'none';
  } catch (error) {
    return error instanceof Error ? error.name : String(error);
  }
}

/** Writes a key that is not ours. */
async function writeForeign(etcd: Etcd, key = '/other'): Promise<void> {
  const body = JSON.stringify({ key: Buffer.from(key).toString('base64'), value: '' });
  assert.equal((await fetch(`${etcd.url}/v3/kv/put`, { method: 'POST', body })).status, 200);
}

/** Compacts as another user of the same etcd would. */
async function compactAll(etcd: Etcd): Promise<void> {
  await writeForeign(etcd);
  const range = await fetch(`${etcd.url}/v3/kv/range`, {
    method: 'POST',
    body: JSON.stringify({ key: 'AA==' }),
  });
  const { header } = (await range.json()) as { header: { revision: string } };
  const body = JSON.stringify({ revision: header.revision });
  assert.equal((await fetch(`${etcd.url}/v3/kv/compaction`, { method: 'POST', body })).status, 200);
}

describe('the etcd store', function () {
  this.timeout(60_000);
  const etcd = useEtcd();
  const opened: Store[] = [];
  let gate: TcpGate;
  let prefixes = 0;
  let prefix = '';
  beforeEach(async () => {
    prefixes += 1;
    prefix = `/net${prefixes}`;
    gate = await createTcpGate(portOf(etcd));
  });
  afterEach(async () => {
    gate.open();
    for (const store of opened.splice(0)) await store.close();
    await gate.close();
  });
  const open = async (options: Partial<EtcdOptions> = {}): Promise<Store> => {
    const store = createEtcdStore({ servers: [etcd.url], prefix, ...options });
    await store.start();
    opened.push(store);
    return store;
  };
  const behindGate = async (
    options: Partial<EtcdOptions> = {},
  ): Promise<{ store: Store; seen: Change[] }> => {
    const store = await open({ servers: [`http://127.0.0.1:${gate.port}`], ...options });
    const seen: Change[] = [];
    store.subscribe((changes) => void seen.push(...changes));
    return { store, seen };
  };

  it('finds out that a write happened whose answer was lost', async () => {
    const direct = await open();
    const { store } = await behindGate();
    gate.swallowAnswers();
    const writing = store.append(put('/a', 'x'));
    await until('the write', () => direct.revision() > 0);
    gate.cut();
    gate.open();
    assert.deepEqual(await writing, { ok: true, revision: direct.revision() });
  });

  it('says that nothing was written while etcd cannot be reached, and goes on when it can', async () => {
    const { store } = await behindGate({ timeoutMs: 1000 });
    await written(store.append(put('/a', 'x')));
    gate.cut();
    // Until the broken connection is noticed, a write counts as sent.
    await until('the break is noticed', async () => (await failureOf(store)) === 'StoreUnusableError');
    await assert.rejects(store.sync?.() ?? Promise.resolve(), StoreUnusableError);
    gate.open();
    await until('etcd is reached again', async () => (await failureOf(store)) === 'none');
    assert.deepEqual(await show(store, '/'), ['/a=x@1', '/b=x@2']);
  });

  it('shows once and in order what others wrote while its connection was broken', async () => {
    const direct = await open();
    const { store, seen } = await behindGate();
    let at = await written(direct.append(put('/k', '0')));
    gate.cut();
    for (let index = 1; index <= 100; index += 1)
      at = await written(direct.append(put('/k', String(index), at)));
    await written(direct.append(remove('/k', 'end', at)));
    gate.open();
    await store.sync?.();
    assert.deepEqual(seen, await direct.changes(0, 1000));
    assert.equal(seen.length, 102);
  });

  it('gives up when what it has not seen was compacted', async () => {
    const direct = await open();
    const lost = Promise.withResolvers<Error>();
    await behindGate({ onLost: lost.resolve });
    gate.cut();
    for (let index = 0; index < 5; index += 1) await written(direct.append(put(`/k${index}`, 'x')));
    await compactAll(etcd);
    gate.open();
    assert.match((await lost.promise).message, /has compacted changes that this process has not seen/);
  });

  it('goes on when only what others wrote was compacted', async () => {
    const direct = await open();
    const { store, seen } = await behindGate();
    await written(direct.append(put('/a', 'x')));
    await store.sync?.();
    gate.cut();
    await compactAll(etcd);
    gate.open();
    await written(direct.append(put('/b', 'x')));
    await store.sync?.();
    assert.deepEqual(
      seen.map(({ key }) => key),
      ['/a', '/b'],
    );
    await assert.rejects(store.changes(0, 10), CompactedError);
  });

  it('keeps revisions in order beside somebody else on the same etcd, with gaps', async () => {
    const store = await open();
    const revisions: Revision[] = [];
    for (let index = 0; index < 5; index += 1) {
      revisions.push(await written(store.append(put(`/k${index}`, 'x'))));
      await writeForeign(etcd);
    }
    assert.deepEqual(revisions, [1, 3, 5, 7, 9]);
    await store.sync?.();
    assert.equal(store.revision(), 9);
    assert.deepEqual(
      (await store.changes(2, 10)).map(({ revision }) => revision),
      [3, 5, 7, 9],
    );
    assert.equal((await show(store, '/', 4)).length, 2);
  });

  it('learns from etcd what another process has compacted', async () => {
    const [first, second] = [await open(), await open()];
    const start = await written(first.append(put('/k', '0')));
    for (let at = start; at < start + 9;) at = await written(first.append(put('/k', 'x', at)));
    await second.sync?.();
    const [old, sixth, eighth] = [start + 4, start + 5, start + 7];
    await first.compact(sixth);
    await assert.rejects(second.list('', { limit: 1, revision: old }), new CompactedError(old, sixth + 1));
    assert.equal(second.oldest(), sixth + 1);
    await Promise.all([first.compact(eighth), second.compact(eighth)]);
    assert.deepEqual([first.oldest(), second.oldest()], [eighth + 1, eighth + 1]);
    await second.compact(start + 2);
    assert.equal(second.oldest(), eighth + 1);
    assert.equal((await second.changes(eighth, 10)).length, 2);
  });

  it('reads 40 MiB of history and catches up with them in pieces', async () => {
    const direct = await open();
    const { store, seen } = await behindGate();
    gate.cut();
    const value = Buffer.alloc(1024 * 1024, 'v');
    const revisions: Revision[] = [];
    for (let index = 0; index < 40; index += 1) {
      revisions.push(await written(direct.append({ key: `/${index}`, type: 'put', value, expected: 0 })));
    }
    gate.open();
    await store.sync?.();
    const log = await direct.changes(0, 100);
    for (const found of [seen, log]) {
      assert.deepEqual(
        found.map(({ revision }) => revision),
        revisions,
      );
      assert.ok(found.every((change) => change.value.equals(value)));
    }
    assert.equal((await store.list('', { limit: 100 })).entries.length, 40);
  });

  it('lets of writes with one guard, made on the same state by several processes, only one through', async () => {
    const stores = [await open(), await open(), await open()];
    const bound = 10;
    let refused = 0;
    const fill = async (store: Store, who: number): Promise<void> => {
      for (let round = 0; ;) {
        await store.sync?.();
        const seen = store.revision();
        const { entries } = await store.list('/full/', { limit: 100, revision: seen });
        if (entries.length >= bound) return;
        const write = { ...put(`/full/${who}-${round}`, 'x'), guard: { name: 'full', seen } };
        const result = await store.append(write);
        if (result.ok) round += 1;
        else {
          assert.equal(result.current, 0);
          refused += 1;
        }
      }
    };
    await Promise.all(stores.map(fill));
    const [first, second, third] = await Promise.all(stores.map((store) => show(store, '/')));
    assert.equal(first?.length, bound);
    assert.deepEqual(second, first);
    assert.deepEqual(third, first);
    assert.ok(refused > 0, 'they never met');

    const [store] = stores;
    assert.ok(store);
    const seen = store.revision();
    assert.ok((await store.append({ ...put('/other', 'x'), guard: { name: 'another', seen } })).ok);
    assert.ok((await store.append(put('/unguarded', 'x'))).ok);
    assert.deepEqual((await store.changes(0, 100)).length, bound + 2);
  });

  it('refuses a value that etcd would not take, and nothing else', async () => {
    const store = await open();
    const value = Buffer.alloc(1.5 * 1024 * 1024, 'v');
    await assert.rejects(store.append({ key: '/a', type: 'put', value, expected: 0 }), ValueTooLargeError);
    assert.equal(await written(store.append(put('/a', 'x'))), 1);
  });

  it('gives up when somebody else changes its objects', async () => {
    const lost = Promise.withResolvers<Error>();
    const store = await open({ onLost: lost.resolve });
    await written(store.append(put('/a', 'x')));
    await writeForeign(etcd, `${prefix}/objects/a`);
    assert.match((await lost.promise).message, /objects\/a was changed by something that is no server/);
    await assert.rejects(store.append(put('/b', 'x')));
    const again = await open();
    assert.deepEqual(await show(again, '/'), ['/a=@2']);
    assert.equal(await written(again.append(put('/a', 'y', 2))), again.revision());
    await assert.rejects(again.changes(1, 10), CompactedError);
  });
});

describe('the etcd store on an etcd that was restored from a backup', function () {
  this.timeout(60_000);
  const etcd = useEtcd();

  it('gives up instead of serving what is not stored any more, and starts on what is', async () => {
    const lost = Promise.withResolvers<Error>();
    const store = createEtcdStore({ servers: [etcd.url], onLost: lost.resolve });
    await store.start();
    await written(store.append(put('/a', 'kept')));
    await etcd.part.stop('SIGKILL');
    const data = join(etcd.dir, 'etcd');
    cpSync(data, join(etcd.dir, 'backup'), { recursive: true });
    await etcd.part.start();
    for (let index = 0; index < 20; index += 1) await written(store.append(put(`/b${index}`, 'x')));
    await etcd.part.stop('SIGKILL');
    rmSync(data, { recursive: true });
    renameSync(join(etcd.dir, 'backup'), data);
    await etcd.part.start();
    await assert.rejects(store.sync?.() ?? Promise.resolve(), /has gone back to an older state/);
    await lost.promise;
    await assert.rejects(store.append(put('/c', 'x')), StoreUnusableError);
    await store.close();

    const again = createEtcdStore({ servers: [etcd.url] });
    await again.start();
    assert.deepEqual(await show(again, '/'), ['/a=kept@1']);
    await again.close();
  });
});

describe('the etcd store with TLS', function () {
  this.timeout(60_000);
  const now = Date.now();
  const files = (dir: string, name: string): Record<'cert' | 'key', string> => ({
    cert: join(dir, `${name}.crt`),
    key: join(dir, `${name}.key`),
  });
  const plain = useEtcd();
  let etcd: Etcd;
  let ca: Authority;
  before(async () => {
    const { dir } = plain;
    ca = await createAuthority({ commonName: 'etcd CA', validForMs: 3_600_000, now });
    writeFileSync(join(dir, 'ca.crt'), ca.cert);
    for (const usage of ['server', 'client'] as const) {
      const subjectAltNames = usage === 'server' ? ['localhost', '127.0.0.1'] : [];
      const pair = await issue(ca, { commonName: usage, subjectAltNames, usage, validForMs: 3_600_000, now });
      writeFileSync(files(dir, usage).cert, pair.cert);
      writeFileSync(files(dir, usage).key, pair.key);
    }
    const { cert, key } = files(dir, 'server');
    const trusted = `--trusted-ca-file=${join(dir, 'ca.crt')}`;
    const args = [`--cert-file=${cert}`, `--key-file=${key}`, trusted, '--client-cert-auth'];
    etcd = await startEtcd({ scheme: 'https', args });
  });
  after(async () => {
    await etcd.close();
  });

  it('shows its certificate and trusts only the CA it was given', async () => {
    const caFile = join(plain.dir, 'ca.crt');
    const { cert: certFile, key: keyFile } = files(plain.dir, 'client');
    const common = { servers: [etcd.url.replace('127.0.0.1', 'localhost')], timeoutMs: 2000 };
    const store = createEtcdStore({ ...common, caFile, certFile, keyFile });
    await store.start();
    assert.equal(await written(store.append(put('/a', 'x'))), 1);
    await store.close();

    const nobody = createEtcdStore({ ...common, caFile });
    await assert.rejects(nobody.start(), StoreUnusableError);
    const stranger = createEtcdStore({ ...common, certFile, keyFile });
    await assert.rejects(stranger.start(), StoreUnusableError);
    const half = createEtcdStore({ ...common, caFile, certFile });
    await assert.rejects(half.start(), /needs its key/);
  });
});

describe('the etcd store on three members', function () {
  this.timeout(120_000);
  useEtcd();
  let members: readonly Etcd[] = [];
  before(async () => {
    members = await startEtcdCluster(3);
  });
  after(async () => {
    for (const member of members) await member.close();
  });

  it('goes on with the others when any one is killed, and loses nothing', async () => {
    const store = createEtcdStore({ servers: members.map(({ url }) => url) });
    const seen: Change[] = [];
    store.subscribe((changes) => void seen.push(...changes));
    await store.start();
    const acknowledged = new Map<string, Revision>();
    const stop = new AbortController();
    const writer = async (who: number): Promise<void> => {
      for (let round = 0; !stop.signal.aborted; round += 1) {
        const key = `/w${who}/${round}`;
        try {
          acknowledged.set(key, await written(store.append(put(key, 'x'))));
        } catch (error) {
          assert.ok(error instanceof Error && error.name !== 'AssertionError', String(error));
        }
      }
    };
    const writing = Array.from({ length: 8 }, (_, who) => writer(who));
    for (const { part } of members) {
      const before = acknowledged.size;
      await until('writes', () => acknowledged.size > before + 50, 30_000);
      await part.stop('SIGKILL');
      const after = acknowledged.size;
      await until('writes without it', () => acknowledged.size > after + 50, 30_000);
      await part.start();
    }
    stop.abort();
    await Promise.all(writing);
    await store.sync?.();

    const log = await store.changes(0, 1_000_000);
    assert.deepEqual(seen, log);
    const stored = new Map(log.map(({ key, revision }) => [key, revision]));
    for (const [key, revision] of acknowledged) assert.equal(stored.get(key), revision);
    await store.close();
  });
});
