/** What a store finds when it starts, or makes when there is nothing yet. */
import { StoreUnusableError, type Revision } from '../store.ts';
import type { Connection } from './connection.ts';
import { decodeMeta, encodeHead, encodeMeta, type Layout } from './layout.ts';
import { decodeTxn, encodeTxn, METHOD, type Operation } from './messages.ts';

export interface Opened {
  /** etcd's revision less ours. */
  readonly base: number;
  /** Of etcd; every write relies on it, so that none goes into a store that was replaced. */
  readonly metaRevision: number;
  /** The newest of ours, of etcd. */
  readonly headRevision: number;
}

const TIMEOUT_MS = 10_000;

/** `start`: our revision at which a store that does not exist yet begins. Throws `StoreUnusableError`. */
export async function openOrCreate(connection: Connection, layout: Layout, start: Revision): Promise<Opened> {
  const read = (key: Buffer): Operation => ({ is: 'range', range: { key } });
  const head = encodeHead({ writeId: 'start', previous: 0, last: Buffer.alloc(0) });
  const request = encodeTxn({
    when: [{ key: layout.meta, modRevision: 0 }],
    success: [
      { is: 'put', key: layout.meta, value: encodeMeta(start) },
      { is: 'put', key: layout.head, value: head },
    ],
    failure: [read(layout.meta), { is: 'range', range: { key: layout.head, keysOnly: true } }],
  });
  const answer = decodeTxn(await connection.call(METHOD.txn, request, TIMEOUT_MS));
  if (answer.succeeded) {
    const { revision } = answer;
    return { base: revision - start, metaRevision: revision, headRevision: revision };
  }
  const meta = answer.ranges[0]?.kvs[0];
  const newest = answer.ranges[1]?.kvs[0];
  if (meta === undefined || newest === undefined) {
    throw new StoreUnusableError(`etcd key ${layout.head.toString()} is missing: restore a backup of etcd`);
  }
  return {
    base: meta.modRevision - decodeMeta(meta.key, meta.value),
    metaRevision: meta.modRevision,
    headRevision: newest.modRevision,
  };
}
