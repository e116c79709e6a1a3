import assert from 'node:assert/strict';
import type { Json } from '../../api/json.ts';
import { any, int, listMap, obj, opt, set, str } from '../../api/schema.ts';
import { atomOf } from './atom.ts';
import { compare } from './compare.ts';
import { merge } from './merge.ts';

const atom = atomOf({
  schema: obj('Root.', {
    zones: opt(set('Set.', str('Item.'))),
    parts: opt(listMap('List-map.', 'name', obj('Item.', { name: str('Key.'), v: opt(int('Value.')) }))),
    free: opt(any('Anything.')),
  }),
});

const zones = (live: readonly string[], config: readonly string[]): Json | undefined =>
  (merge(atom, { zones: live }, { zones: config }) as { readonly zones?: Json } | undefined)?.zones;

describe('merging an applied configuration', () => {
  // live, applied, merged
  const orders: readonly (readonly [string, string, string])[] = [
    ['', 'ab', 'ab'],
    ['ab', '', 'ab'],
    ['abc', 'abc', 'abc'],
    ['abc', 'cba', 'cba'],
    ['abc', 'b', 'abc'],
    ['abc', 'x', 'abcx'],
    ['abc', 'cx', 'abcx'],
    ['abcd', 'db', 'acdb'],
    ['axb', 'ba', 'xba'],
    ['ab', 'xaby', 'xaby'],
    ['pabq', 'ba', 'pbqa'],
  ];
  for (const [live, config, merged] of orders) {
    it(`puts ${config === '' ? 'nothing' : config} over ${live === '' ? 'nothing' : live} as ${merged}`, () => {
      assert.deepEqual(zones(live.split(''), config.split('')), merged.split(''));
    });
  }

  it('merges items of a list-map field by field and leaves duplicates of the live list alone', () => {
    const live = {
      parts: [
        { name: 'a', v: 1 },
        { name: 'b', v: 1 },
        { name: 'b', v: 2 },
      ],
    };

    assert.deepEqual(merge(atom, live, { parts: [{ name: 'a' }] }), live);
  });

  it('a duplicated live item is replaced by the applied one', () => {
    const live = {
      parts: [
        { name: 'b', v: 1 },
        { name: 'b', v: 2 },
      ],
    };

    assert.deepEqual(merge(atom, live, { parts: [{ name: 'b' }] }), { parts: [{ name: 'b' }] });
  });

  it('keeps the difference between null, empty and absent', () => {
    assert.deepEqual(merge(atom, {}, { parts: null, zones: [], free: {} }), {
      parts: null,
      zones: [],
      free: {},
    });
    assert.deepEqual(merge(atom, { zones: ['a'] }, { zones: null }), { zones: ['a'] });
  });

  it('a free value that changes its shape is replaced', () => {
    assert.deepEqual(merge(atom, { free: { a: 1 } }, { free: 'text' }), { free: 'text' });
    assert.deepEqual(merge(atom, { free: [1] }, { free: { a: 1 } }), { free: { a: 1 } });
  });

  it('does not change its inputs', () => {
    const live = { zones: ['a'], parts: [{ name: 'a', v: 1 }] };
    const config = { zones: ['b'], parts: [{ name: 'a', v: 2 }] };
    const copies = structuredClone([live, config]);

    merge(atom, live, config);

    assert.deepEqual([live, config], copies);
  });
});

describe('comparing two versions', () => {
  const shown = (before: Json, after: Json): Record<string, readonly string[]> => {
    const comparison = compare(atom, before, after);
    const paths = (name: 'added' | 'modified' | 'removed'): readonly string[] =>
      comparison[name].paths().map((path) => path.join('/'));
    return { added: paths('added'), modified: paths('modified'), removed: paths('removed') };
  };

  it('names containers that come and go together with their content', () => {
    assert.deepEqual(shown({ zones: ['a'] }, { parts: [{ name: 'p' }] }), {
      added: ['f:parts', 'f:parts/k:{"name":"p"}', 'f:parts/k:{"name":"p"}/f:name'],
      modified: [],
      removed: ['f:zones', 'f:zones/v:"a"'],
    });
  });

  it('a reordered list-map or set is no change', () => {
    const before = { zones: ['a', 'b'], parts: [{ name: 'p' }, { name: 'q' }] };
    const after = { zones: ['b', 'a'], parts: [{ name: 'q' }, { name: 'p' }] };

    assert.deepEqual(shown(before, after), { added: [], modified: [], removed: [] });
  });

  it('a value that becomes a map is modified and has its fields added', () => {
    assert.deepEqual(shown({ free: 1 }, { free: { a: 1 } }), {
      added: ['f:free/f:a'],
      modified: ['f:free'],
      removed: [],
    });
  });

  it('duplicates are compared as one value', () => {
    const twice = {
      parts: [
        { name: 'p', v: 1 },
        { name: 'p', v: 2 },
      ],
    };
    const other = {
      parts: [
        { name: 'p', v: 1 },
        { name: 'p', v: 3 },
      ],
    };
    const once = { parts: [{ name: 'p', v: 1 }] };
    const item = 'f:parts/k:{"name":"p"}';

    assert.deepEqual(shown(twice, other), { added: [], modified: [item], removed: [] });
    assert.deepEqual(shown(twice, once), {
      added: [item, `${item}/f:name`, `${item}/f:v`],
      modified: [],
      removed: [item],
    });
  });
});
