/** HTTPS as one user, without a client library in between: what is sent and what comes back, byte for byte. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import type { Json } from '../../support/http.ts';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Name, value, name, value, as sent. */
  readonly rawHeaders: readonly string[];
  readonly bytes: Buffer;
  readonly text: string;
  /** The body as JSON. */
  readonly body: Json;
}
export interface CallOptions {
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** Objects are sent as JSON, texts and buffers as they are. */
  readonly body?: unknown;
  /** Content-Type; default `application/json` when there is a body. */
  readonly type?: string;
}
export interface Credentials {
  /** PEM of the server's CA. */
  readonly ca: string;
  readonly cert?: string;
  readonly key?: string;
  /** Name that the server's certificate must have. Default: that of the URL. */
  readonly servername?: string;
}
export interface Api {
  readonly agent: Agent;
  call(method: string, path: string, options?: CallOptions): Promise<Answer>;
  /** GET that must succeed. */
  read(path: string): Promise<Json>;
  /** POST that must answer 201. */
  create(path: string, object: unknown): Promise<Json>;
  merge(path: string, patch: unknown): Promise<Answer>;
  /** Opens a watch; fails unless the answer is 200. */
  watch(path: string, options?: CallOptions): Promise<Watch>;
  /** The answer with its body still to be read. */
  open(method: string, path: string, options?: CallOptions): Promise<IncomingMessage>;
}
export interface Watch {
  readonly response: IncomingMessage;
  /** The next event; fails when it does not come in time (default 10 s). */
  next(deadlineMs?: number): Promise<Json>;
  take(count: number): Promise<Json[]>;
  /** Events up to the clean end of the stream; fails when it is torn. */
  rest(): Promise<Json[]>;
  close(): void;
}

const EVENT_DEADLINE_MS = 30_000;

/** `always`: headers of every request; those of a request itself count before them. */
export function createApi(url: string, credentials: Credentials, always: CallOptions['headers'] = {}): Api {
  const agent = new Agent({ keepAlive: true, ...credentials });
  const open: Api['open'] = (method, path, { headers = {}, body, type } = {}) => {
    const isRaw = typeof body === 'string' || Buffer.isBuffer(body);
    const bytes = body === undefined ? undefined : Buffer.from(isRaw ? body : JSON.stringify(body));
    const contentType = type ?? (body === undefined ? undefined : 'application/json');
    return new Promise((resolve, reject) => {
      const request = httpsRequest(
        `${url}${path}`,
        {
          method,
          agent,
          headers: {
            ...(contentType === undefined ? {} : { 'content-type': contentType }),
            // Node frames no body of a DELETE by itself.
            ...(bytes === undefined ? {} : { 'content-length': String(bytes.length) }),
            ...(always as Record<string, string>),
            ...(headers as Record<string, string>),
          },
        },
        resolve,
      );
      request.on('error', reject);
      request.end(bytes);
    });
  };
  const call: Api['call'] = async (method, path, options) => {
    const response = await open(method, path, options);
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    return answerOf(response, Buffer.concat(chunks));
  };
  return {
    agent,
    open,
    call,
    read: async (path) => expectCode(await call('GET', path), 200).body,
    create: async (path, object) => expectCode(await call('POST', path, { body: object }), 201).body,
    merge: (path, patch) => call('PATCH', path, { body: patch, type: 'application/merge-patch+json' }),
    watch: async (path, options) => {
      const response = await open('GET', path, options);
      assert.equal(response.statusCode, 200, `the watch was answered with ${response.statusCode}`);
      return createWatch(response);
    },
  };
}

function answerOf(response: IncomingMessage, bytes: Buffer): Answer {
  const { statusCode: status = 0, headers, rawHeaders } = response;
  return {
    status,
    headers,
    rawHeaders,
    bytes,
    text: bytes.toString(),
    get body(): Json {
      return JSON.parse(bytes.toString());
    },
  };
}

/** Fails with the text of the answer when the code is another one. */
export function expectCode(answer: Answer, code: number): Answer {
  assert.equal(answer.status, code, answer.text.slice(0, 2000));
  return answer;
}

/** A Status of this code and reason. */
export function expectStatus(answer: Answer, code: number, reason: string): Json {
  const { body } = expectCode(answer, code);
  assert.equal(body.kind, 'Status', answer.text);
  assert.equal(body.apiVersion, 'v1');
  assert.equal(body.status, 'Failure');
  assert.equal(body.code, code);
  assert.equal(body.reason, reason, answer.text);
  return body;
}

function createWatch(response: IncomingMessage): Watch {
  const events: Json[] = [];
  let partial = '';
  let failure: Error | undefined;
  response.setEncoding('utf8');
  response.on('data', (text: string) => {
    const lines = (partial + text).split('\n');
    partial = lines.pop() ?? '';
    for (const line of lines) events.push(JSON.parse(line));
    response.emit('polder-event');
  });
  const ended = new Promise<void>((resolve, reject) => {
    response.once('end', () => resolve());
    response.once('error', reject);
  });
  ended.then(
    () => response.emit('polder-event'),
    (error: Error) => {
      failure = error;
      response.emit('polder-event');
    },
  );
  const next = async (deadlineMs = EVENT_DEADLINE_MS): Promise<Json> => {
    const signal = AbortSignal.timeout(deadlineMs);
    while (events.length === 0) {
      if (failure !== undefined) throw failure;
      assert.ok(!response.complete, 'the watch ended');
      await once(response, 'polder-event', { signal });
    }
    return events.shift();
  };
  return {
    response,
    next,
    take: async (count) => {
      const taken: Json[] = [];
      while (taken.length < count) taken.push(await next());
      return taken;
    },
    rest: async () => {
      await ended;
      assert.equal(partial, '', 'the stream ended in the middle of an event');
      return events.splice(0);
    },
    close: () => void response.destroy(),
  };
}
