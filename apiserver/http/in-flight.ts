/**
 * How many requests may be worked on at once, reads and writes counted apart; above that the answer is 429.
 * Platform administrators and long-running requests are not counted, so that an overload can be repaired.
 * source: kubernetes/apiserver pkg/server/filters/maxinflight.go
 */
import { ApiError } from '../api/errors.ts';
import type { Metrics } from '../runtime/metrics.ts';
import type { Exchange } from './exchange.ts';

export interface InFlightLimits {
  readonly reads: number;
  readonly writes: number;
}

export interface InFlight {
  /** Takes a slot; the exchange must leave it again when `true`. Throws `ApiError` TooManyRequests. */
  enter(exchange: Exchange): boolean;
  leave(exchange: Exchange): void;
}

const READS: ReadonlySet<string> = new Set(['get', 'list', 'head']);
const EXEMPT_GROUP = 'system:masters';

export function createInFlight(limits: InFlightLimits, metrics: Metrics): InFlight {
  let reads = 0;
  let writes = 0;
  const gauge = metrics.gauge({
    name: 'apiserver_current_inflight_requests',
    help: 'Requests being worked on, by kind: readOnly or mutating.',
    labels: ['request_kind'],
  });
  const readGauge = gauge.with({ request_kind: 'readOnly' });
  const writeGauge = gauge.with({ request_kind: 'mutating' });
  const rejected = metrics.counter({
    name: 'apiserver_dropped_requests_total',
    help: 'Requests answered with 429 because too many were in flight.',
    labels: ['request_kind'],
  });
  const isRead = (exchange: Exchange): boolean => READS.has(exchange.info.verb);
  return {
    enter: (exchange) => {
      if (exchange.longRunning || exchange.user.groups.includes(EXEMPT_GROUP)) return false;
      if (isRead(exchange)) {
        if (reads >= limits.reads) throw reject('readOnly');
        reads += 1;
        readGauge.set(reads);
      } else {
        if (writes >= limits.writes) throw reject('mutating');
        writes += 1;
        writeGauge.set(writes);
      }
      return true;
    },
    leave: (exchange) => {
      if (isRead(exchange)) {
        reads -= 1;
        readGauge.set(reads);
      } else {
        writes -= 1;
        writeGauge.set(writes);
      }
    },
  };

  function reject(kind: 'readOnly' | 'mutating'): ApiError {
    rejected.inc({ request_kind: kind });
    return new ApiError('TooManyRequests', 'too many requests are in flight; try again in a second', {
      details: { retryAfterSeconds: 1 },
    });
  }
}
