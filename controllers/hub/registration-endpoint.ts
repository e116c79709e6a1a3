/** `POST /hub/v1/register`: reads the exchange of a registration token from the wire and answers it. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ApiError, badRequest } from '../../apiserver/api/errors.ts';
import type { Client } from '../../apiserver/client/client.ts';
import type { Clock } from '../../apiserver/runtime/clock.ts';
import type { Log } from '../../apiserver/runtime/log.ts';
import type { PublicJwk } from '../replica/signature.ts';
import { parseRegistration, redeem } from './registration.ts';

export interface RegistrationEndpoint {
  answer(request: IncomingMessage, response: ServerResponse): void;
}
export type RegistrationResult =
  'registered' | 'TokenUsed' | 'TokenExpired' | 'TokenUnknown' | 'malformed' | 'busy' | 'failed';

const MAX_BODY_BYTES = 16 * 1024;
/** Exchanges under way at once; each is cheap, a flood of guesses is not. */
const MAX_EXCHANGES = 64;

export function createRegistrationEndpoint(deps: {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Log;
  /** Undefined while the hub is not ready. */
  readonly hubKeys: () => readonly PublicJwk[] | undefined;
  readonly counted: (result: RegistrationResult) => void;
}): RegistrationEndpoint {
  let exchanges = 0;
  const exchange = async (request: IncomingMessage): Promise<object> => {
    if (request.method !== 'POST') throw new ApiError('MethodNotAllowed', 'use POST to register');
    const parsed = parseRegistration(await readJson(request));
    const hubKeys = deps.hubKeys();
    if (hubKeys === undefined) throw new ApiError('ServiceUnavailable', 'the hub is starting; try again');
    if (exchanges >= MAX_EXCHANGES) {
      throw new ApiError('TooManyRequests', 'too many registrations at once; try again', {
        details: { retryAfterSeconds: 1 },
      });
    }
    exchanges += 1;
    try {
      const answer = await redeem(deps.client, parsed, { now: () => deps.clock.now(), hubKeys });
      deps.log.info('data plane registered', { plane: answer.dataPlane, epoch: answer.epoch });
      return answer;
    } finally {
      exchanges -= 1;
    }
  };
  return {
    answer: (request, response) => {
      exchange(request)
        .then((answer) => {
          deps.counted('registered');
          respond(response, 200, answer);
        })
        .catch((error: unknown) => {
          const known =
            error instanceof ApiError ? error : new ApiError('InternalError', 'registration failed');
          if (known.code >= 500) deps.log.error('registration failed', { error });
          deps.counted(resultOf(known));
          respond(response, known.code, known.status());
        });
    },
  };
}

function resultOf(error: ApiError): RegistrationResult {
  switch (error.code) {
    case 401:
      return TOKEN_RESULTS.find((result) => error.message.startsWith(result)) ?? 'failed';
    case 429:
      return 'busy';
    default:
      return error.code < 500 ? 'malformed' : 'failed';
  }
}
const TOKEN_RESULTS = ['TokenUsed', 'TokenExpired', 'TokenUnknown'] as const;

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Buffer).length;
    if (size > MAX_BODY_BYTES) throw new ApiError('RequestEntityTooLarge', 'registration is too large');
    chunks.push(chunk as Buffer);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw badRequest('the registration is not JSON');
  }
}

function respond(response: ServerResponse, code: number, body: object): void {
  const text = JSON.stringify(body);
  response.writeHead(code, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    // A body that was not read to its end must not be taken for the next request.
    ...(code === 413 ? { connection: 'close' } : {}),
  });
  response.end(text);
}
