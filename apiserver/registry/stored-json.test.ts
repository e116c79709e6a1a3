import assert from 'node:assert/strict';
import { parseStored } from './stored-json.ts';

const owner = (fieldsV1: unknown, time = '2026-01-01T00:00:00Z'): object => ({
  manager: 'kubectl',
  operation: 'Update',
  apiVersion: 'v1',
  time,
  fieldsType: 'FieldsV1',
  fieldsV1,
});
const bytesOf = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

describe('stored JSON', () => {
  const fields = { 'f:spec': { '.': {}, 'f:a': {}, 'k:{"name":"}]\\""}': { 'f:b': {} } } };

  const cases: Readonly<Record<string, unknown>> = {
    'no metadata': { spec: {} },
    'no managedFields': { metadata: { name: 'a' }, spec: { list: [1, 2.5, null, 'é'] } },
    'one owner': { metadata: { managedFields: [owner(fields)], name: 'a' } },
    'several owners': {
      metadata: { managedFields: [owner(fields), owner({}), owner(fields, ''), owner({ 'v:"{"': {} })] },
      status: { text: 'ünï' },
    },
    'an owner of something else than an object': { metadata: { managedFields: [owner(0), owner(fields)] } },
    'an owner without fields': { metadata: { managedFields: [{ manager: 'x' }, owner(fields)] } },
    'fieldsV1 as text in a string': { metadata: { annotations: { a: '"fieldsV1":{' } }, spec: 1 },
    'fieldsV1 in the spec': { metadata: { name: 'a' }, spec: { fieldsV1: { a: 1 } } },
    'fieldsV1 in both': { metadata: { managedFields: [owner(fields)] }, spec: { fieldsV1: { a: [{}] } } },
    'managedFields of a template': {
      spec: { template: { metadata: { managedFields: [owner(fields)] } } },
    },
    'more owners than are shared': {
      metadata: { managedFields: Array.from({ length: 40 }, (_, i) => owner({ [`f:${i}`]: {} })) },
    },
  };
  for (const [what, value] of Object.entries(cases)) {
    it(`says what JSON.parse says: ${what}`, () => {
      assert.deepEqual(parseStored(bytesOf(value)), value);
      assert.deepEqual(JSON.stringify(parseStored(bytesOf(value))), JSON.stringify(value));
    });
  }

  it('shares the fields of owners, frozen, and nothing else', () => {
    const read = (time: string): { readonly metadata: { readonly managedFields: readonly [object] } } =>
      parseStored(bytesOf({ metadata: { managedFields: [owner(fields, time)] } })) as never;
    const [[first], [second]] = [read('a').metadata.managedFields, read('b').metadata.managedFields];

    assert.notEqual(first, second);
    assert.equal(Reflect.get(first, 'time'), 'a');
    assert.equal(Reflect.get(first, 'fieldsV1'), Reflect.get(second, 'fieldsV1'));
    assert.ok(Object.isFrozen(Reflect.get(first, 'fieldsV1')['f:spec']));
  });

  it('refuses what is no object', () => {
    for (const text of ['[]', '1', 'null', '{', '{"metadata":{"managedFields":[{"fieldsV1":{']) {
      assert.throws(() => parseStored(Buffer.from(text)), text);
    }
  });

  it('shares what the same text says, and does not keep all that it ever read', () => {
    const fieldsOf = (name: string): unknown => {
      const stored: unknown = parseStored(bytesOf({ metadata: { managedFields: [owner({ [name]: {} })] } }));
      return (stored as Stored).metadata.managedFields[0]?.fieldsV1;
    };
    const known = fieldsOf('f:known');
    assert.equal(fieldsOf('f:known'), known);
    for (let i = 0; i < 100; i += 1) fieldsOf(`f:${String(i).padEnd(8_000, 'x')}`);
    assert.notEqual(fieldsOf('f:known'), known);
    assert.deepEqual(fieldsOf('f:known'), known);
  });
});

interface Stored {
  readonly metadata: { readonly managedFields: readonly { readonly fieldsV1: unknown }[] };
}
