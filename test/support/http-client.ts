/** A client for tests of an API server: one request, one watch line by line, or raw bytes. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { Agent, request as httpsRequest, type RequestOptions } from 'node:https';
import { connect, type TLSSocket } from 'node:tls';
import type { KeyPair } from '../../apiserver/runtime/certificates.ts';

/** Token of a member of system:masters. */
export const ADMIN = 'admin-token-1';

export interface CallOptions {
  /** Bearer token; default `ADMIN`; empty: none. */
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: unknown;
  readonly cert?: KeyPair;
  readonly agent?: Agent;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly bytes: Buffer;
  readonly text: string;
  json(): Json;
}
// Answers are looked into field by field, at any depth, and compared with deepEqual.
// oxlint-disable-next-line typescript/no-explicit-any
export type Json = any;

export interface WatchClient {
  readonly response: IncomingMessage;
  /** The next event; fails after five seconds. */
  next(): Promise<Json>;
  /** Events up to the clean end of the stream; fails when it is torn. */
  rest(): Promise<readonly Json[]>;
  close(): void;
}

export interface Server {
  readonly url: string;
  /** PEM. */
  readonly ca: string;
  readonly agent: Agent;
}

function open(server: Server, method: string, path: string, how: CallOptions): Promise<IncomingMessage> {
  const { token = how.cert === undefined ? ADMIN : '', body, cert } = how;
  // As a Buffer: Node would write the headers in the encoding of a text body.
  const bytes = body === undefined || Buffer.isBuffer(body) ? body : Buffer.from(textOf(body));
  const options: RequestOptions = {
    method,
    ca: server.ca,
    agent: how.agent ?? (cert === undefined ? server.agent : new Agent({ keepAlive: false })),
    headers: {
      ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
      ...bodyHeaders(bytes, how.headers ?? {}),
      ...(how.headers as Record<string, string> | undefined),
    },
    ...(cert === undefined ? {} : { cert: cert.cert, key: cert.key }),
  };
  return new Promise((resolve, reject) => {
    const request = httpsRequest(`${server.url}${path}`, options, resolve);
    request.on('error', reject);
    request.end(bytes);
  });
}

function bodyHeaders(bytes: Buffer | undefined, headers: object): Readonly<Record<string, string | number>> {
  if (bytes === undefined) return {};
  const type = { 'content-type': 'application/json' };
  // Node gives a DELETE no length by itself.
  return 'transfer-encoding' in headers ? type : { ...type, 'content-length': bytes.length };
}

const textOf = (body: unknown): string => (typeof body === 'string' ? body : JSON.stringify(body));

export async function callOnce(
  server: Server,
  method: string,
  path: string,
  how: CallOptions,
): Promise<Answer> {
  const response = await open(server, method, path, how);
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    rawHeaders: response.rawHeaders,
    bytes,
    text: bytes.toString(),
    json: () => JSON.parse(bytes.toString()) as Json,
  };
}

const EVENT_DEADLINE_MS = 20_000;

export async function openWatch(server: Server, path: string, how: CallOptions): Promise<WatchClient> {
  const response = await open(server, 'GET', path, how);
  assert.equal(response.statusCode, 200, `the watch was refused with ${response.statusCode}`);
  const events: Json[] = [];
  let rest = '';
  response.setEncoding('utf8');
  response.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) events.push(JSON.parse(line));
    response.emit('event');
  });
  const ended = new Promise<void>((resolve, reject) => {
    response.once('end', () => resolve());
    response.once('error', reject);
  });
  ended.catch(() => undefined);
  return {
    response,
    next: async () => {
      const signal = AbortSignal.timeout(EVENT_DEADLINE_MS);
      while (events.length === 0) await once(response, 'event', { signal });
      return events.shift();
    },
    rest: async () => {
      await ended;
      return events.splice(0);
    },
    close: () => void response.destroy(),
  };
}

/** A TLS connection on which a test writes HTTP by itself. */
export async function rawConnection(
  server: { readonly port: number; readonly ca: { readonly cert: string } },
  options: { readonly allowHalfOpen?: boolean } = {},
): Promise<TLSSocket> {
  const socket = connect({ ...options, port: server.port, host: '127.0.0.1', ca: server.ca.cert });
  socket.on('error', () => undefined);
  await once(socket, 'secureConnect');
  return socket;
}

/** What the server sends until it closes, in order or not. */
export async function everything(socket: TLSSocket): Promise<string> {
  let text = '';
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  if (!socket.closed) await once(socket, 'close');
  return text;
}
