/** A real HTTPS server that answers with what a test wrote down: for tests of HTTP behaviour of our clients only. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import {
  createAuthority,
  issue,
  type Authority,
  type KeyPair,
} from '../../apiserver/runtime/certificates.ts';

export interface CannedRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  readonly response: ServerResponse;
  answer(status: number, body: unknown, headers?: Readonly<Record<string, string>>): void;
  /** One watch event as a line; the answer stays open. */
  send(event: unknown): void;
}

export interface CannedApi {
  readonly server: string;
  readonly ca: string;
  readonly requests: CannedRequest[];
  readonly connections: () => number;
  /** Resolves with the first request, past or future, that matches. */
  seen(matches: (request: CannedRequest) => boolean): Promise<CannedRequest>;
  /** Ends every connection and stops listening; `start` listens on the same port again. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

let identity: Promise<{ readonly authority: Authority; readonly leaf: KeyPair }> | undefined;
async function createIdentity(): Promise<{ readonly authority: Authority; readonly leaf: KeyPair }> {
  const now = Date.now();
  const authority = await createAuthority({ commonName: 'canned CA', validForMs: 3_600_000, now });
  const leaf = await issue(authority, {
    commonName: 'canned',
    subjectAltNames: ['127.0.0.1'],
    usage: 'server',
    validForMs: 3_600_000,
    now,
  });
  return { authority, leaf };
}

export async function startCannedApi(handle: (request: CannedRequest) => void): Promise<CannedApi> {
  identity ??= createIdentity();
  const { authority, leaf } = await identity;
  const requests: CannedRequest[] = [];
  const waiting = new Set<(request: CannedRequest) => void>();
  let connections = 0;
  let port = 0;

  const server = createServer({ cert: leaf.cert, key: leaf.key }, (message, response) => {
    void readBody(message).then((body) => {
      const request = cannedRequest(message, response, body);
      requests.push(request);
      for (const listener of waiting) listener(request);
      handle(request);
    });
  });
  server.on('secureConnection', () => (connections += 1));
  const start = async (): Promise<void> => {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', resolve);
    });
    port = (server.address() as AddressInfo).port;
  };
  await start();
  return {
    server: `https://127.0.0.1:${port}`,
    ca: authority.cert,
    requests,
    connections: () => connections,
    seen: (matches) => {
      const known = requests.find(matches);
      if (known !== undefined) return Promise.resolve(known);
      return new Promise((resolve) => {
        const listener = (request: CannedRequest): void => {
          if (!matches(request)) return;
          waiting.delete(listener);
          resolve(request);
        };
        waiting.add(listener);
      });
    },
    start,
    stop: async () => {
      if (!server.listening) return;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

function cannedRequest(message: IncomingMessage, response: ServerResponse, body: string): CannedRequest {
  return {
    method: message.method ?? '',
    url: new URL(message.url ?? '', 'https://canned'),
    headers: message.headers,
    body,
    response,
    answer: (status, value, headers = {}) => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(typeof value === 'string' ? value : JSON.stringify(value));
    },
    send: (event) => {
      if (!response.headersSent) response.writeHead(200, { 'content-type': 'application/json' });
      response.write(`${JSON.stringify(event)}\n`);
    },
  };
}

async function readBody(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
