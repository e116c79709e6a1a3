import assert from 'node:assert/strict';
import { ApiError } from '../../api/errors.ts';
import { isObject, type Json, type JsonObject } from '../../api/json.ts';
import { defineKind } from '../../api/kind.ts';
import { any, anyObject, int, list, listMap, map, obj, opt, set, str } from '../../api/schema.ts';
import { managedUpdate } from './managed-update.ts';
import { serverSideApply } from './server-side-apply.ts';

const Gadget = defineKind({
  kind: 'Gadget',
  plural: 'gadgets',
  scope: 'Namespaced',
  doc: 'A kind with every way of owning fields.',
  spec: obj('Desired state.', {
    size: opt(int('A scalar.')),
    color: opt(str('Another scalar.')),
    mode: str('A scalar with a default.', { default: 'auto' }),
    tags: opt(map('A granular map.', str('Value.'))),
    limits: opt(map('An atomic map.', str('Value.'), { mapType: 'atomic' })),
    args: opt(list('An atomic list.', str('Value.'))),
    zones: opt(set('A set.', str('Value.'))),
    parts: opt(
      listMap(
        'A list-map.',
        ['name', 'protocol'],
        obj('One part.', {
          name: str('Key.'),
          protocol: str('Second key.', { default: 'TCP' }),
          value: opt(int('Value.')),
          note: opt(str('Note.')),
        }),
      ),
    ),
    free: opt(anyObject('Free form.')),
    anything: opt(any('Any value.')),
  }),
  status: obj('Observed state.', { phase: opt(str('Phase.')) }),
});

const T0 = Date.UTC(2025, 0, 1);
const T1 = T0 + 60_000;
const T2 = T1 + 60_000;

const gadget = (spec: JsonObject, more: JsonObject = {}): JsonObject => ({
  apiVersion: 'data.polder.dev/v1alpha1',
  kind: 'Gadget',
  metadata: { name: 'g', namespace: 'n' },
  spec,
  ...more,
});

interface Options {
  readonly nowMs?: number;
  readonly force?: boolean;
  readonly subresource?: '' | 'status';
}

function apply(
  current: JsonObject | undefined,
  manager: string,
  applied: JsonObject,
  options: Options = {},
): JsonObject {
  const { nowMs = T1, force = false, subresource = '' } = options;
  return serverSideApply({ kind: Gadget, current, applied, manager, force, subresource, nowMs });
}

function update(
  oldObject: JsonObject | undefined,
  newObject: JsonObject,
  manager: string,
  nowMs = T1,
): JsonObject {
  return managedUpdate({ kind: Gadget, oldObject, newObject, manager, subresource: '', nowMs });
}

/** As the store holds it: identity given by the server. */
const stored = (object: JsonObject): JsonObject => ({
  ...object,
  metadata: {
    ...(object['metadata'] as JsonObject),
    uid: 'u',
    resourceVersion: '1',
    creationTimestamp: '2025-01-01T00:00:00Z',
  },
});

function entries(object: JsonObject): readonly JsonObject[] {
  const { managedFields = [] } = object['metadata'] as JsonObject;
  return managedFields as unknown as readonly JsonObject[];
}

function fields(object: JsonObject, manager: string): Json | undefined {
  return entries(object).find((entry) => entry['manager'] === manager)?.['fieldsV1'];
}

function refusal(action: () => unknown): ApiError {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof ApiError, String(error));
    return error;
  }
  assert.fail('nothing was refused');
}

describe('server-side apply', () => {
  it('C113 creates with one Apply entry, and a repeated apply gives back the same object with the same time', () => {
    const first = stored(apply(undefined, 'ann', gadget({ size: 1, tags: { a: 'x' } }), { nowMs: T0 }));

    assert.deepEqual(entries(first), [
      {
        manager: 'ann',
        operation: 'Apply',
        apiVersion: 'data.polder.dev/v1alpha1',
        time: '2025-01-01T00:00:00Z',
        fieldsType: 'FieldsV1',
        fieldsV1: { 'f:spec': { 'f:size': {}, 'f:tags': { 'f:a': {} } } },
      },
    ]);
    assert.deepEqual(apply(first, 'ann', gadget({ size: 1, tags: { a: 'x' } }), { nowMs: T2 }), first);
  });

  it('C115 names every field of another manager that would change, and moves ownership when forced', () => {
    const first = stored(
      apply(undefined, 'ann', gadget({ size: 1, parts: [{ name: 'a', value: 1 }] }), { nowMs: T0 }),
    );
    const wanted = gadget({ size: 2, parts: [{ name: 'a', value: 2 }] });

    const error = refusal(() => apply(first, 'bob', wanted));
    const forced = apply(first, 'bob', wanted, { force: true });

    assert.equal(error.code, 409);
    assert.equal(
      error.message,
      'Apply failed with 2 conflicts: conflicts with "ann":\n- .spec.size\n- .spec.parts[name="a",protocol="TCP"].value',
    );
    assert.deepEqual(error.details?.causes, [
      { reason: 'FieldManagerConflict', message: 'conflict with "ann"', field: '.spec.size' },
      {
        reason: 'FieldManagerConflict',
        message: 'conflict with "ann"',
        field: '.spec.parts[name="a",protocol="TCP"].value',
      },
    ]);
    assert.deepEqual(fields(forced, 'ann'), {
      'f:spec': { 'f:parts': { 'k:{"name":"a","protocol":"TCP"}': { '.': {}, 'f:name': {} } } },
    });
    assert.deepEqual(fields(forced, 'bob'), {
      'f:spec': {
        'f:parts': { 'k:{"name":"a","protocol":"TCP"}': { '.': {}, 'f:name': {}, 'f:value': {} } },
        'f:size': {},
      },
    });
  });

  it('C115 words a conflict with an updater with its version', () => {
    const created = stored(update(undefined, gadget({ size: 1 }), 'kubectl-edit'));

    const error = refusal(() => apply(created, 'bob', gadget({ size: 2 })));

    assert.equal(
      error.message,
      'Apply failed with 1 conflict: conflict with "kubectl-edit" using data.polder.dev/v1alpha1: .spec.size',
    );
  });

  it('C116 removes what is no longer applied unless somebody else owns it', () => {
    const mine = stored(
      apply(undefined, 'ann', gadget({ size: 1, tags: { a: 'x', b: 'y' } }), { nowMs: T0 }),
    );
    const shared = apply(mine, 'bob', gadget({ tags: { a: 'x' } }));

    const after = apply(shared, 'ann', gadget({ size: 1 }), { nowMs: T2 });

    assert.deepEqual(after['spec'], { size: 1, tags: { a: 'x' }, mode: 'auto' });
    assert.deepEqual(fields(after, 'ann'), { 'f:spec': { 'f:size': {} } });
  });

  it('C117 owns list-map items by key, set items by value, atomics as a whole, free-form objects by field', () => {
    const spec = {
      limits: { cpu: '1' },
      args: ['x', 'y'],
      zones: ['eu', 'us'],
      parts: [{ name: 'b' }, { name: 'a', protocol: 'UDP' }],
      free: { list: [1], deep: { x: 1 } },
      anything: { z: [1] },
    };

    const object = apply(undefined, 'ann', gadget(spec));

    assert.equal(
      JSON.stringify(fields(object, 'ann')),
      JSON.stringify({
        'f:spec': {
          'f:anything': { 'f:z': {} },
          'f:args': {},
          'f:free': { 'f:deep': { '.': {}, 'f:x': {} }, 'f:list': {} },
          'f:limits': {},
          'f:parts': {
            'k:{"name":"a","protocol":"UDP"}': { '.': {}, 'f:name': {}, 'f:protocol': {} },
            'k:{"name":"b","protocol":"TCP"}': { '.': {}, 'f:name': {} },
          },
          'f:zones': { 'v:"eu"': {}, 'v:"us"': {} },
        },
      }),
    );
  });

  it('C117 merges list-maps and sets of two appliers, the later configuration giving the order', () => {
    const first = apply(
      undefined,
      'ann',
      gadget({ zones: ['eu', 'us'], parts: [{ name: 'a', value: 1 }, { name: 'b' }] }),
    );

    const both = apply(
      first,
      'bob',
      gadget({ zones: ['ap', 'us'], parts: [{ name: 'c' }, { name: 'b', note: 'n' }] }),
    );

    const spec = both['spec'] as JsonObject;
    assert.deepEqual(spec['zones'], ['eu', 'ap', 'us']);
    assert.deepEqual(spec['parts'], [
      { name: 'a', value: 1, protocol: 'TCP' },
      { name: 'c', protocol: 'TCP' },
      { name: 'b', note: 'n', protocol: 'TCP' },
    ]);
  });

  it('C118 keeps spec and status owners apart', () => {
    const created = stored(apply(undefined, 'ann', gadget({ size: 1 }), { nowMs: T0 }));

    const reported = apply(
      created,
      'controller',
      { ...gadget({}), status: { phase: 'Ready' } },
      { subresource: 'status' },
    );

    assert.deepEqual(fields(reported, 'ann'), { 'f:spec': { 'f:size': {} } });
    const own = entries(reported).find((entry) => entry['manager'] === 'controller');
    assert.equal(own?.['subresource'], 'status');
    assert.deepEqual(own['fieldsV1'], { 'f:status': { 'f:phase': {} } });
  });

  it('C119 refuses managedFields in the configuration', () => {
    const body = { ...gadget({}), metadata: { name: 'g', managedFields: [] } };

    const error = refusal(() => apply(undefined, 'ann', body));

    assert.equal(error.code, 400);
    assert.equal(error.message, 'metadata.managedFields must be nil');
  });

  it('C120 takes over from kubectl client-side apply without a conflict and keeps its annotation in step', () => {
    const config = gadget({ size: 1 });
    const key = 'kubectl.kubernetes.io/last-applied-configuration';
    const annotated = {
      ...config,
      metadata: { name: 'g', namespace: 'n', annotations: { [key]: `${JSON.stringify(config)}\n` } },
    };
    const live = stored(update(undefined, annotated, 'kubectl-client-side-apply', T0));

    const after = apply(live, 'kubectl', gadget({ size: 2 }));

    const { annotations } = after['metadata'] as JsonObject;
    assert.ok(isObject(annotations));
    assert.equal(
      annotations[key],
      '{"apiVersion":"data.polder.dev/v1alpha1","kind":"Gadget","metadata":{"name":"g","namespace":"n"},"spec":{"size":2}}\n',
    );
    assert.equal(refusal(() => apply(live, 'somebody', gadget({ size: 2 }))).code, 409);
  });

  it('gives the fields of an untracked object to before-first-apply', () => {
    const untracked = stored(gadget({ size: 1 }));

    const after = apply(untracked, 'ann', gadget({ color: 'red' }));

    assert.deepEqual(fields(after, 'before-first-apply'), { 'f:spec': { '.': {}, 'f:size': {} } });
  });

  it('refuses undeclared fields, wrong types and duplicate items with their paths', () => {
    const body = gadget({ siz: 1, size: 'x', zones: ['a', 'a'], parts: [{ note: 'no key' }] });

    const error = refusal(() => apply(undefined, 'ann', body));

    assert.equal(
      error.message,
      'failed to create typed patch object (n/g; data.polder.dev/v1alpha1, Kind=Gadget): errors:\n' +
        '  .spec.siz: field not declared in schema\n' +
        '  .spec.size: expected numeric (int or float), got string\n' +
        '  .spec.zones: duplicate entries for key [="a"]',
    );
  });

  it('treats __proto__ as a map key like any other', () => {
    const tags = JSON.parse('{"__proto__":"x","constructor":"y"}') as JsonObject;

    const object = apply(undefined, 'ann', gadget({ tags }));

    assert.equal(
      JSON.stringify(object['spec']),
      '{"tags":{"__proto__":"x","constructor":"y"},"mode":"auto"}',
    );
    assert.deepEqual(fields(object, 'ann'), {
      'f:spec': { 'f:tags': { 'f:__proto__': {}, 'f:constructor': {} } },
    });
  });
});
