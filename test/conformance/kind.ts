/**
 * What every kind must keep, own and native alike: described fields, legal names, paths that exist in the schema,
 * columns that render, and samples that the kind accepts. Run over the lists of kinds by `kind.test.ts`.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { parseAllDocuments } from 'yaml';
import { applyDefaults } from '../../apiserver/api/default.ts';
import { cause } from '../../apiserver/api/causes.ts';
import type { Cause } from '../../apiserver/api/errors.ts';
import { at, isObject, type Json, type JsonObject } from '../../apiserver/api/json.ts';
import { apiVersionOf, type Kind } from '../../apiserver/api/kind.ts';
import { objectSchema } from '../../apiserver/api/object-schema.ts';
import { prune } from '../../apiserver/api/prune.ts';
import type { Schema } from '../../apiserver/api/schema.ts';
import { validate } from '../../apiserver/api/validate.ts';

/** One node of a schema with the path that leads to it; `[]` steps into lists, `{}` into maps. */
export interface Visited {
  readonly path: string;
  readonly schema: Schema;
}

export function nodesOf(schema: Schema, path = ''): readonly Visited[] {
  const below = Object.entries(schema.properties ?? {}).flatMap(([name, child]) =>
    nodesOf(child, path === '' ? name : `${path}.${name}`),
  );
  const items =
    schema.items === undefined ? [] : nodesOf(schema.items, path + (schema.kind === 'map' ? '{}' : '[]'));
  return [{ path, schema }, ...below, ...items];
}

/** The node at a dotted path with `[]` steps, undefined when the schema has no such field. */
export function schemaAt(root: Schema, path: string): Schema | undefined {
  let current: Schema | undefined = root;
  for (const step of path.split('.')) {
    const name = step.replace(/(\[\])+$/, '');
    const properties: Readonly<Record<string, Schema>> = current?.properties ?? {};
    current = Object.hasOwn(properties, name) ? properties[name] : undefined;
    for (let lists = (step.length - name.length) / 2; lists > 0; lists -= 1) {
      current = current?.kind === 'list' ? current.items : undefined;
    }
  }
  return current;
}

/** The object as it would be stored: null and absent fields defaulted, normalised; the causes of a refusal. */
export interface Admitted {
  readonly object: JsonObject;
  readonly unknown: readonly string[];
  readonly causes: readonly Cause[];
}

/** The steps of a write in the order of the registry, without identity, policy and storage. */
export function admit(kind: Kind, input: JsonObject, old?: JsonObject): Admitted {
  const schema = objectSchema(kind);
  const pruned = prune(schema, input);
  const defaulted = applyDefaults(schema, pruned.value) as JsonObject;
  const object = kind.prepare === undefined ? defaulted : kind.prepare(defaulted);
  const problems = [
    ...validate(schema, object, '', { secrets: kind.secrets }),
    ...fixedProblems(kind, object, old),
  ];
  const causes = problems.length > 0 ? problems : kind.check(object, old);
  return { object, unknown: pruned.unknown, causes };
}

function fixedProblems(kind: Kind, object: JsonObject, old: JsonObject | undefined): readonly Cause[] {
  if (old === undefined) return [];
  return kind.immutable
    .filter((path) => !isDeepStrictEqual(at(object, path), at(old, path)))
    .map((path) => cause.immutable(path, at(object, path)));
}

/**
 * Where the sample of a kind is. What cannot be applied lies in a folder of its own, so that one
 * `kubectl apply -f manifests/samples/` takes everything else: kubectl does not look into folders of a folder.
 */
export function sampleFile(kind: Kind): string {
  const folder = kind.storage === 'virtual' ? 'create-only/' : kind.readOnlyForUsers ? 'read-only/' : '';
  return `manifests/samples/${folder}${kind.plural}.yaml`;
}

export function readSamples(file: string): readonly JsonObject[] {
  return parseAllDocuments(readFileSync(file, 'utf8')).map((document) => {
    assert.deepEqual(document.errors, [], `${file} is no YAML`);
    const value: unknown = document.toJS();
    assert.ok(isObject(value), `${file} holds something that is no object`);
    return value;
  });
}

const CAMEL = /^[A-Z][A-Za-z0-9]*$/;
const LOWER = /^[a-z][a-z0-9]*$/;

export function kindSuite(kind: Kind): void {
  describe(`kind ${kind.kind} of ${kind.group === '' ? 'core' : kind.group}`, () => {
    namesSuite(kind);
    schemaSuite(kind);
    pathsSuite(kind);
  });
}

function namesSuite(kind: Kind): void {
  it('has legal names', () => {
    assert.match(kind.kind, CAMEL);
    assert.equal(kind.listKind, `${kind.kind}List`);
    assert.match(kind.plural, LOWER);
    assert.equal(kind.singular, kind.kind.toLowerCase());
    for (const name of [...kind.shortNames, ...kind.categories]) assert.match(name, LOWER);
  });

  it('is described in a sentence', () => {
    assert.match(kind.doc, /^[A-Z].{10,}\.$/);
  });
}

function schemaSuite(kind: Kind): void {
  it('describes every field', () => {
    const bare = nodesOf(kind.schema).filter(({ schema }) => schema.description.trim().length < 2);
    assert.deepEqual(
      bare.map(({ path }) => path),
      [],
    );
  });

  it('has list-map keys that are scalar fields of the items and never absent', () => {
    for (const { path, schema } of nodesOf(kind.schema)) {
      if (schema.listType !== 'map') continue;
      assert.ok((schema.listMapKeys ?? []).length > 0, `${path} has no keys`);
      for (const key of schema.listMapKeys ?? []) {
        const node = schema.items?.properties?.[key];
        assert.ok(node !== undefined, `${path}: no field ${key}`);
        assert.ok(['string', 'integer', 'boolean'].includes(node.kind), `${path}: key ${key} is no scalar`);
        assert.ok(node.optional !== true, `${path}: key ${key} may be absent`);
      }
    }
  });

  it('has defaults that fit their own field', () => {
    for (const { path, schema } of nodesOf(kind.schema)) {
      if (schema.default === undefined) continue;
      const value = applyDefaults(schema, schema.default);
      assert.deepEqual(validate(schema, value, path), [], path);
    }
  });

  it('has patterns that are anchored and compile', () => {
    for (const { path, schema } of nodesOf(kind.schema)) {
      if (schema.pattern === undefined) continue;
      assert.ok(schema.pattern.startsWith('^'), `${path} is not anchored`);
      assert.doesNotThrow(() => new RegExp(schema.pattern ?? '', 'u'), path);
    }
  });
}

function pathsSuite(kind: Kind): void {
  it('names only fields that its schema has', () => {
    const paths = [
      ...kind.immutable,
      ...kind.secrets,
      ...kind.selectableFields,
      ...kind.references.map((reference) => reference.field),
    ];
    const missing = paths.filter((path) => schemaAt(kind.schema, path) === undefined);
    assert.deepEqual(missing, []);
  });

  it('selects and refers by scalars only', () => {
    for (const path of [...kind.selectableFields, ...kind.references.map((reference) => reference.field)]) {
      const found = schemaAt(kind.schema, path)?.kind ?? '';
      assert.ok(['string', 'boolean', 'integer'].includes(found), `${path} is of type ${found}`);
    }
  });

  it('has a tenant field beside every reference that crosses tenants', () => {
    for (const { field, tenantField } of kind.references) {
      if (tenantField === undefined) continue;
      const parent = field.slice(0, field.lastIndexOf('.'));
      assert.ok(schemaAt(kind.schema, `${parent}.${tenantField}`) !== undefined, `${parent}.${tenantField}`);
    }
  });

  it('has scale paths that its schema has', () => {
    if (kind.scale === undefined) return;
    for (const path of [kind.scale.specReplicas, kind.scale.statusReplicas]) {
      const dotted = path.replace(/^\./, '');
      assert.equal(schemaAt(kind.schema, dotted)?.kind, 'integer', path);
    }
  });

  it('has columns with unique names', () => {
    const names = kind.columns.map((column) => column.name.toLowerCase());
    assert.equal(new Set(names).size, names.length);
  });
}

/** Own kinds bound whatever a user can make long. */
export function boundsSuite(kind: Kind): void {
  describe(`bounds of ${kind.kind}`, () => {
    it('limits every list, map and string', () => {
      const open = nodesOf(kind.schema).filter(({ schema }) => isUnbounded(schema));
      assert.deepEqual(
        open.map(({ path }) => path),
        [],
      );
    });
  });
}

function isUnbounded(schema: Schema): boolean {
  if (schema.kind === 'list') return schema.maxItems === undefined;
  if (schema.kind === 'map') return schema.maxProperties === undefined;
  if (schema.kind !== 'string') return false;
  return schema.maxLength === undefined && schema.enum === undefined;
}

/** The samples of one kind are accepted as they stand and print in every column. */
export function sampleSuite(kind: Kind, file: string): void {
  describe(`sample of ${kind.kind}`, () => {
    const samples = readSamples(file);

    it('is of the kind, with a name and a namespace where one is needed', () => {
      assert.ok(samples.length > 0);
      for (const sample of samples) {
        assert.equal(sample['apiVersion'], apiVersionOf(kind));
        assert.equal(sample['kind'], kind.kind);
        const metadata = sample['metadata'];
        assert.ok(isObject(metadata) && typeof metadata['name'] === 'string');
        assert.equal(typeof metadata['namespace'], kind.scope === 'Namespaced' ? 'string' : 'undefined');
      }
    });

    it('is accepted without unknown fields', () => {
      for (const sample of samples) {
        const admitted = admit(kind, sample);
        assert.deepEqual(admitted.unknown, []);
        assert.deepEqual(admitted.causes, []);
      }
    });

    it('is accepted again unchanged, as an update of itself', () => {
      for (const sample of samples) {
        const { object } = admit(kind, sample);
        const again = admit(kind, object, object);
        assert.deepEqual(again.object, object);
        assert.deepEqual(again.causes, []);
      }
    });

    it('prints in every column', () => {
      for (const sample of samples) {
        const { object } = admit(kind, sample);
        for (const column of kind.columns) {
          const cell = column.cell(object);
          const fits = cell === undefined || ['string', 'number', 'boolean'].includes(typeof cell);
          assert.ok(fits, `${column.name} is ${typeof cell}`);
        }
      }
    });
  });
}

/** A sample changed by `change` (a merge patch: null takes a field away), and the fields that are then complained about. */
export interface Rule {
  readonly name: string;
  readonly change: JsonObject;
  /** Empty: accepted. */
  readonly fields: readonly string[];
  /** The change is an update of the sample instead of a new object. */
  readonly update?: true;
}

/** The rules of one kind, each a small change of its sample. */
export function ruleSuite(kind: Kind, rules: readonly Rule[]): void {
  describe(`rules of ${kind.kind}`, () => {
    const [sample = {}] = readSamples(sampleFile(kind));
    for (const rule of rules) {
      it(`${rule.fields.length === 0 ? 'accepts' : 'refuses'} ${rule.name}`, () => {
        const stored = admit(kind, sample);
        assert.deepEqual(stored.causes, [], 'the sample itself is refused');

        const old = rule.update === true ? stored.object : undefined;
        const { causes } = admit(kind, merged(sample, rule.change) as JsonObject, old);

        assert.deepEqual(
          causes.map((each) => each.field),
          rule.fields,
          JSON.stringify(causes),
        );
      });
    }
  });
}

/** RFC 7386. */
function merged(target: Json | undefined, patch: Json): Json {
  if (!isObject(patch)) return patch;
  const result: JsonObject = isObject(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name];
    else result[name] = merged(result[name], value);
  }
  return result;
}

/** Whole lists of kinds: what must be unique among them. */
export function kindListSuite(kinds: readonly Kind[]): void {
  describe('all kinds', () => {
    it('have names that are unique within their group', () => {
      for (const name of ['kind', 'plural', 'singular'] as const) {
        const seen = kinds.map((kind) => `${kind.group}/${kind.version}/${kind[name]}`);
        assert.deepEqual(twice(seen), []);
      }
    });

    it('C31 have short names that are unique over all groups and hide no plural', () => {
      const names = kinds.flatMap((kind) => [...kind.shortNames]);
      // Kubernetes itself serves events in two groups, under one short name.
      assert.deepEqual(
        twice(names).filter((name) => name !== 'ev'),
        [],
      );
      const plurals = new Set(kinds.flatMap((kind) => [kind.plural, kind.singular]));
      assert.deepEqual(
        names.filter((name) => plurals.has(name)),
        [],
      );
    });

    it('refer to kinds that exist', () => {
      const known = new Set(kinds.map((kind) => kind.kind));
      const lost = kinds.flatMap((kind) => kind.references.filter((reference) => !known.has(reference.to)));
      assert.deepEqual(lost, []);
    });
  });
}

function twice(names: readonly string[]): readonly string[] {
  return names.filter((name, index) => names.indexOf(name) !== index);
}
