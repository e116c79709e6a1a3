import assert from 'node:assert/strict';
import { JsonReader, JsonSyntaxError } from './json-reader.ts';
import { MAX_DEPTH, MAX_FINDINGS, parseJson } from './parse-json.ts';

/** A small deterministic generator, so that a failure can be repeated. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

const KEYS = [
  'a',
  'b',
  'spec',
  '__proto__',
  'constructor',
  'toString',
  'é',
  '1',
  '10',
  'app.kubernetes.io/name',
];
const LITERALS = ['0', '-1', '1.0', '0.25', '1e3', '"x"', '"\\u0061\\n\\"{:"', '""', 'true', 'false', 'null'];

function text(next: () => number, depth: number): string {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(next() * from.length)] as T;
  const space = (): string => pick(['', '', ' ', '\n\t']);
  if (depth === 0 || next() < 0.3) return space() + pick(LITERALS) + space();
  const size = Math.floor(next() * 4);
  if (next() < 0.4)
    return `[${Array.from({ length: size }, () => text(next, depth - 1)).join(',')}${size ? '' : space()}]`;
  const members = Array.from(
    { length: size },
    () => `${JSON.stringify(pick(KEYS))}${space()}:${text(next, depth - 1)}`,
  );
  return `{${space()}${members.join(`${space()},${space()}`)}}`;
}

describe('parseJson', () => {
  it('C111 keeps __proto__ and constructor as plain own keys and pollutes nothing', () => {
    for (const duplicate of ['', '"z":1,"z":2,']) {
      const { value } = parseJson(
        `{${duplicate}"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":1}}}`,
      );

      assert.ok(Object.hasOwn(value as object, '__proto__'));
      assert.equal(Object.getPrototypeOf(value), Object.prototype);
      assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
      assert.match(
        JSON.stringify(value),
        /"__proto__":\{"polluted":true\},"constructor":\{"prototype":\{"polluted":1\}\}/,
      );
    }
  });

  it('makes U+FFFD of every escaped half of a surrogate pair, in keys as well, and keeps pairs', () => {
    const { value, duplicates } = parseJson(
      '{"a":"\\ud800","b":["x\\uDFFF\\udbff\\u0041"],"c":"\\ud83d\\uDE00\\\\ud800","d\\uD9ab":1,"e":"\\ud7ff\\ue000\\u00da"}',
    );
    assert.deepEqual(value, {
      a: '\ufffd',
      b: ['x\ufffd\ufffdA'],
      c: '\u{1f600}\\ud800',
      'd\ufffd': 1,
      e: '\ud7ff\ue000\u00da',
    });
    assert.deepEqual(duplicates, []);
    assert.deepEqual(parseJson('{"\\ud800":1,"\\udfff":2}').duplicates, ['\ufffd']);
  });

  it('C111 reports integers beyond 2^53 with their literal and path', () => {
    const { lossy } = parseJson(
      '{"spec":{"a":9007199254740993,"parts":[{"n":-9223372036854775808}],"ok":9007199254740992}}',
    );

    assert.deepEqual(lossy, [
      { field: 'spec.a', literal: '9007199254740993' },
      { field: 'spec.parts[0].n', literal: '-9223372036854775808' },
    ]);
  });

  it('reports overflow, underflow and rounded whole numbers, and no ordinary fraction', () => {
    const lossy = (literal: string): boolean => parseJson(`[${literal}]`).lossy.length > 0;

    for (const literal of [
      '1e400',
      '-1e400',
      '1e-400',
      '9007199254740993.0',
      '9007199254740993e0',
      '1152921504606846976',
    ]) {
      assert.equal(lossy(literal), true, literal);
    }
    for (const literal of [
      '0',
      '-0',
      '0.0',
      '0e5',
      '1.0',
      '1e21',
      '0.30000000000000004',
      '3.141592653589793238',
      '9007199254740991',
      '1E3',
    ]) {
      assert.equal(lossy(literal), false, literal);
    }
  });

  it('C106 names repeated keys by path, each once, and lets the last one win', () => {
    const parsed = parseJson(
      '{"spec":{"y":1,"y":2,"y":3,"parts":[{"name":"a","\\u006eame":"b"}]},"spec":{"z":1,"y":4}}',
    );

    assert.deepEqual(parsed.duplicates, ['spec.y', 'spec.parts[0].name', 'spec']);
    assert.deepEqual(parsed.value, { spec: { z: 1, y: 4 } });
  });

  it('sees a repeated __proto__', () => {
    const parsed = parseJson('{"__proto__":1,"__proto__":2}');

    assert.deepEqual(parsed.duplicates, ['__proto__']);
    assert.equal(JSON.stringify(parsed.value), '{"__proto__":2}');
  });

  it('bounds how many findings it keeps', () => {
    const many = Array.from({ length: 1000 }, (_, i) => `"k${i}":1e999,"k${i}":2`).join(',');

    const parsed = parseJson(`{${many}}`);

    assert.equal(parsed.duplicates.length, MAX_FINDINGS);
    assert.equal(parsed.lossy.length, MAX_FINDINGS);
  });

  it('refuses nesting beyond the limit and takes nesting up to it', () => {
    const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);

    assert.ok(Array.isArray(parseJson(nested(MAX_DEPTH)).value));
    assert.throws(() => parseJson(nested(MAX_DEPTH + 1)), {
      name: 'JsonSyntaxError',
      message: /nested deeper than 512/,
    });
    assert.throws(() => parseJson('{"a":'.repeat(200_000)), { name: 'JsonSyntaxError' });
  });

  it('says where malformed text goes wrong', () => {
    const cases: readonly (readonly [string, number])[] = [
      ['', 0],
      ['{"a":}', 5],
      ['{"a":1,}', 7],
      ['[1,]', 3],
      ['{a:1}', 1],
      ['{"a" 1}', 5],
      ['"abc', 4],
      ['"\\x"', 2],
      ['"\\u12g4"', 3],
      ['"a\nb"', 2],
      ['01', 1],
      ['1.', 1],
      ['+1', 0],
      ['tru', 0],
      ['{} x', 3],
      ['\ufeff{}', 0],
      ["{'a':1}", 1],
    ];
    for (const [malformed, offset] of cases) {
      assert.throws(() => JSON.parse(malformed) as unknown, SyntaxError, malformed);
      assert.throws(
        () => parseJson(malformed),
        (error: unknown) => error instanceof JsonSyntaxError && error.offset === offset,
        malformed,
      );
    }
  });

  it('reads buffers as UTF-8', () => {
    assert.deepEqual(parseJson(Buffer.from('{"name":"zoë 🐝"}')).value, { name: 'zoë 🐝' });
  });

  it('reads numbers of very many zeros digit by digit, not once for each', function () {
    // For once a time: looked at from every zero anew, this takes minutes.
    this.timeout(20_000);
    const zeros = '0'.repeat(1_000_000);
    const literal = `1${'0'.repeat(16)}.${zeros}1`;
    const { lossy } = parseJson(`{"a":${literal},"b":1${'0'.repeat(16)}.${zeros},"c":0.${zeros}}`);
    assert.deepEqual(lossy, [{ field: 'a', literal }]);
  });

  it('agrees with JSON.parse and with the exact reader on random documents', () => {
    const next = random(20_261);
    let duplicates = 0;
    for (let round = 0; round < 3000; round += 1) {
      const document = text(next, 5);
      const expected: unknown = JSON.parse(document);

      const parsed = parseJson(document);
      const exact = new JsonReader(document, MAX_DEPTH, MAX_FINDINGS).read();

      assert.deepEqual(parsed, exact, document);
      assert.equal(JSON.stringify(parsed.value), JSON.stringify(expected), document);
      duplicates += parsed.duplicates.length;
    }
    assert.ok(duplicates > 100, `the generator made only ${duplicates} duplicates`);
  });

  it('agrees with JSON.parse about what is malformed on mutated documents', () => {
    const next = random(7);
    let malformed = 0;
    for (let round = 0; round < 3000; round += 1) {
      const document = text(next, 4);
      const at = Math.floor(next() * document.length);
      const mutated =
        document.slice(0, at) + ',:{}[]"\\x1e-. '[Math.floor(next() * 15)] + document.slice(at + 1);
      let valid = true;
      try {
        JSON.parse(mutated);
      } catch {
        valid = false;
        malformed += 1;
      }

      if (valid) assert.doesNotThrow(() => parseJson(mutated), mutated);
      else assert.throws(() => parseJson(mutated), JsonSyntaxError, mutated);
    }
    assert.ok(malformed > 500);
  });
});
