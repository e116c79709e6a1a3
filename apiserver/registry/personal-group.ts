/** A watch whose caller sees only some objects: it remembers what it shows, so that grants and revocations show. */
import type { Cache } from './cache.ts';
import type { CacheEvent } from './event.ts';
import { filtered } from './event.ts';
import type { Group } from './fanout.ts';
import type { Revision } from '../store/store.ts';
import type { View } from './history.ts';
import type { WatchEvent } from './registry.ts';
import { atRevision, type Stored } from './stored.ts';
import { walk, type Table } from './table.ts';

export interface PersonalGroup extends Group {
  /** Calls `task` once in the next turn of the event loop, however often it is asked for. */
  reviseSoon(task: () => void): void;
  /** Compares what is shown with what may be shown now; the difference as events. */
  revise(): readonly WatchEvent[];
  close(): void;
}

/** What another group of the same table and range showed until now. */
interface Before {
  readonly view: View;
  /** It showed all changes up to this revision; those of the commit group that is just being applied are to come. */
  readonly upTo: Revision;
}

/**
 * Shows what `view` matches at the cache's revision. With `before` it goes on from there, and `revise` tells what has to
 * go.
 */
export function createPersonalGroup(view: View, cache: Cache, before?: Before): PersonalGroup {
  const { table, range } = view;
  let shown = new Set(before === undefined ? visible(view).keys() : shownBefore(before));
  let scheduled: NodeJS.Immediate | undefined;
  const switchedAt = before === undefined ? 0 : cache.revision();

  /** Of an event that the table was ahead of: what was shown of its object is what it was before. */
  const catchUp = ({ revision, previous }: CacheEvent): void => {
    if (before === undefined || revision > switchedAt || previous === undefined) return;
    if (previous.revision <= before.upTo && isMatch(before.view, previous)) shown.add(previous.path);
  };
  const show = (event: CacheEvent): WatchEvent | undefined => {
    const { path } = event.object;
    catchUp(event);
    const selected = filtered(event, (object) =>
      object === event.object ? isMatch(view, object) : shown.has(path),
    );
    if (selected?.type === 'DELETED') shown.delete(path);
    else if (selected !== undefined) shown.add(path);
    return selected;
  };

  return {
    table,
    signature: undefined,
    watchers: new Set(),
    select: (events) =>
      events
        .filter((event) => event.object.path.startsWith(range))
        .map(show)
        .filter((event) => event !== undefined),
    reviseSoon: (task) => {
      scheduled ??= setImmediate(() => {
        scheduled = undefined;
        task();
      });
    },
    revise: () => {
      const now = visible(view);
      const events = difference(table, shown, now, cache.revision());
      shown = new Set(now.keys());
      return events;
    },
    close: () => {
      if (scheduled !== undefined) clearImmediate(scheduled);
    },
  };
}

function visible(view: View): ReadonlyMap<string, Stored> {
  const found = new Map<string, Stored>();
  walk(view.table, view.range, '', (object) => {
    if (isMatch(view, object)) found.set(object.path, object);
    return true;
  });
  return found;
}

/** What has to be told at a revision to whom `shown` was shown, so that they know `now`. */
function difference(
  { objects }: Table,
  shown: ReadonlySet<string>,
  now: ReadonlyMap<string, Stored>,
  revision: Revision,
): readonly WatchEvent[] {
  const events: WatchEvent[] = [];
  for (const path of shown) {
    const object = now.has(path) ? undefined : objects.get(path);
    if (object !== undefined) {
      events.push({ type: 'DELETED', object: atRevision(object, revision), revision });
    }
  }
  for (const [path, object] of now) {
    if (!shown.has(path)) events.push({ type: 'ADDED', object, revision: object.revision });
  }
  return events;
}

const isMatch = ({ matches }: View, object: Stored): boolean => matches === undefined || matches(object);

/** Paths of what a group has shown that knows everything up to a revision, and nothing of what the table knows more. */
function shownBefore({ view, upTo }: Before): readonly string[] {
  const found: string[] = [];
  walk(view.table, view.range, '', (object) => {
    if (object.revision <= upTo && isMatch(view, object)) found.push(object.path);
    return true;
  });
  return found;
}
