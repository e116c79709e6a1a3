import assert from 'node:assert/strict';
import { createFakeClock } from './clock.ts';
import { createHeap, createIdleMemory, type Heap } from './idle-memory.ts';

const MIB = 1024 * 1024;

/** A heap that is what its fields say; a collection leaves 30 MiB. */
class FakeHeap implements Heap {
  busy = 0;
  held = 60;
  used = 36;
  /** Of what is used, what a look at young objects would free. */
  young = 0;
  collections = 0;
  how: string | undefined;
  busyShare(): number {
    return this.busy;
  }
  heldBytes(): number {
    return this.held * MIB;
  }
  usedBytes(): number {
    return this.used * MIB;
  }
  collectYoung(): void {
    this.used -= this.young;
    this.young = 0;
  }
  collect(how: string): void {
    this.how = how;
    this.collections += 1;
    this.held = 30;
    this.used = 28;
  }
}

function started(): { readonly heap: FakeHeap; readonly after: (ms: number) => number } {
  const [clock, heap] = [createFakeClock(), new FakeHeap()];
  createIdleMemory({ clock, heap }).start();
  return {
    heap,
    after: (ms) => {
      clock.advance(ms);
      return heap.collections;
    },
  };
}

describe('idle memory', () => {
  it('collects once after the process fell quiet, and again only when the heap has grown', () => {
    const { heap, after } = started();

    assert.equal(after(1_999), 0);
    assert.equal(after(1), 1);
    assert.equal(after(60_000), 1);

    heap.held = 35;
    assert.equal(after(2_000), 2);
  });

  it('leaves a busy process alone until it is quiet for a whole window', () => {
    const { heap, after } = started();
    heap.busy = 0.5;

    assert.equal(after(60_000), 0);

    heap.busy = 0.01;
    assert.equal(after(2_000), 1);
  });

  it('does not collect again within 10 s, however much the heap has grown', () => {
    const { heap, after } = started();
    after(2_000);
    heap.held = 90;

    assert.equal(after(9_999), 1);
    assert.equal(after(1), 2);
  });

  it('measures growth from the least that was held since the last collection', () => {
    const { heap, after } = started();
    after(2_000);
    heap.held = 20;
    after(20_000);
    heap.held = 24;

    assert.equal(after(2_000), 2);
  });

  it('is thorough with a small heap and quick with a larger one', () => {
    const [small, large] = [started(), started()];
    large.heap.used = 41;

    small.after(2_000);
    large.after(2_000);

    assert.deepEqual([small.heap.how, large.heap.how], ['thorough', 'quick']);
  });

  it('is thorough with a larger heap after a burst', () => {
    const { heap, after } = started();
    after(2_000);
    heap.used = 70;
    heap.held = 100;

    assert.equal(after(10_000), 2);
    assert.equal(heap.how, 'thorough');
  });

  it('leaves a heap of more than 128 MiB in use to V8', () => {
    const { heap, after } = started();
    heap.used = 129;

    assert.equal(after(60_000), 0);
  });

  it('judges a heap by what is in use once what died young is gone', () => {
    const { heap, after } = started();
    heap.used = 170;
    heap.young = 45;

    assert.equal(after(2_000), 1);
    assert.equal(heap.how, 'quick');
  });

  it('gives the memory of garbage back to the system', () => {
    const heap = createHeap();
    let garbage: unknown[] = Array.from({ length: 400_000 }, (_, index) => ({ index, list: [index] }));
    const held = heap.heldBytes();
    assert.equal(garbage.length, 400_000);

    garbage = [];
    heap.collect('thorough');

    assert.ok(heap.heldBytes() < held - 20 * MIB, `${held} before, ${heap.heldBytes()} after`);
  });
});
