import assert from 'node:assert/strict';
import { admit, ruleSuite } from '../../test/conformance/kind.ts';
import { Credential, missingValues } from './credential.ts';

const inline = (type: string, stringData: Record<string, string> | null) => ({
  spec: { type, source: 'Inline', generator: null, stringData },
});

ruleSuite(Credential, [
  { name: 'inline values', change: inline('basic', { username: 'u', password: 'p' }), fields: [] },
  { name: 'inline without values', change: inline('basic', null), fields: ['spec.stringData'] },
  {
    name: 'inline after sealing, without its values',
    change: { spec: { source: 'Inline', generator: null, sealed: 'eyJ.x.y.z.w' } },
    fields: [],
  },
  {
    name: 'a basic credential without a password',
    change: inline('basic', { username: 'u' }),
    fields: ['spec.stringData.password'],
  },
  {
    name: 'an s3 credential without keys',
    change: inline('s3', { other: 'x' }),
    fields: ['spec.stringData.accessKeyID', 'spec.stringData.secretAccessKey'],
  },
  { name: 'key-value with any keys', change: inline('key-value', { a: 'b' }), fields: [] },
  {
    name: 'generated with values sent along',
    change: { spec: { stringData: { password: 'p' } } },
    fields: ['spec.stringData'],
  },
  {
    name: 'generated without the keys of its type',
    change: { spec: { generator: { keys: [{ name: 'password' }] } } },
    fields: ['spec.generator.keys'],
  },
  {
    name: 'external without a path',
    change: { spec: { source: 'External', generator: null } },
    fields: ['spec.remoteRef'],
  },
  {
    name: 'O18 external with a path',
    change: {
      spec: { source: 'External', generator: null, remoteRef: { store: 'vault', path: 'kv/acme/db' } },
    },
    fields: [],
  },
  {
    name: 'sealed without a seal',
    change: { spec: { source: 'Sealed', generator: null } },
    fields: ['spec.sealed'],
  },
  {
    name: 'a fixed text with a length',
    change: {
      spec: { generator: { keys: [{ name: 'username', literal: 'u', length: 20 }, { name: 'password' }] } },
    },
    fields: ['spec.generator.keys[0].literal'],
  },
  { name: 'another type', change: inline('token', { token: 't' }), fields: ['spec.type'], update: true },
  {
    name: 'a rotation that is no length of time',
    change: { spec: { rotation: { every: 'often' } } },
    fields: ['spec.rotation.every'],
  },
]);

describe('messages of Credential', () => {
  const SENTINEL = 'S3NT1NEL-value';

  it('D9 never repeat a value, whatever is wrong with the object', () => {
    const object = (spec: Record<string, unknown>) =>
      ({ metadata: { name: 'c', namespace: 'tn-acme' }, spec }) as Parameters<typeof admit>[1];
    const wrong = [
      object({ type: 'basic', source: 'Inline', stringData: { password: SENTINEL } }),
      object({ type: 'basic', source: 'Generated', stringData: { password: SENTINEL } }),
      object({ type: 'basic', source: 'Inline', stringData: { password: [SENTINEL] } }),
      object({ type: 'basic', source: 'Inline', stringData: SENTINEL }),
      object({ type: 'basic', source: 'Inline', stringData: { password: SENTINEL.repeat(10_000) } }),
    ];
    for (const each of wrong) {
      const { causes } = admit(Credential, each);
      assert.ok(causes.length > 0);
      assert.ok(!JSON.stringify(causes).includes(SENTINEL), JSON.stringify(causes));
    }
  });

  it('name missing values before they are sealed', () => {
    assert.deepEqual(
      missingValues('tls', { 'tls.crt': '' }).map((each) => each.field),
      ['spec.stringData.tls.crt', 'spec.stringData.tls.key'],
    );
  });
});
