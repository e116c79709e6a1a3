/**
 * Watches over WebSocket, for browsers and for clients that prefer it: one text frame per event, no compression,
 * closed with 1000. Identity, access and events are those of the HTTP watch.
 */
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import { badRequest } from '../api/errors.ts';
import type { Exchange } from './exchange.ts';
import type { EncodedBatch } from './frames.ts';
import type { Pipeline } from './pipeline.ts';
import { isPodConnection } from './pod-connections.ts';
import { noSuchResource } from './routes.ts';
import type { WatchTransport } from './watch.ts';
import type { Watches } from './watches.ts';

export interface WatchSocket {
  /** Takes over an upgrade request; failures before the upgrade are answered as plain HTTP. */
  serve(exchange: Exchange, socket: Duplex, head: Buffer): void;
}

const NORMAL_CLOSURE = 1000;
/** A client has nothing to say on a watch. */
const MAX_MESSAGE_BYTES = 1024;
/** source: kubernetes/apiserver pkg/util/wsstream; clients without a subprotocol get none back. */
const BEARER_PREFIX = 'base64url.bearer.authorization.k8s.io.';

export function createWatchSocket(deps: {
  readonly pipeline: Pipeline;
  readonly watches: Watches;
  /** Answers what is no watch. */
  readonly resources: (exchange: Exchange) => Promise<void> | void;
}): WatchSocket {
  const sockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE_BYTES,
    // The token must not come back as the protocol that was agreed on.
    handleProtocols: (offered) => [...offered].find((one) => !one.startsWith(BEARER_PREFIX)) ?? false,
  });
  return {
    serve: (exchange, socket, head) => {
      void deps.pipeline.run(exchange, async () => {
        const { info, kind } = exchange;
        if (kind === undefined) throw noSuchResource();
        // As on a cluster, which refuses before it upgrades; kubectl shows the answer to its second, plain request.
        if (isPodConnection(info, kind)) return deps.resources(exchange);
        if (info.verb !== 'watch') throw badRequest('WebSockets are served for watches: add watch=true');
        const transport = createSocketTransport(sockets, exchange, { socket, head });
        await deps.watches.serve(exchange, kind, transport);
      });
    },
  };
}

function createSocketTransport(
  sockets: WebSocketServer,
  exchange: Exchange,
  upgrade: { readonly socket: Duplex; readonly head: Buffer },
): WatchTransport {
  const { socket } = upgrade;
  let webSocket: WebSocket | undefined;
  const open = (): void => {
    if (webSocket !== undefined) return;
    exchange.code = 101;
    exchange.response.detachSocket(exchange.request.socket);
    // Without a server of its own the handshake is over when this returns, or the socket is.
    sockets.handleUpgrade(exchange.request, socket, upgrade.head, (made) => {
      webSocket = made;
      made.on('error', () => socket.destroy());
    });
  };
  return {
    open,
    write: (batch) => {
      open();
      for (const frame of framesOf(batch)) webSocket?.send(frame, { binary: false });
      return !socket.writableNeedDrain;
    },
    end: () => {
      open();
      webSocket?.close(NORMAL_CLOSURE);
    },
    destroy: () => void socket.destroy(),
    onDrain: (listener) => void socket.on('drain', listener),
    onClose: (listener) => void socket.once('close', listener),
  };
}

/** Without the line break: the frame is the boundary. */
function* framesOf({ parts, partsPerFrame }: EncodedBatch): Generator<Buffer> {
  for (let i = 0; i < parts.length; i += partsPerFrame) {
    const frame = Buffer.concat(parts.slice(i, i + partsPerFrame));
    yield frame.subarray(0, -1);
  }
}
