import assert from 'node:assert/strict';
import type { LabelSelector } from '../../../apiserver/kinds/fields.ts';
import { matchesSelector } from './label-selector.ts';

const LABELS = { tier: 'gold', region: 'eu' };
const expression = (
  key: string,
  operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist',
  values?: string[],
): LabelSelector => ({
  matchExpressions: [{ key, operator, ...(values === undefined ? {} : { values }) }],
});

describe('label selector', () => {
  const cases: readonly (readonly [string, LabelSelector | undefined, boolean])[] = [
    ['absent', undefined, true],
    ['empty', {}, true],
    ['equal label', { matchLabels: { tier: 'gold' } }, true],
    ['other value', { matchLabels: { tier: 'iron' } }, false],
    ['one of two labels', { matchLabels: { tier: 'gold', region: 'us' } }, false],
    ['In', expression('tier', 'In', ['gold', 'iron']), true],
    ['In without the label', expression('size', 'In', ['xl']), false],
    ['NotIn', expression('tier', 'NotIn', ['gold']), false],
    ['NotIn without the label', expression('size', 'NotIn', ['xl']), true],
    ['Exists', expression('tier', 'Exists'), true],
    ['DoesNotExist', expression('tier', 'DoesNotExist'), false],
    ['a name every object inherits', expression('constructor', 'Exists'), false],
  ];
  for (const [name, selector, expected] of cases) {
    it(`${expected ? 'matches' : 'does not match'}: ${name}`, () => {
      assert.equal(matchesSelector(selector, LABELS), expected);
    });
  }
});
