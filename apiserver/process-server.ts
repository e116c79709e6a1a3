/**
 * The HTTPS server of a process that is no API server: health for probes, and whatever paths and upgrades the process
 * itself answers. Metrics have a port of their own, because this one may be reached from outside the cluster.
 */
import { createServer as createPlainServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Health, HealthAnswer, Probe } from './runtime/health.ts';
import type { KeyPair } from './runtime/certificates.ts';
import type { Log } from './runtime/log.ts';
import type { Metrics } from './runtime/metrics.ts';

export interface ProcessServerDeps {
  readonly health: Health;
  readonly log: Log;
  /** False: not ours, answer 404. */
  readonly handle: (request: IncomingMessage, response: ServerResponse) => boolean;
  /** False: not ours, the socket is closed. */
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => boolean;
}

export interface ProcessServer {
  /** `port` 0 takes any free one. */
  start(pair: KeyPair, port: number, address: string): Promise<{ readonly port: number }>;
  /** New connections get this certificate. */
  setCertificate(pair: KeyPair): void;
  /** Ends idle connections at once, the others after `drainMs`. */
  close(drainMs: number): Promise<void>;
}

const PROBES: ReadonlySet<string> = new Set<Probe>(['livez', 'readyz', 'healthz']);
const LIMITS = {
  keepAliveTimeout: 100_000,
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  maxHeaderSize: 32 * 1024,
};
const MAX_CONNECTIONS = 10_000;

export function createProcessServer(deps: ProcessServerDeps): ProcessServer {
  const server = createServer(
    { minVersion: 'TLSv1.2', ALPNProtocols: ['http/1.1'], ...LIMITS },
    (request, response) => {
      if (deps.handle(request, response)) return;
      request.resume();
      probe(deps, request).then(
        (answer) => answerText(response, answer),
        () => response.destroy(),
      );
    },
  );
  server.maxConnections = MAX_CONNECTIONS;
  server.on('upgrade', (request, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    if (!deps.upgrade(request, socket, head))
      socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n');
  });
  return {
    start: async ({ cert, key }, port, address) => {
      server.setSecureContext({ cert, key });
      return listen(server, port, address);
    },
    setCertificate: ({ cert, key }) => server.setSecureContext({ cert, key }),
    close: async (drainMs) => {
      if (!server.listening) return;
      const timer = setTimeout(() => server.closeAllConnections(), drainMs);
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
      });
      clearTimeout(timer);
    },
  };
}

async function probe(
  { health }: { readonly health: Health },
  { method, url }: IncomingMessage,
): Promise<HealthAnswer> {
  const [path = '', search = ''] = (url ?? '').split('?', 2);
  const [, name = '', check] = path.split('/');
  if (!PROBES.has(name)) return NOT_FOUND;
  if (method !== 'GET' && method !== 'HEAD') return { code: 405, text: 'method not allowed\n' };
  const asked = name as Probe;
  if (check === undefined || check === '') return health.all(asked, new URLSearchParams(search));
  return (await health.one(asked, check)) ?? NOT_FOUND;
}
const NOT_FOUND: HealthAnswer = { code: 404, text: 'not found\n' };

function answerText(response: ServerResponse, { code, text }: HealthAnswer): void {
  response.writeHead(code, {
    'Content-Type': 'text/plain; charset=utf-8',
    'X-Content-Type-Options': 'nosniff',
    'Content-Length': Buffer.byteLength(text),
  });
  response.end(text);
}

/** Plain HTTP, for the cluster's own Prometheus and probes. Resolves with what ends it. */
export async function serveMetrics(
  deps: { readonly metrics: Metrics; readonly health: Health },
  port: number,
  address: string,
): Promise<{ readonly port: number; close(): Promise<void> }> {
  const { metrics } = deps;
  const server = createPlainServer(LIMITS, (request, response) => {
    request.resume();
    const answer = async (): Promise<void> => {
      if (request.url !== '/metrics') return answerText(response, await probe(deps, request));
      const text = await metrics.scrape();
      response.writeHead(200, { 'Content-Type': metrics.contentType }).end(text);
    };
    answer().catch(() => response.destroy());
  });
  const listening = await listen(server, port, address);
  return {
    ...listening,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function listen(server: Server, port: number, address: string): Promise<{ readonly port: number }> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, () => {
      server.off('error', reject);
      resolve();
    });
  });
  return { port: (server.address() as AddressInfo).port };
}
