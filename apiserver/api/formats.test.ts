import assert from 'node:assert/strict';
import { formatProblem, isDateTime } from './formats.ts';

describe('formats', () => {
  it('date-time is RFC 3339 with a real calendar day', () => {
    const good = [
      '2026-01-31T23:59:60Z',
      '2024-02-29T00:00:00z',
      '2000-02-29t00:00:00.123456Z',
      '0001-01-01T00:00:00Z',
      '2026-06-30T12:00:00+05:30',
    ];
    const bad = [
      '',
      '2026-01-31',
      '2026-13-01T00:00:00Z',
      '2026-00-01T00:00:00Z',
      '2026-02-29T00:00:00Z',
      '1900-02-29T00:00:00Z',
      '2026-06-31T00:00:00Z',
      '2026-06-00T00:00:00Z',
      '2026-01-01T24:00:00Z',
      '2026-01-01T00:60:00Z',
      '2026-01-01T00:00:61Z',
      '2026-01-01T00:00:00',
      '2026-01-01 00:00:00Z',
      '2026-01-01T00:00:00Z ',
      `2026-01-01T00:00:00.${'1'.repeat(100)}Z`,
    ];
    for (const text of good) assert.equal(isDateTime(text), true, text);
    for (const text of bad) assert.equal(isDateTime(text), false, text);
  });

  it('agrees with Date about which days exist', () => {
    for (let day = Date.UTC(1999, 0, 1); day < Date.UTC(2005, 0, 1); day += 86_400_000) {
      assert.equal(isDateTime(new Date(day).toISOString()), true);
    }
    for (let month = 1; month <= 12; month += 1) {
      for (let day = 28; day <= 31; day += 1) {
        const text = `2023-${String(month).padStart(2, '0')}-${day}T00:00:00Z`;
        assert.equal(isDateTime(text), new Date(text).getUTCDate() === day, text);
      }
    }
  });

  it('byte is padded base64; formats of numbers say nothing about text', () => {
    for (const text of ['', 'YQ==', 'YWI=', 'YWJj']) assert.equal(formatProblem('byte', text), false, text);
    for (const text of ['YQ', 'YQ=', '!!!!', 'YQ==YQ==', 'YWJj\n'])
      assert.equal(formatProblem('byte', text), true, text);
    assert.equal(formatProblem('int64', 'x'), false);
  });
});
