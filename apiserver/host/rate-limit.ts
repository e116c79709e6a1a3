/** A token bucket: bursts pass, beyond them callers wait their turn. source: client-go util/flowcontrol. */
import { ApiError } from '../api/errors.ts';
import { pause } from '../client/pause.ts';
import type { Clock } from '../runtime/clock.ts';

export interface RateLimit {
  /**
   * Undefined: go on. Else what to wait for; rejects when the signal is aborted. Throws TooManyRequests when the turn
   * would come too late; nothing is taken then.
   */
  enter(signal: AbortSignal): Promise<void> | undefined;
}

export function createRateLimit(options: {
  readonly perSecond: number;
  readonly burst: number;
  /** Longest turn to wait for, in milliseconds. */
  readonly maxWaitMs: number;
  readonly clock: Clock;
}): RateLimit {
  const { perSecond, burst, maxWaitMs, clock } = options;
  let tokens = burst;
  let atMs = clock.now();
  return {
    enter: (signal) => {
      const nowMs = clock.now();
      tokens = Math.min(burst, tokens + ((nowMs - atMs) / 1000) * perSecond);
      atMs = nowMs;
      // Below zero the tokens of the future are taken: those who wait are served in order.
      const waitMs = ((1 - tokens) / perSecond) * 1000;
      if (waitMs > maxWaitMs) throw tooMany();
      tokens -= 1;
      return waitMs <= 0 ? undefined : pause(clock, waitMs, signal);
    },
  };
}

const tooMany = (): ApiError =>
  new ApiError('TooManyRequests', 'too many questions to the host cluster at once; try again', {
    details: { retryAfterSeconds: 1 },
  });
