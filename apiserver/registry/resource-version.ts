/** Reading resourceVersion parameters and saying no in Kubernetes' words. */
import { ApiError, badRequest } from '../api/errors.ts';
import type { Revision } from '../store/store.ts';
import type { Cache } from './cache.ts';

/** Zeros in front mean nothing, as Go reads numbers. */
const DECIMAL = /^0*([0-9]{1,20})$/;
const MAX_SHOWN = 64;
const MAX = 2n ** 64n - 1n;

/** Empty = undefined. Throws 400. A number beyond 2^53 is a revision that never comes. */
export function parseRevision(text: string): Revision | undefined {
  if (text === '') return undefined;
  const [, digits] = DECIMAL.exec(text) ?? [];
  if (digits === undefined || BigInt(digits) > MAX) {
    throw badRequest(
      `resourceVersion: Invalid value: ${JSON.stringify(text.slice(0, MAX_SHOWN))}: must be a decimal number of 64 bits`,
    );
  }
  return Math.min(Number(digits), Number.MAX_SAFE_INTEGER);
}

/**
 * Waits up to 3 s for a revision from the future; `sent` is what the client calls it. Throws 504 Timeout, which clients
 * retry.
 */
export async function requireFresh(
  cache: Cache,
  revision: Revision,
  signal: AbortSignal,
  sent: string = String(revision),
): Promise<void> {
  if (revision <= cache.revision()) return;
  if (await cache.waitFor(revision, signal)) return;
  throw tooLarge(sent.replace(/^0+(?=[0-9])/, ''), cache.revision());
}

// source: apimachinery storage.NewTooLargeResourceVersionError; reflectors key on the cause.
const tooLarge = (asked: string, current: Revision): ApiError =>
  new ApiError('Timeout', `Timeout: Too large resource version: ${asked}, current: ${current}`, {
    details: {
      causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
      retryAfterSeconds: 1,
    },
  });

/** A watch that starts before what the history still holds. */
export const tooOld = (asked: Revision, oldest: Revision): ApiError =>
  new ApiError('Expired', `too old resource version: ${asked} (${oldest})`);
