/** Turns an HTTP answer that is no success into the ApiError it stands for. */
import { ApiError, type Cause, type Reason, type StatusDetails } from '../api/errors.ts';
import { isObject, type JsonObject } from '../api/json.ts';

const BY_CODE: Readonly<Record<number, Reason>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  406: 'NotAcceptable',
  409: 'Conflict',
  410: 'Expired',
  413: 'RequestEntityTooLarge',
  415: 'UnsupportedMediaType',
  422: 'Invalid',
  429: 'TooManyRequests',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};
const REASONS: ReadonlySet<string> = new Set([
  ...Object.values(BY_CODE),
  'AlreadyExists',
  'Gone',
  'InternalError',
]);

/** `body` is parsed JSON or undefined; a proxy's error page has none. `code` is the HTTP status. */
export function errorFromStatus(body: unknown, code: number): ApiError {
  const fallback = BY_CODE[code] ?? 'InternalError';
  if (!isObject(body) || body['kind'] !== 'Status') {
    return new ApiError(fallback, `the server answered ${code} without saying why`, { code });
  }
  // Reasons we do not know (ServerTimeout, StorageReadError, ...) fall back to what their code means.
  const reason = text(body, 'reason');
  const meta = body['metadata'];
  const details = detailsOf(body['details']);
  const next = isObject(meta) ? text(meta, 'continue') : '';
  const stated = body['code'];
  return new ApiError(
    REASONS.has(reason) ? (reason as Reason) : fallback,
    text(body, 'message') || `the server answered ${code}`,
    {
      code: typeof stated === 'number' ? stated : code,
      ...(details === undefined ? {} : { details }),
      ...(next === '' ? {} : { continue: next }),
    },
  );
}

/** Parses a body that should be JSON; undefined when it is not. */
export function parseJson(body: Buffer | string): unknown {
  try {
    return JSON.parse(body.toString()) as unknown;
  } catch {
    return undefined;
  }
}

/** A list or watch must start over: what it remembers has left the server's history. */
export const isExpired = (error: unknown): boolean =>
  error instanceof ApiError && (error.reason === 'Expired' || error.reason === 'Gone');

/** The server's history is younger than what we remember: it was restored or started empty. */
export const isFromTheFuture = (error: unknown): boolean =>
  error instanceof ApiError &&
  (error.details?.causes ?? []).some((cause) => cause.reason === 'ResourceVersionTooLarge');

export const isNotFound = (error: unknown): boolean =>
  error instanceof ApiError && error.reason === 'NotFound';
export const isConflict = (error: unknown): boolean =>
  error instanceof ApiError && error.reason === 'Conflict';
export const isAlreadyExists = (error: unknown): boolean =>
  error instanceof ApiError && error.reason === 'AlreadyExists';

function detailsOf(value: unknown): StatusDetails | undefined {
  if (!isObject(value)) return undefined;
  const causes = Array.isArray(value['causes']) ? value['causes'].filter(isObject).map(causeOf) : [];
  const seconds = value['retryAfterSeconds'];
  return {
    ...optional(value, 'name'),
    ...optional(value, 'group'),
    ...optional(value, 'kind'),
    ...optional(value, 'uid'),
    ...(causes.length === 0 ? {} : { causes }),
    ...(typeof seconds === 'number' ? { retryAfterSeconds: seconds } : {}),
  };
}

function causeOf(value: JsonObject): Cause {
  return { reason: text(value, 'reason'), message: text(value, 'message'), ...optional(value, 'field') };
}

function text(value: JsonObject, key: string): string {
  const found = value[key];
  return typeof found === 'string' ? found : '';
}

function optional(value: JsonObject, key: string): Record<string, string> {
  const found = text(value, key);
  return found === '' ? {} : { [key]: found };
}
