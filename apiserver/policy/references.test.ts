import assert from 'node:assert/strict';
import type { JsonObject } from '../api/json.ts';
import { KINDS } from '../kinds/index.ts';
import { DataProduct } from '../kinds/data-product.ts';
import { Depot } from '../kinds/depot.ts';
import { NATIVE_KINDS } from '../kinds/native/index.ts';
import { addedReferences, referencesOf } from './references.ts';

const depot = (...names: readonly string[]): JsonObject => ({
  spec: { credentials: names.map((name) => ({ purpose: 'scan', ref: { name } })) },
});

describe('reference extractor', () => {
  it('finds names in lists with their position, the tenant beside them, and the part before a version', () => {
    const object = {
      spec: {
        inputs: [{ depot: { name: 'a' } }, { depot: { tenant: 'globex', name: 'b' } }],
        resources: [{ id: 'x', stack: 'vulcan:1.0', depots: [{ name: 'c' }] }],
        dependencies: [{ product: 'p', tenant: 'globex' }],
      },
    };

    const found = referencesOf(DataProduct, object).map(({ path, name, tenant, reference }) => [
      path,
      reference.to,
      tenant,
      name,
    ]);

    assert.deepEqual(found, [
      ['spec.inputs[0].depot.name', 'Depot', '', 'a'],
      ['spec.inputs[1].depot.name', 'Depot', 'globex', 'b'],
      ['spec.resources[0].depots[0].name', 'Depot', '', 'c'],
      ['spec.resources[0].stack', 'Stack', '', 'vulcan'],
      ['spec.dependencies[0].product', 'DataProduct', 'globex', 'p'],
    ]);
  });

  it('finds only what a write adds, wherever it stands now', () => {
    const added = addedReferences(Depot, depot('c', 'b', 'a'), depot('a', 'b')).map(({ path }) => path);

    assert.deepEqual(added, ['spec.credentials[0].ref.name']);
    assert.deepEqual(addedReferences(Depot, undefined, depot('a')), []);
  });

  it('finds nothing in objects that are not what they should be', () => {
    for (const spec of [
      7,
      [],
      { credentials: 'x' },
      { credentials: [7, null, { ref: 'x' }, { ref: { name: 7 } }, { ref: { name: '' } }] },
    ]) {
      assert.deepEqual(referencesOf(Depot, { spec } as JsonObject), []);
    }
    assert.deepEqual(referencesOf(Depot, Object.create({ spec: { dataClusterRef: 'x' } }) as JsonObject), []);
  });

  it('knows the target of every reference that a kind declares', () => {
    const names = new Set([...KINDS, ...NATIVE_KINDS].map((kind) => kind.kind));
    for (const kind of KINDS) {
      for (const { to, field } of kind.references) assert.ok(names.has(to), `${kind.kind} ${field} -> ${to}`);
    }
  });
});
