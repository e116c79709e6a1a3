/** Who waits for a revision to be seen. */
import type { Revision } from '../store.ts';

export interface Waiters {
  /** Resolves once `reached` was called with that revision or a newer one; rejects after `timeoutMs` with `late`. */
  until(revision: Revision, timeoutMs: number, late: () => Error): Promise<void>;
  reached(revision: Revision): void;
  /** Rejects all, those to come included. */
  fail(error: Error): void;
}

interface Waiter {
  readonly revision: Revision;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  readonly dueMs: number;
  readonly late: () => Error;
}

export function createWaiters(start: Revision): Waiters {
  const waiters = new Set<Waiter>();
  let newest = start;
  let failed: Error | undefined;
  let timer: NodeJS.Timeout | undefined;

  /** One timer for all: waiting is short, thousands wait. */
  const watchOver = (): void => {
    timer ??= setTimeout(() => {
      timer = undefined;
      const now = performance.now();
      for (const waiter of waiters) {
        if (waiter.dueMs > now) continue;
        waiters.delete(waiter);
        waiter.reject(waiter.late());
      }
      if (waiters.size > 0) watchOver();
    }, 250);
  };

  return {
    until: async (revision, timeoutMs, late) => {
      if (revision <= newest) return;
      if (failed !== undefined) throw failed;
      await new Promise<void>((resolve, reject) => {
        waiters.add({ revision, resolve, reject, dueMs: performance.now() + timeoutMs, late });
        watchOver();
      });
    },
    reached: (revision) => {
      newest = revision;
      for (const waiter of waiters) {
        if (waiter.revision > revision) continue;
        waiters.delete(waiter);
        waiter.resolve();
      }
    },
    fail: (error) => {
      failed = error;
      clearTimeout(timer);
      for (const waiter of waiters) waiter.reject(error);
      waiters.clear();
    },
  };
}
