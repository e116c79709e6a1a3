import assert from 'node:assert/strict';
import { readRequestInfo } from './request-info.ts';
import { selectedBy } from './selected-by.ts';

const TENANTS = '/apis/platform.polder.dev/v1alpha1/tenants';
const selected = (method: string, query: string): ReturnType<typeof selectedBy> =>
  selectedBy(readRequestInfo(method, `${TENANTS}?${query}`));

describe('selectors of access questions', () => {
  it('are those of lists, watches and deletions of collections', () => {
    const wanted = { fields: [{ key: 'metadata.name', operator: 'In', values: ['x'] }], labels: [] };
    for (const [method, query] of [
      ['GET', 'fieldSelector=metadata.name%3Dx'],
      ['GET', 'watch=1&fieldSelector=metadata.name%3D%3Dx'],
      ['DELETE', 'fieldSelector=metadata.name%3Dx'],
    ] as const) {
      assert.deepEqual(selected(method, query), wanted);
    }
    assert.equal(selected('POST', 'fieldSelector=metadata.name%3Dx'), undefined);
    assert.equal(selected('GET', ''), undefined);
  });

  it('keep every operator that a review has a word for', () => {
    assert.deepEqual(selected('GET', `labelSelector=${encodeURIComponent('a=b,c!=d,e in (f,g),h,!i,j>3')}`), {
      fields: [],
      labels: [
        { key: 'a', operator: 'In', values: ['b'] },
        { key: 'c', operator: 'NotIn', values: ['d'] },
        { key: 'e', operator: 'In', values: ['f', 'g'] },
        { key: 'h', operator: 'Exists', values: [] },
        { key: 'i', operator: 'DoesNotExist', values: [] },
      ],
    });
    assert.deepEqual(selected('GET', 'fieldSelector=metadata.name!%3Dx')?.fields, [
      { key: 'metadata.name', operator: 'NotIn', values: ['x'] },
    ]);
  });

  it('are left out when they cannot be read', () => {
    assert.equal(selected('GET', 'labelSelector=%3D%3D'), undefined);
    assert.deepEqual(selected('GET', 'labelSelector=%3D%3D&fieldSelector=metadata.name%3Dx')?.labels, []);
  });
});
