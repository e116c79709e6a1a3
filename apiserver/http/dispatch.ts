/** Where each request goes: resources straight to their handler, everything else through express. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { badRequest } from '../api/errors.ts';
import type { Clock } from '../runtime/clock.ts';
import { createApp } from './app.ts';
import { createAuditIds } from './audit-ids.ts';
import type { Connections } from './connections.ts';
import { createDiscovery } from './discovery.ts';
import { Exchange } from './exchange.ts';
import { createHealth, type HealthCheck } from './health.ts';
import { allowSilence, endSilence } from './idle-connections.ts';
import { createInFlight } from './in-flight.ts';
import { createKindTable, type KindTable } from './kind-table.ts';
import { createOpenApi } from './openapi.ts';
import { createPipeline } from './pipeline.ts';
import { readRequestInfo, type RequestInfo } from './request-info.ts';
import { createRequestMetrics } from './request-metrics.ts';
import { createResources } from './resources.ts';
import { sendError } from './respond.ts';
import type { HttpServerDeps, Limits, UpgradeHandler } from './server-options.ts';
import { createWatchSocket } from './watch-socket.ts';
import { createWatches } from './watches.ts';

export interface Dispatch {
  readonly request: (request: IncomingMessage, response: ServerResponse) => void;
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  readonly onUpgrade: (prefix: string, handler: UpgradeHandler) => void;
  /** Ends what has no end of its own. */
  readonly stop: () => void;
}

interface DispatchDeps extends HttpServerDeps {
  readonly limits: Limits;
  readonly connections: Connections;
}

export function createDispatch(deps: DispatchDeps): Dispatch {
  const { limits, connections } = deps;
  const kinds = createKindTable(deps.kinds);
  const watches = createWatches({ ...deps, maxQueueBytes: limits.watchQueueBytes });
  const pipeline = createPipeline({
    ...deps,
    inFlight: createInFlight({ reads: limits.inFlightReads, writes: limits.inFlightWrites }, deps.metrics),
    metrics: createRequestMetrics(deps.metrics),
  });
  const resources = createResources({ ...deps, watches, maxBodyBytes: limits.maxBodyBytes });
  const exchanges = new WeakMap<IncomingMessage, Exchange>();
  const app = createApp({
    ...deps,
    pipeline,
    discovery: createDiscovery(kinds),
    openApi: createOpenApi(deps.openApi),
    health: createHealth([...deps.health, stopCheck(connections)], deps.log),
    exchangeOf: (request) => known(exchanges, request),
  });
  const upgrades: { readonly prefix: string; readonly handler: UpgradeHandler }[] = [];
  const watchSocket = createWatchSocket({ pipeline, watches, resources });

  const open = createOpener(kinds, deps.clock);
  const request = (message: IncomingMessage, response: ServerResponse): void => {
    const exchange = open(message, response);
    // A client must not send its next request on a connection that is about to close.
    if (connections.isDraining()) response.setHeader('Connection', 'close');
    const { info } = exchange;
    if (info.isResource) {
      void pipeline.run(exchange, resources);
      return;
    }
    if (info === UNREADABLE) {
      sendError(exchange, badRequest('the path is not valid percent-encoding'));
      return;
    }
    const extra = deps.extraRoutes?.find(({ prefix }) => isBelow(info.path, prefix));
    if (extra !== undefined) {
      extra.handle(message, response);
      return;
    }
    exchanges.set(message, exchange);
    app(message, response);
  };

  return {
    request,
    upgrade: (message, socket, head) => {
      connections.trackUpgraded(socket);
      // From here on its owner decides.
      allowSilence(message.socket);
      const path = (message.url ?? '').split('?', 1)[0] ?? '';
      const own = upgrades.find(({ prefix }) => isBelow(path, prefix));
      if (own === undefined) watchSocket.serve(open(message, refusalOf(message, socket)), socket, head);
      else own.handler(message, socket, head);
    },
    onUpgrade: (prefix, handler) => void upgrades.push({ prefix, handler }),
    stop: () => watches.stopAll(),
  };
}

const stopCheck = (connections: Connections): HealthCheck => ({
  name: 'shutdown',
  probes: ['ready'],
  check: () => (connections.isDraining() ? 'the server is stopping' : undefined),
});

const isBelow = (path: string, prefix: string): boolean => path === prefix || path.startsWith(`${prefix}/`);

function known(exchanges: WeakMap<IncomingMessage, Exchange>, request: IncomingMessage): Exchange {
  const exchange = exchanges.get(request);
  if (exchange === undefined)
    throw new Error('a request reached express on another way than through the server');
  return exchange;
}

const UNREADABLE: RequestInfo = readRequestInfo('GET', '/');

/** An upgrade request has no response of its own; refusals still need one. */
function refusalOf(request: IncomingMessage, socket: Duplex): ServerResponse {
  // An import would read every export of node:http, and one of them loads an HTTP client of 2 MB.
  const { ServerResponse } = process.getBuiltinModule('node:http');
  const response = new ServerResponse(request);
  response.assignSocket(request.socket);
  response.shouldKeepAlive = false;
  response.once('finish', () => {
    endSilence(request.socket);
    socket.end();
  });
  return response;
}

type Opener = (message: IncomingMessage, response: ServerResponse) => Exchange;

function createOpener(kinds: KindTable, clock: Clock): Opener {
  const nextAuditId = createAuditIds();
  return (message, response) => {
    const info = infoOf(message);
    const kind = info.isResource ? kinds.find(info.group, info.version, info.resource) : undefined;
    return new Exchange(message, response, {
      info,
      kind,
      auditId: sentAuditId(message) ?? nextAuditId(),
      receivedMs: clock.now(),
    });
  };
}

function infoOf(request: IncomingMessage): RequestInfo {
  try {
    return readRequestInfo(request.method ?? '', request.url ?? '/');
  } catch (error) {
    if (error instanceof URIError) return UNREADABLE;
    throw error;
  }
}

/** A caller's own Audit-ID ties our records to its own; anything odd is replaced. */
function sentAuditId(request: IncomingMessage): string | undefined {
  const sent = request.headers['audit-id'];
  return typeof sent === 'string' && /^[A-Za-z0-9-]{1,64}$/.test(sent) ? sent : undefined;
}
