import assert from 'node:assert/strict';
import { createFakeClock } from '../../apiserver/runtime/clock.ts';
import { createContention } from './contention.ts';

const MINUTE = 60_000;

describe('contention', () => {
  it('lets an object rest for five minutes after the sixth correction in ten minutes', () => {
    const clock = createFakeClock(1_000_000);
    const contention = createContention(clock);
    for (let i = 0; i < 5; i += 1) contention.corrected('a');
    assert.equal(contention.restMs('a'), 0);

    contention.corrected('a');

    assert.equal(contention.restMs('a'), 5 * MINUTE);
    assert.equal(contention.restMs('b'), 0);
    clock.advance(5 * MINUTE);
    assert.equal(contention.restMs('a'), 0);
  });

  it('goes back to rest at once when the war goes on, and forgets one that is over', () => {
    const clock = createFakeClock(1_000_000);
    const contention = createContention(clock);
    for (let i = 0; i < 6; i += 1) contention.corrected('a');
    clock.advance(5 * MINUTE);
    contention.corrected('a');
    assert.equal(contention.restMs('a'), 5 * MINUTE);

    clock.advance(11 * MINUTE);
    contention.corrected('a');

    assert.equal(contention.restMs('a'), 0);
  });

  it('does not mind corrections that are far apart', () => {
    const clock = createFakeClock(1_000_000);
    const contention = createContention(clock);

    for (let i = 0; i < 100; i += 1) {
      contention.corrected('a');
      clock.advance(3 * MINUTE);
    }

    assert.equal(contention.restMs('a'), 0);
  });
});
