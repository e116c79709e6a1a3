import assert from 'node:assert/strict';
import { objectSchema } from '../../../api/object-schema.ts';
import type { Schema } from '../../../api/schema.ts';
import { NATIVE_KINDS } from '../index.ts';
import { readTables, type WireMessage } from './tables.ts';

const tables = readTables();

/** Every field of the schema that the message has no number for, and the other way round. */
function differences(schema: Schema, name: string, path: string): readonly string[] {
  const message = tables.get(name);
  if (message === undefined) return [`${path}: no message ${name}`];
  const entries = flat(message);
  const known = new Set(entries.map((entry) => entry.field));
  const properties = schema.properties ?? {};
  const missing = Object.keys(properties).filter((field) => !known.has(field));
  return [
    ...missing.map((field) => `${path}.${field}: no number in ${name}`),
    ...entries.flatMap(({ field, message: inner }) => {
      const node = properties[field];
      if (node === undefined) return [`${path}: no field ${field} of ${name}`];
      const value = node.kind === 'list' || node.kind === 'map' ? node.items : node;
      const nested = value?.kind === 'object' && value.preserveUnknown !== true;
      if (nested !== (inner !== undefined)) return [`${path}.${field}: is a message on one side only`];
      return inner === undefined || value === undefined ? [] : differences(value, inner, `${path}.${field}`);
    }),
  ];
}

const flat = (
  message: WireMessage,
): readonly { readonly field: string; readonly message: string | undefined }[] =>
  [...message.values()].flatMap((entry) =>
    entry.inline ? flat(tables.get(entry.message ?? '') ?? new Map()) : [entry],
  );

/** Fields of templates that exist in JSON only. */
const JSON_ONLY = /volumeClaimTemplates\.(apiVersion|kind): no number/;

describe('wire tables', () => {
  for (const kind of NATIVE_KINDS) {
    it(`have a number for every field of ${kind.kind} of ${kind.group === '' ? 'core' : kind.group}`, () => {
      const schema = objectSchema(kind);
      const { apiVersion: _, kind: __, ...properties } = schema.properties ?? {};
      const name = kind.group === 'events.k8s.io' ? 'EventsEvent' : kind.kind;

      const found = differences({ ...schema, properties }, name, kind.kind);

      assert.deepEqual(
        found.filter((line) => !JSON_ONLY.test(line)),
        [],
      );
    });
  }
});
