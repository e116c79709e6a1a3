import assert from 'node:assert/strict';
import { ApiError } from '../api/errors.ts';
import type { Json, JsonObject } from '../api/json.ts';
import { DataPlane } from '../kinds/data-plane.ts';
import { requireMetadataTypes } from './metadata-types.ts';

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
    ['managedFields', [null]],
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
});
