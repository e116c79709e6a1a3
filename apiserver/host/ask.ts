/** One question to the host cluster: rate limited, tried again within its time, counted. */
import { ApiError } from '../api/errors.ts';
import { backoffMs } from '../client/backoff.ts';
import { pause } from '../client/pause.ts';
import type { Clock } from '../runtime/clock.ts';
import type { CounterMetric } from '../runtime/metrics.ts';
import type { RateLimit } from './rate-limit.ts';

export interface AskDeps {
  readonly clock: Clock;
  readonly limit: RateLimit;
  /** Label `code`: `200`, or the reason of the failure. */
  readonly count: CounterMetric;
}

/** All tries of one question together. source: the library's webhook timeout. */
const TIMEOUT_MS = 10_000;
/** source: the library's back-off of 500 ms with 5 steps. */
const MAX_ATTEMPTS = 5;
const BACKOFF = { baseMs: 500, capMs: 3_000, floorMs: 100 };

/** Rejects with the last failure when time or tries are over. `attempt` must obey the signal. */
export async function ask<T>(deps: AskDeps, attempt: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const { clock, limit, count } = deps;
  const over = new AbortController();
  const cancel = clock.after(TIMEOUT_MS, () => {
    over.abort(new ApiError('Timeout', `no answer from the host cluster within ${TIMEOUT_MS} ms`));
  });
  const tryOnce = async (): Promise<T> => {
    await limit.enter(over.signal);
    try {
      const answer = await attempt(over.signal);
      count.inc({ code: '200' });
      return answer;
    } catch (error) {
      count.inc({ code: error instanceof ApiError ? error.reason : 'Unknown' });
      throw error;
    }
  };
  try {
    return await retried(clock, over.signal, tryOnce);
  } finally {
    cancel();
  }
}

async function retried<T>(clock: Clock, signal: AbortSignal, tryOnce: () => Promise<T>): Promise<T> {
  for (let failures = 1; ; failures += 1) {
    try {
      return await tryOnce();
    } catch (error) {
      if (failures >= MAX_ATTEMPTS || signal.aborted || !mayPass(error)) throw error;
    }
    await pause(clock, backoffMs(failures, BACKOFF), signal);
  }
}

/** What may be different the next time; more questions do not help where there are too many. Reviews change nothing, so they can be sent twice. */
const mayPass = (error: unknown): boolean =>
  error instanceof ApiError && ['InternalError', 'ServiceUnavailable', 'Timeout'].includes(error.reason);
