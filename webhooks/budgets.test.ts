import assert from 'node:assert/strict';
import { createBudgets } from './budgets.ts';

describe('budgets of tenants', () => {
  it('last for a burst, come back with time, and never grow beyond it', () => {
    let now = 0;
    const budgets = createBudgets(() => now);
    assert.equal(budgets.wait('a'), 0);
    budgets.spend('a', 1_999);
    assert.equal(budgets.wait('a'), 0);
    budgets.spend('a', 501);
    assert.equal(budgets.wait('a'), 2, '500 ms too much');
    now += 1_999;
    assert.equal(budgets.wait('a'), 1);
    now += 5;
    assert.equal(budgets.wait('a'), 0);
    now += 3_600_000;
    budgets.spend('a', 2_000);
    assert.equal(budgets.wait('a'), 1);
  });

  it('are of one tenant each, and nobody waits for longer than 8 s', () => {
    const budgets = createBudgets(() => 0);
    budgets.spend('a', 60_000);
    assert.equal(budgets.wait('a'), 8);
    assert.equal(budgets.wait('b'), 0);
  });
});
