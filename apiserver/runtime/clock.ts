/** Time as a dependency, so that tests advance it instead of sleeping. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Milliseconds since some moment; unlike `now` it never jumps when somebody sets the time. */
  monotonic(): number;
  /** Runs `task` once after `delayMs`; the returned function cancels it. Never keeps the process alive. */
  after(delayMs: number, task: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (delayMs, task) => {
    const timer = setTimeout(task, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

export interface FakeClock extends Clock {
  /** Moves time forward and runs what became due, in order. */
  advance(byMs: number): void;
  /** What happens when an administrator, or NTP, sets the time: `now` jumps, and no time passes. */
  setTime(toMs: number): void;
}

export function createFakeClock(startMs = 0): FakeClock {
  let nowMs = startMs;
  let setByMs = 0;
  let timers: { readonly dueMs: number; readonly task: () => void }[] = [];
  return {
    now: () => nowMs + setByMs,
    monotonic: () => nowMs,
    after: (delayMs, task) => {
      const timer = { dueMs: nowMs + delayMs, task };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
    advance: (byMs) => {
      const untilMs = nowMs + byMs;
      for (;;) {
        const next = timers.filter((timer) => timer.dueMs <= untilMs).sort((a, b) => a.dueMs - b.dueMs)[0];
        if (next === undefined) break;
        timers = timers.filter((other) => other !== next);
        nowMs = next.dueMs;
        next.task();
      }
      nowMs = untilMs;
    },
    setTime: (toMs) => {
      setByMs = toMs - nowMs;
    },
  };
}

/** RFC 3339 with whole seconds, as Kubernetes writes times. */
export function timestamp(ms: number): string {
  const second = Math.floor(ms / 1000);
  if (second !== last.second) last = { second, text: `${new Date(ms).toISOString().slice(0, 19)}Z` };
  return last.text;
}
/** Most times that are written are now. */
let last = { second: Number.NaN, text: '' };
