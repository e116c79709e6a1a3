import assert from 'node:assert/strict';
import { ageOf } from './age.ts';

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;
const YEAR = 365 * DAY;
const NOW = Date.parse('2026-01-01T00:00:00Z');

describe('age', () => {
  const ages: readonly (readonly [number, string])[] = [
    [0, '0s'],
    [119, '119s'],
    [120, '2m'],
    [125, '2m5s'],
    [10 * MINUTE - 1, '9m59s'],
    [10 * MINUTE + 5, '10m'],
    [3 * HOUR - 1, '179m'],
    [3 * HOUR, '3h'],
    [3 * HOUR + 5 * MINUTE, '3h5m'],
    [8 * HOUR - 1, '7h59m'],
    [8 * HOUR + 59 * MINUTE, '8h'],
    [2 * DAY - 1, '47h'],
    [2 * DAY, '2d'],
    [2 * DAY + HOUR, '2d1h'],
    [8 * DAY, '8d'],
    [2 * YEAR - 1, '729d'],
    [2 * YEAR, '2y'],
    [2 * YEAR + DAY, '2y1d'],
    [8 * YEAR + 100 * DAY, '8y'],
    [-1, '0s'],
    [-2, '<invalid>'],
  ];
  for (const [seconds, text] of ages) {
    it(`prints ${seconds} s as ${text}`, () => {
      assert.equal(ageOf(new Date(NOW - seconds * 1000).toISOString(), NOW), text);
    });
  }

  it('prints what is no time as such', () => {
    assert.equal(ageOf('soon', NOW), '<invalid>');
  });
});
