/** One committed change as the cache saw it; for watches without a filter it is the watch event itself. */
import type { Revision } from '../store/store.ts';
import type { WatchEvent } from './registry.ts';
import { atRevision, type Stored } from './stored.ts';
import type { Table } from './table.ts';

export class CacheEvent implements WatchEvent {
  readonly table: Table;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  /** The new state; for a delete the last state with the resourceVersion of the delete. */
  readonly object: Stored;
  /** The state before; undefined when the change created the object. */
  readonly previous: Stored | undefined;

  constructor(change: Pick<CacheEvent, 'table' | 'object' | 'previous'> & { readonly deleted: boolean }) {
    this.table = change.table;
    this.object = change.object;
    this.previous = change.previous;
    if (change.deleted) this.type = 'DELETED';
    else this.type = change.previous === undefined ? 'ADDED' : 'MODIFIED';
  }
  get revision(): Revision {
    return this.object.revision;
  }
  /** What the event keeps alive that the current state does not. */
  get retainedBytes(): number {
    return (this.previous?.size ?? 0) + (this.type === 'DELETED' ? this.object.size : 0);
  }
}

/** True when an object belongs to what a watch shows. */
export type Matches = (object: Stored) => boolean;

/**
 * What one change means to a watch that shows only part of a kind.
 *
 * | matched before | matches now | event                                            |
 * | -------------- | ----------- | ------------------------------------------------ |
 * | no             | yes         | ADDED                                            |
 * | yes            | yes         | MODIFIED                                         |
 * | yes            | no          | DELETED, state before the change, revision of it |
 * | no             | no          | none                                             |
 *
 * source: kubernetes/apiserver pkg/storage/etcd3/watcher.go transform.
 */
export function filtered(event: CacheEvent, matches: Matches): WatchEvent | undefined {
  const now = event.type !== 'DELETED' && matches(event.object);
  const { previous } = event;
  const before = previous !== undefined && matches(previous);
  if (now) {
    if (before === (event.type === 'MODIFIED')) return event;
    return { type: before ? 'MODIFIED' : 'ADDED', object: event.object, revision: event.revision };
  }
  if (!before) return undefined;
  if (event.type === 'DELETED') return event;
  const object = atRevision(previous, event.revision);
  return { type: 'DELETED', object, revision: event.revision };
}
