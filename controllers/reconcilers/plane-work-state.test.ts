import assert from 'node:assert/strict';
import { reported, work } from '../../test/support/objects.ts';
import { isApplied, isRemoved, rejection } from './plane-work-state.ts';

const TOMBSTONE = { tombstone: { mode: 'Delete' as const } };

describe('state of a plane work', () => {
  it('is applied when the plane holds this very generation', () => {
    assert.equal(isApplied(work('w', {}, reported('Applied', 1))), true);
    assert.equal(isApplied(work('w', {}, reported('Applied', 1), { generation: 2 })), false);
    assert.equal(isApplied(work('w')), false);
  });

  it('is rejected only as long as the refused generation is the current one', () => {
    assert.equal(rejection(work('w', {}, reported('Nack', 1))), 'kind Node is not allowed');
    assert.equal(rejection(work('w', {}, reported('Nack', 1), { generation: 2 })), undefined);
    assert.equal(rejection(work('w', {}, reported('Applied', 1))), undefined);
  });

  it('P6 is removed when the plane says so about a tombstone, not when it merely applied it', () => {
    assert.equal(isRemoved(work('w', TOMBSTONE, reported('Deleted', 2))), true);
    assert.equal(isRemoved(work('w', TOMBSTONE, reported('Applied', 1), { generation: 2 })), false);
    assert.equal(isRemoved(work('w', {}, reported('Deleted', 1))), false);
  });
});
