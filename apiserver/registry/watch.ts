/**
 * One watch: what is there already, then what it missed, then live. Until it is live it runs at its own pace and
 * holds no changes back; it joins the fan-out when it has caught up.
 */
import { ApiError } from '../api/errors.ts';
import type { Log } from '../runtime/log.ts';
import type { Revision } from '../store/store.ts';
import type { Cache } from './cache.ts';
import type { Matches } from './event.ts';
import type { Fanout, Group, Watcher } from './fanout.ts';
import { isStatusOnly, past, select, type View } from './history.ts';
import { matchesOf, signatureOf } from './matches.ts';
import { createPersonalGroup, type PersonalGroup } from './personal-group.ts';
import type { Collection, Context, WatchEvent, WatchHandle, WatchOptions, WatchSink } from './registry.ts';
import { requireFresh, tooOld } from './resource-version.ts';
import type { Stored } from './stored.ts';
import { rangeOf, walk, type Table } from './table.ts';
import { watchStart, type WatchStart } from './watch-start.ts';

export interface WatchDeps {
  readonly cache: Cache;
  readonly fanout: Fanout;
  readonly log: Log;
  /** Kinds that decide what callers see. */
  readonly visibilityKinds: ReadonlySet<Table>;
}
export interface WatchRequest {
  readonly context: Context;
  readonly collection: Collection;
  readonly options: WatchOptions;
  readonly sink: WatchSink;
}

const NO_TABLES: ReadonlySet<Table> = new Set();
/** Initial events go out in batches of this size, with a turn of the event loop between them. */
const INITIAL_BATCH = 500;

/** Throws for invalid options; everything else reaches the sink, never before this returned. */
export function startWatch(deps: WatchDeps, request: WatchRequest): WatchHandle {
  const { collection, options, sink } = request;
  const start = watchStart(options);
  const selected = matchesOf(options.selectors);
  const { visibility } = options;
  const view: View = {
    table: deps.cache.table(collection.kind),
    range: rangeOf(collection.namespace),
    matches: visibility.all ? selected : visible(selected, (object) => visibility.allows(object)),
  };
  const watch = new Watch(deps, request, { view, whole: { ...view, matches: selected } });
  queueMicrotask(() => {
    watch.run(start).catch((error: unknown) => {
      watch.close();
      if (!(error instanceof ApiError)) deps.log.error('a watch failed', { error });
      sink.error(error instanceof ApiError ? error : new ApiError('InternalError', 'the watch failed'));
    });
  });
  return { bookmark: () => watch.bookmark(), close: () => watch.close() };
}

const visible =
  (selected: Matches | undefined, allows: (object: Stored) => boolean): Matches =>
  (object) =>
    (selected === undefined || selected(object)) && allows(object);

class Watch {
  readonly #deps: WatchDeps;
  readonly #request: WatchRequest;
  readonly #view: View;
  /** What it shows to a caller who sees everything. */
  readonly #whole: View;
  readonly #watcher: Watcher;
  #leave: (() => boolean) | undefined;
  #unsubscribe = (): void => undefined;
  #personal: PersonalGroup | undefined;
  #isClosed = false;
  #hasVisibilityChanged = false;

  constructor(deps: WatchDeps, request: WatchRequest, views: { readonly view: View; readonly whole: View }) {
    this.#deps = deps;
    this.#request = request;
    this.#view = views.view;
    this.#whole = views.whole;
    const { options, sink } = request;
    this.#watcher = { sink, bookmarks: options.allowBookmarks, nextBookmarkMs: 0 };
    if (!options.visibility.all) {
      this.#unsubscribe = options.visibility.onChange(() => this.#onVisibilityChange());
    }
  }

  async run(start: WatchStart): Promise<void> {
    if (this.#isClosed) return;
    switch (start.is) {
      case 'live':
        await this.#catchUp(this.#deps.cache.revision());
        return;
      case 'after':
        await this.#catchUp(start.revision);
        return;
      case 'initial':
        await requireFresh(
          this.#deps.cache,
          start.atLeast,
          this.#request.context.signal,
          this.#request.options.resourceVersion,
        );
        await this.#catchUp(await this.#sendInitial(start.marked));
        return;
    }
  }

  bookmark(): void {
    if (this.#leave === undefined || !this.#watcher.bookmarks) return;
    this.#deps.fanout.flush();
    this.#request.sink.bookmark(this.#deps.cache.revision(), false);
  }

  close(): void {
    this.#isClosed = true;
    this.#unsubscribe();
    this.#personal?.close();
    this.#leave?.();
    this.#leave = undefined;
  }

  /** Everything as it stands at one revision, which is returned. */
  async #sendInitial(marked: boolean): Promise<Revision> {
    const { table, range, matches } = this.#view;
    const { sink } = this.#request;
    const revision = this.#deps.cache.revision();
    const found: Stored[] = [];
    walk(table, range, '', (object) => {
      if (matches === undefined || matches(object)) found.push(object);
      return true;
    });
    for (let sent = 0; sent < found.length && !this.#isClosed; sent += INITIAL_BATCH) {
      if (sent > 0) await this.#pace();
      const batch = found.slice(sent, sent + INITIAL_BATCH);
      sink.events(batch.map((object) => ({ type: 'ADDED', object, revision: object.revision })));
    }
    if (marked && this.#watcher.bookmarks && !this.#isClosed) sink.bookmark(revision, true);
    return revision;
  }

  /** Sends what happened after `from` until nothing is missing, then goes live. */
  async #catchUp(from: Revision): Promise<void> {
    const { cache } = this.#deps;
    const { signal } = this.#request.context;
    for (let at = from; !this.#isClosed && !signal.aborted;) {
      if (at === cache.revision()) {
        this.#goLive();
        return;
      }
      // A revision from the future is waited for: the first event is the first one after it.
      if (at > cache.revision()) {
        await cache.waitFor(at, signal);
        continue;
      }
      const { visibility } = this.#request.options;
      const page = await past(cache, this.#view, at, visibility.all ? NO_TABLES : this.#deps.visibilityKinds);
      const isTold = page.decisive.some((change) => visibility.affectedBy?.(change) ?? !isStatusOnly(change));
      // What this caller saw at `from` can no longer be told: it has to list again.
      if (isTold || this.#hasVisibilityChanged) throw tooOld(at, cache.revision());
      if (page.events.length > 0) this.#emit(page.events);
      at = page.upTo;
      if (at < cache.revision()) await this.#pace();
    }
  }

  /** Nothing follows a close, which may come while a page is read. */
  #emit(events: readonly WatchEvent[]): void {
    if (!this.#isClosed) this.#request.sink.events(events);
  }

  #goLive(): void {
    const { fanout, cache } = this.#deps;
    if (this.#hasVisibilityChanged) throw tooOld(cache.revision(), cache.revision());
    this.#leave = fanout.join(this.#group(), this.#watcher);
  }

  #group(): Group {
    const { visibility, selectors } = this.#request.options;
    // A group of its own remembers what it shows, object by object; who sees everything needs none for now.
    if (!visibility.all && visibility.allForNow !== true) {
      this.#personal = createPersonalGroup(this.#view, this.#deps.cache);
      return this.#personal;
    }
    const view = this.#whole;
    const { table, range } = view;
    const text = signatureOf(selectors);
    const signature = text === undefined ? undefined : `${range} ${text}`;
    const shared = signature === undefined ? undefined : this.#deps.fanout.shared(table, signature);
    return shared ?? { table, signature, watchers: new Set(), select: (events) => select(view, events) };
  }

  /** From now on the caller sees less than everything, which is what was shown so far. Undefined: it is over. */
  #becomePersonal(): PersonalGroup | undefined {
    const { fanout, cache } = this.#deps;
    // What it gets may be too much for it: then it is closed, or dropped, meanwhile.
    fanout.flush();
    if (this.#leave?.() !== true) return undefined;
    const before = { view: this.#whole, upTo: fanout.received() };
    const personal = createPersonalGroup(this.#view, cache, before);
    this.#leave = fanout.join(personal, this.#watcher);
    this.#personal = personal;
    return personal;
  }

  #onVisibilityChange(): void {
    if (this.#leave === undefined) {
      this.#hasVisibilityChanged = true;
      return;
    }
    if (this.#personal === undefined && this.#request.options.visibility.allForNow === true) return;
    const personal = this.#personal ?? this.#becomePersonal();
    if (personal === undefined) return;
    personal.reviseSoon(() => {
      this.#deps.fanout.flush();
      const events = personal.revise();
      if (events.length === 0 || this.#leave === undefined) return;
      this.#deps.fanout.send(this.#watcher, events);
      // Objects that appear carry their own, older resourceVersion; the bookmark brings the client back to now.
      this.bookmark();
    });
  }

  async #pace(): Promise<void> {
    await (this.#request.sink.drained?.() ?? new Promise((resolve) => void setImmediate(resolve)));
  }
}
