/** Opens watches over HTTP and WebSocket through one path, keeps track of them, and ends them all on request. */
import type { Kind } from '../api/kind.ts';
import type { Authorizer } from '../policy/policy.ts';
import type { Registry } from '../registry/registry.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Metrics } from '../runtime/metrics.ts';
import { requireListAccess } from './access.ts';
import type { Exchange } from './exchange.ts';
import { createFramesCache } from './frames.ts';
import { negotiate } from './negotiation.ts';
import { integer, readWatchOptions } from './read-options.ts';
import { requireRoute } from './routes.ts';
import { readIncludeObject } from './table/table.ts';
import { createWatchStream, type WatchStream, type WatchTransport } from './watch.ts';

export interface WatchesDeps {
  readonly registry: Registry;
  readonly authorizer: Authorizer;
  readonly clock: Clock;
  readonly metrics: Metrics;
  /** Bytes of events that may wait for one slow client. */
  readonly maxQueueBytes: number;
}

export interface Watches {
  /** Resolves when the stream is over. Throws `ApiError` while nothing was sent yet. */
  serve(exchange: Exchange, kind: Kind, transport: WatchTransport): Promise<void>;
  /** Ends every open watch cleanly, and every later one at once. */
  stopAll(): void;
}

/** source: kubernetes/apiserver --min-request-timeout: 30 minutes and up to twice that, so that ends spread. */
const MIN_TIMEOUT_MS = 30 * 60_000;

export function createWatches(deps: WatchesDeps): Watches {
  const framesOf = createFramesCache(deps.clock);
  const streams = new Set<WatchStream>();
  const cut = deps.metrics.counter({
    name: 'apiserver_terminated_watchers_total',
    help: 'Watches cut because their client did not read.',
    labels: ['group', 'version', 'resource'],
  });
  let isStopping = false;

  return {
    serve: async (exchange, kind, transport) => {
      const { info, request } = exchange;
      const visibility = requireListAccess(deps.authorizer, exchange, kind);
      requireRoute(info, kind);
      // As for a list first: what can be answered but not streamed is looked at after the options.
      negotiate(request.headers.accept, 'object');
      const options = readWatchOptions(info.query, kind, visibility);
      const representation = negotiate(request.headers.accept, 'watch');
      const include = representation.form === 'Table' ? readIncludeObject(info.query) : 'Metadata';
      const stream = createWatchStream({
        frames: framesOf({ kind, representation, include }),
        transport,
        clock: deps.clock,
        timeoutMs: timeoutOf(info.query),
        maxQueueBytes: deps.maxQueueBytes,
        onSlow: () => cut.inc({ group: kind.group, version: kind.version, resource: kind.plural }),
      });
      const namespace = kind.scope === 'Cluster' ? '' : info.namespace;
      const handle = deps.registry.watch(exchange, { kind, namespace }, options, stream);
      streams.add(stream);
      transport.open();
      stream.started(handle);
      if (isStopping) stream.stop();
      await stream.closed;
      streams.delete(stream);
    },
    stopAll: () => {
      isStopping = true;
      for (const stream of streams) stream.stop();
    },
  };
}

function timeoutOf(query: URLSearchParams | undefined): number {
  const seconds = query === undefined ? undefined : integer(query, 'timeoutSeconds');
  if (seconds !== undefined && seconds > 0) return Math.min(seconds * 1000, MAX_TIMEOUT_MS);
  return MIN_TIMEOUT_MS * (1 + Math.random());
}

/** setTimeout cannot count further; nobody waits this long for one answer. */
const MAX_TIMEOUT_MS = 24 * 3_600_000;
