/**
 * The watch cache: every current object and the newest changes, fed by the store's commit order. All reads are
 * answered here; the store is asked only for what is older than the cache remembers.
 */
import type { Kind } from '../api/kind.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Change, Revision, Store } from '../store/store.ts';
import { Blocks } from './blocks.ts';
import { CacheEvent } from './event.ts';
import { prefixInKey, prefixOf } from './keys.ts';
import { createRing, RING_LIMITS, type Ring, type RingLimits } from './ring.ts';
import { currentFrom, storedFrom, type Stored } from './stored.ts';
import { createTable, type Table } from './table.ts';

/** How long a read waits for a revision that is not here yet. source: kubernetes/apiserver cacher blockTimeout. */
export const FRESH_TIMEOUT_MS = 3000;
const LOAD_PAGE = 1000;
const SETTLED_PER_TURN = 1000;

export interface Cache {
  readonly store: Store;
  readonly ring: Ring;
  table(kind: Kind): Table;
  tables(): Iterable<Table>;
  /** Revision of the newest change that is visible here. */
  revision(): Revision;
  /** The state that this change of the newest group wrote; undefined for older ones and for deletes. */
  justWritten(revision: Revision): Stored | undefined;
  /** True once `revision` is here, false after 3 s or when `signal` aborts. */
  waitFor(revision: Revision, signal: AbortSignal): Promise<boolean>;
  /** Changes just applied, in order; called once per commit group. Revisions of unserved kinds have no event. */
  onEvents(listener: (events: readonly CacheEvent[]) => void): void;
  /** Called once, when everything is loaded. */
  onLoaded(listener: () => void): void;
  start(): Promise<void>;
  close(): void;
}

interface CacheDeps {
  readonly store: Store;
  readonly kinds: readonly Kind[];
  readonly clock: Clock;
  readonly limits?: RingLimits;
}

interface Waiter {
  readonly revision: Revision;
  readonly done: (fresh: boolean) => void;
}

export const createCache = (deps: CacheDeps): Cache => new WatchCache(deps);

class WatchCache implements Cache {
  readonly store: Store;
  ring: Ring;
  readonly #deps: CacheDeps;
  readonly #byKind = new Map<Kind, Table>();
  readonly #byPrefix = new Map<string, Table>();
  readonly #waiters = new Set<Waiter>();
  readonly #listeners: ((events: readonly CacheEvent[]) => void)[] = [];
  readonly #loaded: (() => void)[] = [];
  #revision: Revision = 0;
  #newest: readonly CacheEvent[] = [];
  /** Changes that came while the current state was being loaded; undefined afterwards. */
  #early: Change[] | undefined = [];
  readonly #blocks = new Blocks();
  #settling = false;
  #unsubscribe = (): void => undefined;

  constructor(deps: CacheDeps) {
    this.#deps = deps;
    this.store = deps.store;
    this.ring = createRing(0, deps.limits ?? RING_LIMITS);
    for (const kind of deps.kinds.filter((one) => one.storage === 'stored')) {
      const table = createTable(kind);
      this.#byKind.set(kind, table);
      this.#byPrefix.set(table.shape.prefix, table);
    }
  }

  table(kind: Kind): Table {
    const table = this.#byKind.get(kind) ?? this.#byPrefix.get(prefixOf(kind));
    if (table === undefined) throw new Error(`kind ${kind.kind} is not served from the store`);
    return table;
  }
  tables(): Iterable<Table> {
    return this.#byKind.values();
  }
  revision(): Revision {
    return this.#revision;
  }
  justWritten(revision: Revision): Stored | undefined {
    const [first] = this.#newest;
    // Found where no revision is missing in between: kinds that are not served have no events, and etcd has gaps.
    const event = first === undefined ? undefined : this.#newest[revision - first.revision];
    return event?.revision === revision && event.type !== 'DELETED' ? event.object : undefined;
  }
  onEvents(listener: (events: readonly CacheEvent[]) => void): void {
    this.#listeners.push(listener);
  }
  onLoaded(listener: () => void): void {
    this.#loaded.push(listener);
  }

  async waitFor(wanted: Revision, signal: AbortSignal): Promise<boolean> {
    if (wanted <= this.#revision) return true;
    return await waitUntil(this.#waiters, { revision: wanted, signal, clock: this.#deps.clock });
  }

  async start(): Promise<void> {
    this.#unsubscribe = this.store.subscribe((changes) => {
      if (this.#early === undefined) this.#apply(changes);
      else this.#early.push(...changes);
    });
    const at = this.store.revision();
    await this.#load(at);
    this.#revision = at;
    this.ring = createRing(at, this.#deps.limits ?? RING_LIMITS);
    for (const table of this.#byKind.values()) table.lastChange = at;
    for (const listener of this.#loaded) listener();
    const missed = this.#early ?? [];
    this.#early = undefined;
    this.#apply(missed);
  }

  close(): void {
    this.#unsubscribe();
    for (const waiter of this.#waiters) waiter.done(false);
  }

  /** Everything as it stands at one revision. */
  async #load(revision: Revision): Promise<void> {
    for (let after = ''; ;) {
      const page = await this.store.list('', { revision, after, limit: LOAD_PAGE });
      for (const entry of page.entries) {
        const table = this.#byPrefix.get(prefixInKey(entry.key));
        if (table === undefined) continue;
        const path = entry.key.slice(table.shape.prefix.length);
        const identity = { shape: table.shape, path, revision: entry.revision };
        const object = currentFrom(this.#blocks, identity, entry.value);
        object.enter(this.#blocks);
        table.objects.set(path, object);
        table.sorted.set(object);
      }
      const last = page.entries.at(-1);
      if (!page.more || last === undefined) return;
      after = last.key;
    }
  }

  #apply(changes: readonly Change[]): void {
    const events: CacheEvent[] = [];
    for (const change of changes) {
      if (change.revision <= this.#revision) continue;
      this.#revision = change.revision;
      const table = this.#byPrefix.get(prefixInKey(change.key));
      // A kind that is not served any more: the revision counts, the value is left alone.
      if (table === undefined) continue;
      const event = apply(table, change, this.#blocks);
      this.ring.push(event);
      events.push(event);
    }
    this.#newest = events;
    for (const waiter of this.#waiters) if (waiter.revision <= this.#revision) waiter.done(true);
    for (const listener of this.#listeners) listener(events);
    if (this.#blocks.isWasteful) this.#settleLater();
  }

  /** Empties sparse blocks, some objects per turn. */
  #settleLater(): void {
    if (this.#settling) return;
    this.#settling = true;
    const rest = this.#current();
    const settleSome = (): void => {
      for (let count = 0; count < SETTLED_PER_TURN; count += 1) {
        const { done, value: object } = rest.next();
        if (done === true) {
          this.#settling = false;
          return;
        }
        object.settle(this.#blocks);
      }
      setImmediate(settleSome);
    };
    setImmediate(settleSome);
  }

  *#current(): Generator<Stored, undefined> {
    for (const table of this.#byKind.values()) yield* table.objects.values();
  }
}

/** Makes one change visible and tells the observers of its kind. */
function apply(table: Table, change: Change, blocks: Blocks): CacheEvent {
  const { shape } = table;
  const { revision } = change;
  const path = change.key.slice(shape.prefix.length);
  // What created its key replaced nothing: in a large table a look-up is worth sparing.
  const previous = change.previous === 0 ? undefined : table.objects.get(path);
  const isDelete = change.type === 'delete';
  const object = isDelete
    ? storedFrom({ shape, path, revision }, change.value)
    : currentFrom(blocks, { shape, path, revision }, change.value);
  previous?.leave(blocks);
  if (isDelete) {
    table.objects.delete(path);
    table.sorted.delete(path);
  } else {
    object.enter(blocks);
    table.objects.set(path, object);
    table.sorted.set(object);
  }
  table.lastChange = revision;
  tell(table, object, isDelete ? undefined : object);
  return new CacheEvent({ table, object, previous, deleted: isDelete });
}

function tell({ observers }: Table, { namespace, name }: Stored, current: Stored | undefined): void {
  const key = { namespace, name };
  for (const observer of observers) {
    try {
      observer(key, current);
    } catch (error) {
      // An observer that fails (policy among them) is a broken invariant: end the process, but let the commit
      // that is being announced reach everybody else first.
      queueMicrotask(() => {
        throw error;
      });
    }
  }
}

async function waitUntil(
  waiters: Set<Waiter>,
  wanted: { readonly revision: Revision; readonly signal: AbortSignal; readonly clock: Clock },
): Promise<boolean> {
  if (wanted.signal.aborted) return false;
  return await new Promise((resolve) => {
    const done = (fresh: boolean): void => {
      cancel();
      wanted.signal.removeEventListener('abort', onAbort);
      waiters.delete(waiter);
      resolve(fresh);
    };
    const onAbort = (): void => done(false);
    const waiter: Waiter = { revision: wanted.revision, done };
    const cancel = wanted.clock.after(FRESH_TIMEOUT_MS, () => done(false));
    wanted.signal.addEventListener('abort', onAbort);
    waiters.add(waiter);
  });
}
