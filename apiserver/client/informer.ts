/**
 * Keeps a local copy of one collection current: list, then watch, for as long as the process lives. The copy
 * survives everything the server may do: restart, history cut off (410), watch ended, connection dead.
 */
import { systemClock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import { createObjectCache, type Change } from './cache.ts';
import { createReflector, type InformerOptions, type Sink } from './reflector.ts';
import { keyOf, refOf, type ApiObject, type ObjectRef, type Resource } from './resource.ts';

export interface Informer<T> {
  readonly resource: Resource<T>;
  /** Resolves when the first complete state is in; rejects when closed before. */
  readonly synced: Promise<void>;
  readonly hasSynced: boolean;
  /**
   * When the server was last heard on the watch that is lost and not back yet, in milliseconds since the epoch;
   * undefined while it follows.
   */
  readonly lostSinceMs: number | undefined;
  /** Objects are shared by all readers: never change one. */
  get(ref: ObjectRef): T | undefined;
  list(namespace?: string): readonly T[];
  /** Told every change in order, first everything that is already there. The returned function ends it. */
  onChange(listener: (change: Change<T>) => void): () => void;
  start(): void;
  close(): Promise<void>;
}

/**
 * | the server                                   | the informer                                             |
 * | -------------------------------------------- | -------------------------------------------------------- |
 * | ends a watch                                 | resumes from the last revision it saw                    |
 * | is gone, fails, refuses (403)                | keeps the copy, resumes with jittered backoff up to 30 s |
 * | answers 410, or its history is another one   | takes the whole state again; listeners see the difference |
 * | does not offer sendInitialEvents             | lists in pages, then watches                             |
 */
export function createInformer<T extends ApiObject>(
  resource: Resource<T>,
  options: InformerOptions,
): Informer<T> {
  const cache = createObjectCache<T>();
  const listeners = new Set<(change: Change<T>) => void>();
  const log = options.log.with({ informer: resource.plural });
  const stop = new AbortController();
  const first = Promise.withResolvers<void>();
  // Nobody has to wait for it; an unobserved rejection must not end the process.
  first.promise.catch(() => undefined);
  const { clock = systemClock } = options;
  let hasSynced = false;
  let heardMs: number | undefined;
  let lostSinceMs: number | undefined;
  let running: Promise<void> | undefined;

  const tell = teller<T>(log);
  const publish = (change: Change<T> | undefined): void => {
    if (change === undefined) return;
    for (const listener of listeners) tell(listener, change);
  };
  const sink: Sink<T> = {
    put: (object) => publish(cache.put(object)),
    remove: (object) => publish(cache.remove(object)),
    replace: (objects) => {
      for (const change of cache.replace(objects)) publish(change);
      hasSynced = true;
      first.resolve();
    },
    following: (isFollowing) => {
      if (isFollowing) heardMs = clock.now();
      lostSinceMs = isFollowing ? undefined : (lostSinceMs ?? heardMs ?? clock.now());
    },
  };
  return {
    resource,
    synced: first.promise,
    get hasSynced() {
      return hasSynced;
    },
    get lostSinceMs() {
      return lostSinceMs;
    },
    get: (ref) => cache.get(ref),
    list: (namespace) => cache.list(namespace),
    onChange: (listener) => {
      for (const object of cache.list()) tell(listener, { type: 'added', object });
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    start: () => {
      running ??= createReflector(resource, { ...options, log }, sink, stop.signal)();
    },
    close: async () => {
      stop.abort(new Error('informer closed'));
      first.reject(new Error(`informer of ${resource.plural} closed before it had synced`));
      listeners.clear();
      await running;
    },
  };
}

/** A listener that throws is its own problem: the others are told all the same. */
const teller =
  <T extends ApiObject>(log: Log) =>
  (listener: (change: Change<T>) => void, change: Change<T>): void => {
    try {
      listener(change);
    } catch (error) {
      log.error('informer listener failed', { ref: keyOf(refOf(change.object)), error });
    }
  };
