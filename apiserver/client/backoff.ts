/** How long to wait before trying again: exponential growth with full jitter, so that a crowd spreads out. */

export interface BackoffOptions {
  /** Upper bound of the first wait. */
  readonly baseMs: number;
  /** Upper bound of every wait. */
  readonly capMs: number;
  /** Lower bound of every wait; default 0. */
  readonly floorMs?: number;
  /** 0 up to but not including 1; injected by tests. */
  readonly random?: () => number;
}

/**
 * Wait before retry number `failures` (1 for the first): uniform in `floor .. min(cap, base * 2^(failures-1))`.
 * source: "Exponential Backoff And Jitter", full jitter variant.
 */
export function backoffMs(failures: number, options: BackoffOptions): number {
  const random = options.random ?? Math.random;
  const floorMs = options.floorMs ?? 0;
  // 2^30 is far above every cap; a larger exponent would only reach Infinity.
  const ceilingMs = Math.min(options.capMs, options.baseMs * 2 ** Math.min(failures - 1, 30));
  return floorMs + Math.floor(random() * Math.max(0, ceilingMs - floorMs));
}

/** Milliseconds asked for by a Retry-After header: seconds or a date. Undefined when absent or unreadable. */
export function retryAfterMs(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined || header === '') return undefined;
  if (/^\d{1,6}$/.test(header)) return Number(header) * 1000;
  const dateMs = Date.parse(header);
  return Number.isNaN(dateMs) ? undefined : Math.max(0, dateMs - nowMs);
}
