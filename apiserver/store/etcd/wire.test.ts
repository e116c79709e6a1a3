import assert from 'node:assert/strict';
import { MessageReader, MessageWriter } from './wire.ts';

describe('protobuf messages', () => {
  it('are the bytes that the encoding guide shows', () => {
    // source: protobuf.dev "Encoding": field 1 = 150, field 2 = "testing", field 3 = the first message.
    assert.deepEqual(new MessageWriter().integer(1, 150).finish(), Buffer.from('089601', 'hex'));
    const text = new MessageWriter().bytes(2, Buffer.from('testing'));
    assert.deepEqual(text.finish(), Buffer.from('120774657374696e67', 'hex'));
    const outer = new MessageWriter().message(3, new MessageWriter().integer(1, 150));
    assert.deepEqual(outer.finish(), Buffer.from('1a03089601', 'hex'));
  });

  it('give back every whole number up to 2^53, and leave defaults out', () => {
    for (const number of [1, 127, 128, 300, 2 ** 31, 2 ** 32 + 5, Number.MAX_SAFE_INTEGER]) {
      const reader = new MessageReader(new MessageWriter().integer(11, number).finish());
      assert.equal(reader.next(), true);
      assert.equal(reader.field, 11);
      assert.equal(reader.integer(), number);
      assert.equal(reader.next(), false);
    }
    const empty = new MessageWriter().integer(1, 0).flag(2, false).bytes(3, Buffer.alloc(0));
    assert.equal(empty.finish().length, 0);
    assert.equal(new MessageWriter().message(1, empty).finish().length, 2);
  });

  it('are skipped field by field, whatever the fields are', () => {
    const bytes = Buffer.concat([
      Buffer.from('0a03616263', 'hex'),
      Buffer.from('10ffffffffffffffffff01', 'hex'),
      Buffer.from('190102030405060708', 'hex'),
      Buffer.from('2501020304', 'hex'),
      new MessageWriter().integer(5, 7).finish(),
    ]);
    const reader = new MessageReader(bytes);
    const fields: number[] = [];
    while (reader.next()) {
      fields.push(reader.field);
      if (reader.field === 5) assert.equal(reader.integer(), 7);
      else reader.skip();
    }
    assert.deepEqual(fields, [1, 2, 3, 4, 5]);
  });

  it('that end too early are refused', () => {
    for (const hex of ['0a05616263', '08', '08ff', '0b']) {
      const reader = new MessageReader(Buffer.from(hex, 'hex'));
      assert.throws(() => {
        while (reader.next()) reader.skip();
      }, /bytes that are no message/);
    }
  });
});
