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
import { acceptsGzip } from './negotiation.ts';
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
    await writeAll(response, piecesOf(result.items, encoding), length);
    return;
  }
  const gzip = createGzip({ level: GZIP_LEVEL });
  gzip.pipe(response);
  response.once('close', () => gzip.destroy());
  await writeAll(gzip, piecesOf(result.items, encoding), length);
  if (!response.closed) await once(response, 'close', { signal: exchange.signal }).catch(() => undefined);
}

/** Exact when items are spliced as they are, else an estimate. */
function lengthOf(items: readonly StoredObject[], encoding: ListEncoding): number {
  let length = Buffer.byteLength(encoding.head) + Buffer.byteLength(encoding.tail);
  for (const item of items) length += item.size;
  return length + Math.max(0, items.length - 1) * Buffer.byteLength(encoding.separator);
}

async function writeAll(target: Writable, pieces: Iterable<Buffer>, length: number): Promise<void> {
  const writer = new ChunkWriter(target, Math.min(CHUNK_BYTES, length));
  for (const piece of pieces) {
    let rest = writer.add(piece);
    while (rest !== undefined) {
      await writer.flush();
      if (target.destroyed) return;
      rest = writer.add(rest);
    }
  }
  await writer.end();
}

/** Two buffers take turns: one is filled while the other is on its way. */
class ChunkWriter {
  readonly #target: Writable;
  #current: Buffer;
  #other: Buffer | undefined;
  #used = 0;
  #onItsWay: Promise<void> | undefined;

  /** `firstBytes` is the size of the first buffer; a short list needs no more. */
  constructor(target: Writable, firstBytes: number) {
    this.#target = target;
    this.#current = Buffer.allocUnsafeSlow(firstBytes);
  }

  /** Takes what fits; the rest, if any, after the next flush. */
  add(piece: Buffer): Buffer | undefined {
    const copied = piece.copy(this.#current, this.#used);
    this.#used += copied;
    return copied === piece.length ? undefined : piece.subarray(copied);
  }

  /** Sends the current buffer. Resolves when the other one is free again and other requests had their turn. */
  async flush(): Promise<void> {
    const full = this.#current;
    const sent = written(this.#target, full.subarray(0, this.#used));
    await this.#onItsWay;
    await nextTurn();
    this.#onItsWay = sent;
    this.#current = this.#other ?? Buffer.allocUnsafeSlow(CHUNK_BYTES);
    this.#other = full;
    this.#used = 0;
  }

  async end(): Promise<void> {
    await this.#onItsWay;
    this.#target.end(this.#current.subarray(0, this.#used));
  }
}

/** Resolves when the chunk was taken, or nobody is there any more. */
async function written(target: Writable, chunk: Buffer): Promise<void> {
  await new Promise<void>((resolve) => {
    target.write(chunk, () => resolve());
  });
}

function* piecesOf(items: readonly StoredObject[], encoding: ListEncoding): Generator<Buffer> {
  const separator = Buffer.from(encoding.separator);
  yield Buffer.from(encoding.head);
  for (const [index, object] of items.entries()) {
    if (index > 0) yield separator;
    yield encoding.item === undefined ? object.bytes : encoding.item(object);
  }
  yield Buffer.from(encoding.tail);
}
