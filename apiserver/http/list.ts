/**
 * Writes a list without holding it as text: the cache's buffers are spliced into chunks, one chunk at a time, at
 * the pace of the client, and other requests get their turn in between.
 */
import { once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createGzip, constants } from 'node:zlib';
import type { Writable } from 'node:stream';
import type { ListResult, StoredObject } from '../registry/registry.ts';
import type { ListEncoding } from './encoding.ts';
import type { Exchange } from './exchange.ts';
import { commonHeaders } from './respond.ts';

/** 16 TLS records: large enough that system calls do not count, small enough to stay responsive. */
const CHUNK_BYTES = 256 * 1024;
/** source: kubernetes/apiserver pkg/endpoints/handlers/responsewriters/writers.go */
const GZIP_FROM_BYTES = 128 * 1024;
const GZIP_LEVEL = constants.Z_BEST_SPEED;

/** Resolves when everything was handed to the socket, or the client is gone. */
export async function sendList(
  exchange: Exchange,
  result: ListResult,
  encoding: ListEncoding,
  mediaType: string,
): Promise<void> {
  const { response, request } = exchange;
  if (exchange.answered) return;
  const headers = commonHeaders(exchange, mediaType);
  const length = lengthOf(result.items, encoding);
  const compress = length >= GZIP_FROM_BYTES && acceptsGzip(request.headers['accept-encoding']);
  if (length >= GZIP_FROM_BYTES) headers.push('Vary', 'Accept-Encoding');
  if (compress) headers.push('Content-Encoding', 'gzip');
  else if (encoding.item === undefined) headers.push('Content-Length', String(length));
  exchange.code = 200;
  response.writeHead(200, headers);
  if (request.method === 'HEAD') {
    response.end();
    return;
  }
  if (!compress) {
    await writeAll(response, chunks(result.items, encoding));
    return;
  }
  const gzip = createGzip({ level: GZIP_LEVEL });
  gzip.pipe(response);
  response.once('close', () => gzip.destroy());
  await writeAll(gzip, chunks(result.items, encoding));
  if (!response.closed) await once(response, 'close', { signal: exchange.signal }).catch(() => undefined);
}

function acceptsGzip(header: string | string[] | undefined): boolean {
  if (typeof header !== 'string') return false;
  return header.split(',').some((clause) => /^\s*(gzip|\*)\s*(;\s*q=(?!0(\.0*)?\s*$).*)?$/i.test(clause));
}

/** Exact when items are spliced as they are, else an estimate. */
function lengthOf(items: readonly StoredObject[], encoding: ListEncoding): number {
  let length = Buffer.byteLength(encoding.head) + Buffer.byteLength(encoding.tail);
  for (const item of items) length += item.bytes.length;
  return length + Math.max(0, items.length - 1) * Buffer.byteLength(encoding.separator);
}

/** Writes and ends. The last chunk goes with the end, so that a short list is one write. */
async function writeAll(target: Writable, source: Iterator<Buffer>): Promise<void> {
  let current = source.next();
  for (;;) {
    if (current.done === true || target.destroyed) return;
    const next = source.next();
    if (next.done === true) {
      target.end(current.value);
      return;
    }
    if (target.write(current.value)) await nextTurn();
    else await drained(target);
    current = next;
  }
}

/** Room again, or nobody there any more. */
export async function drained(target: Writable): Promise<void> {
  if (!target.writableNeedDrain || target.destroyed) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      target.off('drain', done);
      target.off('close', done);
      resolve();
    };
    target.once('drain', done);
    target.once('close', done);
  });
}

function* chunks(items: readonly StoredObject[], encoding: ListEncoding): Generator<Buffer> {
  const separator = Buffer.from(encoding.separator);
  let parts: Buffer[] = [Buffer.from(encoding.head)];
  let size = parts[0]?.length ?? 0;
  for (const [index, object] of items.entries()) {
    const bytes = encoding.item === undefined ? object.bytes : encoding.item(object);
    if (index > 0) parts.push(separator);
    parts.push(bytes);
    size += bytes.length + separator.length;
    if (size < CHUNK_BYTES) continue;
    yield Buffer.concat(parts);
    parts = [];
    size = 0;
  }
  parts.push(Buffer.from(encoding.tail));
  yield Buffer.concat(parts);
}
