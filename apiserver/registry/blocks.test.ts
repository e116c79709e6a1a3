import assert from 'node:assert/strict';
import { Widget } from '../../test/support/registry.ts';
import { Blocks } from './blocks.ts';
import { currentFrom, serialise, shapeOf, type Stored } from './stored.ts';

const shape = shapeOf(Widget);
const OBJECTS = 20_000;
const BYTES = 1000;

function make(blocks: Blocks, number: number, bytes = BYTES): Stored {
  const object = {
    metadata: { name: `w${number}` },
    spec: { text: String(number).repeat(bytes).slice(0, bytes) },
  };
  const stored = currentFrom(
    blocks,
    { shape, path: `a/w${number}`, revision: number + 1 },
    serialise(shape, object),
  );
  stored.enter(blocks);
  return stored;
}

describe('blocks of cached objects', () => {
  it('are emptied when most of what they held was replaced, and nobody reads anything else then', () => {
    const blocks = new Blocks();
    const all = Array.from({ length: OBJECTS }, (_, number) => make(blocks, number));
    const texts = new Map(all.map((stored) => [stored, stored.bytes.toString()]));
    const kept = all.filter((_, number) => number % 20 === 0);
    assert.equal(blocks.isWasteful, false);

    for (const stored of all) if (!kept.includes(stored)) stored.leave(blocks);
    assert.equal(blocks.isWasteful, true);
    const before = kept.map((stored) => stored.bytes);
    for (const stored of kept) stored.settle(blocks);

    assert.equal(blocks.isWasteful, false);
    const held = new Set(kept.map((stored) => stored.bytes.buffer));
    assert.ok(held.size < OBJECTS / 20 / 50, `${held.size} blocks for ${kept.length} objects`);
    for (const [index, stored] of kept.entries()) {
      assert.equal(stored.bytes.toString(), texts.get(stored));
      assert.equal(before[index]?.toString(), texts.get(stored));
    }
  });

  it('are left alone where little is wasted', () => {
    const blocks = new Blocks();
    const all = Array.from({ length: 1000 }, (_, number) => make(blocks, number));
    const before = all.map((stored) => stored.bytes.buffer);

    for (const stored of all) stored.settle(blocks);

    assert.deepEqual(new Set(all.map((stored) => stored.bytes.buffer)), new Set(before));
  });

  it('hold a large object alone', () => {
    const blocks = new Blocks();
    const [small, large] = [make(blocks, 1), make(blocks, 2, 100_000)];

    assert.notEqual(small.bytes.buffer, large.bytes.buffer);
    assert.equal(large.bytes.buffer.byteLength, large.size);
    assert.equal(large.read()['kind'], 'Widget');
  });
});
