/** A small typed client of any Kubernetes API, ours included: the only way our programs reach an API server. */
import { apiVersionOf } from '../api/kind.ts';
import { systemClock, type Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import { backoffMs, retryAfterMs } from './backoff.ts';
import { pause } from './pause.ts';
import { collectionPath, objectPath, query, refOf } from './resource.ts';
import type { ApiObject, InputFor, ObjectRef, Resource, Subresource } from './resource.ts';
import { errorFromStatus, isExpired, isNotFound, parseJson } from './status.ts';
import { createTransport, type Credentials, type HttpAnswer, type Transport } from './transport.ts';
import { watchStream, type WatchEvent, type WatchRequest } from './watch.ts';

export interface ClientOptions {
  /** `https://host:port`, with a base path where the API is not at the root. */
  readonly server: string;
  readonly ca?: string | Buffer;
  /** Absent = anonymous. */
  readonly credentials?: Credentials;
  readonly log: Log;
  readonly clock?: Clock;
  /** Field manager of every write and first part of the User-Agent. Default `polder`. */
  readonly fieldManager?: string;
  /** Connections for ordinary requests. Default 32. */
  readonly maxSockets?: number;
  /** Of one attempt. Default 30 s. */
  readonly timeoutMs?: number;
  readonly random?: () => number;
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}
export interface ListRequest extends CallOptions {
  /** Empty = all namespaces. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Objects per page. Default 500. */
  readonly limit?: number;
}
export interface ObjectList<T> {
  readonly resourceVersion: string;
  readonly items: readonly T[];
}
export interface WriteRequest extends CallOptions {
  readonly dryRun?: boolean;
  readonly fieldManager?: string;
}
export interface PatchRequest extends WriteRequest {
  readonly subresource?: Subresource;
}
export interface ApplyRequest extends PatchRequest {
  /** Take over fields that other managers own. Default false: such a field is a Conflict. */
  readonly force?: boolean;
}
export interface DeleteRequest extends CallOptions {
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
}

/**
 * Every method throws ApiError with the server's reason, or ServiceUnavailable or Timeout when there was no answer.
 *
 * | answer                          | what the client does before it throws                         |
 * | ------------------------------- | ------------------------------------------------------------- |
 * | 429, 503                        | up to 5 attempts, waiting as Retry-After says or with jitter  |
 * | no connection, connection reset | the same for reads; writes fail at once (they may have landed) |
 * | anything else                   | nothing                                                       |
 */
export interface Client {
  get<T>(resource: Resource<T>, ref: ObjectRef, options?: CallOptions): Promise<T>;
  /** As `get`, with undefined for NotFound. */
  find<T>(resource: Resource<T>, ref: ObjectRef, options?: CallOptions): Promise<T | undefined>;
  /** All pages, one consistent revision unless the history ran out in between. */
  list<T>(resource: Resource<T>, options?: ListRequest): Promise<ObjectList<T>>;
  create<T>(resource: Resource<T>, object: InputFor<T>, options?: WriteRequest): Promise<T>;
  /** Needs metadata.resourceVersion of what was read; Conflict when it is stale. */
  update<T extends ApiObject>(resource: Resource<T>, object: T, options?: WriteRequest): Promise<T>;
  updateStatus<T extends ApiObject>(resource: Resource<T>, object: T, options?: WriteRequest): Promise<T>;
  /** JSON merge patch. */
  patch<T>(resource: Resource<T>, ref: ObjectRef, patch: object, options?: PatchRequest): Promise<T>;
  /** Server-side apply; creates what is missing. */
  apply<T>(resource: Resource<T>, object: InputFor<T>, options?: ApplyRequest): Promise<T>;
  /** Throws NotFound when there is nothing to delete. Resolves before finalizers are done. */
  delete<T>(resource: Resource<T>, ref: ObjectRef, options?: DeleteRequest): Promise<void>;
  /** POST to a create-only subresource, such as `promote`. */
  act<T>(resource: Resource<T>, ref: ObjectRef, action: string, body: object): Promise<unknown>;
  watch<T>(resource: Resource<T>, request: WatchRequest): AsyncGenerator<WatchEvent<T>, void>;
  /** The same client, every call of which ends when the signal is aborted; closing it closes nothing. */
  until(signal: AbortSignal): Client;
  /** Ends every connection; calls in flight reject. */
  close(): Promise<void>;
}

interface Call {
  readonly method: string;
  readonly path: string;
  readonly body?: string;
  readonly contentType?: string;
  readonly signal?: AbortSignal | undefined;
}

const MAX_ATTEMPTS = 5;
const BACKOFF = { baseMs: 500, capMs: 10_000 };
/** A server that asks for more patience than this gets its answer passed on to the caller. */
const MAX_RETRY_AFTER_MS = 30_000;

export function createClient(options: ClientOptions): Client {
  const fieldManager = options.fieldManager ?? 'polder';
  const clock = options.clock ?? systemClock;
  const transport = createTransport({
    ...options,
    clock,
    userAgent: `${fieldManager}/${process.version}`,
  });
  const send = caller(transport, { ...options, clock });
  const write: Write = (method, path, request) => ({
    method,
    path:
      path +
      query({
        fieldManager: request.fieldManager ?? fieldManager,
        dryRun: request.dryRun === true ? 'All' : undefined,
        force: request.force === true ? true : undefined,
      }),
    signal: request.signal,
  });
  const build = (limit: AbortSignal | undefined, close: () => Promise<void>): Client => {
    const bounded = (signal: AbortSignal | undefined): AbortSignal | undefined =>
      signal === undefined || limit === undefined ? (signal ?? limit) : AbortSignal.any([signal, limit]);
    const call: Caller = (each) => send({ ...each, signal: bounded(each.signal) });
    return {
      ...readers(call),
      ...writers(call, write),
      watch: (resource, request) => {
        const signal = bounded(request.signal);
        const watch = signal === undefined ? request : { ...request, signal };
        return watchStream(transport, clock, resource, watch);
      },
      until: (signal) => build(signal, async () => undefined),
      close,
    };
  };
  return build(undefined, () => transport.close());
}

type Caller = (call: Call) => Promise<unknown>;
type Write = (method: string, path: string, request: ApplyRequest) => Call;

function readers(call: Caller): Pick<Client, 'get' | 'find' | 'list'> {
  const get = async <T>(resource: Resource<T>, ref: ObjectRef, options: CallOptions = {}): Promise<T> =>
    (await call({ method: 'GET', path: objectPath(resource, ref), signal: options.signal })) as T;
  return {
    get,
    find: async (resource, ref, options) => {
      try {
        return await get(resource, ref, options);
      } catch (error) {
        if (isNotFound(error)) return undefined;
        throw error;
      }
    },
    list: (resource, options = {}) => listPages(call, resource, options),
  };
}

function writers(
  call: Caller,
  write: Write,
): Pick<Client, 'create' | 'update' | 'updateStatus' | 'patch' | 'apply' | 'delete' | 'act'> {
  const put = async <T extends ApiObject>(
    resource: Resource<T>,
    object: T,
    subresource: Subresource,
    request: WriteRequest,
  ): Promise<T> => {
    const path = objectPath(resource, refOf(object), subresource);
    return (await call({ ...write('PUT', path, request), body: JSON.stringify(object) })) as T;
  };
  return {
    create: async (resource, object, request = {}) => {
      const path = collectionPath(resource, namespaceFor(resource, object));
      return (await call({
        ...write('POST', path, request),
        body: encode(resource, object),
      })) as never;
    },
    update: (resource, object, request = {}) => put(resource, object, '', request),
    updateStatus: (resource, object, request = {}) => put(resource, object, 'status', request),
    patch: async (resource, ref, patch, request = {}) =>
      (await call({
        ...write('PATCH', objectPath(resource, ref, request.subresource), request),
        body: JSON.stringify(patch),
        contentType: 'application/merge-patch+json',
      })) as never,
    apply: async (resource, object, request = {}) => {
      const ref = { namespace: object.metadata.namespace, name: object.metadata.name ?? '' };
      return (await call({
        ...write('PATCH', objectPath(resource, ref, request.subresource), request),
        body: encode(resource, object),
        contentType: 'application/apply-patch+yaml',
      })) as never;
    },
    delete: async (resource, ref, request = {}) => {
      const { uid, resourceVersion, propagationPolicy } = request;
      const body = JSON.stringify({
        kind: 'DeleteOptions',
        apiVersion: 'v1',
        ...(uid === undefined && resourceVersion === undefined
          ? {}
          : { preconditions: { uid, resourceVersion } }),
        ...(propagationPolicy === undefined ? {} : { propagationPolicy }),
      });
      await call({ method: 'DELETE', path: objectPath(resource, ref), body, signal: request.signal });
    },
    act: (resource, ref, action, body) =>
      call({ ...write('POST', objectPath(resource, ref, action), {}), body: JSON.stringify(body) }),
  };
}

function namespaceFor<T>(resource: Resource<T>, object: InputFor<T>): string {
  const namespace = object.metadata.namespace ?? '';
  if (resource.scope === 'Namespaced' && namespace === '') {
    throw new Error(`${resource.kind} "${object.metadata.name ?? ''}" needs a namespace`);
  }
  return namespace;
}

const encode = <T>(resource: Resource<T>, object: InputFor<T>): string => {
  const fields: object = object;
  return JSON.stringify({ apiVersion: apiVersionOf(resource), kind: resource.kind, ...fields });
};

/** One request with its retries; the parsed body of a success. */
function caller(transport: Transport, options: ClientOptions & { readonly clock: Clock }): Caller {
  const timeoutMs = options.timeoutMs ?? 30_000;
  const random = options.random ?? Math.random;
  const attempt = async (call: Call): Promise<{ readonly waitMs?: number; readonly value: unknown }> => {
    const answer = await transport.send({
      method: call.method,
      path: call.path,
      timeoutMs,
      ...(call.body === undefined
        ? {}
        : { body: call.body, headers: { 'content-type': call.contentType ?? 'application/json' } }),
      ...(call.signal === undefined ? {} : { signal: call.signal }),
    });
    const value = parseJson(answer.body);
    if (answer.status < 300) return { value };
    const error = errorFromStatus(value, answer.status);
    const waitMs = waitFor(answer, error.details?.retryAfterSeconds, options.clock);
    return waitMs === undefined ? Promise.reject(error) : { waitMs, value: error };
  };
  return async (call) => {
    for (let failures = 1; ; failures += 1) {
      let askedMs = 0;
      let failure: unknown;
      try {
        const result = await attempt(call);
        if (result.waitMs === undefined) return result.value;
        askedMs = result.waitMs;
        failure = result.value;
      } catch (error) {
        if (call.method !== 'GET' || !isConnectionFailure(error)) throw error;
        failure = error;
      }
      if (failures >= MAX_ATTEMPTS || askedMs > MAX_RETRY_AFTER_MS) throw failure;
      // Jitter on top of what was asked for: everyone was told the same number.
      await pause(options.clock, askedMs + backoffMs(failures, { ...BACKOFF, random }), call.signal);
    }
  };
}

/** The least time to wait before a retry, or undefined when the answer is final. */
function waitFor(answer: HttpAnswer, stated: number | undefined, clock: Clock): number | undefined {
  if (answer.status !== 429 && answer.status !== 503) return undefined;
  return retryAfterMs(answer.headers['retry-after'], clock.now()) ?? (stated ?? 0) * 1000;
}

/** Made by the transport: there was no answer at all. */
const isConnectionFailure = (error: unknown): boolean =>
  error instanceof Error && error.cause !== undefined && error.name === 'ApiError';

async function listPages<T>(
  call: Caller,
  resource: Resource<T>,
  options: ListRequest,
): Promise<ObjectList<T>> {
  const { namespace, labelSelector, fieldSelector, signal } = options;
  const items: T[] = [];
  let limit: number | undefined = options.limit ?? 500;
  let next = '';
  for (;;) {
    const path =
      collectionPath(resource, namespace) + query({ labelSelector, fieldSelector, limit, continue: next });
    try {
      const page = (await call({ method: 'GET', path, signal })) as ListBody<T>;
      items.push(...(page.items ?? []));
      next = page.metadata.continue ?? '';
      if (next === '') return { resourceVersion: page.metadata.resourceVersion, items };
    } catch (error) {
      if (next === '' || !isExpired(error)) throw error;
      // The first page's snapshot is gone: take everything at once instead of a list with a hole in it.
      items.length = 0;
      next = '';
      limit = undefined;
    }
  }
}
interface ListBody<T> {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  /** Go servers write null for none. */
  readonly items: readonly T[] | null;
}
