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

export interface Deadlines {
  /** From now on the request is answered with 504, and its work aborted, when its time is up. */
  set(exchange: Exchange): void;
  /** Takes it back, if there is one. */
  clear(exchange: Exchange): void;
}

/** How exactly a request without a time of its own is ended. */
const LOOK_EVERY_MS = 1_000;

/**
 * Requests in flight have a place in an array that is looked at now and then. Not a timer each, which would cost every
 * request, and no Set or list: what links one request to the next keeps dead ones alive until a full collection.
 */
export function createDeadlines(clock: Clock): Deadlines {
  const inFlight = createPlaces(clock);
  const alone = new Map<Exchange, () => void>();
  return {
    set: (exchange) => {
      const { verb, query } = exchange.info;
      // Reading one object is answered from memory, or refused by itself within seconds: not worth a place.
      if (verb === 'get' && query === undefined) return;
      const longest = MUTATIONS.has(verb) ? MUTATION_TIMEOUT_MS : REQUEST_TIMEOUT_MS;
      const asked = query?.get('timeout') ?? '';
      const timeoutMs = asked === '' ? longest : Math.min(longest, parseDuration(asked) || longest);
      if (timeoutMs === longest) {
        inFlight.enter(exchange, clock.monotonic() + timeoutMs);
        return;
      }
      const end = (): void => {
        alone.delete(exchange);
        giveUp(exchange);
      };
      alone.set(exchange, clock.after(timeoutMs, end));
    },
    clear: (exchange) => {
      inFlight.leave(exchange);
      if (alone.size === 0) return;
      alone.get(exchange)?.();
      alone.delete(exchange);
    },
  };
}

interface Places {
  enter(exchange: Exchange, dueMs: number): void;
  leave(exchange: Exchange): void;
}

function createPlaces(clock: Clock): Places {
  const places: (Exchange | undefined)[] = [];
  const free: number[] = [];
  let isLooking = false;
  const leave = (exchange: Exchange): void => {
    if (exchange.place === undefined) return;
    places[exchange.place] = undefined;
    free.push(exchange.place);
    exchange.place = undefined;
  };
  const lookLater = (): void => {
    isLooking = free.length < places.length;
    if (isLooking) clock.after(LOOK_EVERY_MS, look);
  };
  const look = (): void => {
    const nowMs = clock.monotonic();
    for (const exchange of places) {
      if (exchange === undefined || exchange.dueMs > nowMs) continue;
      leave(exchange);
      giveUp(exchange);
    }
    lookLater();
  };
  return {
    enter: (exchange, dueMs) => {
      const place = free.pop() ?? places.length;
      places[place] = exchange;
      exchange.place = place;
      exchange.dueMs = dueMs;
      if (!isLooking) lookLater();
    },
    leave,
  };
}

function giveUp(exchange: Exchange): void {
  exchange.abort();
  // An answer that is still being written goes to a client that hardly reads: it must not hold its slot for ever.
  if (exchange.answered) exchange.response.destroy();
  else sendError(exchange, timedOut());
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
