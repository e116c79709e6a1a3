/** Reading resourceVersion parameters and saying no in Kubernetes' words. */
import { ApiError, badRequest } from '../api/errors.ts';
import type { Revision } from '../store/store.ts';
import type { Cache } from './cache.ts';

const DECIMAL = /^(?:0|[1-9][0-9]{0,19})$/;

/** Empty = undefined. Throws 400. A number beyond 2^53 is a revision that never comes. */
export function parseRevision(text: string): Revision | undefined {
  if (text === '') return undefined;
  if (!DECIMAL.test(text)) {
    throw badRequest(`resourceVersion: Invalid value: ${JSON.stringify(text)}: must be a decimal number`);
  }
  return Math.min(Number(text), Number.MAX_SAFE_INTEGER);
}

/** Waits up to 3 s for a revision from the future. Throws 504 Timeout, which clients retry. */
export async function requireFresh(cache: Cache, revision: Revision, signal: AbortSignal): Promise<void> {
  if (revision <= cache.revision()) return;
  if (!(await cache.waitFor(revision, signal))) throw tooLarge(revision, cache.revision());
}

// source: apimachinery storage.NewTooLargeResourceVersionError; reflectors key on the cause.
const tooLarge = (asked: Revision, current: Revision): ApiError =>
  new ApiError('Timeout', `Timeout: Too large resource version: ${asked}, current: ${current}`, {
    details: {
      causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
      retryAfterSeconds: 1,
    },
  });

/** A watch that starts before what the history still holds. */
export const tooOld = (asked: Revision, oldest: Revision): ApiError =>
  new ApiError('Expired', `too old resource version: ${asked} (${oldest})`);
