import assert from 'node:assert/strict';
import { checkKey, compareKeys, MAX_KEY_BYTES, prefixEnd } from './keys.ts';

describe('store keys', () => {
  it('orders by UTF-8 bytes where UTF-16 units would say otherwise', () => {
    const astral = '/\u{1F600}';
    const privateUse = '/\uE000';

    assert.deepEqual([privateUse, astral].sort(), [astral, privateUse]);
    assert.deepEqual([astral, privateUse].sort(compareKeys), [privateUse, astral]);
    assert.equal(compareKeys('/a', '/a'), 0);
    assert.equal(compareKeys('/a', '/a/'), -1);
  });

  it('ends a prefix right behind the last key that starts with it', () => {
    assert.equal(prefixEnd('/a/'), '/a0');
    assert.equal(prefixEnd('\uD7FF'), '\uE000');
    assert.equal(prefixEnd('a\u{10FFFF}'), 'b');
    assert.equal(prefixEnd('\u{10FFFF}'), undefined);
    assert.equal(prefixEnd(''), undefined);
  });

  it('refuses keys that would not come back as they were', () => {
    assert.throws(() => checkKey(''), TypeError);
    assert.throws(() => checkKey('/\uD800'), TypeError);
    assert.throws(() => checkKey('é'.repeat(MAX_KEY_BYTES / 2 + 1)), TypeError);
    checkKey('é'.repeat(MAX_KEY_BYTES / 2));
    checkKey('/a\0b');
  });
});
