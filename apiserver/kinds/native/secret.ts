/** v1 Secret. */
import { cause } from '../../api/causes.ts';
import { Buffer } from 'node:buffer';
import type { Cause } from '../../api/errors.ts';
import { isObject, type Json } from '../../api/json.ts';
import { defineNative, type ObjectFor } from '../../api/kind.ts';
import { bool, map, opt, str } from '../../api/schema.ts';
import { sameEntries, size, text } from './fields.ts';

export const Secret = defineNative({
  group: '',
  version: 'v1',
  kind: 'Secret',
  plural: 'secrets',
  scope: 'Namespaced',
  doc: 'Sensitive values for pods, kept apart from their specification.',
  fields: {
    data: opt(map('Values in base64, by key.', str('Value in base64.', { format: 'byte' }))),
    stringData: opt(map('Values as text, by key; written only, moved into data.', text('Value.'))),
    type: text('What the values are for; tells which keys must be there.', { default: 'Opaque' }),
    immutable: opt(bool('Whether the values are fixed from now on.')),
  },
  immutable: ['type'],
  secrets: ['data', 'stringData'],
  selectableFields: ['type'],
  columns: [
    { name: 'Type', type: 'string', cell: (secret) => secret.type },
    { name: 'Data', type: 'integer', cell: (secret) => size(secret.data) },
  ],
  prepare: mergeStringData,
  check: (secret, old) => [...checkType(secret), ...checkFrozen(secret, old)],
});
export type Secret = ObjectFor<typeof Secret>;

/** source: core/v1 Secret.stringData: merged into data on write, and never given back. */
function mergeStringData(object: Readonly<Record<string, Json>>): Record<string, Json> {
  const { stringData, ...rest } = object;
  if (!isObject(stringData)) return rest;
  const data: Record<string, Json> = { ...(isObject(rest['data']) ? rest['data'] : {}) };
  for (const [key, value] of Object.entries(stringData)) {
    if (typeof value === 'string') data[key] = Buffer.from(value, 'utf8').toString('base64');
  }
  return { ...rest, data };
}

interface Checked {
  readonly data?: Readonly<Record<string, string>>;
  readonly type: string;
  readonly immutable?: boolean;
}

/** source: core validation ValidateSecret. */
const KEYS_OF_TYPE: Readonly<Record<string, readonly string[]>> = {
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
  'kubernetes.io/dockercfg': ['.dockercfg'],
  'kubernetes.io/ssh-auth': ['ssh-privatekey'],
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
};
const KEY = /^[-._a-zA-Z0-9]+$/;

function checkType(secret: Checked): readonly Cause[] {
  const keys = Object.hasOwn(KEYS_OF_TYPE, secret.type) ? (KEYS_OF_TYPE[secret.type] ?? []) : [];
  const data = secret.data ?? {};
  const missing = keys
    .filter((key) => !Object.hasOwn(data, key))
    .map((key) => cause.required(`data[${key}]`));
  const illegal = Object.keys(data)
    .filter((key) => !KEY.test(key) || key.length > 253)
    .map((key) => cause.invalid(`data[${key}]`, key, ILLEGAL_KEY));
  return [...missing, ...illegal];
}
const ILLEGAL_KEY =
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  " +
  "or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";

/** The value itself never gets into the message. */
function checkFrozen(secret: Checked, old: Checked | undefined): readonly Cause[] {
  if (old?.immutable !== true) return [];
  const why = 'field is immutable when `immutable` is set';
  const same = sameEntries(secret.data, old.data);
  return [
    ...(secret.immutable === true ? [] : [cause.forbidden('immutable', why)]),
    ...(same ? [] : [cause.forbidden('data', why)]),
  ];
}
