import assert from 'node:assert/strict';
import type { Json } from '../api/json.ts';
import { ApiError } from '../api/errors.ts';
import { applyPatch, parsePatch, PatchError } from './json-patch.ts';
import { mergePatch } from './tree.ts';

const patched = (document: Json, ...operations: readonly object[]): Json =>
  applyPatch(document, parsePatch(operations));

describe('JSON patch', () => {
  it('takes indices with a sign', () => {
    for (const index of ['1', '+1', '-1']) {
      assert.deepEqual(
        patched({ a: ['x', 'y'] }, { op: 'remove', path: `/a/${index}` }),
        { a: ['x'] },
        index,
      );
    }
    for (const index of ['1e0', '01', '+', '--1', ' 1', '']) {
      assert.throws(
        () => patched({ a: ['x', 'y'] }, { op: 'remove', path: `/a/${index}` }),
        PatchError,
        index,
      );
    }
  });

  it('does not copy the whole document into itself', () => {
    assert.throws(() => patched({ a: 1 }, { op: 'copy', from: '', path: '/b' }), PatchError);
  });

  // The examples of RFC 6902, appendix A.
  const EXAMPLES: readonly (readonly [string, Json, readonly object[], Json])[] = [
    [
      'A.1 adds a member',
      { foo: 'bar' },
      [{ op: 'add', path: '/baz', value: 'qux' }],
      { foo: 'bar', baz: 'qux' },
    ],
    [
      'A.2 adds an element',
      { foo: ['bar', 'baz'] },
      [{ op: 'add', path: '/foo/1', value: 'qux' }],
      { foo: ['bar', 'qux', 'baz'] },
    ],
    ['A.3 removes a member', { baz: 'qux', foo: 'bar' }, [{ op: 'remove', path: '/baz' }], { foo: 'bar' }],
    [
      'A.4 removes an element',
      { foo: ['bar', 'qux', 'baz'] },
      [{ op: 'remove', path: '/foo/1' }],
      { foo: ['bar', 'baz'] },
    ],
    [
      'A.5 replaces a value',
      { baz: 'qux', foo: 'bar' },
      [{ op: 'replace', path: '/baz', value: 'boo' }],
      { baz: 'boo', foo: 'bar' },
    ],
    [
      'A.6 moves a value',
      { foo: { bar: 'baz', waldo: 'fred' }, qux: { corge: 'grault' } },
      [{ op: 'move', from: '/foo/waldo', path: '/qux/thud' }],
      { foo: { bar: 'baz' }, qux: { corge: 'grault', thud: 'fred' } },
    ],
    [
      'A.7 moves an element',
      { foo: ['all', 'grass', 'cows', 'eat'] },
      [{ op: 'move', from: '/foo/1', path: '/foo/3' }],
      { foo: ['all', 'cows', 'eat', 'grass'] },
    ],
    [
      'A.8 tests with success',
      { baz: 'qux', foo: ['a', 2, 'c'] },
      [
        { op: 'test', path: '/baz', value: 'qux' },
        { op: 'test', path: '/foo/1', value: 2 },
      ],
      { baz: 'qux', foo: ['a', 2, 'c'] },
    ],
    [
      'A.10 adds a nested object',
      { foo: 'bar' },
      [{ op: 'add', path: '/child', value: { grandchild: {} } }],
      { foo: 'bar', child: { grandchild: {} } },
    ],
    [
      'A.11 ignores what it does not know',
      { foo: 'bar' },
      [{ op: 'add', path: '/baz', value: 'qux', xyz: 123 }],
      { foo: 'bar', baz: 'qux' },
    ],
    [
      'A.14 unescapes ~',
      { '/': 9, '~1': 10 },
      [{ op: 'test', path: '/~01', value: 10 }],
      { '/': 9, '~1': 10 },
    ],
    [
      'A.16 appends',
      { foo: ['bar'] },
      [{ op: 'add', path: '/foo/-', value: ['abc', 'def'] }],
      { foo: ['bar', ['abc', 'def']] },
    ],
    ['replaces the whole document', { foo: 1 }, [{ op: 'replace', path: '', value: { bar: 2 } }], { bar: 2 }],
    [
      'copies a value, not a reference',
      { a: { x: 1 } },
      [
        { op: 'copy', from: '/a', path: '/b' },
        { op: 'replace', path: '/b/x', value: 2 },
      ],
      { a: { x: 1 }, b: { x: 2 } },
    ],
    [
      'passes a test of null where there is nothing, as finalizer helpers send it',
      { metadata: {} },
      [{ op: 'test', path: '/metadata/finalizers', value: null }],
      { metadata: {} },
    ],
  ];
  for (const [name, before, operations, after] of EXAMPLES) {
    it(name, () => {
      const frozen = JSON.stringify(before);
      assert.deepEqual(patched(before, ...operations), after);
      assert.equal(JSON.stringify(before), frozen);
    });
  }

  const UNFIT: readonly (readonly [string, object])[] = [
    ['A.9 a failed test', { op: 'test', path: '/foo', value: 'bar' }],
    ['A.12 a target that is not there', { op: 'add', path: '/baz/bat', value: 'qux' }],
    ['A.15 a number that is no string', { op: 'test', path: '/ten', value: '10' }],
    ['remove of a missing path', { op: 'remove', path: '/nope' }],
    ['replace of a missing path', { op: 'replace', path: '/nope', value: 1 }],
    ['an index behind the end', { op: 'add', path: '/list/3', value: 1 }],
    ['an index with a leading zero', { op: 'remove', path: '/list/00' }],
    ['an inherited name', { op: 'remove', path: '/constructor' }],
    ['a move into itself', { op: 'move', from: '/deep', path: '/deep/er' }],
  ];
  for (const [name, operation] of UNFIT) {
    it(`C100 does not apply: ${name}`, () => {
      const document = { foo: 1, ten: 10, list: [1, 2], deep: { er: {} } };
      assert.throws(() => patched(document, operation), PatchError);
    });
  }

  const MALFORMED: readonly unknown[] = [
    { op: 'add', path: '/a', value: 1 },
    [1],
    [{ op: 'frobnicate', path: '/a' }],
    [{ op: 'add', path: 'a', value: 1 }],
    [{ op: 'add', path: '/a' }],
    [{ op: 'copy', path: '/a' }],
    [{ path: '/a' }],
  ];
  for (const body of MALFORMED) {
    it(`C100 is malformed: ${JSON.stringify(body)}`, () => {
      assert.throws(() => parsePatch(body), { reason: 'BadRequest' });
    });
  }

  it('C110 refuses 10,001 operations', () => {
    const operation = { op: 'test', path: '/a', value: 1 };
    assert.throws(
      () => parsePatch(Array.from({ length: 10_001 }, () => operation)),
      (error) => error instanceof ApiError && error.code === 413,
    );
    assert.equal(parsePatch(Array.from({ length: 10_000 }, () => operation)).length, 10_000);
  });

  it('C110 refuses to copy more than 3 MiB', () => {
    const copies = Array.from({ length: 40 }, (_, index) => ({ op: 'copy', from: '/a', path: `/c${index}` }));
    assert.throws(() => patched({ a: 'x'.repeat(100_000) }, ...copies), { code: 413 });
  });

  it('C111 treats __proto__ as a key like any other', () => {
    const result = patched({ a: {} }, { op: 'add', path: '/a/__proto__', value: { polluted: true } });
    assert.equal(JSON.stringify(result), '{"a":{"__proto__":{"polluted":true}}}');
    assert.equal(({} as { polluted?: boolean }).polluted, undefined);
  });
});

describe('merge patch', () => {
  // The table of RFC 7386, appendix A.
  const EXAMPLES: readonly (readonly [Json, Json, Json])[] = [
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [
      ['a', 'b'],
      ['c', 'd'],
      ['c', 'd'],
    ],
    [{ a: 'b' }, ['c'], ['c']],
    [{ a: 'foo' }, null, null],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: 'b', c: null }, { a: 'b' }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ];
  for (const [target, patch, result] of EXAMPLES) {
    it(`C100 ${JSON.stringify(target)} with ${JSON.stringify(patch)}`, () => {
      assert.deepEqual(mergePatch(target, patch), result);
    });
  }

  it('C111 treats __proto__ and constructor as keys like any other', () => {
    const patch = JSON.parse('{"__proto__":{"x":1},"constructor":2}') as Json;
    assert.equal(JSON.stringify(mergePatch({}, patch)), '{"__proto__":{"x":1},"constructor":2}');
    assert.equal(({} as { x?: number }).x, undefined);
  });
});
