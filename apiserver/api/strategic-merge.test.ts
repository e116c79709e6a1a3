import assert from 'node:assert/strict';
import type { JsonObject } from './json.ts';
import { any, int, list, listMap, map, obj, opt, set, str } from './schema.ts';
import { strategicMerge } from './strategic-merge.ts';

const container = obj('Container.', {
  name: str('Name.'),
  image: opt(str('Image.')),
  args: opt(list('Args.', str('Arg.'))),
  env: opt(listMap('Env.', 'name', obj('Variable.', { name: str('Name.'), value: opt(str('Value.')) }))),
  ports: opt(
    listMap(
      'Ports.',
      ['containerPort', 'protocol'],
      obj('Port.', { containerPort: int('Port.'), protocol: opt(str('Protocol.')), name: opt(str('Name.')) }),
    ),
  ),
});
const servicePort = obj('Port.', {
  port: int('Port.'),
  protocol: opt(str('Protocol.')),
  name: opt(str('Name.')),
  nodePort: opt(int('Port of the node.')),
});
const schema = obj('Object.', {
  metadata: opt(
    obj('Metadata.', {
      labels: opt(map('Labels.', str('Label.'))),
      finalizers: opt(set('Finalizers.', str('Finalizer.'), { patchStrategy: 'merge' })),
    }),
  ),
  spec: opt(
    obj('Spec.', {
      replicas: opt(int('Replicas.')),
      strategy: opt(obj('Strategy.', { type: opt(str('Type.')), rolling: opt(any('Rolling.')) })),
      containers: opt(listMap('Containers.', 'name', container)),
      free: opt(any('Free.')),
      codes: opt(set('Codes.', int('Code.'))),
      claims: opt(
        listMap('Claims.', 'name', obj('Claim.', { name: str('Name.') }), { patchStrategy: 'replace' }),
      ),
      ports: opt(listMap('Ports.', ['port', 'protocol'], servicePort)),
      conditions: opt(
        list('Aspects.', obj('Aspect.', { type: str('Type.'), status: opt(str('Status.')) }), {
          patchStrategy: 'merge',
          patchMergeKey: 'type',
        }),
      ),
      selector: opt(obj('Selector.', { a: opt(str('A.')), b: opt(str('B.')) }, { patchStrategy: 'replace' })),
    }),
  ),
});
const merged = (object: JsonObject, patch: JsonObject): JsonObject => strategicMerge(schema, object, patch);
const containers = (before: JsonObject[], patch: JsonObject): unknown =>
  (merged({ spec: { containers: before } }, { spec: patch })['spec'] as JsonObject)['containers'];
const specAfter = (before: JsonObject, patch: JsonObject): unknown =>
  merged({ spec: before }, { spec: patch })['spec'];
const portsAfter = (before: readonly JsonObject[], patch: JsonObject): unknown =>
  (specAfter({ ports: before }, patch) as JsonObject)['ports'];
const UDP = { port: 53, protocol: 'UDP', name: 'dns' };
const TCP = { port: 53, protocol: 'TCP', name: 'dns-tcp' };
const WEB = { port: 80, protocol: 'TCP', name: 'web' };
const refusal = (
  patch: JsonObject,
  object: JsonObject = { spec: { containers: [{ name: 'a' }] } },
): string => {
  try {
    merged(object, patch);
  } catch (error) {
    assert.equal((error as { reason?: string }).reason, 'BadRequest');
    return (error as Error).message;
  }
  return 'accepted';
};

describe('strategicMerge', () => {
  it('merges objects, deletes by null and changes neither argument', () => {
    const object = { metadata: { labels: { a: '1', b: '2' } }, spec: { replicas: 1 } };
    const patch = {
      metadata: { labels: { a: null, c: '3' } },
      spec: { replicas: 2, strategy: { type: 'R', rolling: null } },
    };
    const before = JSON.stringify([object, patch]);

    assert.deepEqual(merged(object, patch), {
      metadata: { labels: { b: '2', c: '3' } },
      spec: { replicas: 2, strategy: { type: 'R' } },
    });
    assert.equal(JSON.stringify([object, patch]), before);
  });

  it('merges list-maps by their first key, sets as values, and replaces other lists', () => {
    assert.deepEqual(
      merged(
        {
          metadata: { finalizers: ['a/x', 'a/y'] },
          spec: {
            containers: [
              { name: 'a', image: '1', args: ['x'], ports: [{ containerPort: 1, protocol: 'TCP' }] },
            ],
          },
        },
        {
          metadata: { finalizers: ['a/z', 'a/x'] },
          spec: {
            containers: [
              { name: 'b' },
              { name: 'a', args: ['y', 'z'], ports: [{ containerPort: 1, name: 'w' }] },
            ],
          },
        },
      ),
      {
        metadata: { finalizers: ['a/z', 'a/x', 'a/y'] },
        spec: {
          containers: [
            { name: 'b' },
            {
              name: 'a',
              image: '1',
              args: ['y', 'z'],
              ports: [{ containerPort: 1, protocol: 'TCP', name: 'w' }],
            },
          ],
        },
      },
    );
  });

  it('keeps items that share the merge key when the patch is about another one', () => {
    assert.deepEqual(portsAfter([UDP, TCP, WEB], { ports: [{ port: 80, name: 'http' }] }), [
      UDP,
      TCP,
      { ...WEB, name: 'http' },
    ]);
    assert.deepEqual(
      portsAfter([UDP, TCP, WEB], {
        '$setElementOrder/ports': [{ port: 53 }, { port: 53 }, { port: 80 }],
        ports: [{ port: 80, name: 'http' }],
      }),
      [UDP, TCP, { ...WEB, name: 'http' }],
    );
    assert.deepEqual(portsAfter([UDP, TCP, WEB], { ports: [{ port: 80, $patch: 'delete' }] }), [UDP, TCP]);
  });

  it('changes the one of several with the same merge key that agrees in all keys, else the first', () => {
    assert.deepEqual(portsAfter([UDP, TCP], { ports: [{ port: 53, protocol: 'TCP', nodePort: 30053 }] }), [
      UDP,
      { ...TCP, nodePort: 30053 },
    ]);
    assert.deepEqual(portsAfter([UDP, TCP], { ports: [{ port: 53, nodePort: 30053 }] }), [
      { ...UDP, nodePort: 30053 },
      TCP,
    ]);
    assert.deepEqual(portsAfter([UDP], { ports: [{ port: 53, protocol: 'TCP' }] }), [
      { ...UDP, protocol: 'TCP' },
    ]);
  });

  it('removes every item that has the merge key, or the one that a deletion states further', () => {
    assert.deepEqual(portsAfter([UDP, TCP, WEB], { ports: [{ port: 53, $patch: 'delete' }] }), [WEB]);
    assert.deepEqual(
      portsAfter([UDP, TCP, WEB], { ports: [{ port: 53, protocol: 'TCP', $patch: 'delete' }] }),
      [UDP, WEB],
    );
  });

  it('adds an item beside its namesake when the wished order has more of them', () => {
    const order = { '$setElementOrder/ports': [{ port: 53 }, { port: 53 }] };
    assert.deepEqual(portsAfter([UDP], { ...order, ports: [TCP] }), [UDP, TCP]);
  });

  it('replaces sets and list-maps that do not merge, and merges lists and objects as their strategy says', () => {
    assert.deepEqual(specAfter({ codes: [1, 2] }, { codes: [3] }), { codes: [3] });
    assert.deepEqual(specAfter({ claims: [{ name: 'a' }] }, { claims: [{ name: 'b' }] }), {
      claims: [{ name: 'b' }],
    });
    assert.deepEqual(specAfter({ selector: { a: '1' } }, { selector: { b: '2' } }), { selector: { b: '2' } });
    assert.deepEqual(
      specAfter(
        { conditions: [{ type: 'A' }, { type: 'B' }] },
        { conditions: [{ type: 'B', status: 'True' }] },
      ),
      { conditions: [{ type: 'A' }, { type: 'B', status: 'True' }] },
    );
  });

  it('$patch: delete and replace act on objects and on items', () => {
    const two = [{ name: 'a', image: '1' }, { name: 'b' }];
    assert.deepEqual(containers(two, { containers: [{ name: 'a', $patch: 'delete' }] }), [{ name: 'b' }]);
    assert.deepEqual(containers(two, { containers: [{ name: 'c' }, { $patch: 'replace' }] }), [
      { name: 'c' },
    ]);
    assert.deepEqual(containers(two, { containers: [{ name: 'x', $patch: 'delete' }] }), two);
    assert.deepEqual(
      merged(
        { spec: { strategy: { type: 'R' } } },
        { spec: { strategy: { $patch: 'replace', rolling: 1 } } },
      ),
      {
        spec: { strategy: { rolling: 1 } },
      },
    );
    assert.deepEqual(merged({ spec: { replicas: 1 } }, { spec: { strategy: { $patch: 'delete' } } }), {
      spec: { replicas: 1 },
    });
  });

  it('$setElementOrder sorts what it names and keeps the rest in place', () => {
    const three = [{ name: 'a' }, { name: 'server' }, { name: 'b' }];
    const order = { '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }, { name: 'c' }] };
    assert.deepEqual(containers(three, order), [{ name: 'server' }, { name: 'b' }, { name: 'a' }]);
    assert.deepEqual(containers(three, { ...order, containers: [{ name: 'c' }] }), [
      { name: 'server' },
      { name: 'b' },
      { name: 'a' },
      { name: 'c' },
    ]);
    assert.deepEqual(
      merged(
        { metadata: { finalizers: ['x', 'y'] } },
        { metadata: { '$setElementOrder/finalizers': ['y', 'x'] } },
      ),
      {
        metadata: { finalizers: ['y', 'x'] },
      },
    );
    assert.deepEqual(merged({ spec: {} }, { spec: order }), { spec: {} });
  });

  it('$deleteFromPrimitiveList removes values, $retainKeys removes fields', () => {
    assert.deepEqual(
      merged(
        { metadata: { finalizers: ['a', 'b'] } },
        { metadata: { '$deleteFromPrimitiveList/finalizers': ['a', 'c'] } },
      ),
      { metadata: { finalizers: ['b'] } },
    );
    assert.deepEqual(
      merged(
        { spec: { strategy: { type: 'Rolling', rolling: { max: 1 } } } },
        { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } },
      ),
      { spec: { strategy: { type: 'Recreate' } } },
    );
  });

  it('what is new arrives without directives and nulls', () => {
    assert.deepEqual(
      containers([], {
        containers: [
          {
            name: 'a',
            image: null,
            env: [
              { name: 'E', $patch: 'delete' },
              { name: 'F', $retainKeys: ['name'] },
            ],
            '$setElementOrder/env': [],
          },
        ],
      }),
      [{ name: 'a', env: [{ name: 'F' }] }],
    );
  });

  it('merges objects and replaces lists where the schema is free', () => {
    assert.deepEqual(
      merged({ spec: { free: { a: [1], b: { c: 1 } } } }, { spec: { free: { a: [2], b: { d: 2 } } } }),
      {
        spec: { free: { a: [2], b: { c: 1, d: 2 } } },
      },
    );
  });

  it('refuses patches that contradict themselves', () => {
    assert.match(refusal({ spec: { $patch: 'merge' } }), /unknown patch directive "merge"/);
    assert.match(
      refusal({ spec: { containers: [{ image: 'x' }] } }),
      /does not contain the merge key "name"/,
    );
    assert.match(refusal({ spec: { containers: ['x'] } }), /must be objects/);
    assert.match(refusal({ spec: { containers: [{ name: 'a', $patch: 'bogus' }] } }), /"bogus"/);
    assert.match(
      refusal({ spec: { '$setElementOrder/containers': [{ name: 'a' }], containers: [{ name: 'b' }] } }),
      /do not follow the order of \$setElementOrder\/containers/,
    );
    assert.match(refusal({ spec: { '$setElementOrder/containers': 'a' } }), /must be a list/);
    assert.match(
      refusal({ spec: { strategy: { $retainKeys: ['type'], rolling: 1 } } }, { spec: { strategy: {} } }),
      /does not name the field "rolling"/,
    );
  });

  it('C111 treats __proto__ and constructor as names like any other', () => {
    const patch = JSON.parse('{"metadata":{"labels":{"__proto__":"a","constructor":"b"}}}') as JsonObject;

    const result = merged({ metadata: { labels: { x: '1' } } }, patch);

    assert.equal(
      JSON.stringify(result),
      '{"metadata":{"labels":{"x":"1","__proto__":"a","constructor":"b"}}}',
    );
    assert.equal(({} as Record<string, unknown>)['a'], undefined);
  });
});
