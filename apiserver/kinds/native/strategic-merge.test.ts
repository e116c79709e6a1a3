/** Patches as kubectl computes them. */
import assert from 'node:assert/strict';
import type { JsonObject } from '../../api/json.ts';
import { objectSchema } from '../../api/object-schema.ts';
import { Deployment } from './deployment.ts';
import { Service } from './service.ts';
import { strategicMerge, StrategicMergeError } from './strategic-merge.ts';

const merge = (object: JsonObject, patch: JsonObject): JsonObject =>
  strategicMerge(objectSchema(Deployment), object, patch);
const pods = (spec: JsonObject): JsonObject => ({ spec: { template: { spec } } });

const container = (name: string, fields: JsonObject = {}): JsonObject => ({
  name,
  image: `${name}:1`,
  ...fields,
});

describe('strategicMerge', () => {
  it('merges containers by name and leaves the others alone', () => {
    const object = pods({ containers: [container('a', { args: ['x'] }), container('b')] });

    const result = merge(object, pods({ containers: [{ name: 'a', image: 'a:2' }] }));

    assert.deepEqual(
      result,
      pods({ containers: [container('a', { image: 'a:2', args: ['x'] }), container('b')] }),
    );
  });

  it('merges environment variables inside of containers and takes null for removal', () => {
    const env = [
      { name: 'A', value: '1' },
      { name: 'B', value: '2' },
    ];
    const object = pods({ containers: [container('a', { env, workingDir: '/x' })] });

    const result = merge(
      object,
      pods({
        containers: [
          {
            name: 'a',
            workingDir: null,
            env: [
              { name: 'B', value: '3' },
              { name: 'C', value: '4' },
            ],
          },
        ],
      }),
    );

    assert.deepEqual(
      result,
      pods({
        containers: [
          container('a', {
            env: [
              { name: 'A', value: '1' },
              { name: 'B', value: '3' },
              { name: 'C', value: '4' },
            ],
          }),
        ],
      }),
    );
  });

  it('removes an item by $patch: delete', () => {
    const object = pods({ containers: [container('a'), container('b')] });

    const result = merge(object, pods({ containers: [{ $patch: 'delete', name: 'b' }] }));

    assert.deepEqual(result, pods({ containers: [container('a')] }));
  });

  it('replaces a list by $patch: replace', () => {
    const object = pods({ containers: [container('a'), container('b')] });

    const result = merge(object, pods({ containers: [container('c'), { $patch: 'replace' }] }));

    assert.deepEqual(result, pods({ containers: [container('c')] }));
  });

  it('replaces an object by $patch: replace and empties it by $patch: delete', () => {
    const object = { spec: { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } } } };

    assert.deepEqual(merge(object, { spec: { strategy: { $patch: 'replace', type: 'Recreate' } } }), {
      spec: { strategy: { type: 'Recreate' } },
    });
    assert.deepEqual(merge(object, { spec: { strategy: { $patch: 'delete' } } }), { spec: { strategy: {} } });
  });

  it('drops the fields that $retainKeys does not name', () => {
    const object = { spec: { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } } } };

    const result = merge(object, { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } });

    assert.deepEqual(result, { spec: { strategy: { type: 'Recreate' } } });
  });

  it('orders items as $setElementOrder says, with foreign items in their place', () => {
    const object = pods({ containers: [container('a'), container('sidecar'), container('b')] });

    const result = merge(
      object,
      pods({
        '$setElementOrder/containers': [{ name: 'new' }, { name: 'b' }, { name: 'a' }],
        containers: [container('new')],
      }),
    );

    // `sidecar` came behind a and before b.
    assert.deepEqual(
      result,
      pods({ containers: [container('new'), container('sidecar'), container('b'), container('a')] }),
    );
  });

  it('replaces lists that have no key, such as arguments', () => {
    const object = pods({ containers: [container('a', { args: ['x', 'y'] })] });

    const result = merge(object, pods({ containers: [{ name: 'a', args: ['z'] }] }));

    assert.deepEqual(result, pods({ containers: [container('a', { args: ['z'] })] }));
  });

  it('merges finalizers and removes those of $deleteFromPrimitiveList', () => {
    const object = { metadata: { finalizers: ['a', 'b'] } };

    const result = merge(object, {
      metadata: { '$deleteFromPrimitiveList/finalizers': ['a'], finalizers: ['c', 'b'] },
    });

    assert.deepEqual(result, { metadata: { finalizers: ['b', 'c'] } });
  });

  it('tells ports of a service apart by number', () => {
    const object = {
      spec: {
        ports: [
          { port: 80, protocol: 'TCP' },
          { port: 81, protocol: 'TCP' },
        ],
      },
    };
    const patch = { spec: { ports: [{ port: 80, nodePort: 30080 }] } };

    assert.deepEqual(strategicMerge(objectSchema(Service), object, patch), {
      spec: {
        ports: [
          { port: 80, protocol: 'TCP', nodePort: 30080 },
          { port: 81, protocol: 'TCP' },
        ],
      },
    });
  });

  it('keeps a port of another protocol under the same number', () => {
    const dns = [
      { port: 53, protocol: 'UDP' },
      { port: 53, protocol: 'TCP' },
    ];
    const patch = { spec: { ports: [{ port: 54, protocol: 'TCP' }] } };

    const result = strategicMerge(objectSchema(Service), { spec: { ports: dns } }, patch);

    assert.deepEqual(result, { spec: { ports: [...dns, { port: 54, protocol: 'TCP' }] } });
  });

  it('changes neither the object nor the patch', () => {
    const object = pods({ containers: [container('a')] });
    const patch = pods({ containers: [{ name: 'a', image: 'x' }, container('b')] });
    const before = structuredClone([object, patch]);

    merge(object, patch);

    assert.deepEqual([object, patch], before);
  });

  it('keeps __proto__ as the key of a label', () => {
    const patch = JSON.parse('{"metadata":{"labels":{"__proto__":"x"}}}') as JsonObject;

    const result = merge({ metadata: {} }, patch);

    assert.equal(JSON.stringify(result), JSON.stringify(patch));
    assert.equal(({} as Record<string, unknown>)['x'], undefined);
  });

  for (const [name, patch] of [
    ['an item without its key', pods({ containers: [{ image: 'x' }] })],
    ['an unknown directive', { spec: { $patch: 'explode' } }],
    ['another word with $', { spec: { $frobnicate: 1 } }],
    ['an order that is no list', pods({ '$setElementOrder/containers': 'a' })],
  ] as const) {
    it(`refuses ${name}`, () => {
      assert.throws(() => merge(pods({ containers: [container('a')] }), patch), StrategicMergeError);
    });
  }
});
