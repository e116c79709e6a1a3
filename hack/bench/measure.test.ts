import assert from 'node:assert/strict';
import { holds, ratioOf, type Row } from './measure.ts';

const row = (value: number, baseline: number, target: Row['target']): Row => ({
  measure: 'm',
  unit: '/s',
  value,
  baseline: { name: 'b', value: baseline },
  ...(target === undefined ? {} : { target }),
});

describe('benchmark targets', () => {
  it('compare a value with the baseline of the same run', () => {
    assert.equal(ratioOf(row(50, 100, undefined)), 0.5);
    assert.equal(holds(row(50, 100, { is: 'ratio at least', limit: 0.5 })), true);
    assert.equal(holds(row(49, 100, { is: 'ratio at least', limit: 0.5 })), false);
    assert.equal(holds(row(300, 100, { is: 'ratio at most', limit: 3 })), true);
    assert.equal(holds(row(301, 100, { is: 'ratio at most', limit: 3 })), false);
  });

  it('ask for both a ratio and an absolute number where both are given', () => {
    const target = { is: 'ratio at least', limit: 0.1, alsoAtLeast: 4000 } as const;
    assert.equal(holds(row(4000, 40_000, target)), true);
    assert.equal(holds(row(3999, 4000, target)), false);
    assert.equal(holds(row(5000, 60_000, target)), false);
  });

  it('judge nothing without a target', () => assert.equal(holds(row(1, 2, undefined)), undefined));
});
