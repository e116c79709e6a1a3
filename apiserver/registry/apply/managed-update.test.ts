import assert from 'node:assert/strict';
import type { Json, JsonObject } from '../../api/json.ts';
import { defineKind } from '../../api/kind.ts';
import { int, list, listMap, map, obj, opt, set, str } from '../../api/schema.ts';
import { dropTimeOnlyChange } from './managed-fields.ts';
import { managedUpdate } from './managed-update.ts';
import { serverSideApply } from './server-side-apply.ts';

const Gadget = defineKind({
  kind: 'Gadget',
  plural: 'gadgets',
  scope: 'Namespaced',
  doc: 'A kind with every way of owning fields.',
  scale: { specReplicas: 'spec.size', statusReplicas: 'status.size' },
  spec: obj('Desired state.', {
    size: opt(int('A scalar.')),
    color: opt(str('Another scalar.')),
    args: opt(list('An atomic list.', str('Value.'))),
    zones: opt(set('A set.', str('Value.'))),
    limits: opt(map('An atomic map.', str('Value.'), { mapType: 'atomic' })),
    parts: opt(
      listMap('A list-map.', 'name', obj('Part.', { name: str('Key.'), value: opt(int('Value.')) })),
    ),
  }),
  status: obj('Observed state.', { phase: opt(str('Phase.')), size: opt(int('Size.')) }),
});

const T0 = Date.UTC(2025, 0, 1);
const API_VERSION = 'data.polder.dev/v1alpha1';

function gadget(spec: JsonObject, metadata: JsonObject = {}, status?: JsonObject): JsonObject {
  const root = {
    apiVersion: API_VERSION,
    kind: 'Gadget',
    metadata: { name: 'g', namespace: 'n', ...metadata },
  };
  return { ...root, spec, ...(status === undefined ? {} : { status }) };
}

interface Step {
  readonly manager?: string;
  readonly subresource?: '' | 'status' | 'scale';
  readonly nowMs?: number;
}

function write(oldObject: JsonObject | undefined, newObject: JsonObject, step: Step = {}): JsonObject {
  const { manager = 'ann', subresource = '', nowMs = T0 } = step;
  return managedUpdate({ kind: Gadget, oldObject, newObject, manager, subresource, nowMs });
}

const create = (spec: JsonObject, manager = 'ann'): JsonObject =>
  write(undefined, gadget(spec, { uid: 'u' }), { manager });

/** The stored object with another spec, managedFields as they are. */
const edit = (object: JsonObject, spec: JsonObject): JsonObject => ({ ...object, spec });

const entries = (object: JsonObject): readonly JsonObject[] =>
  ((object['metadata'] as JsonObject)['managedFields'] ?? []) as readonly JsonObject[];
const fieldsOf = (object: JsonObject, manager: string): Json | undefined =>
  entries(object).find((entry) => entry['manager'] === manager)?.['fieldsV1'];
const managers = (object: JsonObject): readonly Json[] =>
  entries(object).map((entry) => entry['manager'] as Json);

describe('managedFields of updates', () => {
  it('C89 create gives one Update entry with every container and value, in written order', () => {
    const spec = {
      size: 1,
      parts: [{ name: 'b' }, { name: 'a', value: 2 }],
      zones: ['us', 'eu'],
      args: ['x'],
    };
    const labels = { b: '1', a: '2' };

    const object = write(undefined, gadget(spec, { uid: 'u', generation: 1, labels }), {
      manager: 'kubectl-create',
    });

    assert.equal(
      JSON.stringify(entries(object)),
      JSON.stringify([
        {
          manager: 'kubectl-create',
          operation: 'Update',
          apiVersion: API_VERSION,
          time: '2025-01-01T00:00:00Z',
          fieldsType: 'FieldsV1',
          fieldsV1: {
            'f:metadata': { 'f:labels': { '.': {}, 'f:a': {}, 'f:b': {} } },
            'f:spec': {
              '.': {},
              'f:args': {},
              'f:parts': {
                '.': {},
                'k:{"name":"a"}': { '.': {}, 'f:name': {}, 'f:value': {} },
                'k:{"name":"b"}': { '.': {}, 'f:name': {} },
              },
              'f:size': {},
              'f:zones': { '.': {}, 'v:"eu"': {}, 'v:"us"': {} },
            },
          },
        },
      ]),
    );
  });

  it('create through the main endpoint owns no status', () => {
    const object = write(undefined, gadget({ size: 1 }, { uid: 'u' }, { phase: 'Ready' }));

    assert.deepEqual(fieldsOf(object, 'ann'), { 'f:spec': { '.': {}, 'f:size': {} } });
  });

  it('an update takes what it changed from its owner and leaves the rest', () => {
    const first = create({ size: 1, color: 'red', limits: { cpu: '1' } });

    const second = write(first, edit(first, { size: 2, color: 'red', limits: { cpu: '2' } }), {
      manager: 'bob',
    });

    assert.deepEqual(fieldsOf(second, 'ann'), { 'f:spec': { '.': {}, 'f:color': {} } });
    assert.deepEqual(fieldsOf(second, 'bob'), { 'f:spec': { 'f:limits': {}, 'f:size': {} } });
  });

  it('an owner whose last field is removed has no entry any more', () => {
    const first = create({ size: 1 });
    const second = write(first, edit(first, { size: 1, color: 'red' }), { manager: 'bob' });

    const third = write(second, edit(second, { size: 1 }), { manager: 'cid' });

    assert.deepEqual(managers(third), ['ann']);
  });

  it('C96 an identical write leaves entries and times as they are', () => {
    const first = create({ size: 1, zones: ['a'] });

    const again = write(first, structuredClone(first), { manager: 'bob', nowMs: T0 + 60_000 });

    assert.deepEqual(again, first);
  });

  it('the same manager has one entry for updates, another for applies, another per subresource', () => {
    const created = create({ size: 1 });
    const applied = serverSideApply({
      kind: Gadget,
      current: created,
      applied: gadget({ color: 'red' }),
      manager: 'ann',
      force: false,
      subresource: '',
      nowMs: T0,
    });

    const reported = write(applied, { ...applied, status: { phase: 'Ready' } }, { subresource: 'status' });

    const shown = entries(reported).map(
      (entry) => `${String(entry['operation'])} ${String(entry['subresource'])}`,
    );
    assert.deepEqual(shown, ['Apply undefined', 'Update undefined', 'Update status']);
  });

  it('through status nothing else can be owned, and managedFields in the body are ignored', () => {
    const created = create({ size: 1 });
    const body = {
      ...gadget({ size: 5 }, { uid: 'u', labels: { a: 'b' }, managedFields: [] }),
      status: { phase: 'Up' },
    };

    const reported = write(created, body, { manager: 'bob', subresource: 'status' });

    assert.deepEqual(fieldsOf(reported, 'ann'), { 'f:spec': { '.': {}, 'f:size': {} } });
    assert.deepEqual(fieldsOf(reported, 'bob'), { 'f:status': { '.': {}, 'f:phase': {} } });
  });

  it('scale owns the replicas field alone, wherever the kind keeps it', () => {
    const created = create({ size: 1, color: 'red' });

    const scaled = write(created, edit(created, { size: 3, color: 'blue' }), {
      manager: 'hpa',
      subresource: 'scale',
    });

    const own = entries(scaled).find((entry) => entry['manager'] === 'hpa');
    assert.deepEqual(own?.['fieldsV1'], { 'f:spec': { 'f:size': {} } });
    assert.equal(own['subresource'], 'scale');
  });

  for (const [shown, sent] of [
    ['[{}]', [{}]],
    ['[]', []],
  ] as const) {
    it(`C119 managedFields ${shown} stops tracking until the first apply`, () => {
      const created = create({ size: 1 });

      const reset = write(created, gadget({ size: 2 }, { uid: 'u', managedFields: sent }), {
        manager: 'bob',
      });
      const later = write(reset, edit(reset, { size: 3 }), { manager: 'cid' });

      assert.ok(!Object.hasOwn(reset['metadata'] as JsonObject, 'managedFields'));
      assert.ok(!Object.hasOwn(later['metadata'] as JsonObject, 'managedFields'));
    });
  }

  it('C119 a body without managedFields, or with unreadable ones, keeps the entries', () => {
    const created = create({ size: 1 });
    const without = gadget({ size: 1 }, { uid: 'u' });
    const broken = [
      [{ manager: 'x' }],
      [{ manager: 'x', operation: 'Steal', apiVersion: 'v1', fieldsType: 'FieldsV1', fieldsV1: {} }],
      [{ manager: 'x', operation: 'Update', apiVersion: 'v1', fieldsType: 'FieldsV2', fieldsV1: {} }],
      [
        {
          manager: 'x',
          operation: 'Update',
          apiVersion: 'v1',
          fieldsType: 'FieldsV1',
          fieldsV1: { spec: {} },
        },
      ],
      [
        {
          manager: 'x',
          operation: 'Update',
          apiVersion: 'v1',
          fieldsType: 'FieldsV1',
          fieldsV1: { 'k:{': {} },
        },
      ],
      'none',
    ];

    assert.deepEqual(entries(write(created, without, { manager: 'bob' })), entries(created));
    for (const managedFields of broken) {
      const body = gadget({ size: 1 }, { uid: 'u', managedFields });
      assert.deepEqual(entries(write(created, body)), entries(created), JSON.stringify(managedFields));
    }
  });

  it('C120 entries rewritten by a client are kept as sent, in canonical form', () => {
    const created = create({ size: 1, parts: [{ name: 'a' }] });
    const rewritten = {
      manager: 'kubectl',
      operation: 'Apply',
      apiVersion: API_VERSION,
      time: '2024-12-31T23:00:00-01:00',
      fieldsType: 'FieldsV1',
      fieldsV1: {
        'f:spec': { 'f:size': {}, 'f:parts': { 'k:{ "name" : "a" }': { 'f:name': {}, '.': {} } } },
      },
    };

    const migrated = write(
      created,
      gadget({ size: 1, parts: [{ name: 'a' }] }, { uid: 'u', managedFields: [rewritten] }),
    );

    assert.equal(
      JSON.stringify(entries(migrated)),
      JSON.stringify([
        {
          ...rewritten,
          time: '2025-01-01T00:00:00Z',
          fieldsV1: {
            'f:spec': { 'f:parts': { 'k:{"name":"a"}': { '.': {}, 'f:name': {} } }, 'f:size': {} },
          },
        },
      ]),
    );
  });

  it('drops entries of a version that is not served', () => {
    const created = create({ size: 1 });
    const foreign = { ...entries(created)[0], manager: 'old', apiVersion: 'data.polder.dev/v1alpha0' };
    const both = gadget({ size: 1 }, { uid: 'u', managedFields: [...entries(created), foreign] });

    assert.deepEqual(managers(write(created, both)), ['ann']);
  });

  it('C121 the eleventh updater merges the two oldest into ancient-changes', () => {
    let object = create({ size: 0 }, 'm0');
    for (let i = 1; i <= 12; i += 1) {
      const labels = Object.fromEntries(Array.from({ length: i }, (_, n) => [`l${n}`, 'x']));
      const { metadata } = object as { readonly metadata: JsonObject };
      const next = { ...object, metadata: { ...metadata, labels } };
      object = write(object, next, { manager: `m${i}`, nowMs: T0 + i * 1000 });
    }

    assert.deepEqual(managers(object), [
      'ancient-changes',
      'm4',
      'm5',
      'm6',
      'm7',
      'm8',
      'm9',
      'm10',
      'm11',
      'm12',
    ]);
    assert.deepEqual(fieldsOf(object, 'ancient-changes'), {
      'f:metadata': { 'f:labels': { '.': {}, 'f:l0': {}, 'f:l1': {}, 'f:l2': {} } },
      'f:spec': { '.': {}, 'f:size': {} },
    });
    assert.equal(entries(object)[0]?.['time'], '2025-01-01T00:00:03Z');
  });

  it('keeps ancient-changes when an older entry stands before it', () => {
    let object = create({ size: 0 }, 'm0');
    for (let i = 1; i <= 11; i += 1) {
      const { metadata } = object as { readonly metadata: JsonObject };
      const labels = { ...(metadata['labels'] as JsonObject | undefined), [`l${i}`]: 'x' };
      const renamed = entries(object).map((entry) =>
        entry['manager'] === 'm5' ? { ...entry, time: '2020-01-01T00:00:00Z' } : entry,
      );
      const next = { ...object, metadata: { ...metadata, labels, managedFields: renamed } };
      object = write(object, next, { manager: `m${i}`, nowMs: T0 + i * 1000 });
    }

    const merged = fieldsOf(object, 'ancient-changes') as JsonObject;
    assert.equal(entries(object).length, 10);
    assert.deepEqual(merged['f:spec'], { '.': {}, 'f:size': {} });
  });

  it('leaves an object untracked when a list cannot be addressed', () => {
    const object = write(undefined, gadget({ parts: [{ value: 1 }] }));

    assert.deepEqual(entries(object), []);
  });

  it('owns items that occur twice as one entry', () => {
    const object = create({
      parts: [
        { name: 'a', value: 1 },
        { name: 'a', value: 2 },
      ],
    });

    assert.deepEqual(fieldsOf(object, 'ann'), {
      'f:spec': { '.': {}, 'f:parts': { '.': {}, 'k:{"name":"a"}': {} } },
    });
  });
});

describe('a change in nothing but times', () => {
  it('is given back as the old object, key order of entries included', () => {
    const before = create({ size: 1 });
    const later = entries(before).map((entry) => ({ ...entry, time: '2026-01-01T00:00:00Z' }));
    const after = structuredClone(gadget({ size: 1 }, { uid: 'u', managedFields: later }));

    assert.deepEqual(dropTimeOnlyChange(before, after), before);
  });

  it('is kept when a value or an owner changed too', () => {
    const before = create({ size: 1 });
    const later = entries(before).map((entry) => ({ ...entry, time: '2026-01-01T00:00:00Z' }));
    const other = gadget({ size: 2 }, { uid: 'u', managedFields: later });
    const renamed = gadget(
      { size: 1 },
      { uid: 'u', managedFields: later.map((e) => ({ ...e, manager: 'bob' })) },
    );

    assert.equal(dropTimeOnlyChange(before, other), other);
    assert.equal(dropTimeOnlyChange(before, renamed), renamed);
  });
});
