/** A token bucket: bursts pass, beyond them callers wait their turn. source: client-go util/flowcontrol. */
import { pause } from '../client/pause.ts';
import type { Clock } from '../runtime/clock.ts';

export interface RateLimit {
  /** Undefined: go on. Else what to wait for; rejects when the signal is aborted. */
  enter(signal: AbortSignal): Promise<void> | undefined;
}

export function createRateLimit(options: {
  readonly perSecond: number;
  readonly burst: number;
  readonly clock: Clock;
}): RateLimit {
  const { perSecond, burst, clock } = options;
  let tokens = burst;
  let atMs = clock.now();
  return {
    enter: (signal) => {
      const nowMs = clock.now();
      tokens = Math.min(burst, tokens + ((nowMs - atMs) / 1000) * perSecond);
      atMs = nowMs;
      // Below zero the tokens of the future are taken: those who wait are served in order.
      tokens -= 1;
      return tokens >= 0 ? undefined : pause(clock, (-tokens / perSecond) * 1000, signal);
    },
  };
}
