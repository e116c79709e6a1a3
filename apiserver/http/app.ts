/** Every path that is no resource: health, version, discovery, OpenAPI, metrics. The only file that knows express. */
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import { ApiError, badRequest } from '../api/errors.ts';
import type { Authorizer } from '../policy/policy.ts';
import type { Metrics } from '../runtime/metrics.ts';
import { requireAccess } from './access.ts';
import { unauthorized, type Authenticator } from './authentication/authenticator.ts';
import { discoveryForm, type Discovery, type DiscoveryDocument } from './discovery.ts';
import { isFresh } from './etag.ts';
import type { Exchange } from './exchange.ts';
import type { Health, HealthAnswer, Probe } from './health.ts';
import type { OpenApi } from './openapi.ts';
import type { Pipeline } from './pipeline.ts';
import { sendBytes, sendEmpty, sendError, sendJson } from './respond.ts';
import { noSuchResource } from './routes.ts';

export interface AppDeps {
  readonly pipeline: Pipeline;
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  readonly discovery: Discovery;
  readonly openApi: OpenApi;
  readonly health: Health;
  readonly metrics: Metrics;
  /** The body of /version. */
  readonly version: Readonly<Record<string, string>>;
  readonly exchangeOf: (request: Request) => Exchange;
}

type Handle = (exchange: Exchange, request: Request) => Promise<void> | void;

export function createApp(deps: AppDeps): Express {
  const { discovery, openApi } = deps;
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  // Queries are read by ourselves: nested objects from a URL are nobody's need.
  app.set('query parser', false);

  for (const probe of ['livez', 'readyz', 'healthz'] as const) probeRoutes(app, deps, probe);

  const route = (path: string, handle: Handle, exists: (request: Request) => boolean = always): void => {
    app.all(path, async (request) => {
      const exchange = deps.exchangeOf(request);
      await deps.pipeline.run(exchange, async () => {
        requireReadable(deps.authorizer, exchange);
        if (isRead(request)) await handle(exchange, request);
        else throw exists(request) ? methodNotAllowed(exchange) : noSuchResource();
      });
    });
  };
  route('/version', (exchange) => sendJson(exchange, 200, deps.version));
  route('/metrics', async (exchange) => {
    const body = Buffer.from(await deps.metrics.scrape());
    sendBytes(exchange, 200, { type: deps.metrics.contentType, body });
  });
  route('/api', (exchange) => sendDocument(exchange, discovery.root('api', formOf(exchange))));
  route('/apis', (exchange) => sendDocument(exchange, discovery.root('apis', formOf(exchange))));
  const documents: Readonly<Record<string, (request: Request) => DiscoveryDocument | undefined>> = {
    '/api/:version': ({ params }) => discovery.resources('', text(params['version'])),
    '/apis/:group': ({ params }) => discovery.group(text(params['group'])),
    '/apis/:group/:version': ({ params }) =>
      discovery.resources(text(params['group']), text(params['version'])),
  };
  for (const [path, find] of Object.entries(documents)) {
    route(
      path,
      (exchange, request) => sendDocument(exchange, find(request)),
      (request) => find(request) !== undefined,
    );
  }
  route('/openapi/v2', (exchange) => openApi.v2(exchange));
  route('/openapi/v3', (exchange) => openApi.v3Root(exchange));
  route('/openapi/v3/*path', (exchange) => openApi.v3(exchange));
  app.use(notServed(deps));
  app.use(failed(deps));
  return app;
}

const always = (): boolean => true;
const isRead = ({ method }: Request): boolean => method === 'GET' || method === 'HEAD';

/** Whoever may GET a path may HEAD it, and is told which methods it has. Throws `ApiError` Forbidden. */
function requireReadable(authorizer: Authorizer, exchange: Exchange): void {
  requireAccess(authorizer, exchange, { is: 'path', verb: 'get', path: exchange.info.path });
}

function methodNotAllowed({ response }: Exchange): ApiError {
  response.setHeader('Allow', 'GET, HEAD');
  const message = 'the server does not allow this method on the requested resource';
  return new ApiError('MethodNotAllowed', message, { details: {} });
}

/**
 * Probes need no credentials and must be answered even when nothing else works. Bad credentials are refused as
 * everywhere else, as kube-apiserver does: whoever sends some wants to know whether they are good.
 */
function probeRoutes(app: Express, deps: AppDeps, probe: Probe): void {
  const route = (
    path: string,
    answer: (exchange: Exchange, request: Request) => Promise<HealthAnswer>,
  ): void => {
    app.get(path, async (request) => {
      const exchange = deps.exchangeOf(request);
      if (await isWelcome(deps.authenticator, request)) sendText(exchange, await answer(exchange, request));
      else await deps.pipeline.run(exchange, refuse);
    });
  };
  route(`/${probe}`, (exchange) => deps.health.all(probe, exchange.info.query));
  route(`/${probe}/:check`, async (_exchange, { params }) => {
    const answer = await deps.health.one(probe, text(params['check']));
    return answer ?? { code: 404, text: 'there is no such check\n' };
  });
}

async function isWelcome(authenticator: Authenticator, request: Request): Promise<boolean> {
  try {
    await authenticator.authenticate(request);
    return true;
  } catch {
    return false;
  }
}

const refuse = (): void => {
  throw unauthorized();
};

function notServed({ pipeline, authorizer, exchangeOf }: AppDeps): (request: Request) => void {
  return (request) => {
    const exchange = exchangeOf(request);
    void pipeline.run(exchange, () => {
      requireReadable(authorizer, exchange);
      throw noSuchResource();
    });
  };
}

/** Express itself fails on nothing but paths it cannot decode; four parameters make it an error handler. */
function failed({
  exchangeOf,
}: AppDeps): (error: unknown, request: Request, response: Response, next: NextFunction) => void {
  return (error, request, _response, _next) => {
    const wanted = error instanceof ApiError ? error : badRequest('the path cannot be read');
    sendError(exchangeOf(request), wanted);
  };
}

const formOf = (exchange: Exchange): ReturnType<typeof discoveryForm> =>
  discoveryForm(exchange.request.headers.accept);

const text = (param: string | readonly string[] | undefined): string =>
  typeof param === 'string' ? param : '';

/** Whole documents that seldom change: clients ask with the ETag they know. */
export function sendDocument(exchange: Exchange, document: DiscoveryDocument | undefined): void {
  if (document === undefined) throw noSuchResource();
  const headers = ['ETag', document.etag, 'Vary', 'Accept'];
  if (isFresh(exchange.request.headers['if-none-match'], document.etag)) {
    sendEmpty(exchange, 304, headers);
    return;
  }
  sendBytes(exchange, 200, { type: document.contentType, body: document.body, headers });
}

function sendText(exchange: Exchange, answer: HealthAnswer): void {
  sendBytes(exchange, answer.code, {
    type: 'text/plain; charset=utf-8',
    body: Buffer.from(answer.text),
    headers: ['X-Content-Type-Options', 'nosniff'],
  });
}
