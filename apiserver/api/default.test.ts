import assert from 'node:assert/strict';
import { applyDefaults } from './default.ts';
import { any, anyObject, bool, int, list, listMap, map, obj, opt, str } from './schema.ts';

const schema = obj('Object.', {
  spec: obj('Spec.', {
    replicas: int('Replicas.', { default: 1 }),
    mode: opt(str('Mode.')),
    note: { ...opt(str('Note.', { default: 'none' })), nullable: true as const },
    free: opt(any('Free.')),
    parts: opt(
      listMap('Parts.', 'name', obj('Part.', { name: str('Name.'), on: bool('On.', { default: true }) })),
    ),
    labels: opt(map('Labels.', str('Label.'))),
    limits: obj('Limits.', { burst: int('Burst.', { default: 5 }) }, { default: {} }),
    nested: opt(obj('Nested.', { depth: int('Depth.', { default: 2 }) })),
    items: opt(list('Items.', str('Item.', { default: 'x' }))),
  }),
});
const full = { replicas: 1, note: 'none', limits: { burst: 5 } };

describe('applyDefaults', () => {
  it('fills absent fields, inside defaults and list items too, and leaves absent objects absent', () => {
    assert.deepEqual(applyDefaults(schema, { spec: { parts: [{ name: 'a' }, { name: 'b', on: false }] } }), {
      spec: {
        ...full,
        parts: [
          { name: 'a', on: true },
          { name: 'b', on: false },
        ],
      },
    });
    assert.deepEqual(applyDefaults(schema, {}), {});
    assert.deepEqual(applyDefaults(schema, { spec: { nested: {} } }), {
      spec: { ...full, nested: { depth: 2 } },
    });
  });

  it('returns the same reference when nothing changes and never writes in place', () => {
    const complete = Object.freeze({
      spec: Object.freeze({ ...full, parts: Object.freeze([]), labels: { a: 'b' } }),
    });
    assert.equal(applyDefaults(schema, complete), complete);

    const sparse = Object.freeze({
      spec: Object.freeze({ parts: Object.freeze([Object.freeze({ name: 'a' })]) }),
    });
    assert.notEqual(applyDefaults(schema, sparse), sparse);
  });

  it('drops nulls of fields that are not nullable, then defaults them; nullable and free nulls stay', () => {
    const value = {
      spec: { replicas: null, mode: null, note: null, free: null, parts: null, labels: { a: null, b: 'c' } },
    };

    assert.deepEqual(applyDefaults(schema, value), {
      spec: { ...full, note: null, free: null, labels: { b: 'c' } },
    });
  });

  it('defaults null items where there is a default and keeps other null items for validation', () => {
    assert.deepEqual(applyDefaults(schema, { spec: { ...full, items: [null, 'y'] } }), {
      spec: { ...full, items: ['x', 'y'] },
    });
    assert.deepEqual(applyDefaults(list('L.', str('S.')), [null]), [null]);
  });

  it('gives every object its own copy of an object default', () => {
    const first = applyDefaults(schema, { spec: {} }) as { spec: { limits: { burst: number } } };
    const second = applyDefaults(schema, { spec: {} }) as { spec: { limits: { burst: number } } };
    first.spec.limits.burst = 99;

    assert.equal(second.spec.limits.burst, 5);
  });

  it('leaves values of the wrong shape and unknown fields alone', () => {
    for (const value of [null, 1, 'x', [], { spec: 'x' }, { spec: { ...full, parts: 'x', other: null } }]) {
      assert.equal(applyDefaults(schema, value), value);
    }
  });

  it('C111 keeps __proto__ a plain key while copying', () => {
    const value: unknown = JSON.parse('{"spec":{"labels":{"__proto__":null,"constructor":"x"}}}');
    const kept: unknown = JSON.parse('{"a":{"__proto__":{"b":1}}}');

    const result = applyDefaults(schema, value) as { spec: { labels: object } };

    assert.deepEqual(Object.keys(result.spec.labels), ['constructor']);
    assert.equal(applyDefaults(obj('O.', { a: opt(anyObject('A.')) }), kept), kept);
    assert.equal(({} as Record<string, unknown>)['b'], undefined);
  });
});
