/**
 * Ends connections on which nothing moves, in either direction. All of them are looked at now and then: timers, which
 * Node would wind up twice for every request, cost a read of one object a tenth of its processor time.
 */
import type { Server } from 'node:https';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { Clock } from '../runtime/clock.ts';

/** The Go clients behind the aggregator keep idle connections for 90 s and cannot repeat a POST on a closed one. */
export const IDLE_SECONDS = 100;
const LOOK_EVERY_MS = 5_000;

interface Seen {
  bytes: number;
  /** When as many bytes as now were seen first, in milliseconds of the clock. */
  sinceMs: number;
}

/** Sockets that may be silent for as long as they like: watches between two events, and what is HTTP no longer. */
const silent = new WeakSet<Duplex>();

export const allowSilence = (socket: Duplex): void => void silent.add(socket);
export const endSilence = (socket: Duplex): void => void silent.delete(socket);

/** Begins with the connections to come; ends with the server. */
export function endIdleConnections(server: Server, clock: Clock): void {
  const open = new Map<TLSSocket, Seen>();
  server.on('secureConnection', (socket) => {
    open.set(socket, { bytes: -1, sinceMs: clock.now() });
    socket.once('close', () => open.delete(socket));
  });
  let cancel = (): void => undefined;
  const look = (): void => {
    const nowMs = clock.now();
    for (const [socket, seen] of open) {
      const bytes = socket.bytesRead + socket.bytesWritten;
      if (bytes !== seen.bytes || silent.has(socket)) {
        seen.bytes = bytes;
        seen.sinceMs = nowMs;
      } else if (nowMs - seen.sinceMs >= IDLE_SECONDS * 1000) {
        socket.destroy();
      }
    }
    cancel = clock.after(LOOK_EVERY_MS, look);
  };
  cancel = clock.after(LOOK_EVERY_MS, look);
  server.once('close', () => cancel());
}
