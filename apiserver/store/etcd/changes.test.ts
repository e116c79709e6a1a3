import assert from 'node:assert/strict';
import { assemble } from './changes.ts';
import { createLayout, encodeHead } from './layout.ts';
import type { WatchEvent } from './messages.ts';

describe('changes from events of etcd', () => {
  const layout = createLayout('/p');
  const known = { layout, base: 100, metaRevision: 100 };
  const event = (key: Buffer, modRevision: number, value = '', deleted = false): WatchEvent => ({
    key,
    createRevision: modRevision,
    modRevision,
    value: Buffer.from(value),
    deleted,
  });
  const head = (modRevision: number, writeId: string, previous: number, last = ''): WatchEvent => {
    const value = encodeHead({ writeId, previous, last: Buffer.from(last) });
    return { ...event(layout.head, modRevision), value };
  };

  it('are one for each revision, with what was replaced, and the last state of what was deleted', () => {
    const { seen, foreign } = assemble(known, [
      event(layout.object('/a'), 101, 'one'),
      head(101, 'w.1', 0),
      event(layout.object('/a'), 105, '', true),
      head(105, 'w.2', 1, 'last'),
      event(layout.time(1), 105, '1'),
      event(layout.guard('g'), 105),
    ]);
    assert.equal(foreign, undefined);
    assert.deepEqual(
      seen.map(({ change, writeId }) => [writeId, { ...change, value: change.value.toString() }]),
      [
        ['w.1', { revision: 1, key: '/a', type: 'put', value: 'one', previous: 0 }],
        ['w.2', { revision: 5, key: '/a', type: 'delete', value: 'last', previous: 1 }],
      ],
    );
  });

  it('end at what no store wrote', () => {
    const good = [event(layout.object('/a'), 101, 'one'), head(101, 'w.1', 0)];
    const later = [event(layout.object('/b'), 103, 'x'), head(103, 'w.2', 0)];
    for (const [name, bad] of [
      ['/p/objects/a', [event(layout.object('/a'), 102, 'theirs')]],
      ['/p/objects/a', [event(layout.object('/a'), 102), event(layout.object('/b'), 102), head(102, 'w', 0)]],
      ['/p/head', [head(102, 'w', 0)]],
      ['/p/objects/a', [event(layout.object('/a'), 102), event(layout.head, 102, '', true)]],
      ['/p/meta', [event(layout.meta, 102)]],
    ] as const) {
      const { seen, foreign } = assemble(known, [...good, ...bad, ...later]);
      assert.deepEqual(foreign, { revision: 2, key: name });
      assert.equal(seen.length, 1);
    }
  });

  it('leave out what the store itself was opened with', () => {
    const { seen, foreign } = assemble(known, [event(layout.meta, 100), event(layout.time(5), 104, '3')]);
    assert.deepEqual([seen, foreign], [[], undefined]);
  });
});
