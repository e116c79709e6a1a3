import assert from 'node:assert/strict';
import { Widget } from '../../test/support/registry.ts';
import type { JsonObject } from '../api/json.ts';
import { atRevision, labelsOf, serialise, shapeOf, storedFrom, valueOf } from './stored.ts';

const shape = shapeOf(Widget);
const widget = (metadata: JsonObject, more: JsonObject = {}): JsonObject => ({
  kind: 'Widget',
  ...more,
  metadata: { name: 'w', ...metadata, resourceVersion: '9' },
  apiVersion: 'data.polder.dev/v1alpha1',
});

describe('stored objects', () => {
  it('carry their revision in the bytes, the stored value does not', () => {
    const value = serialise(shape, widget({}, { spec: { text: 'héllo' } }));
    const stored = storedFrom({ shape, path: 'a/w', revision: 42 }, value);

    assert.ok(!value.includes('resourceVersion'));
    assert.deepEqual(stored.read()['metadata'], { resourceVersion: '42', name: 'w' });
    assert.deepEqual(stored.read()['spec'], { text: 'héllo' });
    assert.deepEqual(valueOf(stored), value);
    assert.equal(atRevision(stored, 43).bytes.toString(), stored.bytes.toString().replace('"42"', '"43"'));
  });

  it('give their labels as they would be parsed, also when other labels are further inside', () => {
    const cases: readonly JsonObject[] = [
      {},
      { labels: {} },
      { labels: { a: 'b', 'x.dev/y': '' } },
      { annotations: { '"labels":{': '"labels":{"a":"b"}' }, labels: { __proto__x: 'c', constructor: 'd' } },
      JSON.parse('{"labels":{"__proto__":"e"}}') as JsonObject,
    ];
    for (const metadata of cases) {
      const object = widget(metadata, { spec: { template: { metadata: { labels: { inner: 'yes' } } } } });
      const stored = storedFrom({ shape, path: 'a/w', revision: 7 }, serialise(shape, object));
      const parsed = (stored.read()['metadata'] as JsonObject)['labels'] ?? {};
      assert.equal(JSON.stringify(labelsOf(stored)), JSON.stringify(parsed));
    }
  });

  it('refuse a value of another kind', () => {
    assert.throws(
      () => storedFrom({ shape, path: 'a/w', revision: 1 }, Buffer.from('{"kind":"Other"}')),
      /does not start as a Widget/,
    );
  });
});
