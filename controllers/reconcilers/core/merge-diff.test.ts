import assert from 'node:assert/strict';
import { equal, mergeDiff } from './merge-diff.ts';

describe('merge diff', () => {
  it('is nothing for equal values, whatever the order of their keys', () => {
    assert.equal(mergeDiff({ a: 1, b: { c: [1, { d: 2 }] } }, { b: { c: [1, { d: 2 }] }, a: 1 }), undefined);
  });

  it('names only what differs, removes with null and replaces lists as a whole', () => {
    const from = { keep: 1, gone: 2, deep: { same: true, other: 'a' }, list: [1, 2] };
    const to = { keep: 1, deep: { same: true, other: 'b' }, list: [2], fresh: { x: 1 } };

    assert.deepEqual(mergeDiff(from, to), { gone: null, deep: { other: 'b' }, list: [2], fresh: { x: 1 } });
  });

  it('takes undefined for absent on both sides', () => {
    assert.equal(mergeDiff({ a: 1, b: undefined }, { a: 1, c: undefined }), undefined);
    assert.deepEqual(mergeDiff({ a: 1 }, { a: undefined }), { a: null });
  });

  it('does not look into prototypes', () => {
    assert.deepEqual(mergeDiff({}, JSON.parse('{"constructor":"x"}') as Record<string, unknown>), {
      constructor: 'x',
    });
    assert.equal(equal({}, JSON.parse('{"toString":1}')), false);
  });
});
