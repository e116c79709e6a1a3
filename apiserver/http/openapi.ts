/** Serves the OpenAPI documents; what is in them is made by `openapi/`. */
import { JSON_TYPE, acceptsGzip, matches, notAcceptable, parseAccept } from './negotiation.ts';
import type { Exchange } from './exchange.ts';
import { isFresh } from './etag.ts';
import { V2_PROTOBUF_TYPES, type OpenApiDocument, type OpenApiDocuments } from './openapi/documents.ts';
import { sendBytes, sendEmpty } from './respond.ts';
import { noSuchResource } from './routes.ts';

export interface OpenApi {
  v2(exchange: Exchange): void;
  v3Root(exchange: Exchange): void;
  v3(exchange: Exchange): void;
}

const V3_PREFIX = '/openapi/v3/';
const YEAR_MS = 365 * 86_400_000;

export function createOpenApi(documents: OpenApiDocuments): OpenApi {
  return {
    v2: (exchange) => {
      const type = choose(exchange, [JSON_TYPE, ...V2_PROTOBUF_TYPES]);
      send(exchange, type === JSON_TYPE ? documents.v2() : documents.v2Protobuf());
    },
    v3Root: (exchange) => {
      choose(exchange, [JSON_TYPE]);
      send(exchange, documents.v3Root());
    },
    v3: (exchange) => {
      choose(exchange, [JSON_TYPE]);
      const document = documents.v3(exchange.info.path.slice(V3_PREFIX.length));
      if (document === undefined) throw noSuchResource();
      // A wrong hash gets the current document, not a redirect: behind kube-apiserver a 301 becomes a 502.
      const isCurrent = exchange.info.query?.get('hash') === document.hash;
      send(exchange, document, isCurrent ? immutable(exchange.receivedMs) : NO_CACHE);
    },
  };
}

const NO_CACHE = ['Cache-Control', 'no-cache, private'];
const immutable = (nowMs: number): readonly string[] => [
  'Cache-Control',
  'public, immutable',
  'Expires',
  new Date(nowMs + YEAR_MS).toUTCString(),
];

/** Throws `ApiError` NotAcceptable. */
function choose(exchange: Exchange, types: readonly string[]): string {
  const { accept } = exchange.request.headers;
  if (accept === undefined || accept === '') return JSON_TYPE;
  for (const clause of parseAccept(accept)) {
    const type = types.find((one) => matches(clause, one));
    if (type !== undefined) return type;
  }
  throw notAcceptable(types);
}

function send(exchange: Exchange, document: OpenApiDocument, caching: readonly string[] = NO_CACHE): void {
  const headers = ['ETag', document.etag, 'Vary', 'Accept, Accept-Encoding', ...caching];
  const { request } = exchange;
  if (isFresh(request.headers['if-none-match'], document.etag)) {
    sendEmpty(exchange, 304, headers);
    return;
  }
  const type = document.contentType;
  if (acceptsGzip(request.headers['accept-encoding'])) {
    headers.push('Content-Encoding', 'gzip');
    sendBytes(exchange, 200, { type, body: document.gzipped, headers });
  } else sendBytes(exchange, 200, { type, body: document.body, headers });
}
