import assert from 'node:assert/strict';
import { ApiError } from '../api/errors.ts';
import type { Json, JsonObject } from '../api/json.ts';
import { DataPlane } from '../kinds/data-plane.ts';
import { patchedMetadataCauses, requireMetadataTypes, withoutNulls } from './metadata-types.ts';

const OWNER = { apiVersion: 'v1', kind: 'ConfigMap', name: 'a', uid: 'b' };

describe('types of metadata', () => {
  const refused: readonly (readonly [string, Json])[] = [
    ['name', 5],
    ['generateName', true],
    ['namespace', {}],
    ['uid', 1],
    ['resourceVersion', 7],
    ['selfLink', []],
    ['generation', 'x'],
    ['generation', 1.5],
    ['deletionGracePeriodSeconds', '5'],
    ['creationTimestamp', 'yesterday'],
    ['creationTimestamp', '2026-01-01'],
    ['deletionTimestamp', 0],
    ['labels', ['a']],
    ['labels', { a: 5 }],
    ['annotations', 'x'],
    ['annotations', { a: true }],
    ['finalizers', 'x'],
    ['finalizers', [5]],
    ['ownerReferences', {}],
    ['ownerReferences', ['x']],
    ['ownerReferences', [{ ...OWNER, controller: 'yes' }]],
    ['managedFields', 'x'],
    ['managedFields', ['x']],
    ['managedFields', [{ time: 'x' }]],
    ['managedFields', [{ time: 5 }]],
    ['managedFields', [{ time: '2020-13-01T00:00:00Z' }]],
    ['managedFields', [{ manager: 5 }]],
    ['ownerReferences', [{ ...OWNER, uid: 5 }]],
    ['ownerReferences', [{ ...OWNER, name: {} }]],
    ...[
      '2020-13-01T00:00:00Z',
      '2020-00-01T00:00:00Z',
      '2020-02-30T00:00:00Z',
      '2021-02-29T00:00:00Z',
      '1900-02-29T00:00:00Z',
      '2020-01-00T00:00:00Z',
      '2020-01-01T24:00:00Z',
      '2020-01-01T00:60:00Z',
      '2020-01-01T00:00:60Z',
      '2020-01-01t00:00:00Z',
      '2020-01-01T00:00:00z',
      '2020-01-01T00:00:00+25:00',
      '2020-01-01T00:00:00T00:00:00Z',
      '2020-01-01Tx T00:00:00Z',
      '2020-01-01',
      '',
    ].map((time) => ['creationTimestamp', time] as const),
  ];
  for (const [field, value] of refused) {
    it(`refuses ${field}: ${JSON.stringify(value)} as what cannot be read`, () => {
      assert.throws(
        () => requireMetadataTypes(DataPlane, { name: 'a', [field]: value }),
        (error) =>
          error instanceof ApiError &&
          error.reason === 'BadRequest' &&
          error.message.startsWith(
            `DataPlane in version "v1alpha1" cannot be handled as a DataPlane: metadata.${field} must be `,
          ),
      );
    });
  }

  it('accepts what clients send, null for what is absent, and fields it does not know', () => {
    const metadata: JsonObject = {
      name: 'a',
      namespace: null,
      generation: 3,
      creationTimestamp: '2026-01-02T03:04:05Z',
      deletionTimestamp: '2026-01-02T03:04:05.123+01:00',
      labels: { a: 'b', c: null, ['__proto__']: 'd' },
      annotations: null,
      finalizers: ['example.com/x'],
      ownerReferences: [{ ...OWNER, controller: true, blockOwnerDeletion: null }],
      managedFields: [{}],
      colour: 5,
    };

    assert.doesNotThrow(() => requireMetadataTypes(DataPlane, metadata));
  });

  it('accepts every day of a leap year, and offsets', () => {
    for (const time of ['2020-02-29T23:59:59Z', '2000-02-29T00:00:00-11:30', '0000-12-31T00:00:00Z'])
      assert.doesNotThrow(() => requireMetadataTypes(DataPlane, { deletionTimestamp: time }));
  });

  it('reads items of null, and what an owner lacks, as what is empty', () => {
    const metadata: JsonObject = {
      finalizers: [null, 'example.com/x'],
      ownerReferences: [null, OWNER, { name: 'a', uid: null }],
      managedFields: [null],
    };

    assert.doesNotThrow(() => requireMetadataTypes(DataPlane, metadata));
    const empty = { apiVersion: '', kind: '', name: '', uid: '' };
    assert.deepEqual(withoutNulls(metadata), {
      finalizers: ['', 'example.com/x'],
      ownerReferences: [empty, OWNER, { ...empty, name: 'a' }],
      managedFields: [{}],
    });
    const whole: JsonObject = {
      finalizers: ['example.com/x'],
      ownerReferences: [OWNER],
      managedFields: [{}],
    };
    assert.equal(withoutNulls(whole), whole);
  });

  it('tells of a patch what nothing else would look at', () => {
    const causes = patchedMetadataCauses({
      labels: 5,
      creationTimestamp: '2020-13-01T00:00:00Z',
      deletionTimestamp: null,
      managedFields: [{ time: '2020-02-30T00:00:00Z' }],
    });
    assert.deepEqual(
      causes.map(({ field }) => field),
      ['metadata.creationTimestamp', 'metadata.managedFields'],
    );
  });
});
