import assert from 'node:assert/strict';
import { describeTemplate } from './namespace-template.ts';

const at = (plane: string, isApplied: boolean, problem?: string) => ({ plane, isApplied, problem });

describe('status of a namespace template', () => {
  it('U5 counts by plane, so that one plane that is behind does not hide behind another', () => {
    const { conditions, fields } = describeTemplate([at('us1', true), at('eu1', true), at('us1', false)]);

    assert.deepEqual(fields?.perPlane, [
      { plane: 'eu1', synced: 1 },
      { plane: 'us1', synced: 1 },
    ]);
    assert.equal(conditions['Synced']?.message, '1 of 3 namespaces lack it');
  });

  it('names each problem once', () => {
    const problem = 'MissingValues: tenant acme';

    const { fields } = describeTemplate([at('eu1', true, problem), at('eu1', true, problem)]);

    assert.deepEqual(fields?.perPlane, [{ plane: 'eu1', synced: 0, errors: [problem] }]);
  });

  it('is synced when nobody gets it', () => {
    assert.equal(describeTemplate([]).conditions['Synced']?.status, 'True');
  });
});
