import assert from 'node:assert/strict';
import { parseCron } from './cron.ts';

const sorted = (values: ReadonlySet<number>): readonly number[] => [...values].sort((a, b) => a - b);

describe('parseCron', () => {
  it('D18 reads steps, ranges, lists and names', () => {
    const parsed = parseCron('*/20 9-17/4 1,15 feb,DEC fri-sun'.replace('fri-sun', '5-7'));

    assert.ok(parsed.ok);
    assert.deepEqual(sorted(parsed.cron.minutes), [0, 20, 40]);
    assert.deepEqual(sorted(parsed.cron.hours), [9, 13, 17]);
    assert.deepEqual(sorted(parsed.cron.days), [1, 15]);
    assert.deepEqual(sorted(parsed.cron.months), [2, 12]);
    assert.deepEqual(sorted(parsed.cron.weekdays), [0, 5, 6]);
    assert.deepEqual([parsed.cron.anyDay, parsed.cron.anyWeekday], [false, false]);
  });

  it('D18 takes 7 for Sunday, a start with a step to the end, and ? for any', () => {
    const parsed = parseCron('5/25 0 ? * 7');

    assert.ok(parsed.ok);
    assert.deepEqual(sorted(parsed.cron.minutes), [5, 30, 55]);
    assert.deepEqual(sorted(parsed.cron.weekdays), [0]);
    assert.deepEqual([parsed.cron.anyDay, parsed.cron.anyWeekday], [true, false]);
  });

  for (const wrong of [
    '',
    '* * * * * *',
    '60 * * * *',
    '* 24 * * *',
    '* * 0 * *',
    '* * 32 * *',
    '* * * 13 *',
    '* * * * 8',
    '5-1 * * * *',
    '*/0 * * * *',
    '1-2-3 * * * *',
    '1/2/3 * * * *',
    'a * * * *',
    '-1 * * * *',
    '1.5 * * * *',
    '@reboot',
    'TZ=UTC * * * * *',
    '* '.repeat(1000),
  ]) {
    it(`D18 refuses ${JSON.stringify(wrong.slice(0, 30))} and says why`, () => {
      const parsed = parseCron(wrong);

      assert.ok(!parsed.ok);
      assert.ok(parsed.why.length > 5);
    });
  }
});
