import assert from 'node:assert/strict';
import { createFakeClock } from '../apiserver/runtime/clock.ts';
import { createSources, MAX_SOURCES, sourceOf } from './sources.ts';

const LIMITS = { perSecond: 10, burst: 20, receiving: 2 };

describe('sources of questions', () => {
  it('lets a burst through and then as much as time brings, each source by itself', () => {
    const clock = createFakeClock();
    const sources = createSources(LIMITS, clock);
    for (let index = 0; index < 20; index += 1) assert.equal(sources.take('a'), 0, String(index));
    assert.equal(sources.take('a'), 1);
    assert.equal(sources.take('b'), 0);
    clock.advance(99);
    assert.equal(sources.take('a'), 1);
    clock.advance(1);
    assert.equal(sources.take('a'), 0);
    assert.equal(sources.take('a'), 1);
    clock.advance(3_600_000);
    for (let index = 0; index < 20; index += 1) assert.equal(sources.take('a'), 0, String(index));
    assert.equal(sources.take('a'), 1, 'a pause brings a burst and no more');
  });

  it('says how long a slow bucket takes', () => {
    const sources = createSources({ ...LIMITS, perSecond: 0.2, burst: 1 }, createFakeClock());
    assert.equal(sources.take('a'), 0);
    assert.equal(sources.take('a'), 5);
  });

  it('never asks more of those it knew before when a crowd comes, and remembers no more than its bound', () => {
    const sources = createSources({ ...LIMITS, burst: 2 }, createFakeClock());
    sources.take('first');
    sources.take('second');
    sources.take('second');
    for (let index = 0; index < MAX_SOURCES - 1; index += 1) assert.equal(sources.take(`crowd-${index}`), 0);
    assert.equal(sources.take('second'), 1, 'still known');
    // Forgotten: a full bucket again.
    assert.equal(sources.take('first'), 0);
    assert.equal(sources.take('first'), 0);
    assert.equal(sources.take('first'), 1);
  });

  it('gives one source its share of what is received at once', () => {
    const sources = createSources(LIMITS, createFakeClock());
    assert.deepEqual([sources.enter('a'), sources.enter('a'), sources.enter('a')], [true, true, false]);
    assert.equal(sources.enter('b'), true);
    sources.leave('a');
    assert.equal(sources.enter('a'), true);
    assert.equal(sources.enter('a'), false);
  });

  it('takes all addresses of one machine for one source', () => {
    const cases: readonly (readonly [string | undefined, string])[] = [
      ['10.0.0.1', '10.0.0.1'],
      ['::ffff:10.0.0.1', '10.0.0.1'],
      ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
      ['2001:DB8:1:2::9', '2001:db8:1:2::/64'],
      ['2001:db8::9', '2001:db8:0:0::/64'],
      ['fe80::1%eth0', 'fe80:0:0:0::/64'],
      ['::1', '0:0:0:0::/64'],
      [undefined, ''],
    ];
    for (const [address, source] of cases) assert.equal(sourceOf(address), source);
  });
});
