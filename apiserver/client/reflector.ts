/** The loop behind an informer: takes the whole state, follows its changes, and starts over when it must. */
import { ApiError } from '../api/errors.ts';
import { systemClock, type Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import { backoffMs } from './backoff.ts';
import type { Client } from './client.ts';
import { pause } from './pause.ts';
import { keyOf, refOf, type ApiObject, type Resource } from './resource.ts';
import { isExpired, isFromTheFuture } from './status.ts';
import type { WatchEvent } from './watch.ts';

export interface InformerOptions {
  readonly client: Pick<Client, 'list' | 'watch'>;
  readonly log: Log;
  readonly clock?: Clock;
  /** Empty = all namespaces. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Keep metadata.managedFields; default false, they are the larger half of small objects. */
  readonly keepManagedFields?: boolean;
  /**
   * For copies that must not grow old unnoticed: a server that says nothing for this long has lost us. Watches are
   * then so short that a server that is well ends each of them before. At least 10 s; default 150 s.
   */
  readonly maxSilenceMs?: number;
  readonly random?: () => number;
}

export interface Sink<T> {
  put(object: T): void;
  remove(object: T): void;
  replace(objects: readonly T[]): void;
  /** Whether the state is being followed; told at every turn, and true whenever the server was heard on a watch. */
  following(isFollowing: boolean): void;
}

/** What the end of a watch, with the bookmark before it, may be late. */
const END_GRACE_MS = 5_000;
const RETRY = { baseMs: 800, capMs: 30_000, floorMs: 100 };
/** Initial events come in a burst; a server that pauses this long does not know `sendInitialEvents`. */
const INITIAL_IDLE_MS = 10_000;
/** Seen this often in a row, "resourceVersion too large" means another history, not a replica that lags. */
const FUTURE_LIMIT = 3;

/** What the loop knows between two requests. */
interface Position {
  /** Last revision seen; empty = take the whole state. */
  revision: string;
  offersInitialEvents: boolean;
  failures: number;
  futures: number;
}

interface Reflection<T> extends InformerOptions {
  readonly resource: Resource<T>;
  readonly sink: Sink<T>;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly random: () => number;
}

/** Feeds the sink until aborted; the promise of the returned function never rejects. */
export function createReflector<T extends ApiObject>(
  resource: Resource<T>,
  options: InformerOptions,
  sink: Sink<T>,
  signal: AbortSignal,
): () => Promise<void> {
  const { clock = systemClock, random = Math.random } = options;
  const reflection: Reflection<T> = { ...options, resource, sink, signal, clock, random };
  const at: Position = { revision: '', offersInitialEvents: true, failures: 0, futures: 0 };
  return async () => {
    while (!isAborted(signal)) {
      try {
        // A server that ends watches at once without a word must not be asked in a tight loop.
        if (!(await step(reflection, at))) at.failures += 1;
      } catch (error) {
        sink.following(false);
        if (!isAborted(signal)) onFailure(reflection, at, error);
      }
      if (at.failures > 0) {
        await pause(clock, backoffMs(at.failures, { ...RETRY, random }), signal).catch(() => undefined);
      }
    }
  };
}

/** A call, because the compiler believes that a signal once found unaborted stays so. */
const isAborted = (signal: AbortSignal): boolean => signal.aborted;

/** One request and what comes of it. Resolves false when the server said nothing at all. */
async function step<T extends ApiObject>(reflection: Reflection<T>, at: Position): Promise<boolean> {
  if (at.revision !== '') return follow(reflection, at);
  if (at.offersInitialEvents) {
    at.offersInitialEvents = await followFromStart(reflection, at);
    return true;
  }
  const { client, resource, sink, signal } = reflection;
  const state = await client.list(resource, { ...scopeOf(reflection), signal });
  sink.replace(state.items.map((object) => slim(reflection, object)));
  at.revision = state.resourceVersion;
  heard(reflection, at);
  return true;
}

async function follow<T extends ApiObject>(reflection: Reflection<T>, at: Position): Promise<boolean> {
  const { client, resource, signal, random, clock } = reflection;
  const onOpen = (): void => reflection.sink.following(true);
  // Ends spread over five minutes, so that a thousand informers do not come back at once.
  const timeoutSeconds = 300 + Math.floor(random() * 300);
  const limits = { timeoutSeconds, ...silenceLimits(reflection) };
  const request = { ...scopeOf(reflection), resourceVersion: at.revision, ...limits, signal, onOpen };
  const startedMs = clock.monotonic();
  let any = false;
  for await (const event of client.watch(resource, request)) {
    any = true;
    apply(reflection, at, event);
  }
  if (any || clock.monotonic() - startedMs < limits.timeoutSeconds * 500) return any;
  // Nothing happened, and the server kept to its time.
  heard(reflection, at);
  return true;
}

function silenceLimits({
  maxSilenceMs,
}: InformerOptions): { readonly timeoutSeconds: number; readonly idleMs: number } | undefined {
  if (maxSilenceMs === undefined) return undefined;
  return { timeoutSeconds: Math.floor((maxSilenceMs - END_GRACE_MS) / 1000), idleMs: maxSilenceMs };
}

/** State and following changes in one request. Resolves false when the server does not offer it. */
async function followFromStart<T extends ApiObject>(
  reflection: Reflection<T>,
  at: Position,
): Promise<boolean> {
  const { client, resource, sink, signal, clock } = reflection;
  const initial = createInitialState(clock, signal);
  const limits = { ...scopeOf(reflection), ...silenceLimits(reflection) };
  const request = { ...limits, sendInitialEvents: true, signal: initial.signal };
  try {
    for await (const event of client.watch(resource, request)) {
      if (initial.done) {
        apply(reflection, at, event);
      } else if (initial.take(event)) {
        sink.replace(initial.objects().map((object) => slim(reflection, object as T)));
        sink.following(true);
        at.revision = event.resourceVersion;
        heard(reflection, at);
      }
    }
    return initial.done;
  } catch (error) {
    if (signal.aborted || initial.done || !(initial.idle || isRefusedAsSuch(error))) throw error;
    return false;
  } finally {
    initial.end();
  }
}

function apply<T extends ApiObject>(reflection: Reflection<T>, at: Position, event: WatchEvent<T>): void {
  if (event.type === 'DELETED') reflection.sink.remove(event.object);
  else if (event.type !== 'BOOKMARK') reflection.sink.put(slim(reflection, event.object));
  reflection.sink.following(true);
  at.revision = event.resourceVersion;
  heard(reflection, at);
}

function heard(reflection: Pick<InformerOptions, 'log'>, at: Position): void {
  if (at.failures > 0) reflection.log.info('informer is following again', { failures: at.failures });
  at.failures = 0;
  at.futures = 0;
}

function onFailure(reflection: Pick<InformerOptions, 'log'>, at: Position, error: unknown): void {
  at.failures += 1;
  if (isFromTheFuture(error)) at.futures += 1;
  if (isExpired(error) || at.futures >= FUTURE_LIMIT) {
    at.futures = 0;
    at.revision = '';
  }
  const fields = { failures: at.failures, error };
  if (at.failures === 5) reflection.log.error('informer cannot follow, its copy grows old', fields);
  else reflection.log.debug('informer lost its watch', fields);
}

function scopeOf(options: InformerOptions): {
  readonly namespace: string;
  readonly labelSelector: string;
  readonly fieldSelector: string;
} {
  const { namespace = '', labelSelector = '', fieldSelector = '' } = options;
  return { namespace, labelSelector, fieldSelector };
}

/** The parameter, not the request, is what the server refuses. */
const isRefusedAsSuch = (error: unknown): boolean =>
  error instanceof ApiError && (error.reason === 'Invalid' || error.reason === 'BadRequest');

/** Changes the object in place: it was parsed for us and nobody else has it yet. */
function slim<T extends ApiObject>(options: InformerOptions, object: T): T {
  if (options.keepManagedFields !== true) {
    delete (object.metadata as { managedFields?: unknown }).managedFields;
  }
  return object;
}

interface InitialState {
  readonly signal: AbortSignal;
  readonly done: boolean;
  /** Gave up waiting. */
  readonly idle: boolean;
  /** True when this event completed the state. */
  take(event: WatchEvent<ApiObject>): boolean;
  /** What was collected; given away once. */
  objects(): ApiObject[];
  end(): void;
}

/** Collects initial events until their end is announced, and gives up when they stop coming. */
function createInitialState(clock: Clock, outer: AbortSignal): InitialState {
  const idle = new AbortController();
  const objects = new Map<string, ApiObject>();
  let done = false;
  const giveUp = (): void => idle.abort(new Error('no end of initial events'));
  let cancel = clock.after(INITIAL_IDLE_MS, giveUp);
  return {
    signal: AbortSignal.any([outer, idle.signal]),
    get done() {
      return done;
    },
    get idle() {
      return idle.signal.aborted;
    },
    take: (event) => {
      cancel();
      if (event.type === 'BOOKMARK') done = event.initialEventsEnd;
      else if (event.type === 'DELETED') objects.delete(keyOf(refOf(event.object)));
      else objects.set(keyOf(refOf(event.object)), event.object);
      if (!done) cancel = clock.after(INITIAL_IDLE_MS, giveUp);
      return done;
    },
    objects: () => {
      const all = [...objects.values()];
      objects.clear();
      return all;
    },
    end: () => cancel(),
  };
}
