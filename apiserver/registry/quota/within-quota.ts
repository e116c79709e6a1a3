/**
 * A write with what it takes of quotas set aside. Where other processes write too, they set aside on their own: then
 * the store refuses a write that was decided before another one in the same namespace took something, and it is
 * decided again on what is left.
 * source: kubernetes/apiserver quota admission, which compares and swaps the status of the quota for the same end.
 */
import { ApiError } from '../../api/errors.ts';
import type { Guard } from '../../store/store.ts';
import type { Cache } from '../cache.ts';
import type { Turns } from '../turns.ts';
import type { QuotaLedger, QuotaWrite } from './ledger.ts';

/** Another process took of the same quotas since the write was decided: nothing was stored. */
export const OUTRUN: unique symbol = Symbol('outrun');

interface Deps {
  readonly cache: Cache;
  readonly turns: Turns;
  readonly quota: QuotaLedger | undefined;
}
type Attempt<T> = (guard: Guard | undefined) => Promise<T | typeof OUTRUN>;

/** Attempts against other processes before giving up; each one lost means that one of them got through. */
const MAX_ATTEMPTS = 100;

/** Throws 403, at once or later, when a quota does not have what the write takes. */
export function withinQuota<T>(
  deps: Deps,
  write: QuotaWrite,
  attempt: Attempt<T>,
): Promise<T | typeof OUTRUN> {
  const release = deps.quota?.reserve(write);
  return release === undefined ? attempt(undefined) : reserved(deps, { write, release }, attempt);
}

async function reserved<T>(
  deps: Deps,
  { write, release }: { readonly write: QuotaWrite; readonly release: () => void },
  attempt: Attempt<T>,
): Promise<T> {
  if (deps.cache.store.sync === undefined) {
    try {
      return unguarded(await attempt(undefined));
    } finally {
      release();
    }
  }
  release();
  // Writers of this process wait for each other: only those of others can get between.
  const leave = await deps.turns.enter(`quota ${write.namespace}`);
  try {
    for (let tries = 0; tries < MAX_ATTEMPTS; tries += 1) {
      const result = await guarded(deps, write, attempt);
      if (result !== OUTRUN) return result;
    }
  } finally {
    leave();
  }
  throw new ApiError('TooManyRequests', `too many writes at once take of the quotas of ${write.namespace}`, {
    details: { retryAfterSeconds: 1 },
  });
}

async function guarded<T>(deps: Deps, write: QuotaWrite, attempt: Attempt<T>): Promise<T | typeof OUTRUN> {
  // Nothing comes between these two: the ledger knows exactly what the cache does.
  const release = deps.quota?.reserve(write);
  const seen = deps.cache.revision();
  try {
    return await attempt({ name: write.namespace, seen });
  } finally {
    release?.();
  }
}

/** What became of a write that has no guard, which nothing can outrun. */
export function unguarded<T>(result: T | typeof OUTRUN): T {
  if (result === OUTRUN) throw new Error('a write without a guard was refused by one');
  return result;
}
