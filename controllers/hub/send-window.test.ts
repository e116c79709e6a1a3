import assert from 'node:assert/strict';
import { createSendWindow } from './send-window.ts';

describe('send window', () => {
  it('holds back what is not acknowledged and goes on when it is', () => {
    const sent: number[] = [];
    const window = createSendWindow<{ rv: number; bytes: number }>((item) => sent.push(item.rv));
    for (let rv = 1; rv <= 100; rv += 1) window.push({ rv, bytes: 10 });

    assert.equal(sent.length, 64);
    window.acknowledge(10);
    assert.equal(sent.length, 74);
    window.acknowledge(100);
    assert.deepEqual([sent.length, window.waiting, window.unacknowledged], [100, 0, 26]);
  });

  it('bounds the bytes on the way, yet lets a single large item pass', () => {
    const sent: number[] = [];
    const window = createSendWindow<{ rv: number; bytes: number }>((item) => sent.push(item.rv));

    for (const rv of [1, 2, 3]) window.push({ rv, bytes: 2 * 1024 * 1024 });

    assert.deepEqual(sent, [1]);
    window.acknowledge(1);
    assert.deepEqual(sent, [1, 2]);
  });
});
