import assert from 'node:assert/strict';
import { defineKind } from './kind.ts';
import { objectSchema } from './object-schema.ts';
import { MAX_UNKNOWN, prune } from './prune.ts';
import { any, anyObject, embedded, int, list, listMap, map, obj, opt, str } from './schema.ts';

const Depot = defineKind({
  kind: 'Depot',
  plural: 'depots',
  scope: 'Namespaced',
  doc: 'A depot.',
  spec: obj('Spec.', {
    x: opt(int('X.')),
    parts: opt(listMap('Parts.', 'name', obj('Part.', { name: str('Name.') }))),
    byName: opt(map('By name.', obj('Entry.', { y: opt(int('Y.')) }))),
    free: opt(any('Free.')),
    bag: opt(anyObject('Bag.')),
    object: opt(embedded('Object.')),
    mixed: opt(
      obj('Mixed.', { known: opt(obj('Known.', { z: opt(int('Z.')) })) }, { preserveUnknown: true }),
    ),
    rows: opt(list('Rows.', list('Row.', obj('Cell.', { v: opt(int('V.')) })))),
  }),
  status: obj('Status.', {}),
});
const schema = objectSchema(Depot);

describe('prune', () => {
  it('C106 drops what the schema does not name and lists the paths in order', () => {
    const { value, unknown } = prune(schema, {
      apiVersion: 'data.polder.dev/v1alpha1',
      kind: 'Depot',
      metadata: { name: 'a', labels: { any: 'key' }, bogus: 1 },
      spec: {
        x: 1,
        y: 2,
        parts: [{ name: 'a' }, { name: 'b', extra: true }],
        byName: { k: { y: 1, z: 2 } },
        rows: [[{ v: 1, w: 2 }]],
      },
      extra: {},
    });

    assert.deepEqual(unknown, [
      'metadata.bogus',
      'spec.y',
      'spec.parts[1].extra',
      'spec.byName.k.z',
      'spec.rows[0][0].w',
      'extra',
    ]);
    assert.deepEqual(value, {
      apiVersion: 'data.polder.dev/v1alpha1',
      kind: 'Depot',
      metadata: { name: 'a', labels: { any: 'key' } },
      spec: { x: 1, parts: [{ name: 'a' }, { name: 'b' }], byName: { k: { y: 1 } }, rows: [[{ v: 1 }]] },
    });
  });

  it('keeps everything where the schema is free, and still prunes named fields in there', () => {
    const value = {
      spec: {
        free: { a: [1] },
        bag: { b: {} },
        object: { apiVersion: 'v1', kind: 'X', data: {} },
        mixed: { other: 1 },
      },
    };
    assert.equal(prune(schema, value).value, value);

    const mixed = prune(schema, { spec: { mixed: { other: 1, known: { z: 1, q: 2 } } } });
    assert.deepEqual(mixed.unknown, ['spec.mixed.known.q']);
    assert.deepEqual(mixed.value, { spec: { mixed: { other: 1, known: { z: 1 } } } });
  });

  it('returns the same reference when nothing is dropped and never writes in place', () => {
    const clean = Object.freeze({
      spec: Object.freeze({ parts: Object.freeze([Object.freeze({ name: 'a' })]) }),
    });
    assert.equal(prune(schema, clean).value, clean);

    const dirty = Object.freeze({
      spec: Object.freeze({ parts: Object.freeze([Object.freeze({ name: 'a', b: 1 })]) }),
    });
    assert.deepEqual(prune(schema, dirty).value, { spec: { parts: [{ name: 'a' }] } });
  });

  it('leaves values of the wrong shape for validation', () => {
    for (const value of [null, 3, 'x', [1], { spec: 'x' }, { spec: { parts: { name: 1 }, byName: [1] } }]) {
      assert.equal(prune(schema, value).value, value);
    }
  });

  it('C111 treats __proto__ and constructor as names like any other', () => {
    const { value, unknown } = prune(
      schema,
      JSON.parse('{"__proto__":{"x":1},"spec":{"constructor":1,"toString":2,"x":1}}'),
    );

    assert.deepEqual(unknown, ['__proto__', 'spec.constructor', 'spec.toString']);
    assert.equal(JSON.stringify(value), '{"spec":{"x":1}}');
    assert.equal(Object.getPrototypeOf(value), Object.prototype);

    const labels: unknown = JSON.parse('{"metadata":{"labels":{"__proto__":"a","constructor":"b"},"x":1}}');
    assert.equal(
      JSON.stringify(prune(schema, labels).value),
      '{"metadata":{"labels":{"__proto__":"a","constructor":"b"}}}',
    );
  });

  it('drops all but reports a bounded number of unknown fields', () => {
    const spec = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`f${i}`, i]));

    const { value, unknown } = prune(schema, { spec });

    assert.equal(unknown.length, MAX_UNKNOWN);
    assert.deepEqual(value, { spec: {} });
  });

  it('knows one root schema per kind', () => {
    assert.equal(objectSchema(Depot), schema);
  });
});
