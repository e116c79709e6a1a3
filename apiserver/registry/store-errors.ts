/** What clients are told when the store does not do what it was asked. */
import { ApiError } from '../api/errors.ts';
import { OutcomeUnknownError, StoreUnusableError, ValueTooLargeError } from '../store/store.ts';

const SOON_SECONDS = 1;

/** A failed write: 413 and 503 when it did not happen, 504 when nobody knows; anything else is returned as it is. */
export function ofWrite(error: unknown): unknown {
  if (error instanceof OutcomeUnknownError) {
    return timeout(
      `it is not known whether the write happened: ${error.message}; read before you try again`,
      error,
    );
  }
  if (error instanceof ValueTooLargeError) {
    return new ApiError('RequestEntityTooLarge', `the object is too large to be stored: ${error.message}`, {
      cause: error,
    });
  }
  if (!(error instanceof StoreUnusableError)) return error;
  // No Retry-After: client-go would try ten times in silence, and a full disk is for a person to see.
  return new ApiError('ServiceUnavailable', `nothing was written: ${error.message}`, { cause: error });
}

/** A failed read: 503 or 504; anything else is returned as it is. */
export function ofRead(error: unknown): unknown {
  if (error instanceof OutcomeUnknownError) return timeout(error.message, error);
  if (!(error instanceof StoreUnusableError)) return error;
  return new ApiError('ServiceUnavailable', `the store does not answer: ${error.message}`, {
    details: { retryAfterSeconds: SOON_SECONDS },
    cause: error,
  });
}

const timeout = (message: string, cause: Error): ApiError =>
  new ApiError('Timeout', message, { details: { retryAfterSeconds: SOON_SECONDS }, cause });
