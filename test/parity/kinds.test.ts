/** Kinds and samples tell the same story: every kind has its sample, every sample its kind, one file per kind. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { JsonObject } from '../../apiserver/api/json.ts';
import { apiVersionOf, type Kind } from '../../apiserver/api/kind.ts';
import { KINDS } from '../../apiserver/kinds/index.ts';
import { NATIVE_KINDS } from '../../apiserver/kinds/native/index.ts';
import { admit, readSamples } from '../conformance/kind.ts';

const SAMPLES = 'manifests/samples';

describe('kinds and samples', () => {
  const files = globSync(`${SAMPLES}/*.yaml`).map((file) => basename(file, '.yaml'));

  it('has a sample for every own kind', () => {
    const missing = KINDS.filter((kind) => !files.includes(kind.plural)).map((kind) => kind.plural);
    assert.deepEqual(missing, []);
  });

  it('has a kind for every sample', () => {
    const plurals = new Set(KINDS.map((kind) => kind.plural));
    assert.deepEqual(
      files.filter((file) => !plurals.has(file)),
      [],
    );
  });

  it('explains every sample in a comment at its top', () => {
    for (const file of globSync(`${SAMPLES}/**/*.yaml`)) {
      assert.match(readFileSync(file, 'utf8'), /^# .{10,}/, file);
    }
  });

  it('serves 19 stored and 2 virtual kinds of its own', () => {
    const virtual = KINDS.filter((kind) => kind.storage === 'virtual').map((kind) => kind.kind);
    assert.deepEqual([...virtual].sort(), ['AccessReview', 'RegistrationToken']);
    assert.equal(KINDS.length - virtual.length, 19);
  });
});

describe('kind files', () => {
  it('defines every kind in a file of its own that the list names', () => {
    const lists: readonly (readonly [string, readonly Kind[]])[] = [
      ['apiserver/kinds', KINDS],
      ['apiserver/kinds/native', NATIVE_KINDS],
    ];
    for (const [folder, kinds] of lists) {
      const defined = globSync(`${folder}/*.ts`).flatMap((file) =>
        [
          ...readFileSync(file, 'utf8').matchAll(/= define(?:Kind|Native)\(\{\s+(?:[^}]*?)kind: '(\w+)'/g),
        ].map((match) => match[1] ?? ''),
      );
      assert.deepEqual([...defined].sort(), kinds.map((kind) => kind.kind).sort(), folder);
    }
  });
});

describe('quickstart', () => {
  const files = globSync(`${SAMPLES}/quickstart/*`).sort();
  const objects = files.flatMap((file) => readSamples(file));
  const kindOf = (object: JsonObject): Kind | undefined =>
    KINDS.find((kind) => apiVersionOf(kind) === object['apiVersion'] && kind.kind === object['kind']);

  it('holds only numbered files with own kinds that are accepted as they stand', () => {
    assert.ok(objects.length > 0);
    for (const file of files) assert.match(basename(file), /^[0-9]{2}-[a-z-]+\.yaml$/);
    for (const object of objects) {
      const kind = kindOf(object);
      assert.ok(kind !== undefined, `no kind ${JSON.stringify(object['kind'])}`);
      const admitted = admit(kind, object);
      assert.deepEqual([admitted.unknown, admitted.causes], [[], []], kind.kind);
    }
  });

  it('names tenants, planes, clusters, credentials and stacks before it refers to them', () => {
    const built = new Set(['AccessRole/data-developer']);
    for (const object of objects) {
      const kind = kindOf(object);
      assert.ok(kind !== undefined);
      const { namespace = '', name } = object['metadata'] as { namespace?: string; name: string };
      if (namespace !== '') assert.ok(built.has(`Tenant/${namespace.replace(/^tn-/, '')}`), namespace);
      for (const reference of kind.references) {
        for (const target of namesAt(object, reference.field.split('.'))) {
          const [bare = ''] = target.split(reference.nameEndsAt ?? '\n');
          const scoped = KINDS.find((each) => each.kind === reference.to)?.scope === 'Namespaced';
          const id = scoped ? `${reference.to}/${namespace}/${bare}` : `${reference.to}/${bare}`;
          assert.ok(built.has(id), `${kind.kind} ${name} refers to ${id} too early`);
        }
      }
      built.add(namespace === '' ? `${kind.kind}/${name}` : `${kind.kind}/${namespace}/${name}`);
    }
  });
});

function namesAt(value: unknown, [step, ...rest]: readonly string[]): readonly string[] {
  if (step === undefined) return typeof value === 'string' ? [value] : [];
  if (typeof value !== 'object' || value === null) return [];
  const child = (value as Record<string, unknown>)[step.replace('[]', '')];
  if (!step.endsWith('[]')) return namesAt(child, rest);
  return Array.isArray(child) ? child.flatMap((item: unknown) => namesAt(item, rest)) : [];
}
