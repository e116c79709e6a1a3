import assert from 'node:assert/strict';
import { isMap, parseDocument, YAMLParseError } from 'yaml';
import type { ApiError } from '../api/errors.ts';
import { parseYamlBody, parseBody, parseJsonBody } from './body.ts';
import { YamlReader } from './yaml-nodes.ts';
import { MAX_TOKENS } from './yaml-tokens.ts';
import { parseYaml, toYaml } from './yaml.ts';

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
      assert.throws(() => parseYamlBody(bytes), wanted, octets);
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

describe('YAML bodies that would take long', () => {
  const tooMany = {
    code: 413,
    reason: 'RequestEntityTooLarge',
    message: 'Request entity too large: YAML is read up to 100000 tokens; send the same as JSON',
  };
  const many = (text: string): string => text.repeat(MAX_TOKENS);

  it('are 413 above a number of tokens, whatever the tokens are, before anything is made of them', () => {
    for (const text of [
      `x: [${many('a,')}]`,
      `x: [${many('[],')}]`,
      `x: !!omap [${many('a: 1,')}]`,
      `x: &a 1\ny: [${many('*a,')}]`,
      `a: &a {x: 1}\nb: {<<: [${many('*a,')}]}`,
      `x:\n${many('- a\n')}`,
      `x: [${many('&a 1,')}]`,
      `x: [${many('!a 1,')}]`,
      `x: [${many('"\\n",')}]`,
      many('k:\n'),
      `${many('# c\n')}x: 1`,
      `x: 1${many('\n')}`,
      many('%A b\n').replaceAll('%A b', '%TAG !a! b'),
      `x: ${'['.repeat(500)}${many('a,')}${']'.repeat(500)}`,
    ]) {
      assert.throws(() => parseYaml(text), tooMany, text.slice(0, 40));
    }
    const bytes = Buffer.from(many('k:\n'));
    assert.throws(() => parseYamlBody(bytes), tooMany);
    assert.throws(() => parseBody('application/yaml', bytes, 'own'), tooMany);
  });

  it('are read up to that number, and with long texts of any kind', () => {
    const items = Array.from({ length: 33_000 }, (_, index) => index);
    assert.deepEqual(parseYaml(`[${items.join(',')}]`).value, items);
    const lines = 'a line of text\n'.repeat(70_000);
    const { value } = parseYaml(
      `a: |\n${lines.replaceAll('a line', '  a line')}b: "${'\\n'.repeat(500_000)}"\nc: '${'x'.repeat(500_000)}'\n`,
    );
    assert.deepEqual(value, { a: lines, b: '\n'.repeat(500_000), c: 'x'.repeat(500_000) });
  });

  it('are read whole where they are JSON, as clients send them', () => {
    const object = { items: Array.from({ length: MAX_TOKENS }, (_, index) => ({ index })) };
    const bytes = Buffer.from(JSON.stringify(object));
    assert.deepEqual(parseBody('application/yaml', bytes, 'own').value, object);
    assert.deepEqual(parseYamlBody(bytes).value, object);
    assert.deepEqual(parseYamlBody(Buffer.from('{"a": 1e400}')).value, { a: '1e400' });
  });

  it('are refused at the first mistake, before more of the text is looked at', () => {
    const message = /^the body is not valid YAML: Unexpected flow-seq-end token/;
    assert.throws(() => parseYaml(`a: 1\n${many(']')}`), { ...refused, message });
    assert.throws(() => parseYaml(many('%A b\n')), { ...refused, message: /Unknown directive %A/ });
  });

  it('have no list made of all their mistakes, and none of what is only odd', () => {
    let made = 0;
    const countError = (): void => {
      made += 1;
    };
    const prototype: object = Object.getPrototypeOf(YAMLParseError.prototype);
    Object.defineProperty(prototype, 'pos', { configurable: true, set: countError });
    try {
      for (const text of [`a: "${many('\\q')}"`, `[${'? '.repeat(20_000)}`, `[${'&a '.repeat(20_000)}1]`])
        assert.throws(() => parseYaml(text), refused, text.slice(0, 10));
      parseYaml(`[${'!a 1,'.repeat(15_000)}]`);
    } finally {
      Reflect.deleteProperty(prototype, 'pos');
    }
    assert.equal(made, 0);
  });

  it('tell what is wrong in few words', () => {
    for (const text of [`a: !${'!'.repeat(1_000_000)} b`, `a: 1\n] ${'x'.repeat(1_000_000)}`])
      assert.throws(
        () => parseYaml(text),
        ({ code, message }: ApiError) => code === 400 && message.length < 1000,
      );
  });

  it('are refused with lists and mappings as keys before these are searched', () => {
    const message = 'the body has a YAML key that is neither text nor a number';
    for (const text of [`[${'['.repeat(400)}a${']: 1'.repeat(400)}]`, '[a]: 1', '{[a]: 1}', '{a: 1} : 1'])
      assert.throws(() => parseYaml(text), { ...refused, message }, text.slice(0, 10));
  });

  it('are walked once, however many aliases they have', () => {
    const texts = `x: &a 1\nz: [${'*a,'.repeat(9000)}]\nw: [${'{<<: &b {}},'.repeat(10)}]`;
    const document = parseDocument(texts, { version: '1.1' });
    const { contents } = document;
    assert.ok(isMap(contents));
    const { items } = contents;
    let reads = 0;
    Object.defineProperty(contents, 'items', {
      get: () => {
        reads += 1;
        return items;
      },
    });
    const { value } = new YamlReader(document).read();
    assert.deepEqual(
      (value as { readonly z: unknown }).z,
      Array.from({ length: 9000 }, () => 1),
    );
    assert.equal(reads, 1);
  });

  it('are refused when the texts and keys that they repeat come to more than a body may have', () => {
    const message = 'the body repeats too much through YAML aliases';
    const text = 'QUFB'.repeat(90_000);
    for (const what of [`!!binary ${text}`, text, `{ ${text}: 1 }`, `[ "${text}" ]`]) {
      const repeated = (times: number): string => `a: &x ${what}\nb: [${'*x, '.repeat(times)}]`;
      assert.throws(() => parseYaml(repeated(9)), { message });
      parseYaml(repeated(8));
    }
  });

  it('are refused when merge keys copy too much, with and without aliases', () => {
    const message = 'the body repeats too much through YAML aliases';
    const keys = Array.from({ length: 1000 }, (_, index) => `k${index}: 1`).join(', ');
    for (const text of [
      `a: ${'{<<: '.repeat(20)}{${keys}}${'}'.repeat(20)}`,
      `a: &a {${keys}}\nb: {${'<<: *a, '.repeat(20)}}`,
      `a: &a {${keys}}\nb: {<<: [${'*a, '.repeat(20)}]}`,
    ])
      assert.throws(() => parseYaml(text), { ...refused, message }, text.slice(0, 10));
    const once = parseYaml(`a: &a {${keys}}\nb: {<<: *a, k0: 2}`).value as { readonly b: object };
    assert.equal(Object.keys(once.b).length, 1000);
  });

  it('have integers of any length, which are text where a double cannot be as large', () => {
    const long = '9'.repeat(400);
    const longer = '9'.repeat(1_000_000);
    assert.deepEqual(parseYaml(`a: ${long}\nb: -${longer}\n${long}: 0x${'f'.repeat(2000)}`).value, {
      a: long,
      b: `-${longer}`,
      [long]: `0x${'f'.repeat(2000)}`,
    });
    assert.throws(() => parseYaml(`a: !!int ${long}`), refused);
  });

  it('have short paths for what is found in them, made a few times only', () => {
    const key = 'k'.repeat(500_000);
    const text = `{${key}: {${'a: 1, '.repeat(100)} b: {c: 1, c: 9007199254740993}}}`;
    for (const { duplicates, lossy } of [
      parseYaml(text),
      parseJsonBody(Buffer.from(text.replace(/[a-z]+/g, '"$&"').replace(', }', '}'))),
    ]) {
      const path = `${'k'.repeat(1024)}`;
      assert.deepEqual([duplicates, lossy], [[path], [{ field: path, literal: '9007199254740993' }]]);
    }
  });
});

describe('YAML answers', () => {
  it('are the JSON where a value has very many parts or many deep ones, and read the same', () => {
    const wide = { a: Array.from({ length: 70_000 }, () => 1), b: '\x7f\ufeff\uffff\u2028' };
    const text = toYaml(wide);
    assert.ok(text.startsWith('{"a":[1,1,'), text.slice(0, 20));
    assert.deepEqual(parseDocument(text).toJS(), wide);

    let deep: unknown = Array.from({ length: 1000 }, () => 1);
    for (let depth = 0; depth < 400; depth += 1) deep = [deep];
    assert.ok(toYaml(deep).length < 5000);
  });

  it('are indented where a value is ordinary, however long its texts are', () => {
    const value = { data: { a: 'a line\n'.repeat(100_000), b: Array.from({ length: 10_000 }, () => 'x') } };
    const text = toYaml(value);
    assert.ok(text.startsWith('data:\n  a: |\n    a line\n'), text.slice(0, 40));
    assert.deepEqual(parseYaml(text).value, value);
  });
});

describe('YAML anchors', () => {
  it('are the last one of their name before the alias, also where the alias is followed later', () => {
    const text = [
      'first: &a 1',
      'list: &b [*a, &a 2, *a]',
      'again: *b',
      'map: {&a k: *a}',
      'outer: &c {x: &a 3, z: *b}',
      'last: [*a, *c]',
    ].join('\n');
    assert.deepEqual(parseYaml(text).value, {
      first: 1,
      list: [1, 2, 2],
      again: [1, 2, 2],
      map: { k: 'k' },
      outer: { x: 3, z: [1, 2, 2] },
      last: [3, { x: 3, z: [1, 2, 2] }],
    });
  });

  it('name nothing before their place, and not what they are inside of', () => {
    assert.throws(() => parseYaml('a: *a\nb: &a 1'), { ...refused, message: /names nothing/ });
    for (const text of ['a: &a [*a]', 'a: &a {b: {<<: *a}}', 'a: &a [&b [*a]]'])
      assert.throws(() => parseYaml(text), { ...refused, message: /inside of what it names/ }, text);
  });

  it('may be on what has a tag of lists of pairs, sets and dates, which mean what they look like', () => {
    assert.deepEqual(
      parseYaml(
        'a: !!omap [x: 1, z: 2]\nb: !!pairs [x: 1]\nc: !!set {x, z}\nd: !!timestamp 2001-01-01\ne: !x [1]',
      ).value,
      { a: [{ x: 1 }, { z: 2 }], b: [{ x: 1 }], c: { x: null, z: null }, d: '2001-01-01', e: [1] },
    );
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
    assert.deepEqual(parseYamlBody(Buffer.from('{"a":1}')).value, { a: 1 });
    assert.deepEqual(parseYamlBody(Buffer.from('{a: 1}')).value, { a: 1 });
    assert.deepEqual(parseYamlBody(Buffer.from('a: 1')).value, { a: 1 });
    assert.throws(() => parseYamlBody(Buffer.from('{"a"')), refused);
  });
});
