/** Cuts a byte stream into lines, as watches send them: one JSON document per line, sizes bounded. */
import { ApiError } from '../api/errors.ts';

/** An object is at most 3 MiB; escapes and the event around it stay below this. */
export const MAX_LINE_BYTES = 16 * 1024 * 1024;
const NEWLINE = 0x0a;

/**
 * Yields every non-empty line without its newline. A last line without newline is dropped: the connection broke
 * in the middle of an event, and half an event must not be taken for a whole one.
 * Throws ApiError RequestEntityTooLarge for a line above `maxBytes`.
 */
export async function* lines(
  source: AsyncIterable<Buffer>,
  maxBytes: number = MAX_LINE_BYTES,
): AsyncGenerator<Buffer, void> {
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  for await (const chunk of source) {
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
      const line = chunk.subarray(from, end);
      from = end + 1;
      check(pendingBytes + line.length, maxBytes);
      if (pendingBytes + line.length > 0) {
        yield pending.length === 0 ? line : Buffer.concat([...pending, line]);
      }
      pending = [];
      pendingBytes = 0;
    }
    const rest = chunk.subarray(from);
    check(pendingBytes + rest.length, maxBytes);
    if (rest.length > 0) pending.push(rest);
    pendingBytes += rest.length;
  }
}

function check(bytes: number, maxBytes: number): void {
  if (bytes > maxBytes) {
    throw new ApiError('RequestEntityTooLarge', `a watch event is larger than ${maxBytes} bytes`);
  }
}
