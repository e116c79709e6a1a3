/** A watch whose caller sees only some objects: it remembers what it shows, so that grants and revocations show. */
import type { Cache } from './cache.ts';
import type { CacheEvent } from './event.ts';
import { filtered } from './event.ts';
import type { Group } from './fanout.ts';
import type { View } from './history.ts';
import type { WatchEvent } from './registry.ts';
import { atRevision, type Stored } from './stored.ts';
import { walk } from './table.ts';

export interface PersonalGroup extends Group {
  /** Calls `task` once in the next turn of the event loop, however often it is asked for. */
  reviseSoon(task: () => void): void;
  /** Compares what is shown with what may be shown now; the difference as events. */
  revise(): readonly WatchEvent[];
  close(): void;
}

/**
 * Shows what `view` matches at the cache's revision. `before`: what was shown by another group until now, of the same
 * table and range; `revise` then tells the difference.
 */
export function createPersonalGroup(view: View, cache: Cache, before: View = view): PersonalGroup {
  const { table, range } = view;
  const matches = (object: Stored): boolean => view.matches === undefined || view.matches(object);
  const visible = (asked: View): Map<string, Stored> => {
    const found = new Map<string, Stored>();
    walk(table, range, '', (object) => {
      if (asked.matches === undefined || asked.matches(object)) found.set(object.path, object);
      return true;
    });
    return found;
  };
  let shown = new Set(visible(before).keys());
  let scheduled: NodeJS.Immediate | undefined;

  const show = (event: CacheEvent): WatchEvent | undefined => {
    const { path } = event.object;
    const selected = filtered(event, (object) =>
      object === event.object ? matches(object) : shown.has(path),
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
      const revision = cache.revision();
      const events: WatchEvent[] = [];
      for (const path of shown) {
        const object = now.has(path) ? undefined : table.objects.get(path);
        if (object !== undefined) {
          events.push({ type: 'DELETED', object: atRevision(object, revision), revision });
        }
      }
      for (const [path, object] of now) {
        if (!shown.has(path)) events.push({ type: 'ADDED', object, revision: object.revision });
      }
      shown = new Set(now.keys());
      return events;
    },
    close: () => {
      if (scheduled !== undefined) clearImmediate(scheduled);
    },
  };
}
