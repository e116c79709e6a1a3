/** What is open right now, so that a stop can let it finish first. */
import type { Server } from 'node:https';
import type { Duplex } from 'node:stream';
import type { Clock } from '../runtime/clock.ts';
import type { Exchange } from './exchange.ts';

export interface Connections {
  track(exchange: Exchange): void;
  /** A socket that HTTP no longer owns. */
  trackUpgraded(socket: Duplex): void;
  isDraining(): boolean;
  /** Resolves when nothing is open any more; after `drainMs` the rest is cut. */
  drain(
    server: Server,
    options: { readonly clock: Clock; readonly drainMs: number; readonly stop: () => void },
  ): Promise<void>;
}

export function createConnections(): Connections {
  const exchanges = new Set<Exchange>();
  const upgraded = new Set<Duplex>();
  let isDraining = false;
  return {
    isDraining: () => isDraining,
    track: (exchange) => {
      // A client must not send the next request on a connection that is about to close.
      if (isDraining) exchange.response.setHeader('Connection', 'close');
      exchanges.add(exchange);
      exchange.response.once('close', () => exchanges.delete(exchange));
    },
    trackUpgraded: (socket) => {
      upgraded.add(socket);
      socket.once('close', () => upgraded.delete(socket));
    },
    drain: async (server, { clock, drainMs, stop }) => {
      isDraining = true;
      if (!server.listening) return;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      stop();
      const finished = Promise.all([...exchanges].map(responseClosed)).then(() => {
        server.closeIdleConnections();
      });
      const cut = clock.after(drainMs, () => {
        server.closeAllConnections();
        for (const socket of upgraded) socket.destroy();
      });
      await finished;
      await closed;
      cut();
    },
  };
}

async function responseClosed({ response }: Exchange): Promise<void> {
  if (response.closed) return;
  await new Promise<void>((resolve) => response.once('close', () => resolve()));
}
