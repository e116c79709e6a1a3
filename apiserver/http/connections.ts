/** Lets what is open finish before the server stops, within a limit. */
import type { Server } from 'node:https';
import type { Duplex } from 'node:stream';
import type { Clock } from '../runtime/clock.ts';

export interface Connections {
  /** A socket that HTTP no longer owns. */
  trackUpgraded(socket: Duplex): void;
  isDraining(): boolean;
  /** Resolves when nothing is open any more; after `drainMs` the rest is cut. */
  drain(
    server: Server,
    options: {
      readonly clock: Clock;
      /** Goes on serving for so long while readiness fails, until nobody sends anything here any more. */
      readonly delayMs: number;
      readonly drainMs: number;
      readonly stop: () => void;
    },
  ): Promise<void>;
}

/** Connections become idle one by one while requests finish; looking for them costs nothing at this pace. */
const IDLE_CHECK_MS = 50;

/**
 * Where there are replicas, everybody whose watch ended comes back at once, and a proxy takes connections for that which
 * it had not used for long. Each is answered once more and told to close.
 */
const RETURN_MS = 1_000;

/**
 * Resolves when everything that was sent to us by now has been read. Timers come before reading in a turn of the event
 * loop, so a connection that looks idle to them may have a request waiting: closing it would lose that request, and Go's
 * client cannot repeat a POST.
 */
const arrived = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

export function createConnections(): Connections {
  const upgraded = new Set<Duplex>();
  let isDraining = false;
  return {
    isDraining: () => isDraining,
    trackUpgraded: (socket) => {
      upgraded.add(socket);
      socket.once('close', () => upgraded.delete(socket));
    },
    drain: async (server, { clock, delayMs, drainMs, stop }) => {
      isDraining = true;
      if (!server.listening) return;
      const wait = (ms: number): Promise<void> => new Promise((resolve) => void clock.after(ms, resolve));
      if (delayMs > 0) await wait(delayMs);
      stop();
      if (delayMs > 0) await wait(RETURN_MS);
      await arrived();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      let cancelCheck = (): void => undefined;
      const closeIdle = (): void => {
        cancelCheck = clock.after(IDLE_CHECK_MS, () => {
          void arrived().then(() => server.closeIdleConnections());
          closeIdle();
        });
      };
      closeIdle();
      const cancelCut = clock.after(drainMs, () => {
        server.closeAllConnections();
        for (const socket of upgraded) socket.destroy();
      });
      await closed;
      cancelCheck();
      cancelCut();
    },
  };
}
