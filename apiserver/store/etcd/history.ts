/** What etcd still knows of the past: changes after a revision, and how far back it goes. */
import { CompactedError, type Change, type Revision } from '../store.ts';
import { assemble, type Known } from './changes.ts';
import type { Connection } from './connection.ts';
import { EtcdFailure } from './failure.ts';
import type { Layout } from './layout.ts';
import {
  decodeWatch,
  encodeRange,
  encodeWatch,
  METHOD,
  WATCH_PATH,
  type WatchEvent,
  type WatchResponse,
} from './messages.ts';

const TIMEOUT_MS = 30_000;

/** The revision of etcd up to which history was dropped; 0 = never. */
export async function compactedUpTo(connection: Connection, layout: Layout): Promise<number> {
  try {
    await connection.call(METHOD.range, encodeRange({ key: layout.head, revision: 1, keysOnly: true }));
    return 0;
  } catch (error) {
    if (!(error instanceof EtcdFailure) || error.kind !== 'compacted') throw error;
  }
  // Only a watch from there says where history begins now.
  let compacted = 0;
  await read(connection, encodeWatch(layout.all, layout.allEnd, 1), (bytes) => {
    const response = decodeWatch(bytes);
    compacted = response.compactRevision;
    if (response.canceled && compacted === 0) throw refusal(response);
    return compacted > 0;
  });
  return compacted;
}

export interface Past extends Known {
  readonly after: Revision;
  /** There is nothing newer to wait for; greater than `after`. */
  readonly newest: Revision;
  readonly limit: number;
}

/** Throws `CompactedError`. */
export async function changesAfter(connection: Connection, past: Past): Promise<readonly Change[]> {
  const { layout, base, after, newest, limit } = past;
  const found: Change[] = [];
  let fragments: WatchEvent[] = [];
  await read(connection, encodeWatch(layout.all, layout.allEnd, after + base + 1), (bytes) => {
    const response = decodeWatch(bytes);
    if (response.compactRevision > 0) throw new CompactedError(after, response.compactRevision - base + 1);
    if (response.canceled) throw refusal(response);
    fragments.push(...response.events);
    if (response.fragment) return false;
    const { seen, foreign } = assemble(past, fragments);
    fragments = [];
    for (const { change } of seen) found.push(change);
    // What was done to our keys by others cannot be told as a change: who comes from before it lists again.
    if (foreign !== undefined && found.length < limit) throw new CompactedError(after, foreign.revision + 1);
    return found.length >= limit || (found.at(-1)?.revision ?? 0) >= newest;
  });
  return found.slice(0, limit);
}

const refusal = ({ cancelReason }: WatchResponse): EtcdFailure =>
  new EtcdFailure('refused', `etcd: ${cancelReason}`);

/** Reads a stream until `take` has what it wants; what it throws is thrown. */
async function read(
  connection: Connection,
  request: Buffer,
  take: (bytes: Buffer) => boolean,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const end = connection.stream(WATCH_PATH, request, {
    message: (bytes) => {
      try {
        if (take(bytes)) resolve();
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    },
    end: reject,
  });
  const timer = setTimeout(
    () => reject(new EtcdFailure('unknown', `etcd did not send its history within ${TIMEOUT_MS / 1000} s`)),
    TIMEOUT_MS,
  );
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    end();
  }
}
