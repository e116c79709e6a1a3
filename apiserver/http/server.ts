/** The HTTPS server itself: TLS, connection limits and timeouts, start and an orderly stop. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { ApiError } from '../api/errors.ts';
import { createConnections } from './connections.ts';
import { createDispatch } from './dispatch.ts';
import { endIdleConnections } from './idle-connections.ts';
import { DEFAULT_LIMITS, type HttpServerDeps, type Tls, type UpgradeHandler } from './server-options.ts';

export interface HttpServer {
  readonly server: Server;
  /** Resolves when connections are accepted. `port` 0: any free one. `host` default: all addresses. */
  start(port: number, host?: string): Promise<{ readonly port: number }>;
  /** WebSocket upgrades at `prefix` and below go to `handler`, which owns the socket from then on. */
  onUpgrade(prefix: string, handler: UpgradeHandler): void;
  /** New connections get the new certificate; open ones go on. */
  setTls(tls: Tls): void;
  /**
   * Readiness fails; after `delayMs` (default 0) nothing new is accepted, requests finish, watches end, connections
   * close; what is left after another `drainMs` is cut.
   */
  close(drainMs: number, delayMs?: number): Promise<void>;
}

const HEADERS_TIMEOUT_MS = 105_000;
const REQUEST_TIMEOUT_MS = 120_000;
const HANDSHAKE_TIMEOUT_MS = 10_000;

export function createHttpServer(deps: HttpServerDeps): HttpServer {
  const limits = { ...DEFAULT_LIMITS, ...deps.limits };
  const connections = createConnections();
  const dispatch = createDispatch({ ...deps, limits, connections });

  const server = createServer(
    {
      ...tlsOptions(deps.tls),
      requestCert: true,
      // Certificates are judged by the authenticator: callers with a token or none must get through to it.
      rejectUnauthorized: false,
      minVersion: 'TLSv1.2',
      ALPNProtocols: ['http/1.1'],
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      // Idle connections are ended without timers of their own.
      keepAliveTimeout: 0,
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      maxHeaderSize: limits.maxHeaderBytes,
      noDelay: true,
      // A request without a body comes with its stream ended: nobody waits for the end of nothing.
      optimizeEmptyRequests: true,
      shouldUpgradeCallback: (request) => request.headers.upgrade?.toLowerCase() === 'websocket',
    },
    dispatch.request,
  );
  server.maxConnections = limits.maxConnections;
  server.timeout = 0;
  endIdleConnections(server, deps.clock);
  server.on('upgrade', dispatch.upgrade);
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    // A body that is too large anyway is refused before it is sent.
    if (Number(request.headers['content-length'] ?? 0) <= limits.maxBodyBytes) response.writeContinue();
    dispatch.request(request, response);
  });

  server.on('clientError', refuseUnreadable);

  return {
    server,
    start: async (port, host) => {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, host, () => {
          server.off('error', reject);
          resolve();
        });
      });
      return { port: (server.address() as AddressInfo).port };
    },
    onUpgrade: dispatch.onUpgrade,
    setTls: (tls) => server.setSecureContext(tlsOptions(tls)),
    close: async (drainMs, delayMs = 0) => {
      await connections.drain(server, { clock: deps.clock, delayMs, drainMs, stop: dispatch.stop });
      deps.audit.flush();
    },
  };
}

const tlsOptions = (tls: Tls): { key: string; cert: string; ca?: string } => ({
  key: tls.key,
  cert: tls.cert,
  // Without a list clients present whatever they have.
  ...(tls.clientCa.trim() === '' ? {} : { ca: tls.clientCa }),
});

/** What could not be read as HTTP gets one readable answer, and the connection ends. */
function refuseUnreadable(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const { line, code, message } = refusalOf(error.code);
  const body = JSON.stringify(new ApiError('BadRequest', message, { code }).status());
  const headers = `Content-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close`;
  socket.end(`HTTP/1.1 ${code} ${line}\r\n${headers}\r\n\r\n${body}`);
}

function refusalOf(code: string | undefined): {
  readonly code: number;
  readonly line: string;
  readonly message: string;
} {
  if (code === 'HPE_HEADER_OVERFLOW') {
    return { code: 431, line: 'Request Header Fields Too Large', message: 'the headers are too large' };
  }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return { code: 408, line: 'Request Timeout', message: 'the request did not arrive in time' };
  }
  return { code: 400, line: 'Bad Request', message: 'the request is not valid HTTP' };
}
