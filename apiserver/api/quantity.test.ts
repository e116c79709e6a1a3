import assert from 'node:assert/strict';
import {
  addQuantities,
  canonicalQuantity,
  compareQuantities,
  formatQuantity,
  parseQuantity,
  type Quantity,
} from './quantity.ts';

const parse = (text: string | number): Quantity => {
  const quantity = parseQuantity(text);
  assert.ok(quantity, `${text} is a quantity`);
  return quantity;
};

describe('quantity', () => {
  it('writes the canonical form that apimachinery v0.36.3 writes', () => {
    const cases: readonly (readonly [string | number, string])[] = [
      ['0', '0'],
      ['0Gi', '0'],
      ['500m', '500m'],
      ['0.5', '500m'],
      [0.5, '500m'],
      [2, '2'],
      ['2000m', '2'],
      ['1500m', '1500m'],
      ['1000', '1k'],
      ['1000000k', '1G'],
      ['1024', '1024'],
      ['1024Ki', '1Mi'],
      ['1.5Gi', '1536Mi'],
      ['512Ki', '512Ki'],
      ['0.5Ki', '512'],
      ['.5Mi', '512Ki'],
      ['1e3', '1e3'],
      ['1000e0', '1e3'],
      ['1E', '1E'],
      ['12E-3', '12e-3'],
      ['-1.5', '-1500m'],
      ['+5', '5'],
      ['0.1n', '1n'],
      ['-0.1n', '-1n'],
      ['1.0000000001', '1000000001n'],
      ['.1Gi', '107374182400m'],
      ['-412.872Gi', '-443317934358528m'],
      ['100Ei', '9223372036854775807'],
      ['6804866455774.0870291455G', '6804866455774087029145500m'],
    ];
    for (const [given, expected] of cases) assert.equal(canonicalQuantity(given), expected, String(given));
  });

  it('refuses what is no quantity', () => {
    for (const text of [
      '',
      ' 1',
      '1 Gi',
      'Gi',
      '.',
      '-',
      '1.2.3',
      '1e',
      '1ki',
      '1K',
      '0x10',
      '1Gi ',
      'NaN',
      'Infinity',
      `1${'0'.repeat(200)}`,
    ]) {
      assert.equal(parseQuantity(text), undefined, text);
    }
    assert.equal(parseQuantity(Number.NaN), undefined);
  });

  it('compares across suffixes exactly', () => {
    assert.equal(compareQuantities(parse('1Ki'), parse('1024')), 0);
    assert.equal(compareQuantities(parse('1k'), parse('1Ki')), -1);
    assert.equal(compareQuantities(parse('0.1'), parse('99m')), 1);
    assert.equal(compareQuantities(parse('9007199254740993'), parse('9007199254740992')), 1);
    assert.equal(compareQuantities(parse('-1'), parse('0')), -1);
  });

  it('adds without losing anything and keeps the format of the first', () => {
    assert.equal(formatQuantity(addQuantities(parse('1Gi'), parse('512Mi'))), '1536Mi');
    assert.equal(formatQuantity(addQuantities(parse('0.1'), parse('0.2'))), '300m');
    assert.equal(formatQuantity(addQuantities(parse('0'), parse('2Gi'))), '2Gi');
  });
});
