import assert from 'node:assert/strict';
import { createSendWindow, type Sendable } from './send-window.ts';

const item = (rv: number, bytes = 10, uid = `u${rv}`): Sendable => ({ uid, rv, bytes });

describe('send window', () => {
  it('holds back what is not acknowledged and goes on when it is', () => {
    const sent: number[] = [];
    const window = createSendWindow<Sendable>(({ rv }) => sent.push(rv));
    for (let rv = 1; rv <= 100; rv += 1) window.push(item(rv));

    assert.equal(sent.length, 64);
    assert.equal(window.acknowledge(10), true);
    assert.equal(sent.length, 74);
    window.acknowledge(100);
    assert.deepEqual([sent.length, window.waiting, window.unacknowledged], [100, 0, 26]);
    assert.equal(window.acknowledge(50), false);
  });

  it('bounds the bytes on the way, yet lets a single large item pass', () => {
    const sent: number[] = [];
    const window = createSendWindow<Sendable>(({ rv }) => sent.push(rv));

    for (const rv of [1, 2, 3]) window.push(item(rv, 2 * 1024 * 1024));

    assert.deepEqual(sent, [1]);
    window.acknowledge(1);
    assert.deepEqual(sent, [1, 2]);
  });

  it('keeps only the newest generation of a bundle that waits', () => {
    const sent: number[] = [];
    const window = createSendWindow<Sendable>(({ rv }) => sent.push(rv));
    for (let rv = 1; rv <= 64; rv += 1) window.push(item(rv));

    for (let rv = 65; rv <= 10_000; rv += 1) window.push(item(rv, 10, rv % 2 === 0 ? 'even' : 'odd'));

    assert.equal(window.waiting, 2);
    window.acknowledge(64);
    assert.deepEqual(sent.slice(64), [9_999, 10_000]);
  });
});
