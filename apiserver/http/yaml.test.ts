import assert from 'node:assert/strict';
import { parseApplyBody, parseBody, parseJsonBody } from './body.ts';
import { parseYaml } from './yaml.ts';

const refused = { code: 400, reason: 'BadRequest' };

describe('YAML bodies', () => {
  it('read as the JSON they mean', () => {
    const { value, duplicates, lossy } = parseYaml(
      'a: 1\nb: [x, 2.5, true, ~, "no"]\nc: {d: yes, e: 0x10, f: 1e3}\nt: 2026-01-01\nz: |\n  two\n  lines\n12: m\n',
    );
    assert.deepEqual(value, {
      a: 1,
      b: ['x', 2.5, true, null, 'no'],
      c: { d: true, e: 16, f: 1000 },
      t: '2026-01-01',
      z: 'two\nlines\n',
      '12': 'm',
    });
    assert.deepEqual([duplicates, lossy], [[], []]);
  });

  it('take for text what Kubernetes takes for text', () => {
    const { value } = parseYaml('a: .\nb: 1:20\nc: -.\n.: x\nd: [.5, 5., 012, 0o12, -0o12, 0o_]\n');
    assert.deepEqual(value, { a: '.', b: '1:20', c: '-.', '.': 'x', d: [0.5, 5, 10, 10, -10, '0o_'] });
  });

  it('C111 show repeated keys, large integers and __proto__', () => {
    const { value, duplicates, lossy } = parseYaml(
      'spec:\n  x: 1\n  x: 2\n  big: 9007199254740993\n  list: [{k: -9007199254740995}]\n  __proto__: {polluted: true}\n',
    );
    assert.deepEqual(duplicates, ['spec.x']);
    assert.deepEqual(lossy, [
      { field: 'spec.big', literal: '9007199254740993' },
      { field: 'spec.list[0].k', literal: '-9007199254740995' },
    ]);
    const { spec } = value as { readonly spec: object };
    assert.deepEqual(Object.keys(spec).sort(), ['__proto__', 'big', 'list', 'x']);
    assert.equal(({} as { readonly polluted?: boolean }).polluted, undefined);
    assert.equal(Object.getPrototypeOf(spec), Object.prototype);
  });

  it('follow anchors and merge keys', () => {
    const { value } = parseYaml('base: &b {x: 1, z: 2}\nmade: {<<: *b, z: 3}\nsame: *b\n');
    assert.deepEqual(value, { base: { x: 1, z: 2 }, made: { x: 1, z: 3 }, same: { x: 1, z: 2 } });
  });

  it('are refused when a few lines mean gigabytes, or contain themselves', () => {
    const levels = Array.from({ length: 12 }, (_, i) => `l${i}: &l${i} [${`*l${i - 1},`.repeat(9)}]`);
    assert.throws(() => parseYaml(['l-1: &l-1 [x]', ...levels].join('\n')), refused);
    assert.throws(() => parseYaml('a: &a [*a]'), refused);
  });

  it('are refused with the bound that counts when they are nested too deep, however deep', () => {
    const tooDeep = { ...refused, message: 'the body is nested deeper than 512 levels' };
    for (const depth of [600, 20_000, 700_000]) {
      assert.throws(() => parseYaml(`${'['.repeat(depth)}${']'.repeat(depth)}`), tooDeep, `[ ${depth}`);
      assert.throws(() => parseYaml('{a: '.repeat(depth) + '}'.repeat(depth)), tooDeep, `{ ${depth}`);
      assert.throws(() => parseYaml(`${'- '.repeat(depth)}x`), tooDeep, `- ${depth}`);
    }
  });

  it('are refused when they are not one document of JSON values', () => {
    for (const text of ['a: [1', 'a: 1\n---\nb: 2', 'a: .nan', 'a: .inf', '? [x]\n: 1', 'a: *none']) {
      assert.throws(() => parseYaml(text), refused, text);
    }
  });
});

describe('bodies', () => {
  it('C111 keep what plain JSON would lose', () => {
    const { value, duplicates, lossy } = parseJsonBody(
      Buffer.from('{"a":1,"a":2,"n":9007199254740993,"__proto__":{"x":1}}'),
    );
    assert.deepEqual(duplicates, ['a']);
    assert.deepEqual(lossy, [{ field: 'n', literal: '9007199254740993' }]);
    assert.deepEqual(Object.keys(value as object), ['a', 'n', '__proto__']);
  });

  it('are 400 when malformed, with the place', () => {
    assert.throws(() => parseJsonBody(Buffer.from('{"a":')), { ...refused, message: /offset 5/ });
    assert.throws(() => parseBody('application/yaml', Buffer.from('a: ['), 'own'), refused);
  });

  it('of an apply are JSON or YAML', () => {
    assert.deepEqual(parseApplyBody(Buffer.from('{"a":1}')).value, { a: 1 });
    assert.deepEqual(parseApplyBody(Buffer.from('{a: 1}')).value, { a: 1 });
    assert.deepEqual(parseApplyBody(Buffer.from('a: 1')).value, { a: 1 });
    assert.throws(() => parseApplyBody(Buffer.from('{"a"')), refused);
  });
});
