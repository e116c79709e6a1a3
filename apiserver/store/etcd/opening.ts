/** What a store finds when it starts, or makes when there is nothing yet. */
import { StoreUnusableError, type Revision } from '../store.ts';
import type { Connection } from './connection.ts';
import { decodeMeta, encodeHead, encodeMeta, type Layout, type Meta } from './layout.ts';
import {
  decodeTxn,
  encodeTxn,
  METHOD,
  type KeyValue,
  type Operation,
  type TxnRequest,
  type TxnResponse,
} from './messages.ts';

export interface Opened {
  /** etcd's revision less ours. */
  readonly base: number;
  /** Our revision when there was nothing yet. */
  readonly start: Revision;
  /** The oldest revision that this store ever knew, whatever was compacted since. */
  readonly firstKnown: Revision;
  /** Of etcd; every write relies on it, so that none goes into a store that was replaced. */
  readonly metaRevision: number;
  /** The newest of ours, of etcd. */
  readonly headRevision: number;
}

export type Found =
  | { readonly is: 'created' | 'there'; readonly opened: Opened }
  /** A migration that goes on from `start` is under way, or was broken off. */
  | { readonly is: 'importing'; readonly start: Revision };

const TIMEOUT_MS = 10_000;

/** Opens the store, or creates it with `meta` when there is none. Throws `StoreUnusableError` for what is no store. */
export async function openOrCreate(
  connection: Connection,
  layout: Layout,
  meta: Meta,
  timeoutMs = TIMEOUT_MS,
): Promise<Found> {
  const head = encodeHead({ writeId: 'start', previous: 0, last: Buffer.alloc(0) });
  const request: TxnRequest = {
    when: [{ key: layout.meta, modRevision: 0 }],
    success: [
      { is: 'put', key: layout.meta, value: encodeMeta(meta) },
      { is: 'put', key: layout.head, value: head },
    ],
    failure: reads(layout),
  };
  const answer = await commit(connection, request, timeoutMs);
  if (!answer.succeeded) return found(layout, answer);
  const { revision } = answer;
  return {
    is: 'created',
    opened: openedAs(meta, revision, { metaRevision: revision, headRevision: revision }),
  };
}

/** As `openOrCreate`, but undefined when there is nothing. */
export async function openExisting(connection: Connection, layout: Layout): Promise<Found | undefined> {
  const answer = await commit(connection, { when: [], success: reads(layout), failure: [] }, TIMEOUT_MS);
  return answer.ranges[0]?.kvs[0] === undefined ? undefined : found(layout, answer);
}

const reads = (layout: Layout): readonly Operation[] => [
  { is: 'range', range: { key: layout.meta } },
  { is: 'range', range: { key: layout.head, keysOnly: true } },
];

async function commit(connection: Connection, request: TxnRequest, timeoutMs: number): Promise<TxnResponse> {
  return decodeTxn(await connection.call(METHOD.txn, encodeTxn(request), timeoutMs));
}

function found(layout: Layout, { ranges }: TxnResponse): Found {
  const stored: KeyValue | undefined = ranges[0]?.kvs[0];
  const newest = ranges[1]?.kvs[0];
  if (stored === undefined || newest === undefined) {
    throw new StoreUnusableError(`etcd key ${layout.head.toString()} is missing: restore a backup of etcd`);
  }
  const meta = decodeMeta(stored.key, stored.value);
  if (meta.importing === true) return { is: 'importing', start: meta.start };
  const revisions = { metaRevision: stored.modRevision, headRevision: newest.modRevision };
  return { is: 'there', opened: openedAs(meta, stored.createRevision, revisions) };
}

function openedAs(
  { start, oldest }: Meta,
  createRevision: number,
  revisions: Pick<Opened, 'metaRevision' | 'headRevision'>,
): Opened {
  return { base: createRevision - start, start, firstKnown: oldest ?? start + 1, ...revisions };
}
