/** How long a request may take, and what is answered when it takes longer. */
import { ApiError, badRequest } from '../api/errors.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Exchange } from './exchange.ts';
import { sendError } from './respond.ts';

/** source: kubernetes/apiserver --request-timeout */
const REQUEST_TIMEOUT_MS = 60_000;
/** source: kubernetes/apiserver pkg/endpoints/handlers requestTimeoutUpperBound */
const MUTATION_TIMEOUT_MS = 34_000;
const MUTATIONS: ReadonlySet<string> = new Set(['create', 'update', 'patch', 'delete']);

/** Answers 504 and aborts the work when time is up; the result takes the deadline back, if there is one. */
export function setDeadline(clock: Clock, exchange: Exchange): (() => void) | undefined {
  // Reading one object is answered from memory, or refused by itself within seconds: not worth a timer.
  if (exchange.info.verb === 'get' && exchange.info.query === undefined) return undefined;
  const asked = exchange.info.query?.get('timeout') ?? '';
  const longest = MUTATIONS.has(exchange.info.verb) ? MUTATION_TIMEOUT_MS : REQUEST_TIMEOUT_MS;
  const timeoutMs = asked === '' ? longest : Math.min(longest, parseDuration(asked) || longest);
  return clock.after(timeoutMs, () => {
    exchange.abort();
    // An answer that is still being written goes to a client that hardly reads: it must not hold its slot for ever.
    if (exchange.answered) exchange.response.destroy();
    else sendError(exchange, timedOut());
  });
}

export const timedOut = (): ApiError =>
  new ApiError('Timeout', 'Timeout: request did not complete within the allotted timeout', { details: {} });

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const DURATION = /^(?:[0-9]+(?:\.[0-9]+)?(?:ms|s|m|h))+$/;

/** A Go duration such as `1m30s`, or plain `0`, in milliseconds. Throws BadRequest. */
export function parseDuration(text: string): number {
  if (text === '0') return 0;
  if (text.length > 32 || !DURATION.test(text)) {
    throw badRequest(`invalid timeout ${JSON.stringify(text.slice(0, 32))}: use a duration such as 30s`);
  }
  let total = 0;
  for (const [, amount = '0', unit = 's'] of text.matchAll(/([0-9.]+)(ms|s|m|h)/g)) {
    total += Number(amount) * (UNITS[unit] ?? 0);
  }
  return total;
}
