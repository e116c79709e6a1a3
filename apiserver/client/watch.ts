/** One watch request as an async stream of events; ends when the server ends it, throws when it breaks. */
import { isObject } from '../api/json.ts';
import type { Clock } from '../runtime/clock.ts';
import { ApiError } from '../api/errors.ts';
import { lines } from './frames.ts';
import { collectionPath, query, type Resource } from './resource.ts';
import { errorFromStatus, parseJson } from './status.ts';
import { explain, readAll, type Transport } from './transport.ts';

export interface WatchRequest {
  /** Empty = all namespaces. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Empty = whatever the server has now. */
  readonly resourceVersion?: string;
  /** Asks for the current objects first, ended by a bookmark with `initialEventsEnd`. */
  readonly sendInitialEvents?: boolean;
  /** The server ends the watch after this time. Default: the server's choice. */
  readonly timeoutSeconds?: number;
  /**
   * A silent connection is taken for dead after this time, also before the answer begins. Default 150 s, because
   * servers send a bookmark each minute, and 30 s until the answer begins.
   */
  readonly idleMs?: number;
  readonly signal?: AbortSignal;
  /** Called when the server has begun to answer: events may take their time. */
  readonly onOpen?: () => void;
}

export type WatchEvent<T> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T; readonly resourceVersion: string }
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string; readonly initialEventsEnd: boolean };

const HEAD_TIMEOUT_MS = 30_000;
const IDLE_MS = 150_000;
const INITIAL_EVENTS_END = 'k8s.io/initial-events-end';

/** Breaking out of the loop gives the connection up. Throws ApiError; Expired means: list again. */
export async function* watchStream<T>(
  transport: Transport,
  clock: Clock,
  resource: Resource<T>,
  request: WatchRequest,
): AsyncGenerator<WatchEvent<T>, void> {
  const idleMs = request.idleMs ?? IDLE_MS;
  const http = {
    method: 'GET',
    path: watchPath(resource, request),
    timeoutMs: Math.min(HEAD_TIMEOUT_MS, idleMs),
    ...(request.signal === undefined ? {} : { signal: request.signal }),
  };
  const stream = await transport.open(http);
  let cancel = (): void => undefined;
  const rearm = (): void => {
    cancel();
    cancel = clock.after(idleMs, () =>
      stream.body.destroy(new ApiError('Timeout', `the watch was silent for ${idleMs} ms`)),
    );
  };
  try {
    rearm();
    if (stream.status !== 200) {
      throw errorFromStatus(parseJson(await readAll(stream.body)), stream.status);
    }
    request.onOpen?.();
    for await (const line of lines(stream.body)) {
      rearm();
      yield parseEvent<T>(line);
    }
  } catch (error) {
    throw explain(error, http, transport.origin);
  } finally {
    cancel();
    stream.body.destroy();
  }
}

function watchPath(resource: Resource<unknown>, request: WatchRequest): string {
  const { sendInitialEvents } = request;
  return (
    collectionPath(resource, request.namespace) +
    query({
      watch: true,
      allowWatchBookmarks: true,
      labelSelector: request.labelSelector,
      fieldSelector: request.fieldSelector,
      resourceVersion: request.resourceVersion,
      timeoutSeconds: request.timeoutSeconds,
      sendInitialEvents,
      resourceVersionMatch: sendInitialEvents === undefined ? undefined : 'NotOlderThan',
    })
  );
}

/** Throws what an ERROR event stands for; the stream is over then. */
function parseEvent<T>(line: Buffer): WatchEvent<T> {
  const event = parseJson(line);
  if (!isObject(event) || !isObject(event['object'])) {
    throw new ApiError('InternalError', 'the server sent a watch event that is no JSON object');
  }
  const { type, object } = event;
  if (type === 'ERROR') throw errorFromStatus(object, codeOf(object));
  const metadata = object['metadata'];
  const resourceVersion = isObject(metadata) ? metadata['resourceVersion'] : undefined;
  if (!isObject(metadata) || typeof resourceVersion !== 'string') {
    throw new ApiError('InternalError', 'the server sent a watch event without a resourceVersion');
  }
  if (type === 'BOOKMARK') {
    const annotations = metadata['annotations'];
    const initialEventsEnd = isObject(annotations) && annotations[INITIAL_EVENTS_END] === 'true';
    return { type, resourceVersion, initialEventsEnd };
  }
  if (type === 'ADDED' || type === 'MODIFIED' || type === 'DELETED') {
    return { type, object: object as T, resourceVersion };
  }
  throw new ApiError('InternalError', 'the server sent a watch event of an unknown type');
}

function codeOf(status: object): number {
  const code = 'code' in status ? status.code : undefined;
  return typeof code === 'number' ? code : 500;
}
