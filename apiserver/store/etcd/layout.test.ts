import assert from 'node:assert/strict';
import { StoreUnusableError } from '../store.ts';
import { bytesEnd, createLayout, decodeHead, decodeMeta, encodeHead, encodeMeta } from './layout.ts';

describe('keys in etcd', () => {
  const layout = createLayout('/polder/');

  it('tell objects from everything else under the prefix', () => {
    const key = '/core/configmaps/a/é\0';
    assert.equal(layout.keyOf(layout.object(key)), key);
    for (const other of [layout.head, layout.meta, layout.time(1), layout.guard('a')]) {
      assert.equal(layout.keyOf(other), undefined);
      assert.ok(Buffer.compare(other, layout.all) > 0 && Buffer.compare(other, layout.allEnd) < 0);
    }
    assert.deepEqual(createLayout().head, Buffer.from('/polder/head'));
  });

  it('of times sort newest first, from the beginning to the end of time', () => {
    const times = [Number.MAX_SAFE_INTEGER, 1_800_000_000_001, 1_800_000_000_000, 9, 0];
    const keys = times.map((ms) => layout.time(ms));
    assert.deepEqual(
      keys.toSorted((a, b) => Buffer.compare(a, b)),
      keys,
    );
    for (const key of keys) assert.ok(Buffer.compare(key, layout.timesEnd) < 0);
  });

  it('end a range right behind all that start alike', () => {
    for (const start of ['/polder/objects', '/a\u{10FFFF}', 'é']) {
      const end = bytesEnd(Buffer.from(start));
      assert.ok(Buffer.compare(Buffer.from(`${start}\u{10FFFF}\u{10FFFF}`), end) < 0);
      assert.equal(Buffer.compare(end, Buffer.from(start)), 1);
    }
  });
});

describe('what is kept beside objects', () => {
  it('is read as it was written', () => {
    const head = { writeId: 'abc.1', previous: 12, last: Buffer.from('{"a":\n1}') };
    assert.deepEqual(decodeHead(encodeHead(head)), head);
    const empty = { writeId: 'abc.2', previous: 0, last: Buffer.alloc(0) };
    assert.deepEqual(decodeHead(encodeHead(empty)), empty);
    const key = Buffer.from('/polder/meta');
    for (const meta of [{ start: 0 }, { start: 7, oldest: 9 }, { start: 7, importing: true }] as const) {
      assert.deepEqual(decodeMeta(key, encodeMeta(meta)), meta);
    }
  });

  it('of another format or of somebody else is refused by name', () => {
    for (const text of [
      '',
      'x',
      'null',
      '{"format":2,"start":0}',
      '{"format":1,"start":-1}',
      '{"format":1}',
    ]) {
      assert.throws(
        () => decodeMeta(Buffer.from('/polder/meta'), Buffer.from(text)),
        (error) => error instanceof StoreUnusableError && error.message.includes('/polder/meta'),
      );
    }
  });
});
