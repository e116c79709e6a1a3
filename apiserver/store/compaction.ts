/**
 * Automatic compaction: history is kept for a time and up to a number of revisions, whichever ends first.
 * Older lists and watches answer 410.
 */
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import type { Store } from './store.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const CHECK_EVERY_MS = 5 * 60 * 1000;

export interface CompactorOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  /** Default: 7 days. */
  readonly keepMs?: number;
  /** Default: 1,000,000. */
  readonly keepRevisions?: number;
}

export interface Compactor {
  /** Checks now and every five minutes from then on. */
  start(): void;
  /** Resolves when the check that is running has ended. Idempotent. */
  close(): Promise<void>;
}

export function createCompactor(options: CompactorOptions): Compactor {
  return new StoreCompactor(options);
}

class StoreCompactor implements Compactor {
  readonly #options: CompactorOptions;
  #cancel: () => void = () => undefined;
  #running: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: CompactorOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#closed) return;
    this.#running = this.#check().finally(() => {
      if (!this.#closed) this.#cancel = this.#options.clock.after(CHECK_EVERY_MS, () => this.start());
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel();
    await this.#running;
  }

  /** A failure (disk full) is no reason to stop serving: it is logged and tried again at the next check. */
  async #check(): Promise<void> {
    const { store, clock, log, keepMs = 7 * DAY_MS, keepRevisions = 1_000_000 } = this.#options;
    try {
      const tooOld = await store.revisionAt(clock.now() - keepMs);
      const upTo = Math.max(tooOld, store.revision() - keepRevisions);
      if (upTo < store.oldest()) return;
      await store.compact(upTo);
      log.info('history compacted', { oldest: store.oldest(), newest: store.revision() });
    } catch (error) {
      log.error('compaction failed', { error });
    }
  }
}
