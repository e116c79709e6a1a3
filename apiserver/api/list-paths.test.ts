import assert from 'node:assert/strict';
import { valuesAt } from './list-paths.ts';

const object = {
  spec: {
    ref: 'a',
    credentials: [{ ref: 'x' }, { other: 1 }, { ref: 'y' }, null],
    resources: [{ depots: ['d1', 'd2'] }, { depots: [] }, { depots: 'odd' }],
    grid: [[1, 2], [3]],
    none: null,
  },
};

describe('valuesAt', () => {
  it('finds every value with its concrete path, in order', () => {
    assert.deepEqual(valuesAt(object, 'spec.ref'), [{ path: 'spec.ref', value: 'a' }]);
    assert.deepEqual(valuesAt(object, 'spec.credentials[].ref'), [
      { path: 'spec.credentials[0].ref', value: 'x' },
      { path: 'spec.credentials[2].ref', value: 'y' },
    ]);
    assert.deepEqual(valuesAt(object, 'spec.resources[].depots[]'), [
      { path: 'spec.resources[0].depots[0]', value: 'd1' },
      { path: 'spec.resources[0].depots[1]', value: 'd2' },
    ]);
    assert.deepEqual(
      valuesAt(object, 'spec.grid[][]').map(({ path }) => path),
      ['spec.grid[0][0]', 'spec.grid[0][1]', 'spec.grid[1][0]'],
    );
  });

  it('yields nothing for absent, null, inherited or misshapen steps', () => {
    for (const path of [
      'spec.none',
      'spec.missing.x',
      'spec.ref.x',
      'spec.ref[]',
      'spec.constructor',
      '__proto__.x',
      'spec.credentials.ref',
    ]) {
      assert.deepEqual(valuesAt(object, path), [], path);
    }
    assert.deepEqual(valuesAt(null, 'a'), []);
  });
});
