/** A watch as a chunked HTTP body: one line per event, headers sent before the first one. */
import type { EncodedBatch } from './frames.ts';
import type { Exchange } from './exchange.ts';
import { allowSilence, endSilence } from './idle-connections.ts';
import { JSON_TYPE } from './negotiation.ts';
import { commonHeaders } from './respond.ts';
import type { WatchTransport } from './watch.ts';

export function createHttpTransport(exchange: Exchange): WatchTransport {
  const { response, request } = exchange;
  const { socket } = request;
  let isOpen = false;
  const listeners: (() => void)[] = [];

  const open = (): void => {
    if (isOpen) return;
    isOpen = true;
    exchange.code = 200;
    const headers = commonHeaders(exchange, JSON_TYPE);
    if (request.httpVersion === '1.1') headers.push('Transfer-Encoding', 'chunked');
    allowSilence(socket);
    response.once('close', () => endSilence(socket));
    response.writeHead(200, headers);
    response.flushHeaders();
  };
  return {
    open,
    write: (batch) => {
      open();
      // Chunk framing is made once per batch and written by all its watches, past the response's own framing.
      // Not before the headers are out, which a pipelined request would delay, and not for HTTP/1.0.
      if (response.socket === socket && request.httpVersion === '1.1') return socket.write(chunkOf(batch));
      return response.write(Buffer.concat(batch.parts));
    },
    end: () => {
      open();
      response.end();
    },
    destroy: () => void socket.destroy(),
    onDrain: (listener) => {
      listeners.push(listener);
      socket.on('drain', listener);
      response.on('drain', listener);
    },
    onClose: (listener) => {
      response.once('close', () => {
        for (const one of listeners) socket.off('drain', one);
        listener();
      });
    },
  };
}

const CRLF = Buffer.from('\r\n');

function chunkOf(batch: EncodedBatch): Buffer {
  batch.chunk ??= Buffer.concat([
    Buffer.from(`${batch.length.toString(16)}\r\n`, 'latin1'),
    ...batch.parts,
    CRLF,
  ]);
  return batch.chunk;
}
