import assert from 'node:assert/strict';
import { createFakeClock, timestamp } from './clock.ts';

describe('fake clock', () => {
  it('runs due tasks in order of their time and skips cancelled ones', () => {
    const clock = createFakeClock();
    const ran: string[] = [];
    clock.after(20, () => ran.push('late'));
    clock.after(10, () => ran.push('early'));
    clock.after(15, () => ran.push('cancelled'))();

    clock.advance(20);

    assert.deepEqual(ran, ['early', 'late']);
  });

  it('writes whole seconds in UTC', () => {
    assert.equal(timestamp(1_700_000_000_999), '2023-11-14T22:13:20Z');
  });
});
