/**
 * What kube-proxy does for a Service: one address in front of several processes. New connections go in turn to
 * those that say they are ready; connections that are open stay where they are.
 */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { ask, type Probe } from '../../support/cluster-part.ts';

export interface Backend {
  readonly port: number;
  readonly ready: Probe;
}

export interface Balancer {
  readonly port: number;
  /** Ports of the processes that were ready when last asked. */
  ready(): readonly number[];
  close(): void;
}

/** A pod's readiness probe runs less often; here the tests would only wait for it. */
const ASK_AGAIN_MS = 100;

/** Resolves once it listens on a free loopback port and has asked every backend once. */
export async function startBalancer(backends: readonly Backend[]): Promise<Balancer> {
  let ready: readonly Backend[] = [];
  let turn = 0;
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): void => {
    sockets.add(socket.unref());
    socket.on('close', () => sockets.delete(socket));
  };
  const look = async (): Promise<void> => {
    const states = await Promise.all(backends.map((backend) => ask(backend.ready)));
    // Whoever is slow to answer stays what it was: one probe that fails so takes no pod out of a Service either.
    ready = backends.filter((backend, index) =>
      states[index] === undefined ? ready.includes(backend) : states[index] === 200,
    );
    if (!isClosed) timer = setTimeout(() => void look(), ASK_AGAIN_MS);
  };
  const server = createServer((client) => {
    keep(client);
    turn += 1;
    const backend = ready[turn % Math.max(1, ready.length)];
    // Nobody is there. Not a reset: a socket with a pending shutdown cannot be, and is never closed then.
    if (backend === undefined) return void client.destroy();
    const upstream = connect(backend.port, '127.0.0.1');
    keep(upstream);
    client.on('error', () => upstream.destroy());
    upstream.on('error', () => client.destroy());
    client.pipe(upstream).pipe(client);
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
  });
  await look();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    ready: () => ready.map((backend) => backend.port),
    close: () => {
      isClosed = true;
      clearTimeout(timer);
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
