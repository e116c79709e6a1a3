/** Pages of objects as they stood at a revision of etcd. */
import type { Entry } from '../store.ts';
import type { Connection } from './connection.ts';
import { bytesEnd, type Layout } from './layout.ts';
import { decodeRange, encodeRange, METHOD } from './messages.ts';

export interface PageRequest {
  readonly prefix: string;
  /** Only keys after this one. */
  readonly after: string | undefined;
  readonly limit: number;
  /** Of etcd. */
  readonly revision: number;
  /** etcd's revision less ours. */
  readonly base: number;
}

/** etcd bounds an answer by count alone: counts are chosen so that answers stay around this size. */
const ANSWER_BYTES = 4 * 1024 * 1024;
const FIRST_COUNT = 32;
const MOST_COUNT = 2000;

export async function readPage(
  connection: Connection,
  layout: Layout,
  request: PageRequest,
): Promise<{ readonly entries: readonly Entry[]; readonly more: boolean }> {
  const { prefix, after, limit, revision, base } = request;
  const end = bytesEnd(Buffer.from(layout.objects + prefix));
  const entries: Entry[] = [];
  let key = firstKey(layout, prefix, after);
  let count = FIRST_COUNT;
  while (entries.length < limit) {
    if (Buffer.compare(key, end) >= 0) return { entries, more: false };
    const asked = Math.min(count, limit - entries.length);
    const answer = decodeRange(
      await connection.call(METHOD.range, encodeRange({ key, end, limit: asked, revision })),
    );
    let bytes = 0;
    for (const kv of answer.kvs) {
      bytes += kv.value.length;
      entries.push({
        key: kv.key.toString('utf8', layout.objectsLength),
        revision: kv.modRevision - base,
        value: kv.value,
      });
    }
    const last = answer.kvs.at(-1)?.key;
    if (!answer.more || last === undefined) return { entries, more: false };
    key = Buffer.concat([last, Buffer.alloc(1)]);
    count = Math.min(MOST_COUNT, Math.max(1, Math.floor((ANSWER_BYTES * answer.kvs.length) / (bytes + 1))));
  }
  return { entries, more: true };
}

function firstKey(layout: Layout, prefix: string, after: string | undefined): Buffer {
  const first = layout.object(prefix);
  if (after === undefined) return first;
  const next = Buffer.concat([layout.object(after), Buffer.alloc(1)]);
  return Buffer.compare(next, first) > 0 ? next : first;
}
