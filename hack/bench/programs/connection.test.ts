import assert from 'node:assert/strict';
import { ResponseReader } from './connection.ts';

const STREAM =
  'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello' +
  'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n' +
  'HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n' +
  'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

describe('the load generator', () => {
  for (const size of [1, 2, 3, 7, 64, 4096]) {
    it(`reads responses that arrive ${size} bytes at a time`, () => {
      const responses: string[] = [];
      let body = '';
      const reader = new ResponseReader(
        (piece) => (body += piece.toString()),
        (status) => {
          responses.push(`${status} ${body}`);
          body = '';
        },
      );
      const bytes = Buffer.from(STREAM);
      for (let at = 0; at < bytes.length; at += size) reader.feed(bytes.subarray(at, at + size));

      assert.deepEqual(responses, ['200 hello', '404 ', '201 abc0123456789', '200 ok']);
    });
  }
});
