/**
 * Every failure a client can see, with the reasons, details and wording of Kubernetes.
 * source: apimachinery pkg/api/errors/errors.go and meta/v1 Status.
 */
import { resourceName, type Kind } from './kind.ts';

export type Reason =
  | 'Unauthorized'
  | 'BadRequest'
  | 'Forbidden'
  | 'NotFound'
  | 'MethodNotAllowed'
  | 'NotAcceptable'
  | 'AlreadyExists'
  | 'Conflict'
  | 'Gone'
  | 'Expired'
  | 'RequestEntityTooLarge'
  | 'UnsupportedMediaType'
  | 'Invalid'
  | 'TooManyRequests'
  | 'InternalError'
  | 'ServiceUnavailable'
  | 'Timeout';

const HTTP_CODE: Readonly<Record<Reason, number>> = {
  Unauthorized: 401,
  BadRequest: 400,
  Forbidden: 403,
  NotFound: 404,
  MethodNotAllowed: 405,
  NotAcceptable: 406,
  AlreadyExists: 409,
  Conflict: 409,
  Gone: 410,
  Expired: 410,
  RequestEntityTooLarge: 413,
  UnsupportedMediaType: 415,
  Invalid: 422,
  TooManyRequests: 429,
  InternalError: 500,
  ServiceUnavailable: 503,
  Timeout: 504,
};

export type CauseReason =
  | 'FieldValueRequired'
  | 'FieldValueInvalid'
  | 'FieldValueNotSupported'
  | 'FieldValueDuplicate'
  | 'FieldValueNotFound'
  | 'FieldValueForbidden'
  | 'FieldValueTooLong'
  | 'FieldValueTooMany'
  | 'FieldValueTypeInvalid'
  | 'InternalError'
  | 'FieldManagerConflict'
  | 'ResourceVersionTooLarge'
  | 'NamespaceTerminating'
  | (string & {});

/** One problem of one field. `message` carries the Kubernetes text without the field in front. */
export interface Cause {
  readonly reason: CauseReason;
  readonly message: string;
  readonly field?: string;
}

export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  /** The plural for NotFound, AlreadyExists, Conflict, Forbidden and delete answers; the Kind for Invalid. */
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly Cause[];
  readonly retryAfterSeconds?: number;
}

export interface Status {
  readonly kind: 'Status';
  readonly apiVersion: 'v1';
  readonly metadata: { readonly continue?: string };
  readonly status: 'Success' | 'Failure';
  readonly message?: string;
  readonly reason?: Reason;
  readonly details?: StatusDetails;
  readonly code: number;
}

interface ApiErrorOptions {
  readonly details?: StatusDetails;
  /** Expired lists hand out a token for an inconsistent continuation. */
  readonly continue?: string;
  /** When the HTTP code differs from the reason's usual one. */
  readonly code?: number;
  readonly cause?: unknown;
}

/** A failure a client can see. `reason` is stable; `message` is for people and may change. */
export class ApiError extends Error {
  readonly reason: Reason;
  readonly code: number;
  readonly details: StatusDetails | undefined;
  readonly continueToken: string | undefined;

  constructor(reason: Reason, message: string, options: ApiErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ApiError';
    this.reason = reason;
    this.code = options.code ?? HTTP_CODE[reason];
    this.details = options.details;
    this.continueToken = options.continue;
  }

  status(): Status {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: this.continueToken === undefined ? {} : { continue: this.continueToken },
      status: 'Failure',
      message: this.message,
      reason: this.reason,
      ...(this.details === undefined ? {} : { details: this.details }),
      code: this.code,
    };
  }
}

type Resource = Pick<Kind, 'group' | 'plural'>;
const detailsOf = (kind: Resource, name: string): StatusDetails => ({
  ...(name === '' ? {} : { name }),
  ...(kind.group === '' ? {} : { group: kind.group }),
  kind: kind.plural,
});

export const notFound = (kind: Resource, name: string): ApiError =>
  new ApiError('NotFound', `${resourceName(kind)} "${name}" not found`, { details: detailsOf(kind, name) });

export const alreadyExists = (kind: Resource, name: string, terminating = false): ApiError =>
  new ApiError(
    'AlreadyExists',
    `${terminating ? 'object is being deleted: ' : ''}${resourceName(kind)} "${name}" already exists`,
    { details: detailsOf(kind, name) },
  );

export const conflict = (
  kind: Resource,
  name: string,
  why: string,
  causes: readonly Cause[] = [],
): ApiError =>
  new ApiError('Conflict', `Operation cannot be fulfilled on ${resourceName(kind)} "${name}": ${why}`, {
    details: { ...detailsOf(kind, name), ...(causes.length === 0 ? {} : { causes }) },
  });
/** The wording client-go and people know for a stale resourceVersion. */
export const MODIFIED =
  'the object has been modified; please apply your changes to the latest version and try again';

export const forbidden = (
  kind: Resource,
  name: string,
  why: string,
  causes: readonly Cause[] = [],
): ApiError =>
  new ApiError('Forbidden', `${resourceName(kind)}${name === '' ? '' : ` "${name}"`} is forbidden: ${why}`, {
    details: { ...detailsOf(kind, name), ...(causes.length === 0 ? {} : { causes }) },
  });

/** 422 with one cause per problem; the message reads like kube-apiserver's. */
export const invalid = (
  kind: Pick<Kind, 'group' | 'kind'>,
  name: string,
  causes: readonly Cause[],
): ApiError => {
  const lines = causes.map((cause) => (cause.field === undefined ? '' : `${cause.field}: `) + cause.message);
  const text = lines.length === 1 ? lines[0] : `[${lines.join(', ')}]`;
  const type = kind.group === '' ? kind.kind : `${kind.kind}.${kind.group}`;
  return new ApiError('Invalid', `${type} "${name}" is invalid: ${text}`, {
    details: {
      ...(name === '' ? {} : { name }),
      ...(kind.group === '' ? {} : { group: kind.group }),
      kind: kind.kind,
      causes,
    },
  });
};

export const badRequest = (message: string): ApiError => new ApiError('BadRequest', message);
