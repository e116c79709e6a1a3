/** From etcd's events to changes of the store: each revision of ours is one event of an object and one of `head`. */
import type { Change, Revision } from '../store.ts';
import { decodeHead, type Head, type Layout } from './layout.ts';
import type { WatchEvent } from './messages.ts';

/** A change that no store made: somebody else wrote under our prefix. */
export interface Foreign {
  readonly revision: Revision;
  readonly key: string;
}
export interface Seen {
  readonly change: Change;
  readonly writeId: string;
}
export interface Assembled {
  readonly seen: readonly Seen[];
  /** The first one; nothing after it was looked at. */
  readonly foreign: Foreign | undefined;
}

/** The store as it was opened. */
export interface Known {
  readonly layout: Layout;
  /** etcd's revision less ours. */
  readonly base: number;
  /** Of etcd. */
  readonly metaRevision: number;
}

export function assemble(known: Known, events: readonly WatchEvent[]): Assembled {
  const { base } = known;
  const seen: Seen[] = [];
  for (let at = 0; at < events.length;) {
    const revision = events[at]?.modRevision ?? 0;
    let end = at;
    while (events[end]?.modRevision === revision) end += 1;
    const one = assembleOne(known, events.slice(at, end));
    if (one.is === 'foreign') return { seen, foreign: { revision: revision - base, key: one.key } };
    if (one.is === 'change') {
      const { event, key, head } = one;
      const type = event.deleted ? 'delete' : 'put';
      const value = event.deleted ? head.last : event.value;
      seen.push({
        change: { revision: revision - base, key, type, value, previous: head.previous },
        writeId: head.writeId,
      });
    }
    at = end;
  }
  return { seen, foreign: undefined };
}

type One =
  | { readonly is: 'change'; readonly event: WatchEvent; readonly key: string; readonly head: Head }
  | { readonly is: 'foreign'; readonly key: string }
  | { readonly is: 'nothing' };

/** What one revision did. Notes of times ride along; anything else is not ours. */
function assembleOne({ layout, metaRevision }: Known, events: readonly WatchEvent[]): One {
  const heads = events.filter((event) => event.key.equals(layout.head));
  const objects = events.filter((event) => layout.keyOf(event.key) !== undefined);
  const [head] = heads;
  const [event] = objects;
  const key = event === undefined ? undefined : layout.keyOf(event.key);
  if (event !== undefined && key !== undefined && head?.deleted === false && objects.length === 1) {
    return { is: 'change', event, key, head: decodeHead(head.value) };
  }
  const foreign =
    event ?? head ?? events.find((one) => one.key.equals(layout.meta) && one.modRevision > metaRevision);
  return foreign === undefined ? { is: 'nothing' } : { is: 'foreign', key: foreign.key.toString() };
}
