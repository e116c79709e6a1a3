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
/** A client that takes so long to read what was written at once is gone. */
const STALLED_SECONDS = 300;
const LOOK_EVERY_MS = 5_000;

interface Seen {
  bytes: number;
  /** When as many bytes as now were seen first, in milliseconds of the monotonic clock. */
  sinceMs: number;
}

/**
 * Sockets that may be silent for as long as they like, with how often they were allowed to: watches between two events,
 * of which a pipelining client may have several, and what is HTTP no longer.
 */
const silent = new WeakMap<Duplex, number>();

export const allowSilence = (socket: Duplex): void => void silent.set(socket, (silent.get(socket) ?? 0) + 1);
export function endSilence(socket: Duplex): void {
  const left = (silent.get(socket) ?? 0) - 1;
  if (left > 0) silent.set(socket, left);
  else silent.delete(socket);
}

/** Begins with the connections to come; ends with the server. */
export function endIdleConnections(server: Server, clock: Clock): void {
  const open = new Map<TLSSocket, Seen>();
  server.on('secureConnection', (socket) => {
    open.set(socket, { bytes: -1, sinceMs: clock.monotonic() });
    socket.once('close', () => open.delete(socket));
  });
  let cancel = (): void => undefined;
  const look = (): void => {
    const nowMs = clock.monotonic();
    for (const [socket, seen] of open) {
      const bytes = moved(socket);
      if (bytes !== seen.bytes || silent.has(socket)) {
        seen.bytes = bytes;
        seen.sinceMs = nowMs;
      } else if (nowMs - seen.sinceMs >= longest(socket)) {
        endUnlessMoved(socket, bytes);
      }
    }
    cancel = clock.after(LOOK_EVERY_MS, look);
  };
  cancel = clock.after(LOOK_EVERY_MS, look);
  server.once('close', () => cancel());
}

const moved = (socket: TLSSocket): number => socket.bytesRead + socket.bytesWritten;

/** Written bytes count when they are handed over, not when the client reads them. */
const longest = (socket: TLSSocket): number =>
  (socket.writableLength > 0 ? STALLED_SECONDS : IDLE_SECONDS) * 1000;

/** Timers come before reading in a turn of the event loop: a request may have arrived that nobody has seen. */
function endUnlessMoved(socket: TLSSocket, bytes: number): void {
  setImmediate(() => {
    if (moved(socket) === bytes && !silent.has(socket)) socket.destroy();
  });
}
