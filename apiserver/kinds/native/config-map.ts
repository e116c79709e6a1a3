/** v1 ConfigMap. */
import { cause } from '../../api/causes.ts';
import type { Cause } from '../../api/errors.ts';
import { defineNative, type ObjectFor } from '../../api/kind.ts';
import { bool, map, opt, str } from '../../api/schema.ts';
import { sameEntries, size, text } from './fields.ts';

export const ConfigMap = defineNative({
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  shortNames: ['cm'],
  scope: 'Namespaced',
  doc: 'Configuration for pods, as keys and values.',
  fields: {
    data: opt(map('Values as text, by key.', text('Value.'))),
    binaryData: opt(map('Values in base64, by key.', str('Value in base64.', { format: 'byte' }))),
    immutable: opt(bool('Whether the values are fixed from now on.')),
  },
  columns: [{ name: 'Data', type: 'integer', cell: (config) => size(config.data) + size(config.binaryData) }],
  check: (config, old) => [...checkKeys(config), ...checkFrozen(config, old)],
});
export type ConfigMap = ObjectFor<typeof ConfigMap>;

interface Checked {
  readonly data?: Readonly<Record<string, string>>;
  readonly binaryData?: Readonly<Record<string, string>>;
  readonly immutable?: boolean;
}
const KEY = /^[-._a-zA-Z0-9]+$/;

function checkKeys(config: Checked): readonly Cause[] {
  const why = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'";
  const illegal = (key: string): boolean => !KEY.test(key) || key.length > 253;
  const wrong = (['data', 'binaryData'] as const).flatMap((field) =>
    Object.keys(config[field] ?? {})
      .filter(illegal)
      .map((key) => cause.invalid(`${field}[${key}]`, key, why)),
  );
  const twice = Object.keys(config.binaryData ?? {})
    .filter((key) => Object.hasOwn(config.data ?? {}, key))
    .map((key) => cause.invalid(`data[${key}]`, key, 'duplicate of key present in binaryData'));
  return [...wrong, ...twice];
}

function checkFrozen(config: Checked, old: Checked | undefined): readonly Cause[] {
  if (old?.immutable !== true) return [];
  const why = 'field is immutable when `immutable` is set';
  const same = (field: 'data' | 'binaryData'): boolean => sameEntries(config[field], old[field]);
  return [
    ...(config.immutable === true ? [] : [cause.forbidden('immutable', why)]),
    ...(same('data') ? [] : [cause.forbidden('data', why)]),
    ...(same('binaryData') ? [] : [cause.forbidden('binaryData', why)]),
  ];
}
