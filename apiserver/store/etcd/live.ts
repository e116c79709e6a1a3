/** The one watch of a process on everything of ours: in order, without gaps, across restarts of etcd. */
import type { Clock } from '../../runtime/clock.ts';
import type { Log } from '../../runtime/log.ts';
import type { Connection } from './connection.ts';
import { EtcdFailure } from './failure.ts';
import { decodeWatch, encodeWatch, WATCH_PATH, type WatchEvent, type WatchResponse } from './messages.ts';
import type { EtcdMetrics } from './metrics.ts';

export interface LiveDeps {
  readonly connection: Connection;
  readonly range: { readonly key: Buffer; readonly end: Buffer };
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: EtcdMetrics;
  /** All events of one or more revisions, each revision whole. */
  readonly onEvents: (events: readonly WatchEvent[]) => void;
  /**
   * The history the watch would go on from was compacted: where it may go on without missing anything. Throws
   * `EtcdFailure` when that cannot be found out now, anything else when it cannot go on.
   */
  readonly onCompacted: () => Promise<number>;
  /** The watch cannot go on. */
  readonly onLost: (error: Error) => void;
}

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2000;

export interface Live {
  /** Begins with the changes of that etcd revision. */
  start(fromRevision: number): void;
  close(): void;
}

export const createLive = (deps: LiveDeps): Live => new LiveWatch(deps);

class LiveWatch implements Live {
  readonly #deps: LiveDeps;
  #next = 0;
  #pauseMs = FIRST_PAUSE_MS;
  #closed = false;
  #end = (): void => undefined;
  #cancelPause = (): void => undefined;
  /** Of an answer that came in several messages. */
  #fragments: WatchEvent[] = [];

  constructor(deps: LiveDeps) {
    this.#deps = deps;
  }

  start(fromRevision: number): void {
    this.#next = fromRevision;
    this.#open();
  }

  close(): void {
    this.#closed = true;
    this.#cancelPause();
    this.#end();
  }

  #open(): void {
    const { connection, range } = this.#deps;
    let compacted = false;
    this.#fragments = [];
    this.#end = connection.stream(WATCH_PATH, encodeWatch(range.key, range.end, this.#next), {
      message: (bytes) => {
        if (this.#closed || compacted) return;
        const response = decodeWatch(bytes);
        compacted = response.compactRevision > 0;
        if (response.canceled) this.#end();
        else this.#take(response);
      },
      end: (error) => {
        if (this.#closed) return;
        if (compacted) void this.#recover();
        else this.#again(error);
      },
    });
  }

  #take(response: WatchResponse): void {
    this.#pauseMs = FIRST_PAUSE_MS;
    this.#fragments.push(...response.events);
    if (response.fragment) return;
    const events = this.#fragments;
    this.#fragments = [];
    const last = events.at(-1);
    if (last !== undefined) {
      this.#next = last.modRevision + 1;
      this.#deps.onEvents(events);
    } else if (!response.created) {
      // Progress: everything up to this revision was sent.
      this.#next = Math.max(this.#next, response.revision + 1);
    }
  }

  #again(error: Error): void {
    const { clock, log, metrics } = this.#deps;
    metrics.watchEnded();
    log.info('the etcd watch ended and is opened again', { error: error.message, pauseMs: this.#pauseMs });
    this.#cancelPause = clock.after(this.#pauseMs, () => this.#open());
    this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS);
  }

  async #recover(): Promise<void> {
    try {
      const next = await this.#deps.onCompacted();
      if (this.#closed) return;
      this.#next = next;
      this.#open();
    } catch (error) {
      if (this.#closed) return;
      // etcd went away again before it could be asked: that says nothing about what was missed.
      if (error instanceof EtcdFailure) this.#again(error);
      else this.#deps.onLost(error instanceof Error ? error : new Error(String(error)));
    }
  }
}
