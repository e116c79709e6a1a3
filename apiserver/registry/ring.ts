/**
 * The newest changes of all kinds, without gaps, so that watches resume and lists look back without the store.
 * Bounded by count and by the bytes that only the ring keeps alive; the oldest go first.
 */
import type { Revision } from '../store/store.ts';
import type { CacheEvent } from './event.ts';

export interface RingLimits {
  /** Default 50,000. */
  readonly maxEvents: number;
  /** Default 24 MiB. */
  readonly maxBytes: number;
}
export const RING_LIMITS: RingLimits = { maxEvents: 50_000, maxBytes: 24 * 1024 * 1024 };

export interface Ring {
  /** Every change above this revision is here. */
  readonly floor: Revision;
  readonly size: number;
  /** What only its events keep alive. */
  readonly bytes: number;
  push(event: CacheEvent): void;
  /** Events with revision > `after`, ascending, at most `limit`; undefined when `after` is below the floor. */
  after(after: Revision, limit: number): readonly CacheEvent[] | undefined;
  /** Visits events newest first while their revision > `down`; false when `down` is below the floor. */
  back(down: Revision, visit: (event: CacheEvent) => void): boolean;
}

export function createRing(start: Revision, limits: RingLimits): Ring {
  // Events live at [head, events.length); the dead front is cut off when it is half of the array.
  let events: (CacheEvent | undefined)[] = [];
  let head = 0;
  let floor = start;
  let bytes = 0;

  const dropOldest = (): void => {
    const oldest = events[head];
    events[head] = undefined;
    head += 1;
    if (oldest !== undefined) {
      floor = oldest.revision;
      bytes -= oldest.retainedBytes;
    }
    if (head > 1024 && head * 2 > events.length) {
      events = events.slice(head);
      head = 0;
    }
  };
  /** Index of the first event above `revision`. */
  const above = (revision: Revision): number => {
    let low = head;
    let high = events.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((events[middle]?.revision ?? 0) <= revision) low = middle + 1;
      else high = middle;
    }
    return low;
  };

  return {
    get floor() {
      return floor;
    },
    get size() {
      return events.length - head;
    },
    get bytes() {
      return bytes;
    },
    push: (event) => {
      events.push(event);
      bytes += event.retainedBytes;
      while (events.length - head > limits.maxEvents || bytes > limits.maxBytes) dropOldest();
    },
    after: (after, limit) => {
      if (after < floor) return undefined;
      const from = above(after);
      return events.slice(from, from + limit).filter((event) => event !== undefined);
    },
    back: (down, visit) => {
      if (down < floor) return false;
      for (let index = events.length - 1; index >= head; index -= 1) {
        const event = events[index];
        if (event === undefined || event.revision <= down) break;
        visit(event);
      }
      return true;
    },
  };
}
