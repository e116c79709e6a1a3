import assert from 'node:assert/strict';
import type { Cause } from './errors.ts';
import type { JsonObject } from './json.ts';
import { managerCauses, nameProblems, validateMeta, validateMetaUpdate } from './validate-meta.ts';

const depot = { group: 'data.polder.dev', plural: 'depots', scope: 'Namespaced' } as const;
const plane = { group: 'platform.polder.dev', plural: 'dataplanes', scope: 'Cluster' } as const;
const text = (causes: readonly Cause[]): readonly string[] =>
  causes.map((cause) => `${cause.reason} ${cause.field}: ${cause.message}`);
const problems = (metadata: JsonObject): readonly string[] =>
  text(validateMeta(depot, { name: 'a', namespace: 'tn-acme', ...metadata }));
const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'a', uid: 'u' };

describe('validateMeta', () => {
  it('accepts ordinary metadata', () => {
    assert.deepEqual(
      problems({
        name: 'a.b-c',
        generateName: 'a.b-',
        labels: { 'app.kubernetes.io/name': 'x', tier: '' },
        annotations: { 'Example.com/Key': 'any text' },
        finalizers: ['polder.dev/tenant', 'foregroundDeletion'],
        ownerReferences: [
          { ...owner, controller: true },
          { ...owner, uid: 'v', controller: false },
        ],
        managedFields: [{ manager: 'kubectl', operation: 'Apply', fieldsType: 'FieldsV1' }],
      }),
      [],
    );
  });

  it('C108 refuses bad names, with the rule of the kind', () => {
    assert.match(
      problems({ name: 'Bad_Name' })[0] ?? '',
      /^FieldValueInvalid metadata\.name: Invalid value: "Bad_Name": a lowercase RFC 1123 subdomain must /,
    );
    assert.deepEqual(problems({ name: '' }), [
      'FieldValueRequired metadata.name: Required value: name or generateName is required',
    ]);
    assert.match(problems({ generateName: '-a' })[0] ?? '', /^FieldValueInvalid metadata\.generateName: /);

    const label = { ...plane, nameRule: { format: 'label', maxLength: 60 } } as const;
    assert.deepEqual(nameProblems(label, 'a.b', false), ['must not contain dots']);
    assert.deepEqual(nameProblems(label, 'a'.repeat(61), false), ['must be no more than 60 characters']);
    assert.equal(nameProblems({ group: '', plural: 'namespaces', scope: 'Cluster' }, 'a.b', false).length, 1);
    assert.equal(nameProblems({ group: '', plural: 'services', scope: 'Namespaced' }, '1a', false).length, 1);
    assert.equal(
      nameProblems({ group: 'batch', plural: 'cronjobs', scope: 'Namespaced' }, 'a'.repeat(53), false).length,
      1,
    );
    const role = { group: 'rbac.authorization.k8s.io', plural: 'roles', scope: 'Namespaced' } as const;
    assert.deepEqual(nameProblems(role, 'system:a B', false), []);
    assert.deepEqual(nameProblems(role, 'a/b', false), ["may not contain '/'"]);
  });

  it('wants a namespace exactly on namespaced kinds', () => {
    assert.deepEqual(problems({ namespace: '' }), ['FieldValueRequired metadata.namespace: Required value']);
    assert.match(problems({ namespace: 'a.b' })[0] ?? '', /must not contain dots$/);
    assert.deepEqual(text(validateMeta(plane, { name: 'a', namespace: 'b' })), [
      'FieldValueForbidden metadata.namespace: Forbidden: not allowed on this type',
    ]);
  });

  it('C108 refuses bad labels and annotations', () => {
    assert.deepEqual(problems({ labels: { a: 'x'.repeat(64) } }), [
      `FieldValueInvalid metadata.labels: Invalid value: "${'x'.repeat(64)}": must be no more than 63 bytes`,
    ]);
    assert.match(
      problems({ labels: { 'a b': '' } })[0] ?? '',
      /metadata\.labels: Invalid value: "a b": name part must consist of/,
    );
    assert.match(
      problems({ annotations: { 'a b': '' } })[0] ?? '',
      /metadata\.annotations: Invalid value: "a b": name part/,
    );
    const half = 'x'.repeat(128 * 1024);
    assert.deepEqual(problems({ annotations: { a: half, b: half } }), [
      'FieldValueTooLong metadata.annotations: Too long: may not be more than 262144 bytes',
    ]);
    assert.deepEqual(problems({ annotations: { a: half, b: half.slice(2) } }), []);
  });

  it('C108 refuses bad owners: two controllers, Events, absent parts', () => {
    const second = { ...owner, name: 'b', uid: 'v', controller: true };
    assert.deepEqual(problems({ ownerReferences: [{ ...owner, controller: true }, second] }), [
      'FieldValueInvalid metadata.ownerReferences: Invalid value: ' +
        '[{"apiVersion":"v1","kind":"ConfigMap","name":"a","uid":"u","controller":true},' +
        '{"apiVersion":"v1","kind":"ConfigMap","name":"b","uid":"v","controller":true}]: ' +
        'Only one reference can have Controller set to true. Found "true" in references for ConfigMap/a and ConfigMap/b',
    ]);
    assert.match(
      problems({ ownerReferences: [{ ...owner, kind: 'Event' }] })[0] ?? '',
      /: \/v1, Kind=Event is disallowed from being an owner$/,
    );
    assert.deepEqual(problems({ ownerReferences: [{}] }), [
      'FieldValueInvalid metadata.ownerReferences.apiVersion: Invalid value: "": version must not be empty',
      'FieldValueInvalid metadata.ownerReferences.kind: Invalid value: "": must not be empty',
      'FieldValueInvalid metadata.ownerReferences.name: Invalid value: "": must not be empty',
      'FieldValueInvalid metadata.ownerReferences.uid: Invalid value: "": must not be empty',
    ]);
  });

  it('C108 refuses bad finalizers', () => {
    assert.deepEqual(problems({ finalizers: ['x'] }), [
      'FieldValueInvalid metadata.finalizers[0]: Invalid value: "x": name is neither a standard finalizer name nor is it fully qualified',
    ]);
    assert.match(
      problems({ finalizers: ['a b/c'] })[0] ?? '',
      /metadata\.finalizers: Invalid value: "a b\/c": prefix part/,
    );
    assert.deepEqual(problems({ finalizers: ['orphan', 'foregroundDeletion'] }), [
      'FieldValueInvalid metadata.finalizers: Invalid value: ["orphan","foregroundDeletion"]: finalizer foregroundDeletion and orphan cannot be both set',
    ]);
  });

  it('refuses bad managedFields and managers', () => {
    assert.deepEqual(
      problems({
        managedFields: [
          { manager: 'a\n', operation: 'Delete', fieldsType: 'X', subresource: 's'.repeat(257) },
        ],
      }),
      [
        'FieldValueInvalid metadata.managedFields[0].operation: Invalid value: "Delete": must be `Apply` or `Update`',
        'FieldValueInvalid metadata.managedFields[0].fieldsType: Invalid value: "X": must be `FieldsV1`',
        'FieldValueInvalid metadata.managedFields[0].manager: Invalid value: "a\\n": invalid character U+000A (at position 1)',
        'FieldValueTooLong metadata.managedFields[0].subresource: Too long: may not be more than 256 bytes',
      ],
    );
    assert.deepEqual(text(managerCauses('m'.repeat(129), 'fieldManager')), [
      'FieldValueTooLong fieldManager: Too long: may not be more than 128 bytes',
    ]);
    assert.deepEqual(managerCauses('zoë 🐝', 'fieldManager'), []);
  });

  it('skips what has the wrong type, which schema validation reports', () => {
    assert.deepEqual(
      problems({ labels: [], annotations: 1, finalizers: {}, ownerReferences: 'x', managedFields: null }),
      [],
    );
  });
});

describe('validateMetaUpdate', () => {
  const old = { name: 'a', namespace: 'n', uid: 'u', resourceVersion: '1', creationTimestamp: 't' };

  it('wants a resourceVersion and keeps identity', () => {
    assert.deepEqual(text(validateMetaUpdate({ ...old, resourceVersion: '' }, old)), [
      'FieldValueInvalid metadata.resourceVersion: Invalid value: "": must be specified for an update',
    ]);
    assert.deepEqual(text(validateMetaUpdate({ ...old, uid: 'v', deletionTimestamp: 't' }, old)), [
      'FieldValueInvalid metadata.uid: Invalid value: "v": field is immutable',
      'FieldValueInvalid metadata.deletionTimestamp: Invalid value: "t": field is immutable',
    ]);
    assert.deepEqual(validateMetaUpdate({ ...old, labels: { a: 'b' } }, old), []);
  });

  it('allows no new finalizers while terminating', () => {
    const terminating = { ...old, deletionTimestamp: 't', finalizers: ['a.b/c'] };

    assert.deepEqual(
      text(validateMetaUpdate({ ...terminating, finalizers: ['a.b/d', 'a.b/c'] }, terminating)),
      [
        'FieldValueForbidden metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"a.b/d"}',
      ],
    );
    assert.deepEqual(validateMetaUpdate({ ...terminating, finalizers: [] }, terminating), []);
  });
});
