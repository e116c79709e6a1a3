/**
 * Somebody changes an object again and again, and we put it back again and again: after five times in ten minutes
 * the object is left alone for a while, so that there is no endless war of writes. source: replay design 2.4.
 */
import type { Clock } from '../../apiserver/runtime/clock.ts';

export interface Contention {
  /** One correction of this object. */
  corrected(id: string): void;
  /** Milliseconds for which the object is left alone still; 0 when it may be written. */
  restMs(id: string): number;
}

const WINDOW_MS = 600_000;
const LIMIT = 5;
const REST_MS = 300_000;

export function createContention(clock: Clock): Contention {
  const corrections = new Map<string, readonly number[]>();
  const restUntil = new Map<string, number>();
  return {
    corrected: (id) => {
      const nowMs = clock.now();
      const recent = [...(corrections.get(id) ?? []), nowMs].filter((atMs) => nowMs - atMs < WINDOW_MS);
      corrections.set(id, recent);
      if (recent.length > LIMIT) restUntil.set(id, nowMs + REST_MS);
      for (const [other, times] of corrections) {
        if (nowMs - (times.at(-1) ?? 0) >= WINDOW_MS) corrections.delete(other);
      }
    },
    restMs: (id) => {
      const leftMs = (restUntil.get(id) ?? 0) - clock.now();
      if (leftMs > 0) return leftMs;
      restUntil.delete(id);
      return 0;
    },
  };
}
