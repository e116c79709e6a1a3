/**
 * When revisions were written: once a minute a change carries the time and what was newest before it, in its own
 * transaction, so that notes take no revisions of their own.
 */
import type { Revision } from '../store.ts';
import type { Connection } from './connection.ts';
import type { Layout } from './layout.ts';
import { decodeRange, encodeRange, METHOD, type KeyValue, type Operation } from './messages.ts';

const STEP_MS = 60_000;
const PAGE = 1000;

export interface Notes {
  /** What a change of this moment has to carry. */
  operations(nowMs: number): readonly Operation[];
  /** The newest revision noted at or before that time; 0 = none. */
  revisionAt(timeMs: number): Promise<Revision>;
  /** Notes of revisions before this one are not needed any more, but for the newest of them. */
  forget(before: Revision): Promise<void>;
}

export interface NotesDeps {
  readonly connection: Connection;
  readonly layout: Layout;
  readonly newest: () => Revision;
}

export const createNotes = (deps: NotesDeps): Notes => new EtcdNotes(deps);

class EtcdNotes implements Notes {
  readonly #deps: NotesDeps;
  #lastMs = Number.NEGATIVE_INFINITY;
  /** First key of those that can go. */
  #drop: Buffer | undefined;

  constructor(deps: NotesDeps) {
    this.#deps = deps;
  }

  operations(nowMs: number): readonly Operation[] {
    const ms = Math.floor(nowMs);
    if (ms >= this.#lastMs && ms < this.#lastMs + STEP_MS) return [];
    this.#lastMs = ms;
    const { layout, newest } = this.#deps;
    const key = layout.time(ms);
    const note: Operation = { is: 'put', key, value: Buffer.from(String(newest())) };
    const drop = this.#drop;
    this.#drop = undefined;
    // etcd takes a key once in a transaction: a clock that was set far back must not meet what is dropped.
    if (drop === undefined || Buffer.compare(key, drop) >= 0) return [note];
    return [note, { is: 'delete', key: drop, end: layout.timesEnd }];
  }

  async revisionAt(timeMs: number): Promise<Revision> {
    const [newest] = await this.#page(this.#deps.layout.time(Math.max(timeMs, 0)), 1);
    return newest === undefined ? 0 : revisionOf(newest);
  }

  async forget(before: Revision): Promise<void> {
    // Newest first: what follows the first note of a dropped revision says nothing that it does not.
    let from = this.#deps.layout.time(Number.MAX_SAFE_INTEGER);
    for (;;) {
      const notes = await this.#page(from, PAGE);
      const useless = notes.find((note) => revisionOf(note) < before);
      const last = useless ?? notes.at(-1);
      if (last === undefined) return;
      from = Buffer.concat([last.key, Buffer.alloc(1)]);
      if (useless !== undefined) {
        this.#drop = from;
        return;
      }
    }
  }

  async #page(key: Buffer, limit: number): Promise<readonly KeyValue[]> {
    const { connection, layout } = this.#deps;
    const request = encodeRange({ key, end: layout.timesEnd, limit });
    return decodeRange(await connection.call(METHOD.range, request)).kvs;
  }
}

const revisionOf = (note: KeyValue): Revision => Number(note.value.toString());
