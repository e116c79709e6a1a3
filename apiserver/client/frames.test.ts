import assert from 'node:assert/strict';
import { lines } from './frames.ts';

async function* chunks(...texts: readonly string[]): AsyncGenerator<Buffer, void> {
  for (const text of texts) yield Buffer.from(text);
}
async function cut(source: AsyncIterable<Buffer>, maxBytes?: number): Promise<string[]> {
  const found: string[] = [];
  for await (const line of lines(source, maxBytes)) found.push(line.toString());
  return found;
}

describe('watch framing', () => {
  it('joins lines that arrive in pieces and splits what arrives together', async () => {
    assert.deepEqual(await cut(chunks('{"a"', ':1}\n{"b":2}\n{', '"c":3', '}', '\n')), [
      '{"a":1}',
      '{"b":2}',
      '{"c":3}',
    ]);
  });

  it('drops half a line at the end: the connection broke inside it', async () => {
    assert.deepEqual(await cut(chunks('{"a":1}\n{"b"')), ['{"a":1}']);
  });

  it('skips empty lines', async () => {
    assert.deepEqual(await cut(chunks('\n{"a":1}\n\n', '\n')), ['{"a":1}']);
  });

  it('splits at bytes, so that a character cut in half by the network stays whole', async () => {
    const bytes = Buffer.from('{"name":"Zürich"}\n');
    async function* halves(): AsyncGenerator<Buffer, void> {
      const middle = bytes.indexOf(0xc3) + 1;
      yield bytes.subarray(0, middle);
      yield bytes.subarray(middle);
    }
    assert.deepEqual(await cut(halves()), ['{"name":"Zürich"}']);
  });

  it('refuses a line above the limit, complete or not', async () => {
    await assert.rejects(cut(chunks('12345\n'), 4), { reason: 'RequestEntityTooLarge' });
    await assert.rejects(cut(chunks('123', '45'), 4), { reason: 'RequestEntityTooLarge' });
  });
});
