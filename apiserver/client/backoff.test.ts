import assert from 'node:assert/strict';
import { backoffMs, retryAfterMs } from './backoff.ts';

describe('backoff', () => {
  it('doubles its upper bound up to the cap', () => {
    const most = (failures: number): number =>
      backoffMs(failures, { baseMs: 100, capMs: 1_000, random: () => 0.9999 });

    assert.deepEqual([1, 2, 3, 4, 5, 60].map(most), [99, 199, 399, 799, 999, 999]);
  });

  it('spreads over the whole range, and never below the floor', () => {
    assert.equal(backoffMs(4, { baseMs: 100, capMs: 1_000, random: () => 0 }), 0);
    assert.equal(backoffMs(1, { baseMs: 100, capMs: 1_000, floorMs: 150, random: () => 0.5 }), 150);
  });

  it('reads Retry-After as seconds or as a date', () => {
    const now = Date.parse('2026-01-01T00:00:00Z');

    assert.equal(retryAfterMs('3', now), 3_000);
    assert.equal(retryAfterMs('Thu, 01 Jan 2026 00:00:05 GMT', now), 5_000);
    assert.equal(retryAfterMs('Wed, 31 Dec 2025 23:59:00 GMT', now), 0);
    assert.equal(retryAfterMs('soon', now), undefined);
    assert.equal(retryAfterMs(undefined, now), undefined);
  });
});
