/** Stands between a client and a server on loopback: can cut them off, or keep the server's answers to itself. */
import { connect, createServer, type Socket } from 'node:net';
import { once } from 'node:events';

export interface TcpGate {
  readonly port: number;
  /** From now on what the server says goes nowhere. */
  swallowAnswers(): void;
  /** Breaks all connections and refuses new ones. */
  cut(): void;
  /** Lets everything through again. */
  open(): void;
  close(): Promise<void>;
}

export async function createTcpGate(target: number): Promise<TcpGate> {
  const sockets = new Set<Socket>();
  let isOpen = true;
  let isSilent = false;
  const server = createServer((client) => {
    if (!isOpen) {
      client.destroy();
      return;
    }
    const upstream = connect(target, '127.0.0.1');
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from);
      from.on('data', (bytes) => {
        if (from === client || !isSilent) to.write(bytes);
      });
      from.on('error', () => undefined);
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const cut = (): void => {
    isOpen = false;
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    swallowAnswers: () => {
      isSilent = true;
    },
    cut,
    open: () => {
      isOpen = true;
      isSilent = false;
    },
    close: async () => {
      cut();
      server.close();
      await once(server, 'close');
    },
  };
}
