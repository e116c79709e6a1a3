import assert from 'node:assert/strict';
import type { Cause } from './errors.ts';
import {
  any,
  bool,
  embedded,
  int,
  intOrString,
  list,
  listMap,
  map,
  num,
  obj,
  opt,
  quantity,
  set,
  str,
  time,
  type Schema,
} from './schema.ts';
import { validate, type ValidateOptions } from './validate.ts';

const text = (causes: readonly Cause[]): readonly string[] =>
  causes.map((cause) => `${cause.reason} ${cause.field}: ${cause.message}`);
const check = (schema: Schema, value: unknown, options?: ValidateOptions): readonly string[] =>
  text(validate(schema, value, 'spec.x', options));

const spec = obj('Spec.', {
  protocol: str('Protocol.', { enum: ['S3', 'Kafka'] }),
  endpoint: str('Endpoint.', { maxLength: 8, minLength: 2, pattern: '^[a-z:0-9]+$' }),
  replicas: int('Replicas.', { minimum: 1, maximum: 10, default: 1 }),
  ratio: opt(num('Ratio.', { minimum: 0, maximum: 1 })),
  on: opt(bool('On.')),
  port: opt(intOrString('Port.')),
  since: opt(time('Since.')),
  parts: opt(
    listMap('Parts.', 'name', obj('Part.', { name: str('Name.'), value: opt(int('Value.')) }), {
      maxItems: 3,
    }),
  ),
  tags: opt(set('Tags.', str('Tag.'), { minItems: 1 })),
  labels: opt(map('Labels.', str('Label.', { maxLength: 3 }), { maxProperties: 2 })),
});
const object = obj('Object.', { spec });
const valid = { protocol: 'S3', endpoint: 'ab:1', replicas: 1 };
const causesOf = (patch: Record<string, unknown>): readonly string[] =>
  text(validate(object, { spec: { ...valid, ...patch } }, ''));

describe('validate', () => {
  it('accepts a value that fits', () => {
    assert.deepEqual(
      causesOf({
        ratio: 0.5,
        on: true,
        port: 'http',
        since: '2026-01-31T10:00:00Z',
        parts: [{ name: 'a', value: 1 }, { name: 'b' }],
        tags: ['x', 'y'],
        labels: { a: 'abc' },
      }),
      [],
    );
  });

  it('C107 words every problem like kube-apiserver and names its field', () => {
    const cases: readonly (readonly [Record<string, unknown>, string])[] = [
      [
        { protocol: 'FTP' },
        'FieldValueNotSupported spec.protocol: Unsupported value: "FTP": supported values: "S3", "Kafka"',
      ],
      [
        { endpoint: 'a' },
        'FieldValueInvalid spec.endpoint: Invalid value: "a": spec.endpoint in body should be at least 2 chars long',
      ],
      [
        { endpoint: 'A:B' },
        `FieldValueInvalid spec.endpoint: Invalid value: "A:B": spec.endpoint in body should match '^[a-z:0-9]+$'`,
      ],
      [{ endpoint: 'abcdefghi' }, 'FieldValueTooLong spec.endpoint: Too long: may not be more than 8 bytes'],
      [
        { replicas: '3' },
        'FieldValueTypeInvalid spec.replicas: Invalid value: "string": spec.replicas in body must be of type integer: "string"',
      ],
      [
        { replicas: 1.5 },
        'FieldValueTypeInvalid spec.replicas: Invalid value: "number": spec.replicas in body must be of type integer: "number"',
      ],
      [
        { replicas: 0 },
        'FieldValueInvalid spec.replicas: Invalid value: 0: spec.replicas in body should be greater than or equal to 1',
      ],
      [
        { replicas: 11 },
        'FieldValueInvalid spec.replicas: Invalid value: 11: spec.replicas in body should be less than or equal to 10',
      ],
      [
        { ratio: true },
        'FieldValueTypeInvalid spec.ratio: Invalid value: "boolean": spec.ratio in body must be of type number: "boolean"',
      ],
      [
        { on: 'yes' },
        'FieldValueTypeInvalid spec.on: Invalid value: "string": spec.on in body must be of type boolean: "string"',
      ],
      [
        { on: null },
        'FieldValueTypeInvalid spec.on: Invalid value: "null": spec.on in body must be of type boolean: "null"',
      ],
      [
        { port: 1.5 },
        'FieldValueTypeInvalid spec.port: Invalid value: "number": spec.port in body must be of type integer,string: "number"',
      ],
      [
        { since: 'yesterday' },
        'FieldValueTypeInvalid spec.since: Invalid value: "yesterday": spec.since in body must be of type date-time: "yesterday"',
      ],
      [
        { parts: {} },
        'FieldValueTypeInvalid spec.parts: Invalid value: "object": spec.parts in body must be of type array: "object"',
      ],
      [
        { parts: [{ name: 'a' }, { name: 'a' }, { name: 'a' }] },
        'FieldValueDuplicate spec.parts[1]: Duplicate value: {"name":"a"}',
      ],
      [{ parts: [{ value: 1 }] }, 'FieldValueRequired spec.parts[0].name: Required value'],
      [{ parts: [1, 2, 3, 4] }, 'FieldValueTooMany spec.parts: Too many: 4: must have at most 3 items'],
      [{ tags: ['a', 'b', 'b', 'b'] }, 'FieldValueDuplicate spec.tags[2]: Duplicate value: "b"'],
      [
        { tags: [] },
        'FieldValueInvalid spec.tags: Invalid value: 0: spec.tags in body should have at least 1 items',
      ],
      [{ labels: { a: 'abcd' } }, 'FieldValueTooLong spec.labels.a: Too long: may not be more than 3 bytes'],
      [
        { labels: { a: '', b: '', c: '' } },
        'FieldValueTooMany spec.labels: Too many: 3: must have at most 2 items',
      ],
      [
        { endpoint: undefined },
        'FieldValueTypeInvalid spec.endpoint: Invalid value: "undefined": spec.endpoint in body must be of type string: "undefined"',
      ],
    ];
    for (const [patch, expected] of cases) assert.deepEqual(causesOf(patch), [expected]);
  });

  it('asks for absent fields unless they are optional or have a default', () => {
    assert.deepEqual(text(validate(object, { spec: {} }, '')), [
      'FieldValueRequired spec.protocol: Required value',
      'FieldValueRequired spec.endpoint: Required value',
    ]);
  });

  it('does not take inherited properties for fields', () => {
    const odd = obj('Odd.', { constructor: str('A field with an unlucky name.'), toString: str('Another.') });

    assert.deepEqual(check(odd, {}), [
      'FieldValueRequired spec.x.constructor: Required value',
      'FieldValueRequired spec.x.toString: Required value',
    ]);
  });

  it('C111 keeps integers within their format', () => {
    assert.equal(check(int('I.'), 2_147_483_647).length, 0);
    assert.deepEqual(check(int('I.'), 2_147_483_648), [
      'FieldValueInvalid spec.x: Invalid value: 2147483648: Checked value must be of type integer with format int32 in spec.x',
    ]);
    assert.equal(check(int('I.', { format: 'int64' }), 9_007_199_254_740_991).length, 0);
    assert.equal(check(int('I.', { format: 'int64' }), 2 ** 53).length, 1);
    assert.equal(check(int('I.', { minimum: 0 }), Number.NaN).length, 1);
  });

  it('counts characters, not UTF-16 units', () => {
    assert.deepEqual(check(str('S.', { maxLength: 3, minLength: 3 }), '🐝🐝🐝'), []);
    assert.equal(check(str('S.', { minLength: 3 }), '🐝🐝').length, 1);
    assert.equal(check(str('S.', { maxLength: 3 }), '🐝🐝🐝🐝').length, 1);
  });

  it('never runs a pattern over unbounded text', () => {
    assert.deepEqual(check(str('S.', { pattern: '^a*$' }), 'a'.repeat(5000)), [
      'FieldValueTooLong spec.x: Too long: may not be more than 4096 bytes',
    ]);
    assert.deepEqual(check(str('S.'), 'a'.repeat(5000)), []);
  });

  it('reads quantities as text and as numbers', () => {
    for (const good of ['500m', '1.5Gi', 2, 0.5, '1e3']) assert.deepEqual(check(quantity('Q.'), good), []);
    assert.deepEqual(check(quantity('Q.'), '1 GB'), [
      `FieldValueInvalid spec.x: Invalid value: "1 GB": quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'`,
    ]);
    assert.equal(check(quantity('Q.'), true).length, 1);
  });

  it('lets any value pass where any is declared, and null where null is declared', () => {
    for (const value of [null, 1, 'a', [1], { a: { b: [null] } }])
      assert.deepEqual(check(any('A.'), value), []);
    assert.deepEqual(check({ ...str('S.'), nullable: true }, null), []);
  });

  it('asks embedded objects for apiVersion and kind', () => {
    assert.deepEqual(check(embedded('E.'), { apiVersion: 'v1', kind: 'Secret', metadata: {} }), []);
    assert.deepEqual(check(embedded('E.'), { kind: '', metadata: 1 }), [
      'FieldValueRequired spec.x.apiVersion: Required value: must not be empty',
      'FieldValueRequired spec.x.kind: Required value: must not be empty',
      'FieldValueTypeInvalid spec.x.metadata: Invalid value: "integer": spec.x.metadata in body must be of type object: "integer"',
    ]);
  });

  it('S1 never shows a value at or below a secret path', () => {
    const credential = obj('C.', {
      spec: obj('S.', {
        stringData: map('D.', str('V.', { maxLength: 4, pattern: '^x*$' })),
        since: time('T.'),
        items: listMap('I.', 'key', obj('Item.', { key: str('K.', { enum: ['a'] }) })),
      }),
    });
    const value = {
      spec: {
        stringData: { password: 'hunt' },
        since: 'hunter2',
        items: [{ key: 'hunter3' }, { key: 'hunter3' }],
      },
    };
    const secrets = ['spec.stringData', 'spec.since', 'spec.items.key'];

    const causes = validate(credential, value, '', { secrets });

    assert.equal(causes.length, 5);
    assert.doesNotMatch(JSON.stringify(causes), /hunt/);
    assert.match(JSON.stringify(validate(credential, value, '')), /hunter2.*hunter3/);
  });

  it('stops after the allowed number of causes and cuts long values', () => {
    const schema = list('L.', int('I.', { maximum: 0 }));
    const many = Array.from({ length: 1000 }, () => 1);

    assert.equal(check(schema, many).length, 50);
    assert.equal(check(schema, many, { maxCauses: 3 }).length, 3);
    assert.ok((check(str('S.', { enum: ['a'] }), 'b'.repeat(100_000))[0]?.length ?? 0) < 1000);
  });
});
