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

/** Requests that have the same time wait in one line, with one timer for the first of them: most end long before. */
export function createDeadlines(clock: Clock): Deadlines {
  const lines = new Map([MUTATION_TIMEOUT_MS, REQUEST_TIMEOUT_MS].map((ms) => [ms, createLine(clock, ms)]));
  const alone = new Map<Exchange, () => void>();
  return {
    set: (exchange) => {
      const { verb, query } = exchange.info;
      // Reading one object is answered from memory, or refused by itself within seconds: not worth a place.
      if (verb === 'get' && query === undefined) return;
      const asked = query?.get('timeout') ?? '';
      const longest = MUTATIONS.has(verb) ? MUTATION_TIMEOUT_MS : REQUEST_TIMEOUT_MS;
      const timeoutMs = asked === '' ? longest : Math.min(longest, parseDuration(asked) || longest);
      const line = lines.get(timeoutMs);
      if (line === undefined) {
        const end = (): void => {
          alone.delete(exchange);
          giveUp(exchange);
        };
        alone.set(exchange, clock.after(timeoutMs, end));
      } else line.add(exchange);
    },
    clear: (exchange) => {
      for (const line of lines.values()) line.delete(exchange);
      if (alone.size === 0) return;
      alone.get(exchange)?.();
      alone.delete(exchange);
    },
  };
}

function createLine(clock: Clock, timeoutMs: number): Pick<Set<Exchange>, 'add' | 'delete'> {
  const waiting = new Set<Exchange>();
  let isTimed = false;
  const wait = (ms: number): void => {
    isTimed = true;
    clock.after(ms, () => {
      isTimed = false;
      for (const exchange of waiting) {
        const leftMs = exchange.receivedMs + timeoutMs - clock.now();
        if (leftMs > 0) return wait(leftMs);
        waiting.delete(exchange);
        giveUp(exchange);
      }
    });
  };
  return {
    add: (exchange) => {
      if (!isTimed) wait(Math.max(0, exchange.receivedMs + timeoutMs - clock.now()));
      return waiting.add(exchange);
    },
    delete: (exchange) => waiting.delete(exchange),
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
