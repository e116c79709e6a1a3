/** Kinds and samples tell the same story: every kind has its sample, every sample its kind, one file per kind. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { JsonObject } from '../../apiserver/api/json.ts';
import { apiVersionOf, type Kind } from '../../apiserver/api/kind.ts';
import { KINDS } from '../../apiserver/kinds/index.ts';
import { NATIVE_KINDS } from '../../apiserver/kinds/native/index.ts';
import { referencesOf } from '../../apiserver/policy/references.ts';
import { admit, readSamples, sampleFile } from '../conformance/kind.ts';

const SAMPLES = 'manifests/samples';

describe('kinds and samples', () => {
  const files = globSync([`${SAMPLES}/*.yaml`, `${SAMPLES}/{create-only,read-only}/*.yaml`]).sort();

  it('has a sample for every own kind where it belongs, and nothing else', () => {
    const wanted = [`${SAMPLES}/00-prerequisites.yaml`, ...KINDS.map(sampleFile)];
    assert.deepEqual(files, wanted.sort());
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
    assert.deepEqual(tooEarly(objects), []);
  });
});

describe('samples in the order in which kubectl applies a folder', () => {
  const objects = globSync(`${SAMPLES}/*.yaml`)
    .sort()
    .flatMap((file) => readSamples(file));

  it('refer only to what is there already', () => {
    assert.deepEqual(tooEarly(objects), []);
  });

  it('say nothing about the objects of the quickstart, and each object once', () => {
    const quickstart = globSync(`${SAMPLES}/quickstart/*`).flatMap((file) => readSamples(file));
    const ids = [...objects, ...quickstart].map(idOf);
    assert.deepEqual(
      ids.filter((id, index) => ids.indexOf(id) !== index),
      [],
    );
  });

  it('leave the administrator of the embedded server in every tenant', () => {
    for (const tenant of objects.filter((object) => object['kind'] === 'Tenant')) {
      assert.match(JSON.stringify(tenant['spec']), /\{"kind":"User","name":"admin"\}/, idOf(tenant));
    }
  });
});

const kindOf = (object: JsonObject): Kind | undefined =>
  KINDS.find((kind) => apiVersionOf(kind) === object['apiVersion'] && kind.kind === object['kind']);

function idOf(object: JsonObject): string {
  const { namespace = '', name } = object['metadata'] as { namespace?: string; name: string };
  return [String(object['kind']), ...(namespace === '' ? [] : [namespace]), name].join('/');
}

/** References to what only a later object makes. */
function tooEarly(objects: readonly JsonObject[]): readonly string[] {
  const built = new Set(['AccessRole/data-developer']);
  const found: string[] = [];
  for (const object of objects) {
    const kind = kindOf(object);
    assert.ok(kind !== undefined, `no kind ${JSON.stringify(object['kind'])}`);
    const { namespace = '' } = object['metadata'] as { namespace?: string };
    const targets = targetsOf(kind, object, namespace);
    const needed = namespace === '' ? targets : [`Tenant/${namespace.replace(/^tn-/, '')}`, ...targets];
    for (const id of needed) if (!built.has(id)) found.push(`${idOf(object)} refers to ${id} too early`);
    built.add(idOf(object));
  }
  return found;
}

/** What must be there before the object, by the names it holds. */
const targetsOf = (kind: Kind, object: JsonObject, namespace: string): readonly string[] =>
  referencesOf(kind, object)
    .filter(({ reference }) => reference.required !== false)
    .map(({ reference, name, tenant }) => {
      const scoped = KINDS.find((each) => each.kind === reference.to)?.scope === 'Namespaced';
      const home = tenant === '' ? namespace : `tn-${tenant}`;
      return scoped ? `${reference.to}/${home}/${name}` : `${reference.to}/${name}`;
    });
