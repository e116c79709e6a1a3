import assert from 'node:assert/strict';
import { createObjectCache } from './cache.ts';
import type { ApiObject } from './resource.ts';

const object = (namespace: string, name: string, resourceVersion: string): ApiObject => ({
  metadata: { namespace, name, uid: name, resourceVersion, creationTimestamp: '2026-01-01T00:00:00Z' },
});
const said = (changes: readonly ({ type: string; object: ApiObject } | undefined)[]): string[] =>
  changes.map((change) =>
    change === undefined ? 'nothing' : `${change.type} ${change.object.metadata.name}`,
  );

describe('object cache', () => {
  it('tells added, modified and the same version apart', () => {
    const cache = createObjectCache();

    const changes = [
      cache.put(object('n', 'a', '1')),
      cache.put(object('n', 'a', '1')),
      cache.put(object('n', 'a', '2')),
    ];

    assert.deepEqual(said(changes), ['added a', 'nothing', 'modified a']);
  });

  it('reports what a fresh list no longer holds as deleted, before what is new', () => {
    const cache = createObjectCache();
    for (const name of ['a', 'b', 'c']) cache.put(object('n', name, '1'));

    const changes = cache.replace([object('n', 'b', '1'), object('n', 'c', '5'), object('m', 'd', '6')]);

    assert.deepEqual(said(changes), ['deleted a', 'modified c', 'added d']);
    assert.equal(cache.size, 3);
  });

  it('keeps namespaces apart', () => {
    const cache = createObjectCache();
    cache.put(object('n', 'a', '1'));
    cache.put(object('m', 'a', '2'));

    assert.equal(cache.list('n').length, 1);
    assert.equal(cache.list().length, 2);
    assert.equal(cache.get({ namespace: 'm', name: 'a' })?.metadata.resourceVersion, '2');
    assert.equal(cache.get({ name: 'a' }), undefined);
  });
});
