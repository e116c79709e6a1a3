/**
 * What happened after a revision, for watches that start in the past: from the ring while it reaches back far
 * enough, else from the store's log.
 */
import { CompactedError, type Change, type Revision, type Store } from '../store/store.ts';
import { metadataOf } from './body.ts';
import type { Cache } from './cache.ts';
import { CacheEvent, filtered, type Matches } from './event.ts';
import type { VisibilityChange, WatchEvent } from './registry.ts';
import { tooOld } from './resource-version.ts';
import { ofRead } from './store-errors.ts';
import { storedFrom, type Stored } from './stored.ts';
import type { Table } from './table.ts';
import { equal, without } from './tree.ts';

/** What a watch shows: a namespace range of one kind, and a filter when it does not show all of it. */
export interface View {
  readonly table: Table;
  readonly range: string;
  readonly matches: Matches | undefined;
}
export interface Past {
  readonly events: readonly WatchEvent[];
  /** Nothing at or below this revision is missing. */
  readonly upTo: Revision;
  /** Changes of kinds that decide what callers see. */
  readonly decisive: readonly VisibilityChange[];
}

const PAGE = 1000;

/** The view's share of some changes. */
export function select(view: View, events: readonly CacheEvent[]): readonly WatchEvent[] {
  const { range, matches } = view;
  if (range === '' && matches === undefined) return events;
  const selected: WatchEvent[] = [];
  for (const event of events) {
    if (!event.object.path.startsWith(range)) continue;
    const shown = matches === undefined ? event : filtered(event, matches);
    if (shown !== undefined) selected.push(shown);
  }
  return selected;
}

/** The next page of changes after `after`. Throws Expired when they are gone. */
export async function past(
  cache: Cache,
  view: View,
  after: Revision,
  visibility: ReadonlySet<Table>,
): Promise<Past> {
  const recent = cache.ring.after(after, PAGE);
  if (recent === undefined) return await fromStore(cache, view, after, visibility);
  return {
    events: select(
      view,
      recent.filter((event) => event.table === view.table),
    ),
    upTo: recent.length < PAGE ? cache.revision() : (recent.at(-1)?.revision ?? after),
    decisive: recent
      .filter((event) => visibility.has(event.table))
      .map(({ table, type, object, previous }) =>
        type === 'DELETED'
          ? { kind: table.shape.kind, object: undefined, previous: object }
          : { kind: table.shape.kind, object, previous },
      ),
  };
}

/** Controllers report in status all the time. */
export function isStatusOnly({ object, previous }: VisibilityChange): boolean {
  if (object === undefined || previous === undefined) return false;
  const now = object.read();
  const then = previous.read();
  return (
    equal(without(now, 'status', 'metadata'), without(then, 'status', 'metadata')) &&
    equal(
      without(metadataOf(now), 'managedFields', 'resourceVersion'),
      without(metadataOf(then), 'managedFields', 'resourceVersion'),
    )
  );
}

async function fromStore(
  cache: Cache,
  view: View,
  after: Revision,
  visibility: ReadonlySet<Table>,
): Promise<Past> {
  const { store } = cache;
  try {
    const changes = await store.changes(after, PAGE);
    const last = changes.at(-1);
    if (last === undefined) throw new Error(`the store has no changes after ${after}`);
    const prefix = view.table.shape.prefix + view.range;
    const known = new Map<string, Stored>();
    const events: WatchEvent[] = [];
    for (const change of changes.filter((one) => one.key.startsWith(prefix))) {
      const event = await replay(store, view, change, known);
      if (event !== undefined) events.push(event);
    }
    return { events, upTo: last.revision, decisive: await decisive(store, changes, visibility) };
  } catch (error) {
    if (error instanceof CompactedError) throw tooOld(after, error.oldest);
    throw ofRead(error);
  }
}

/** The changes of kinds that decide what callers see. */
async function decisive(
  store: Store,
  changes: readonly Change[],
  visibility: ReadonlySet<Table>,
): Promise<readonly VisibilityChange[]> {
  const tables = [...visibility];
  const found: VisibilityChange[] = [];
  for (const change of changes) {
    const table = tables.find(({ shape }) => change.key.startsWith(shape.prefix));
    if (table === undefined) continue;
    const { kind, prefix } = table.shape;
    const path = change.key.slice(prefix.length);
    const object = storedFrom({ shape: table.shape, path, revision: change.revision }, change.value);
    if (change.type === 'delete') {
      found.push({ kind, object: undefined, previous: object });
      continue;
    }
    const previous = change.previous === 0 ? undefined : await stateBefore(store, table, change);
    found.push({ kind, object, previous });
  }
  return found;
}

/** One change of the log as the watch would have seen it live. */
async function replay(
  store: Store,
  view: View,
  change: Change,
  known: Map<string, Stored>,
): Promise<WatchEvent | undefined> {
  const { shape } = view.table;
  const path = change.key.slice(shape.prefix.length);
  const object = storedFrom({ shape, path, revision: change.revision }, change.value);
  const before = known.get(path);
  known.set(path, object);
  const { revision } = change;
  if (view.matches === undefined) {
    const type = change.type === 'delete' ? 'DELETED' : change.previous === 0 ? 'ADDED' : 'MODIFIED';
    return { type, object, revision };
  }
  const previous =
    change.previous === 0 ? undefined : (before ?? (await stateBefore(store, view.table, change)));
  const deleted = change.type === 'delete';
  return filtered(new CacheEvent({ table: view.table, object, previous, deleted }), view.matches);
}

/** The value that a change replaced. Throws CompactedError when it is gone. */
async function stateBefore(store: Store, { shape }: Table, change: Change): Promise<Stored | undefined> {
  const at = change.revision - 1;
  if (at < store.oldest()) throw new CompactedError(at, store.oldest());
  const { entries } = await store.list(change.key, { revision: at, limit: 1 });
  const [entry] = entries;
  if (entry?.key !== change.key) return undefined;
  const path = change.key.slice(shape.prefix.length);
  return storedFrom({ shape, path, revision: entry.revision }, entry.value);
}
