/**
 * Live delivery to watches. Watches that show the same share one group, so that a change is evaluated once per
 * group; changes are handed over in one batch per event-loop turn, after the writers got their answers.
 */
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import type { Cache } from './cache.ts';
import type { Revision } from '../store/store.ts';
import type { CacheEvent } from './event.ts';
import type { WatchEvent, WatchSink } from './registry.ts';
import type { Table } from './table.ts';

/** source: kubernetes/apiserver cacher, which sends a bookmark about once a minute. */
const BOOKMARK_EVERY_MS = 60_000;
const BOOKMARK_TICK_MS = 5000;

/** What one or more watches show of one kind. */
export interface Group {
  readonly table: Table;
  /** Groups with the same one are the same; undefined for a group of one watch. */
  readonly signature: string | undefined;
  readonly watchers: Set<Watcher>;
  select(events: readonly CacheEvent[]): readonly WatchEvent[];
}
export interface Watcher {
  readonly sink: WatchSink;
  readonly bookmarks: boolean;
  /** Set by the fan-out. */
  nextBookmarkMs: number;
}

export interface Fanout {
  /**
   * Adds a watcher that knows everything up to the cache's revision. Returns how to leave, which answers false when it is
   * no member any more.
   */
  join(group: Group, watcher: Watcher): () => boolean;
  /** The group with that signature, when somebody watches with it already. */
  shared(table: Table, signature: string): Group | undefined;
  /** Hands over everything that is committed now, but for a commit group that is just being applied. */
  flush(): void;
  /** Nothing at or below this revision is still to come after a flush. */
  received(): Revision;
  /** Sends events to one watcher outside of the order of changes; it is dropped when its sink fails. */
  send(watcher: Watcher, events: readonly WatchEvent[]): void;
  watchers(): number;
  start(): void;
  close(): void;
}

interface FanoutDeps {
  readonly cache: Cache;
  readonly clock: Clock;
  readonly log: Log;
  /** Called with the number of events handed over per kind. */
  readonly onDispatched?: (table: Table, events: number) => void;
}

export const createFanout = (deps: FanoutDeps): Fanout => new WatchFanout(deps);

class WatchFanout implements Fanout {
  readonly #deps: FanoutDeps;
  readonly #groups = new Map<Table, Set<Group>>();
  readonly #named = new Map<Table, Map<string, Group>>();
  #pending: CacheEvent[] = [];
  #scheduled: NodeJS.Immediate | undefined;
  #cancelTick = (): void => undefined;
  #count = 0;
  #received: Revision = 0;

  constructor(deps: FanoutDeps) {
    this.#deps = deps;
    deps.cache.onEvents((events) => {
      this.#received = deps.cache.revision();
      if (this.#count === 0) return;
      for (const event of events) this.#pending.push(event);
      this.#scheduled ??= setImmediate(() => this.flush());
    });
  }

  join(group: Group, watcher: Watcher): () => boolean {
    // Whoever joins knows more than is pending: what is pending must not reach it again.
    this.flush();
    const ofTable = this.#groups.get(group.table) ?? new Set();
    this.#groups.set(group.table, ofTable.add(group));
    group.watchers.add(watcher);
    if (group.signature !== undefined) remember(this.#named, group, group.signature);
    this.#count += 1;
    watcher.nextBookmarkMs = this.#deps.clock.now() + BOOKMARK_EVERY_MS - BOOKMARK_TICK_MS;
    return () => this.#leave(group, watcher);
  }

  shared(table: Table, signature: string): Group | undefined {
    return this.#named.get(table)?.get(signature);
  }

  flush(): void {
    clearImmediate(this.#scheduled);
    this.#scheduled = undefined;
    const events = this.#pending;
    this.#pending = [];
    for (const [table, ofTable] of byTable(events)) {
      for (const group of this.#groups.get(table) ?? []) this.#deliver(group, ofTable);
    }
  }

  received(): Revision {
    return this.#received;
  }

  send(watcher: Watcher, events: readonly WatchEvent[]): void {
    this.#reaches(() => watcher.sink.events(events));
  }

  watchers(): number {
    return this.#count;
  }

  start(): void {
    this.#received = Math.max(this.#received, this.#deps.cache.revision());
    this.#cancelTick = this.#deps.clock.after(BOOKMARK_TICK_MS, () => this.#tick());
  }

  close(): void {
    this.#cancelTick();
    clearImmediate(this.#scheduled);
    this.#pending = [];
    this.#groups.clear();
    this.#named.clear();
    this.#count = 0;
  }

  #leave(group: Group, watcher: Watcher): boolean {
    if (!group.watchers.delete(watcher)) return false;
    this.#count -= 1;
    if (group.watchers.size > 0) return true;
    this.#groups.get(group.table)?.delete(group);
    if (group.signature !== undefined) this.#named.get(group.table)?.delete(group.signature);
    return true;
  }

  #deliver(group: Group, events: readonly CacheEvent[]): void {
    const selected = group.select(events);
    if (selected.length === 0) return;
    for (const watcher of group.watchers) {
      if (!this.#reaches(() => watcher.sink.events(selected))) this.#leave(group, watcher);
    }
    this.#deps.onDispatched?.(group.table, selected.length * group.watchers.size);
  }

  /** False when the sink failed: that watch is over, the others go on. */
  #reaches(call: () => void): boolean {
    try {
      call();
      return true;
    } catch (error) {
      this.#deps.log.error('a watch sink failed; the watch is dropped', { error });
      return false;
    }
  }

  #tick(): void {
    this.flush();
    const now = this.#deps.clock.now();
    for (const ofTable of this.#groups.values()) {
      for (const group of ofTable) this.#bookmark(group, now);
    }
    this.start();
  }

  #bookmark(group: Group, now: number): void {
    const revision = this.#deps.cache.revision();
    for (const watcher of group.watchers) {
      if (!watcher.bookmarks || watcher.nextBookmarkMs > now) continue;
      watcher.nextBookmarkMs = now + BOOKMARK_EVERY_MS;
      if (!this.#reaches(() => watcher.sink.bookmark(revision, false))) this.#leave(group, watcher);
    }
  }
}

function remember(named: Map<Table, Map<string, Group>>, group: Group, signature: string): void {
  const ofTable = named.get(group.table) ?? new Map<string, Group>();
  named.set(group.table, ofTable.set(signature, group));
}

function byTable(events: readonly CacheEvent[]): ReadonlyMap<Table, readonly CacheEvent[]> {
  const split = new Map<Table, CacheEvent[]>();
  for (const event of events) {
    const table = event.table;
    const known = split.get(table);
    if (known === undefined) split.set(table, [event]);
    else known.push(event);
  }
  return split;
}
