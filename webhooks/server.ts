/**
 * The HTTPS server in front of the admitter: reads one bounded question, answers it, counts it. Beside the webhooks
 * it serves health checks and metrics.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { ApiError } from '../apiserver/api/errors.ts';
import type { Clock } from '../apiserver/runtime/clock.ts';
import type { Health, Probe } from '../apiserver/runtime/health.ts';
import type { KeyPair } from '../apiserver/runtime/certificates.ts';
import type { Log } from '../apiserver/runtime/log.ts';
import type { Metrics } from '../apiserver/runtime/metrics.ts';
import type { Admitter } from './admit.ts';
import { HOOK_OF_ENTRY, type Hook } from './hooks.ts';
import { createReviewMetrics, type ReviewMetrics } from './metrics.ts';
import type { ReviewPaths } from './review-paths.ts';
import {
  MAX_REVIEW_BYTES,
  readReview,
  ReviewError,
  writeReview,
  type Review,
  type Verdict,
} from './review.ts';
import { createSources, sourceOf, type Sources } from './sources.ts';

export interface WebhookServerDeps {
  readonly admitter: Admitter;
  readonly paths: Pick<ReviewPaths, 'entryOf'>;
  readonly health: Health;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits?: Partial<WebhookLimits>;
  /** PEM: only callers with a certificate of one of these authorities may ask. Absent: everybody who can connect. */
  readonly clientCa?: string;
}

export interface WebhookLimits {
  /** Of one question. Default 8 MiB. */
  readonly maxBodyBytes: number;
  /** Questions being received or answered at once. Default 256. */
  readonly inFlight: number;
  /**
   * Questions per second from one address, five times as many at once after a pause. Default 2,000: 500 changes in
   * tenants' namespaces, about each of which a kube-apiserver asks up to four times.
   */
  readonly perSecond: number;
  /** Bytes of questions that are being received, all together. Default 128 MiB. */
  readonly bufferedBytes: number;
  /** Until a whole question must have arrived. Default 10 s: the longest a webhook of ours may take is 3 s. */
  readonly requestMs: number;
}

const DEFAULTS: WebhookLimits = {
  maxBodyBytes: MAX_REVIEW_BYTES,
  inFlight: 256,
  perSecond: 2_000,
  bufferedBytes: 128 * 1024 * 1024,
  requestMs: 10_000,
};
const BURST_SECONDS = 5;
/** Of `inFlight`, for one address: some places are always left for others. */
const SHARE = 0.75;
const CHECK_MS = 1_000;
// source: Go's client keeps idle connections for 90 s; the server must not be the one to close first.
const KEEP_ALIVE_MS = 100_000;

export interface WebhookServer {
  /** `port` 0 takes any free one. */
  start(pair: KeyPair, port: number, address: string): Promise<{ readonly port: number }>;
  /** New connections get this certificate. */
  setCertificate(pair: KeyPair): void;
  /** Answers what is being worked on, for at most `drainMs`, then ends every connection. */
  close(drainMs: number): Promise<void>;
}

export function createWebhookServer(deps: WebhookServerDeps): WebhookServer {
  return new HttpsWebhookServer(deps);
}

class HttpsWebhookServer implements WebhookServer {
  readonly #deps: WebhookServerDeps;
  readonly #limits: WebhookLimits;
  readonly #metrics: ReviewMetrics;
  readonly #sources: Sources;
  #server: Server | undefined;
  #inFlight = 0;
  #buffered = 0;

  constructor(deps: WebhookServerDeps) {
    this.#deps = deps;
    this.#limits = { ...DEFAULTS, ...deps.limits };
    this.#metrics = createReviewMetrics(deps.metrics, () => this.#inFlight);
    const { perSecond, inFlight } = this.#limits;
    const receiving = Math.ceil(inFlight * SHARE);
    this.#sources = createSources({ perSecond, burst: perSecond * BURST_SECONDS, receiving }, deps.clock);
  }

  async start(pair: KeyPair, port: number, address: string): Promise<{ readonly port: number }> {
    const server = createServer(
      {
        ...this.#tls(pair),
        minVersion: 'TLSv1.2',
        // Both are checked where it matters: probes come without a certificate.
        requestCert: this.#deps.clientCa !== undefined,
        rejectUnauthorized: false,
        keepAliveTimeout: KEEP_ALIVE_MS,
        requestTimeout: this.#limits.requestMs,
        headersTimeout: this.#limits.requestMs,
        // Node's default looks each 30 s: until then slow senders would keep their places.
        connectionsCheckingInterval: CHECK_MS,
        maxHeaderSize: 64 * 1024,
      },
      (request, response) => {
        this.#serve(request, response).catch((error: unknown) => this.#failed(response, error));
      },
    );
    this.#server = server;
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    server.once('error', reject);
    server.listen(port, address, () => resolve(undefined));
    await promise;
    server.off('error', reject);
    server.on('error', (error) => this.#deps.log.error('server failed', { error }));
    return { port: (server.address() as AddressInfo).port };
  }

  setCertificate(pair: KeyPair): void {
    this.#server?.setSecureContext(this.#tls(pair));
  }

  async close(drainMs: number): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const timer = setTimeout(() => server.closeAllConnections(), drainMs);
    server.close(() => resolve(undefined));
    server.closeIdleConnections();
    await promise;
    clearTimeout(timer);
  }

  #tls({ cert, key }: KeyPair): { cert: string; key: string; ca?: string } {
    const { clientCa } = this.#deps;
    return { cert, key, ...(clientCa === undefined ? {} : { ca: clientCa }) };
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path = '', search] = (request.url ?? '').split('?', 2);
    const hook = HOOK_OF_ENTRY.get(this.#deps.paths.entryOf(path) ?? '');
    if (hook !== undefined) return this.#review(hook, request, response);
    request.resume();
    const page = request.method === 'GET' ? await this.#page(path, search) : undefined;
    if (page !== undefined) return send(response, page.code, page.text, page.type);
    this.#metrics.unknownPath();
    return send(response, 404, 'not found\n');
  }

  /** What is no review: health checks and metrics. */
  async #page(path: string, search: string | undefined): Promise<Page | undefined> {
    if (path === '/metrics') {
      const { metrics } = this.#deps;
      return { code: 200, text: await metrics.scrape(), type: metrics.contentType };
    }
    const [, probe = '', name] = path.split('/');
    return this.#probe(probe, name, new URLSearchParams(search));
  }

  async #probe(probe: string, name: string | undefined, query: URLSearchParams): Promise<Page | undefined> {
    if (!isProbe(probe)) return undefined;
    const { health } = this.#deps;
    return name === undefined || name === '' ? health.all(probe, query) : health.one(probe, name);
  }

  async #review(hook: Hook, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const source = sourceOf(request.socket.remoteAddress);
    const refused = this.#refuse(request, source);
    if (refused !== undefined) {
      request.resume();
      return refused(response);
    }
    this.#inFlight += 1;
    let bytes: Buffer;
    try {
      bytes = await this.#read(request);
    } catch (error) {
      if (!(error instanceof TooMuch)) throw error;
      if (error.code === 503) this.#metrics.shed();
      return send(response, error.code, error.message);
    } finally {
      this.#inFlight -= 1;
      this.#sources.leave(source);
    }
    this.#answer(hook, bytes, response);
  }

  /** Before anything is read; undefined: go on, the source has taken its place. */
  #refuse(request: IncomingMessage, source: string): Refusal | undefined {
    if (request.method !== 'POST') return (to) => send(to, 405, 'method not allowed\n');
    if (this.#deps.clientCa !== undefined && !(request.socket as TLSSocket).authorized) {
      return (to) => send(to, 401, 'a client certificate is required\n');
    }
    const seconds = this.#sources.take(source);
    if (seconds > 0) {
      this.#metrics.limited();
      return (to) => sendTooMany(to, seconds);
    }
    if (this.#inFlight < this.#limits.inFlight && this.#sources.enter(source)) return undefined;
    this.#metrics.shed();
    return (to) => send(to, 503, OVERLOADED);
  }

  /** Everything from here on is synchronous: one question is decided from one state. */
  #answer(hook: Hook, bytes: Buffer, response: ServerResponse): void {
    const startedMs = performance.now();
    let review: Review;
    let verdict: Verdict;
    try {
      review = readReview(bytes);
      verdict = this.#deps.admitter.admit(hook, review);
    } catch (error) {
      if (!(error instanceof ReviewError)) throw error;
      this.#metrics.malformed(hook);
      return send(response, 400, `${error.message}\n`);
    }
    const body = writeReview(review.uid, verdict);
    const seconds = (performance.now() - startedMs) / 1000;
    send(response, 200, body, 'application/json');
    this.#metrics.observe(hook, review, verdict, seconds);
    if (verdict.refusal !== undefined) this.#record(hook, review, verdict);
  }

  /** Who wanted what and why not; never values. */
  #record(hook: Hook, review: Review, { refusal, auditAnnotations }: Verdict): void {
    this.#deps.log.info('denied', {
      webhook: hook.name,
      user: review.user.name,
      operation: review.operation,
      resource: review.resource,
      subresource: review.subresource,
      namespace: review.namespace,
      name: review.name,
      code: refusal?.code,
      codes: auditAnnotations['admission.codes'],
      policies: auditAnnotations['access.policies'],
      decision: auditAnnotations['decision-id'],
    });
  }

  /** Throws `TooMuch`. What still arrives then is thrown away while the answer goes out. */
  async #read(request: IncomingMessage): Promise<Buffer> {
    const { maxBodyBytes, bufferedBytes } = this.#limits;
    const chunks: Buffer[] = [];
    let size = 0;
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    const stop = (error: Error): void => {
      request.off('data', take);
      request.resume();
      reject(error);
    };
    const take = (chunk: Buffer): void => {
      size += chunk.length;
      this.#buffered += chunk.length;
      chunks.push(chunk);
      if (size > maxBodyBytes) stop(new TooMuch(413, `the question is larger than ${maxBodyBytes} bytes\n`));
      else if (this.#buffered > bufferedBytes) stop(new TooMuch(503, OVERLOADED));
    };
    request.on('data', take);
    request.on('end', () => resolve(chunks.length === 1 ? (chunks[0] ?? EMPTY) : Buffer.concat(chunks)));
    request.on('error', reject);
    request.on('close', () =>
      reject(new Error('the connection was closed before the question was complete')),
    );
    try {
      return await promise;
    } finally {
      this.#buffered -= size;
    }
  }

  #failed(response: ServerResponse, error: unknown): void {
    this.#deps.log.debug('request failed', { error });
    if (response.headersSent || response.destroyed) response.destroy();
    else send(response, 500, 'internal error\n');
  }
}

interface Page {
  readonly code: number;
  readonly text: string;
  readonly type?: string;
}

type Refusal = (response: ServerResponse) => void;

class TooMuch extends Error {
  readonly code: 413 | 503;
  constructor(code: 413 | 503, message: string) {
    super(message);
    this.code = code;
  }
}

const EMPTY = Buffer.alloc(0);
const OVERLOADED = 'OVERLOADED: too many questions at once, try again in a moment\n';

const isProbe = (text: string): text is Probe => text === 'livez' || text === 'readyz' || text === 'healthz';

function sendTooMany(response: ServerResponse, seconds: number): void {
  const error = new ApiError('TooManyRequests', 'too many questions from this address; try again', {
    details: { retryAfterSeconds: seconds },
  });
  response.setHeader('retry-after', String(seconds));
  send(response, error.code, JSON.stringify(error.status()), 'application/json');
}

function send(response: ServerResponse, code: number, body: string | Buffer, type = 'text/plain'): void {
  response.writeHead(code, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'x-content-type-options': 'nosniff',
    ...(code === 503 ? { 'retry-after': '1' } : {}),
  });
  response.end(body);
}
