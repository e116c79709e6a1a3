/**
 * Objects of one kind as they stood at a revision, page by page: the current state when nothing changed since, the
 * current state with the ring's changes undone while the ring reaches back, the store's history before that.
 */
import type { Revision } from '../store/store.ts';
import type { Cache } from './cache.ts';
import type { Matches } from './event.ts';
import { storedFrom, type Stored } from './stored.ts';
import { countFrom, walk, type Table } from './table.ts';

export interface PageRequest {
  readonly table: Table;
  readonly range: string;
  readonly revision: Revision;
  /** First path of the page; empty = from the start. */
  readonly start: string;
  /** 0 = all. */
  readonly limit: number;
  /** Undefined = everything, and then the rest is counted. */
  readonly matches: Matches | undefined;
}
export interface Page {
  readonly items: readonly Stored[];
  readonly more: boolean;
  /** Objects behind this page; undefined when filtered or too long ago to count. */
  readonly remaining: number | undefined;
}

/** Collects matching objects until one more than `limit` was seen. */
class Collector {
  readonly items: Stored[] = [];
  more = false;
  readonly #limit: number;
  readonly #matches: Matches | undefined;
  constructor(request: PageRequest) {
    this.#limit = request.limit;
    this.#matches = request.matches;
  }
  /** False when the page is full. */
  take(object: Stored): boolean {
    if (this.#matches !== undefined && !this.#matches(object)) return true;
    if (this.#limit > 0 && this.items.length >= this.#limit) {
      this.more = true;
      return false;
    }
    this.items.push(object);
    return true;
  }
}

/** Throws CompactedError when the revision is older than the history. */
export async function page(cache: Cache, request: PageRequest): Promise<Page> {
  const { table, range, revision } = request;
  if (table.lastChange <= revision) return current(request);
  const undone = new Map<string, Stored | undefined>();
  const reached = cache.ring.back(revision, (event) => {
    if (event.table === table && event.object.path.startsWith(range)) {
      undone.set(event.object.path, event.previous);
    }
  });
  return reached ? rewound(request, undone) : await historical(cache, request);
}

function current(request: PageRequest): Page {
  const { table, range, start } = request;
  const collector = new Collector(request);
  walk(table, range, start, (object) => collector.take(object));
  const { items, more } = collector;
  if (request.matches !== undefined) return { items, more, remaining: undefined };
  const remaining = more ? countFrom(table, range, start) - items.length : 0;
  return { items, more, remaining };
}

/** The current state with `undone` (path to the state before, undefined = was not there) put back. */
function rewound(request: PageRequest, undone: ReadonlyMap<string, Stored | undefined>): Page {
  const { table, range, start } = request;
  const collector = new Collector(request);
  const from = start > range ? start : range;
  const restored = [...undone.values()]
    .filter((object) => object !== undefined)
    .filter((object) => object.path >= from)
    .sort((a, b) => (a.path < b.path ? -1 : 1));
  let next = 0;
  let total = 0;
  const take = (object: Stored): boolean => {
    total += 1;
    return collector.more || collector.take(object) || true;
  };
  walk(table, range, start, (object) => {
    for (let back = restored[next]; back !== undefined && back.path <= object.path; back = restored[next]) {
      take(back);
      next += 1;
    }
    return undone.has(object.path) || take(object);
  });
  for (const back of restored.slice(next)) take(back);
  const { items, more } = collector;
  return { items, more, remaining: request.matches === undefined ? total - items.length : undefined };
}

const HISTORY_PAGE = 500;

async function historical(cache: Cache, request: PageRequest): Promise<Page> {
  const { shape } = request.table;
  const collector = new Collector(request);
  let after = request.start === '' ? '' : shape.prefix + request.start;
  for (let more = true; more && !collector.more;) {
    const { revision, limit } = request;
    const size = request.matches === undefined && limit > 0 ? limit + 1 : HISTORY_PAGE;
    const found = await cache.store.list(shape.prefix + request.range, { revision, after, limit: size });
    for (const entry of found.entries) {
      const path = entry.key.slice(shape.prefix.length);
      if (!collector.take(storedFrom({ shape, path, revision: entry.revision }, entry.value))) break;
    }
    after = found.entries.at(-1)?.key ?? after;
    more = found.more;
  }
  const { items, more } = collector;
  return { items, more, remaining: undefined };
}
