/**
 * etcd as the target of a migration: `meta` says that objects are being brought in until the last step, and no process
 * opens such a store. Broken off, it is begun again: what is there by then is dropped first.
 */
import { serversRun, type Load, type MigrationTarget } from '../migration.ts';
import { StoreUnusableError, type Entry, type Revision } from '../store.ts';
import { createConnection, type Connection } from './connection.ts';
import { EtcdFailure } from './failure.ts';
import { encodeHead, encodeMeta, createLayout, type Layout } from './layout.ts';
import {
  decodeTxn,
  encodeTxn,
  METHOD,
  type Operation,
  type TxnRequest,
  type TxnResponse,
} from './messages.ts';
import { openExisting, openOrCreate, type Opened } from './opening.ts';
import { readPage } from './pages.ts';
import { nameOf, presentServers } from './presence.ts';
import type { EtcdOptions } from './store.ts';

const PAGE = 500;
const IN_FLIGHT = 64;
const ATTEMPTS = 5;
const TIMEOUT_MS = 60_000;

/** What is under the prefix; undefined: nothing. Changes nothing. Throws `StoreUnusableError`. */
export async function inspectEtcd(
  options: EtcdOptions,
): Promise<{ readonly objects: number; readonly revision: Revision } | undefined> {
  return await connected(options, inspect);
}

/** The processes that have the store open, by name. Throws `StoreUnusableError`. */
export async function serversOnEtcd(options: EtcdOptions): Promise<readonly string[]> {
  return await connected(options, presentServers);
}

export function createEtcdTarget(options: EtcdOptions): MigrationTarget {
  return {
    inspect: async () => await inspectEtcd(options),
    write: async (load) =>
      await connected(options, async (connection, layout) => await write(connection, layout, load)),
  };
}

async function connected<T>(
  options: EtcdOptions,
  work: (connection: Connection, layout: Layout) => Promise<T>,
): Promise<T> {
  const connection = createConnection(options);
  try {
    return await work(connection, createLayout(options.prefix));
  } catch (error) {
    throw error instanceof EtcdFailure ? new StoreUnusableError(error.message, { cause: error }) : error;
  } finally {
    connection.close();
  }
}

async function inspect(connection: Connection, layout: Layout): ReturnType<typeof inspectEtcd> {
  const found = await openExisting(connection, layout);
  if (found === undefined) return undefined;
  // Half of something: nobody has seen it, but what was there before had revisions up to its start.
  if (found.is === 'importing') return { objects: 0, revision: found.start };
  const { headRevision, base } = found.opened;
  let objects = 0;
  for await (const page of pagesOf(connection, layout, found.opened)) objects += page.length;
  return { objects, revision: headRevision - base };
}

async function write(connection: Connection, layout: Layout, load: Load): Promise<Revision> {
  const servers = { key: layout.servers, end: layout.serversEnd };
  const cleared = await commit(connection, {
    // In one step: who opens the store after it finds that it is being filled.
    when: load.ignoreServers ? [] : [{ ...servers, modRevision: 0 }],
    success: [{ is: 'delete', key: layout.all, end: layout.allEnd }],
    failure: [{ is: 'range', range: servers }],
  });
  if (!cleared.succeeded) {
    const names = cleared.ranges.flatMap(({ kvs }) => kvs.map(({ value }) => nameOf(value)));
    throw serversRun('target', names);
  }
  const meta = { start: load.start };
  const found = await openOrCreate(connection, layout, { ...meta, importing: true });
  if (found.is !== 'created') throw interfered(layout);
  const { opened } = found;
  const headRevision = await insert(connection, layout, opened, load);
  await load.confirm(pagesOf(connection, layout, { ...opened, headRevision }));
  const revision = headRevision - opened.base;
  const known = revision > load.start ? { ...meta, oldest: revision } : meta;
  const last = await commit(connection, {
    when: [{ key: layout.meta, modRevision: opened.metaRevision }],
    success: [{ is: 'put', key: layout.meta, value: encodeMeta(known) }],
    failure: [],
  });
  if (!last.succeeded) throw interfered(layout);
  return revision;
}

/** Returns etcd's revision of the newest one. */
async function insert(
  connection: Connection,
  layout: Layout,
  opened: Opened,
  { pages }: Load,
): Promise<number> {
  let newest = opened.headRevision;
  for await (const page of pages) {
    const waiting = [...page].reverse();
    const worker = async (): Promise<void> => {
      for (let entry = waiting.pop(); entry !== undefined; entry = waiting.pop()) {
        const revision = await put(connection, layout, opened, entry);
        newest = Math.max(newest, revision);
      }
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
  }
  return newest;
}

async function put(
  connection: Connection,
  layout: Layout,
  { metaRevision }: Opened,
  { key: name, value }: Entry,
): Promise<number> {
  const key = layout.object(name);
  const head = encodeHead({ writeId: 'import', previous: 0, last: Buffer.alloc(0) });
  const range = (one: Buffer): Operation => ({ is: 'range', range: { key: one, keysOnly: true } });
  const request: TxnRequest = {
    when: [
      { key, modRevision: 0 },
      { key: layout.meta, modRevision: metaRevision },
    ],
    success: [
      { is: 'put', key, value },
      { is: 'put', key: layout.head, value: head },
    ],
    failure: [range(key), range(layout.meta)],
  };
  const { succeeded, revision, ranges } = await commit(connection, request);
  if (succeeded) return revision;
  const [stored, meta] = ranges.map(({ kvs }) => kvs[0]?.modRevision);
  // An earlier attempt whose answer was lost has written it.
  if (stored !== undefined && meta === metaRevision) return stored;
  throw interfered(layout);
}

/** Sent again when no answer comes: each of our requests says itself whether it has happened already. */
async function commit(connection: Connection, request: TxnRequest): Promise<TxnResponse> {
  const bytes = encodeTxn(request);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return decodeTxn(await connection.call(METHOD.txn, bytes, TIMEOUT_MS));
    } catch (error) {
      const canRetry = error instanceof EtcdFailure && error.kind === 'unknown' && attempt < ATTEMPTS;
      if (!canRetry) throw error;
    }
  }
}

async function* pagesOf(
  connection: Connection,
  layout: Layout,
  { headRevision, base }: Opened,
): AsyncGenerator<readonly Entry[]> {
  for (let after: string | undefined; ;) {
    const request = { prefix: '', after, limit: PAGE, revision: headRevision, base };
    const { entries, more } = await readPage(connection, layout, request);
    yield entries;
    after = entries.at(-1)?.key;
    if (!more || after === undefined) return;
  }
}

const interfered = ({ prefix }: Layout): Error =>
  new StoreUnusableError(
    `something else writes to ${prefix} in etcd: stop every server on it, then migrate again`,
  );
