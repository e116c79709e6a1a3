/**
 * The HTTPS server: connections, limits, what goes where, and how it stops. Resource requests go straight to
 * their handler; everything else goes through express.
 */
import { randomUUID } from 'node:crypto';
import { ServerResponse, type IncomingMessage } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { badRequest } from '../api/errors.ts';
import type { Attributes } from '../api/identity.ts';
import type { Kind } from '../api/kind.ts';
import type { Authorizer } from '../policy/policy.ts';
import type { Registry } from '../registry/registry.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import type { Metrics } from '../runtime/metrics.ts';
import { createApp } from './app.ts';
import type { Audit } from './audit.ts';
import type { Authenticator } from './authentication/authenticator.ts';
import { createConnections } from './connections.ts';
import { createDiscovery } from './discovery.ts';
import { Exchange } from './exchange.ts';
import { createHealth, type HealthCheck } from './health.ts';
import { createInFlight } from './in-flight.ts';
import { createKindTable } from './kind-table.ts';
import type { OpenApi } from './openapi.ts';
import { createPipeline } from './pipeline.ts';
import { readRequestInfo, type RequestInfo } from './request-info.ts';
import { createRequestMetrics } from './request-metrics.ts';
import { serveResource, type ResourceDeps } from './resources.ts';
import { sendError } from './respond.ts';
import { createHttpTransport } from './watch-http.ts';
import { createWatchSocket } from './watch-socket.ts';
import { createWatches } from './watches.ts';

export interface Tls {
  /** PEM. */
  readonly key: string;
  readonly cert: string;
  /** PEM; named to clients so that they know which certificate to present. */
  readonly clientCa: string;
}

export interface Limits {
  readonly maxBodyBytes: number;
  readonly maxHeaderBytes: number;
  /** Requests being worked on at once; watches do not count. */
  readonly inFlightReads: number;
  readonly inFlightWrites: number;
  /** Bytes of events that may wait for one slow watch client before it is cut. */
  readonly watchQueueBytes: number;
  readonly maxConnections: number;
}
export const DEFAULT_LIMITS: Limits = {
  maxBodyBytes: 3 * 1024 * 1024,
  maxHeaderBytes: 128 * 1024,
  inFlightReads: 400,
  inFlightWrites: 200,
  watchQueueBytes: 8 * 1024 * 1024,
  maxConnections: 20_000,
};

/** A subtree of paths that authenticates, authorises and answers by itself. */
export interface ExtraRoute {
  /** Such as `/polder/planes`: matches itself and everything below it. */
  readonly prefix: string;
  handle(request: IncomingMessage, response: ServerResponse): void;
}
export type UpgradeHandler = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

export interface HttpServerDeps {
  readonly registry: Registry;
  readonly authorizer: Authorizer;
  readonly authenticator: Authenticator;
  readonly kinds: readonly Kind[];
  readonly openApi: OpenApi;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly audit: Audit;
  readonly clock: Clock;
  /** Default `DEFAULT_LIMITS`. */
  readonly limits?: Partial<Limits>;
  readonly health: readonly HealthCheck[];
  readonly tls: Tls;
  /** The body of /version. */
  readonly version: Readonly<Record<string, string>>;
  /** See `PipelineDeps.ready`. */
  readonly ready?: (attributes: Attributes) => Promise<void> | undefined;
  readonly extraRoutes?: readonly ExtraRoute[];
}

export interface HttpServer {
  readonly server: Server;
  /** Resolves when connections are accepted. `port` 0: any free one. `host` default: all addresses. */
  start(port: number, host?: string): Promise<{ readonly port: number }>;
  /** WebSocket upgrades at `prefix` and below go to `handler`, which owns the socket from then on. */
  onUpgrade(prefix: string, handler: UpgradeHandler): void;
  /** New connections get the new certificate; open ones go on. */
  setTls(tls: Tls): void;
  /** Readiness fails, requests finish, watches end, connections close; what is left after `drainMs` is cut. */
  close(drainMs: number): Promise<void>;
}

// The Go clients behind the aggregator keep idle connections for 90 s and cannot repeat a POST on a closed one.
const KEEP_ALIVE_MS = 100_000;
const HEADERS_TIMEOUT_MS = 105_000;
const REQUEST_TIMEOUT_MS = 120_000;
const HANDSHAKE_TIMEOUT_MS = 10_000;

export function createHttpServer(deps: HttpServerDeps): HttpServer {
  const limits = { ...DEFAULT_LIMITS, ...deps.limits };
  const kinds = createKindTable(deps.kinds);
  const connections = createConnections();
  const watches = createWatches({ ...deps, maxQueueBytes: limits.watchQueueBytes });
  const pipeline = createPipeline({
    ...deps,
    inFlight: createInFlight({ reads: limits.inFlightReads, writes: limits.inFlightWrites }, deps.metrics),
    metrics: createRequestMetrics(deps.metrics, kinds),
  });
  const resources: ResourceDeps = {
    ...deps,
    maxBodyBytes: limits.maxBodyBytes,
    watch: async (exchange, kind) => watches.serve(exchange, kind, createHttpTransport(exchange)),
  };
  const draining: HealthCheck = {
    name: 'shutdown',
    probes: ['ready'],
    check: () => (connections.isDraining() ? 'the server is stopping' : undefined),
  };
  const exchanges = new WeakMap<IncomingMessage, Exchange>();
  const app = createApp({
    ...deps,
    pipeline,
    discovery: createDiscovery(kinds),
    health: createHealth([...deps.health, draining], deps.log),
    exchangeOf: (request) => known(exchanges, request),
  });
  const upgrades: { readonly prefix: string; readonly handler: UpgradeHandler }[] = [];
  const watchSocket = createWatchSocket({ pipeline, watches, kinds });

  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    const exchange = open(deps.clock, request, response);
    connections.track(exchange);
    const { info } = exchange;
    if (info === UNREADABLE) {
      sendError(exchange, badRequest('the path is not valid percent-encoding'));
    } else if (info.isResource) {
      const kind = kinds.find(info.group, info.version, info.resource);
      void pipeline.run(exchange, async () => serveResource(resources, exchange, kind));
    } else {
      const extra = deps.extraRoutes?.find(({ prefix }) => isBelow(info.path, prefix));
      if (extra !== undefined) {
        extra.handle(request, response);
        return;
      }
      exchanges.set(request, exchange);
      app(request, response);
    }
  };
  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    connections.trackUpgraded(socket);
    const path = (request.url ?? '').split('?', 1)[0] ?? '';
    const own = upgrades.find(({ prefix }) => isBelow(path, prefix));
    if (own !== undefined) {
      own.handler(request, socket, head);
      return;
    }
    const response = new ServerResponse(request);
    response.assignSocket(request.socket);
    response.shouldKeepAlive = false;
    response.once('finish', () => socket.end());
    watchSocket.serve(open(deps.clock, request, response), socket, head);
  };

  const server = createServer(
    {
      ...tlsOptions(deps.tls),
      requestCert: true,
      // Certificates are judged by the authenticator: callers with a token or none must get through to it.
      rejectUnauthorized: false,
      minVersion: 'TLSv1.2',
      ALPNProtocols: ['http/1.1'],
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      maxHeaderSize: limits.maxHeaderBytes,
      noDelay: true,
      shouldUpgradeCallback: (request) => request.headers.upgrade?.toLowerCase() === 'websocket',
    },
    onRequest,
  );
  server.maxConnections = limits.maxConnections;
  server.on('upgrade', onUpgrade);
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    // A body that is too large anyway is refused before it is sent.
    if (Number(request.headers['content-length'] ?? 0) <= limits.maxBodyBytes) response.writeContinue();
    onRequest(request, response);
  });

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
    onUpgrade: (prefix, handler) => void upgrades.push({ prefix, handler }),
    setTls: (tls) => server.setSecureContext(tlsOptions(tls)),
    close: async (drainMs) => {
      await connections.drain(server, { clock: deps.clock, drainMs, stop: () => watches.stopAll() });
      deps.audit.flush();
    },
  };
}

const tlsOptions = (tls: Tls): { key: string; cert: string; ca: string } => ({
  key: tls.key,
  cert: tls.cert,
  ca: tls.clientCa,
});

const isBelow = (path: string, prefix: string): boolean => path === prefix || path.startsWith(`${prefix}/`);

function known(exchanges: WeakMap<IncomingMessage, Exchange>, request: IncomingMessage): Exchange {
  const exchange = exchanges.get(request);
  if (exchange === undefined) throw new Error('a request reached express on another way than through the server');
  return exchange;
}

const UNREADABLE: RequestInfo = readRequestInfo('GET', '/');

function open(clock: Clock, request: IncomingMessage, response: ServerResponse): Exchange {
  let info = UNREADABLE;
  try {
    const read = readRequestInfo(request.method ?? '', request.url ?? '/');
    info = read;
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
  }
  return new Exchange(request, response, info, {
    auditId: auditIdOf(request),
    receivedMs: clock.now(),
  });
}

/** A caller's own Audit-ID ties our records to its own; anything odd is replaced. */
function auditIdOf(request: IncomingMessage): string {
  const sent = request.headers['audit-id'];
  return typeof sent === 'string' && /^[A-Za-z0-9-]{1,64}$/.test(sent) ? sent : randomUUID();
}

