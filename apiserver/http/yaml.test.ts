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

  it('hold U+FFFD for half a surrogate pair, in keys as well, as in JSON', () => {
    const { value } = parseYaml('a: "\\ud800"\n"b\\udfff": "\\ud83d\\ude00"\n');
    assert.deepEqual(value, { a: '\ufffd', 'b\ufffd': '\u{1f600}' });
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

  it('end with what templates leave behind: beginnings and ends of documents that hold nothing', () => {
    for (const rest of ['---\n', '---', '...\n', '...\n---\n', '---\n# nothing\n---\n']) {
      assert.deepEqual(parseYaml(`---\na: 1\n${rest}`).value, { a: 1 }, rest);
    }
    for (const rest of ['---\n~\n', '---\n""\n', '---\n{}\n', '---\n---\nb: 1\n', '---\n'.repeat(20)]) {
      const several = { ...refused, message: 'the body is more than one YAML document' };
      assert.throws(() => parseYaml(`a: 1\n${rest}`), several, rest);
    }
    assert.equal(parseYaml('---\n---\n').value, null);
  });

  it('have lines that end in LF, CR LF or CR', () => {
    for (const end of ['\n', '\r\n', '\r']) {
      const text = ['a: 1', 'b: |', '  two', '  lines', 'c: "x', '  y"', ''].join(end);
      assert.deepEqual(parseYaml(text).value, { a: 1, b: 'two\nlines\n', c: 'x y' }, JSON.stringify(end));
    }
  });

  it('are refused with control characters, and where they are not UTF-8', () => {
    for (const character of [
      '\u0000',
      '\u0001',
      '\u001b',
      '\u007f',
      '\u0080',
      '\u009f',
      '\ufffe',
      '\uffff',
    ]) {
      for (const text of [`a: "x${character}"`, `a: x${character}`, `# ${character}\na: 1`]) {
        assert.throws(() => parseYaml(text), refused, JSON.stringify(text));
      }
    }
    assert.deepEqual(parseYaml('a: "\\0\\x01"\nb: \u00a0\ud83d\ude00\ufffd').value, {
      a: '\u0000\u0001',
      b: '\u00a0\ud83d\ude00\ufffd',
    });
    for (const octets of ['ff', 'c328', 'eda080', 'c080', 'f4908080', 'e2']) {
      const bytes = Buffer.concat([Buffer.from('{"a": "'), Buffer.from(octets, 'hex'), Buffer.from('"}')]);
      const wanted = { ...refused, message: /not UTF-8/ };
      assert.throws(() => parseBody('application/yaml', bytes, 'own'), wanted, octets);
      assert.throws(() => parseApplyBody(bytes), wanted, octets);
    }
  });

  it('are of version 1.1, with no directive that is none', () => {
    assert.deepEqual(parseYaml('%YAML 1.1\n%TAG ! tag:x,2000:\n---\na: 1\n').value, { a: 1 });
    for (const directive of ['%YAML 1.2', '%YAML 1.3', '%YAML 2.0', '%YAML', '%MADE up'])
      assert.throws(() => parseYaml(`${directive}\n---\na: 1\n`), refused, directive);
  });

  it('take a number beyond a double for text, and refuse what is called one', () => {
    assert.deepEqual(parseYaml('a: 1e400\n-1e400: -1.5e999\nb: "1e400"').value, {
      a: '1e400',
      '-1e400': '-1.5e999',
      b: '1e400',
    });
    assert.throws(() => parseYaml('a: !!float 1e400'), refused);
  });

  it('hold texts in base64', () => {
    assert.deepEqual(parseYaml('a: !!binary aGk=\nb: !!binary |\n  aGVs\n  bG8=\n').value, {
      a: 'hi',
      b: 'hello',
    });
    for (const text of ['a: !!binary aGk', 'a: !!binary "*"', 'a: !!binary /w=='])
      assert.throws(() => parseYaml(text), refused, text);
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

  it('are 415 where parameters of the media type are none', () => {
    for (const type of [
      'application/json;',
      'application/json; charset="utf-8"',
      'application/json;a=b ; c=d;',
    ])
      assert.deepEqual(parseBody(type, Buffer.from('{}'), 'own').value, {}, type);
    for (const type of [
      'application/json;x',
      'application/json;=',
      'application/json;a=',
      'application/json;a="b',
    ])
      assert.throws(() => parseBody(type, Buffer.from('{}'), 'own'), { code: 415 }, type);
  });

  it('of an apply are JSON or YAML', () => {
    assert.deepEqual(parseApplyBody(Buffer.from('{"a":1}')).value, { a: 1 });
    assert.deepEqual(parseApplyBody(Buffer.from('{a: 1}')).value, { a: 1 });
    assert.deepEqual(parseApplyBody(Buffer.from('a: 1')).value, { a: 1 });
    assert.throws(() => parseApplyBody(Buffer.from('{"a"')), refused);
  });
});
