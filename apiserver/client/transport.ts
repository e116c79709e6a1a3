/** One bounded, keep-alive connection pool to one API server; knows HTTP and TLS, nothing of Kubernetes. */
import { request as httpsRequest, Agent } from 'node:https';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { ApiError } from '../api/errors.ts';
import type { Clock } from '../runtime/clock.ts';

/** A token may be a function: it is asked before every request, so a rotated token is used at once. */
export type Credentials =
  | { readonly token: string | (() => string | Promise<string>) }
  | { readonly cert: string | Buffer; readonly key: string | Buffer };

export interface TransportOptions {
  /** `https://host:port`, with a base path where the API is not at the root. */
  readonly server: string;
  /** PEM of the authorities that may have signed the server's certificate; absent = the system's. */
  readonly ca?: string | Buffer;
  readonly credentials?: Credentials;
  readonly userAgent: string;
  readonly clock: Clock;
  /** Connections for ordinary requests; more wait in line. Default 32. */
  readonly maxSockets?: number;
  /** Connections for watches, which hold theirs for minutes. Default 256. */
  readonly maxWatchSockets?: number;
}

export interface HttpRequest {
  readonly method: string;
  /** Path and query, starting with a slash. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  readonly signal?: AbortSignal;
  /** Until the answer is complete for `send`, until its head arrived for `open`. */
  readonly timeoutMs: number;
}
export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}
export interface HttpStream {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Destroy it to give the connection up. */
  readonly body: IncomingMessage;
}

/**
 * | what happened                   | both methods                                             |
 * | ------------------------------- | -------------------------------------------------------- |
 * | any HTTP status                 | resolve                                                  |
 * | `signal` aborted                | reject with the signal's reason                          |
 * | no answer in time               | reject with ApiError Timeout                             |
 * | refused, reset, bad certificate | reject with ApiError ServiceUnavailable, cause kept      |
 * | body above 256 MiB (`send`)     | reject with ApiError RequestEntityTooLarge               |
 */
export interface Transport {
  /** Scheme, host and port, for messages. */
  readonly origin: string;
  send(request: HttpRequest): Promise<HttpAnswer>;
  open(request: HttpRequest): Promise<HttpStream>;
  /** Closes every connection, open watches included. */
  close(): Promise<void>;
}

/** A connection costs both ends some 80 KB; a new one 3 ms. */
const UNUSED_CONNECTION_MS = 10_000;
/** A list page of 500 objects of 512 KiB; nothing sane is larger. */
const MAX_BODY_BYTES = 256 * 1024 * 1024;

export function createTransport(options: TransportOptions): Transport {
  const base = new URL(options.server);
  if (base.protocol !== 'https:') throw new Error(`server "${options.server}" must start with https://`);
  const credentials = options.credentials ?? { token: '' };
  const tls = {
    keepAlive: true,
    ...(options.ca === undefined ? {} : { ca: options.ca }),
    ...('cert' in credentials ? { cert: credentials.cert, key: credentials.key } : {}),
  };
  // The most recently used connection first: those of a burst age out instead of all being kept half warm.
  const requests = new Agent({
    ...tls,
    maxSockets: options.maxSockets ?? 32,
    scheduling: 'lifo',
    timeout: UNUSED_CONNECTION_MS,
  });
  const watches = new Agent({ ...tls, maxSockets: options.maxWatchSockets ?? 256 });

  const start = starter(options, base, credentials);

  return {
    origin: base.origin,
    send: async (request) => {
      const message = await start(requests, request);
      const cancel = options.clock.after(request.timeoutMs, () => message.destroy(timedOut(request)));
      try {
        const body = await readAll(message);
        return { status: message.statusCode ?? 0, headers: message.headers, body };
      } catch (error) {
        throw explain(error, request, base.origin);
      } finally {
        cancel();
      }
    },
    open: async (request) => {
      const message = await start(watches, request);
      return { status: message.statusCode ?? 0, headers: message.headers, body: message };
    },
    close: async () => {
      requests.destroy();
      watches.destroy();
    },
  };
}

/** Sends one request through an agent; resolves with the answer's head. */
function starter(
  options: TransportOptions,
  base: URL,
  credentials: Credentials,
): (agent: Agent, request: HttpRequest) => Promise<IncomingMessage> {
  const basePath = base.pathname.replace(/\/$/, '');
  const headersOf = async (request: HttpRequest): Promise<Record<string, string | number>> => {
    const headers: Record<string, string | number> = {
      accept: 'application/json',
      'user-agent': options.userAgent,
      ...request.headers,
    };
    if (request.body !== undefined) headers['content-length'] = Buffer.byteLength(request.body);
    const token = 'token' in credentials ? credentials.token : '';
    const bearer = typeof token === 'function' ? await token() : token;
    if (bearer !== '') headers['authorization'] = `Bearer ${bearer}`;
    return headers;
  };
  return async (agent, request) => {
    const headers = await headersOf(request);
    return new Promise((resolve, reject) => {
      const outgoing = httpsRequest({
        hostname: base.hostname.replace(/^\[|\]$/g, ''),
        port: base.port === '' ? 443 : base.port,
        path: basePath + request.path,
        method: request.method,
        headers,
        agent,
        ...(request.signal === undefined ? {} : { signal: request.signal }),
      });
      const cancel = options.clock.after(request.timeoutMs, () => outgoing.destroy(timedOut(request)));
      outgoing.once('response', (message) => {
        cancel();
        resolve(message);
      });
      // `on`, not `once`: a connection may fail again after the answer began, and nobody else listens.
      outgoing.on('error', (error) => {
        cancel();
        reject(explain(error, request, base.origin));
      });
      outgoing.end(request.body);
    });
  };
}

export async function readAll(message: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of message) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) {
      throw new ApiError('RequestEntityTooLarge', `the answer is larger than ${MAX_BODY_BYTES} bytes`);
    }
    chunks.push(chunk);
  }
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
}

const timedOut = (request: HttpRequest): ApiError =>
  new ApiError(
    'Timeout',
    `no answer to ${request.method} ${pathOnly(request)} within ${request.timeoutMs} ms`,
  );

/** The query may carry selectors a log need not show. */
const pathOnly = (request: HttpRequest): string => request.path.split('?', 1)[0] ?? '';

export function explain(error: unknown, request: HttpRequest, server: string): Error {
  if (request.signal?.aborted === true) {
    const reason: unknown = request.signal.reason;
    return reason instanceof Error ? reason : new Error('aborted', { cause: reason });
  }
  if (error instanceof ApiError) return error;
  const why = error instanceof Error ? error.message : String(error);
  return new ApiError('ServiceUnavailable', `cannot reach ${server}: ${why}`, { cause: error });
}
