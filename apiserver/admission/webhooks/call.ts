/** Asks one webhook over HTTPS: one question, one bounded answer, within its time. */
import { request as httpsRequest, Agent } from 'node:https';
import type { IncomingMessage } from 'node:http';
import type { JsonObject } from '../../api/json.ts';
import { JsonSyntaxError } from '../../api/json-reader.ts';
import { parseJson } from '../../api/parse-json.ts';
import type { Hook } from './hook.ts';

/** There is no answer; the message follows "failed calling webhook "x": ". */
export class CallError extends Error {
  override readonly name = 'CallError';
}

export interface Caller {
  /** The parsed body of a 200. Throws `CallError`, and the reason of `signal` when that was aborted. */
  call(hook: Hook, review: JsonObject, signal: AbortSignal | undefined): Promise<unknown>;
  close(): void;
}

/** A patch may replace a whole object of 3 MiB, in base64. */
const MAX_ANSWER_BYTES = 8 * 1024 * 1024;
const MAX_SOCKETS = 32;
const IDLE_MS = 30_000;

export function createCaller(): Caller {
  /** By authority: what one CA vouches for is never sent over a connection that another one did. */
  const agents = new Map<string, Agent>();
  const agentFor = (ca: string | undefined): Agent => {
    const key = ca ?? '';
    const known = agents.get(key);
    if (known !== undefined) return known;
    const tls = ca === undefined ? {} : { ca };
    const agent = new Agent({ ...tls, keepAlive: true, maxSockets: MAX_SOCKETS, timeout: IDLE_MS });
    agents.set(key, agent);
    return agent;
  };
  return {
    call: async (hook, review, signal) => {
      const address = addressOf(hook);
      const limit = AbortSignal.timeout(hook.timeoutSeconds * 1000);
      const bounded = signal === undefined ? limit : AbortSignal.any([limit, signal]);
      try {
        const answer = await post({
          address,
          agent: agentFor(hook.ca),
          body: JSON.stringify(review),
          signal: bounded,
        });
        return parseAnswer(answer);
      } catch (error) {
        if (signal?.aborted === true) throw signal.reason;
        if (error instanceof CallError) throw error;
        const why = limit.aborted ? 'context deadline exceeded' : reasonOf(error);
        throw new CallError(`failed to call webhook: Post ${JSON.stringify(address.href)}: ${why}`, {
          cause: error,
        });
      }
    },
    close: () => {
      for (const agent of agents.values()) agent.destroy();
      agents.clear();
    },
  };
}

/** Throws `CallError`. */
function addressOf({ url, timeoutSeconds }: Hook): URL {
  let address: URL;
  try {
    address = new URL(url);
  } catch (error) {
    throw new CallError(`could not get REST client: ${JSON.stringify(url)} is no URL`, { cause: error });
  }
  if (address.protocol !== 'https:') throw new CallError('could not get REST client: only https is allowed');
  address.search = `?timeout=${timeoutSeconds}s`;
  return address;
}

interface Posting {
  readonly address: URL;
  readonly agent: Agent;
  readonly body: string;
  readonly signal: AbortSignal;
}

interface HttpAnswer {
  readonly status: number;
  readonly body: Buffer;
}

async function post({ address, agent, body, signal }: Posting): Promise<HttpAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>();
  const outgoing = httpsRequest(
    address,
    {
      method: 'POST',
      agent,
      signal,
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        'content-length': Buffer.byteLength(body),
        'user-agent': 'polder-admission',
      },
    },
    (response) => void readAll(response).then(resolve, reject),
  );
  outgoing.on('error', (error: NodeJS.ErrnoException) => {
    // The webhook closed a connection that had been idle just when it was used again: nothing was read of it.
    const isStale = outgoing.reusedSocket && error.code === 'ECONNRESET' && !signal.aborted;
    if (isStale) void post({ address, agent, body, signal }).then(resolve, reject);
    else reject(error);
  });
  outgoing.end(body);
  return promise;
}

async function readAll(response: IncomingMessage): Promise<HttpAnswer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_ANSWER_BYTES) throw new CallError('failed to call webhook: the answer is too large');
    chunks.push(chunk);
  }
  return { status: response.statusCode ?? 0, body: Buffer.concat(chunks) };
}

const MAX_SHOWN = 200;

function parseAnswer({ status, body }: HttpAnswer): unknown {
  if (status < 200 || status > 299) {
    const said = body.toString('utf8', 0, MAX_SHOWN).trim();
    throw new CallError(
      `failed to call webhook: an error on the server (${JSON.stringify(said)}) with code ${status}`,
    );
  }
  try {
    return parseJson(body).value;
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    throw new CallError('failed to call webhook: the answer is not valid JSON', { cause: error });
  }
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
