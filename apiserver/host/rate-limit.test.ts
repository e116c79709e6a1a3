import assert from 'node:assert/strict';
import { createFakeClock } from '../runtime/clock.ts';
import { createRateLimit } from './rate-limit.ts';

describe('rate limit', () => {
  const { signal } = new AbortController();
  const setUp = (): {
    clock: ReturnType<typeof createFakeClock>;
    limit: ReturnType<typeof createRateLimit>;
  } => {
    const clock = createFakeClock(0);
    return { clock, limit: createRateLimit({ perSecond: 10, burst: 5, maxWaitMs: 1_000, clock }) };
  };

  it('lets a burst pass, then one after the other in their order', async () => {
    const { clock, limit } = setUp();
    for (let i = 0; i < 5; i += 1) assert.equal(limit.enter(signal), undefined);
    const passed: number[] = [];
    const waiting = [0, 1, 2].map(async (number) => {
      await limit.enter(signal);
      passed.push(number);
    });
    clock.advance(100);
    await waiting[0];
    assert.deepEqual(passed, [0]);
    clock.advance(200);
    await Promise.all(waiting);
    assert.deepEqual(passed, [0, 1, 2]);
  });

  it('fills up again with time, up to the burst', () => {
    const { clock, limit } = setUp();
    for (let i = 0; i < 5; i += 1) void limit.enter(signal);
    clock.advance(60_000);
    for (let i = 0; i < 5; i += 1) assert.equal(limit.enter(signal), undefined);
    assert.notEqual(limit.enter(signal), undefined);
  });

  it('refuses at once when the turn would come too late, and takes nothing then', () => {
    const { clock, limit } = setUp();
    for (let i = 0; i < 15; i += 1) void limit.enter(signal);
    for (let i = 0; i < 1_000; i += 1) assert.throws(() => limit.enter(signal), /too many questions/);
    clock.advance(1_500);
    assert.equal(limit.enter(signal), undefined);
  });

  it('gives up the turn of somebody who is gone', async () => {
    const { limit } = setUp();
    for (let i = 0; i < 5; i += 1) void limit.enter(signal);
    const gone = new AbortController();
    const waiting = limit.enter(gone.signal);
    gone.abort(new Error('gone'));
    await assert.rejects(async () => waiting, /gone/);
  });
});
