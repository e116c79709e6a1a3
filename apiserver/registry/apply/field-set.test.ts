import assert from 'node:assert/strict';
import { Random } from '../../../hack/tools/oracle/random.ts';
import { decodeFields, encodeFields } from './fields-v1.ts';
import { FieldSet } from './field-set.ts';
import { MalformedFields, parseElement, printPath, sortElements, type Path } from './path-element.ts';

const set = (...paths: readonly string[]): FieldSet => FieldSet.of(...paths.map((path) => path.split('/')));
const shown = (fields: FieldSet): readonly string[] =>
  fields
    .paths()
    .map((path) => path.join('/'))
    .sort();

describe('field sets', () => {
  it('union, intersection and difference treat a parent and its children as separate members', () => {
    const a = set('f:x', 'f:x/f:y', 'f:z');
    const b = set('f:x/f:y', 'f:x/f:w');

    assert.deepEqual(shown(a.union(b)), ['f:x', 'f:x/f:w', 'f:x/f:y', 'f:z']);
    assert.deepEqual(shown(a.intersection(b)), ['f:x/f:y']);
    assert.deepEqual(shown(a.difference(b)), ['f:x', 'f:z']);
    assert.deepEqual(shown(b.difference(set('f:x'))), ['f:x/f:w', 'f:x/f:y']);
  });

  it('recursive difference takes what is below along', () => {
    assert.deepEqual(shown(set('f:x', 'f:x/f:y', 'f:z').recursiveDifference(set('f:x'))), ['f:z']);
    assert.deepEqual(shown(set('f:x/f:y/f:q', 'f:x/f:w').recursiveDifference(set('f:x/f:y'))), ['f:x/f:w']);
  });

  it('an entry that loses its last member is gone', () => {
    const left = set('f:x/f:y/f:z').difference(set('f:x/f:y/f:z'));

    assert.ok(left.isEmpty);
    assert.equal(left.below('f:x'), undefined);
  });

  it('obeys the laws of sets on random paths', () => {
    const random = new Random(7);
    const randomSet = (): FieldSet => {
      const paths: Path[] = [];
      for (let i = random.below(12); i > 0; i -= 1) {
        paths.push(Array.from({ length: 1 + random.below(3) }, () => `f:${random.pick(['a', 'b', 'c'])}`));
      }
      return FieldSet.of(...paths);
    };
    for (let i = 0; i < 500; i += 1) {
      const [a, b, c] = [randomSet(), randomSet(), randomSet()];
      assert.ok(a.difference(b).union(a.intersection(b)).equals(a));
      assert.ok(a.union(b).equals(b.union(a)));
      assert.ok(a.intersection(b).equals(b.intersection(a)));
      assert.ok(a.difference(b.union(c)).equals(a.difference(b).difference(c)));
      assert.ok(a.intersection(b.union(c)).equals(a.intersection(b).union(a.intersection(c))));
      assert.ok(a.recursiveDifference(b).difference(a.difference(b)).isEmpty);
    }
  });
});

describe('fieldsV1', () => {
  it('writes fields, keys, values and indexes in this order, numbers by value, text by bytes', () => {
    const elements = [
      'i:10',
      'v:"b"',
      'k:{"port":80}',
      'f:é',
      'v:10',
      'i:2',
      'k:{"port":8}',
      'v:9',
      'f:z',
      'v:true',
    ];

    assert.deepEqual(sortElements(elements), [
      'f:z',
      'f:é',
      'k:{"port":8}',
      'k:{"port":80}',
      'v:9',
      'v:10',
      'v:"b"',
      'v:true',
      'i:2',
      'i:10',
    ]);
    assert.deepEqual(sortElements(['f:\u{1f600}', 'f:\uffee']), ['f:\uffee', 'f:\u{1f600}']);
  });

  it('marks a member with members below it by a dot', () => {
    const fields = { 'f:a': { '.': {}, 'f:b': {} }, 'f:c': { 'f:d': {} } };

    const decoded = decodeFields(fields);

    assert.deepEqual(shown(decoded), ['f:a', 'f:a/f:b', 'f:c/f:d']);
    assert.equal(JSON.stringify(encodeFields(decoded)), JSON.stringify(fields));
  });

  it('reads keys in any order and spacing, and drops element types it does not know', () => {
    const decoded = decodeFields({ 'k:{ "b": 1.0, "a": "x" }': {}, 'z:new': {}, 'v: "q"': {} });

    assert.equal(
      JSON.stringify(encodeFields(decoded)),
      '{"k:{\\"a\\":\\"x\\",\\"b\\":1}":{},"v:\\"q\\"":{}}',
    );
  });

  it('escapes values as Go does', () => {
    assert.equal(parseElement('v:"a<b>&\\u2028\\b"'), 'v:"a\\u003cb\\u003e\\u0026\\u2028\\u0008"');
    assert.equal(parseElement('v:"back\\\\b"'), 'v:"back\\\\b"');
  });

  it('refuses what is no field set', () => {
    let deep = {};
    for (let i = 0; i < 400; i += 1) deep = { 'f:a': deep };
    for (const fields of [
      { a: {} },
      { spec: {} },
      { 'v:x': {} },
      { 'k:1': {} },
      { 'i:x': {} },
      { 'f:a': 1 },
      [],
      deep,
    ]) {
      assert.throws(() => decodeFields(fields), MalformedFields, JSON.stringify(fields).slice(0, 40));
    }
  });

  it('shows paths the way conflicts do', () => {
    const path = [
      'f:spec',
      'f:parts',
      'k:{"name":"a \\"b\\"","port":1000000}',
      'v:"x\\u0007"',
      'i:3',
      'v:0.00001',
    ];

    assert.equal(printPath(path), '.spec.parts[name="a \\"b\\"",port=1e+06][="x\\a"][3][=1e-05]');
  });
});
