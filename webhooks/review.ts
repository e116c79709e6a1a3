/**
 * The AdmissionReview v1 codec: one question of a kube-apiserver read from bytes, and its answer as bytes.
 * source: admission.k8s.io/v1; kubernetes/apiserver pkg/admission/plugin/webhook/request.
 */
import type { Status } from '../apiserver/api/errors.ts';
import type { UserInfo } from '../apiserver/api/identity.ts';
import { at, isObject, type JsonObject } from '../apiserver/api/json.ts';
import { JsonSyntaxError } from '../apiserver/api/json-reader.ts';
import { parseJson } from '../apiserver/api/parse-json.ts';
import type { PatchOperation } from './patch.ts';

/** Two objects of 3 MiB each, as an update carries, and what is around them. */
export const MAX_REVIEW_BYTES = 8 * 1024 * 1024;
const API_VERSION = 'admission.k8s.io/v1';
const KIND = 'AdmissionReview';

const OPERATIONS = ['CREATE', 'UPDATE', 'DELETE', 'CONNECT'] as const;
export type ReviewOperation = (typeof OPERATIONS)[number];

export interface Review {
  readonly uid: string;
  readonly operation: ReviewOperation;
  readonly group: string;
  readonly version: string;
  /** Plural. */
  readonly resource: string;
  /** Empty for the object itself. */
  readonly subresource: string;
  /** Empty for cluster-scoped objects, Namespaces included. */
  readonly namespace: string;
  /** Empty while it has to be made from generateName. */
  readonly name: string;
  readonly user: UserInfo;
  readonly dryRun: boolean;
  readonly object: JsonObject | undefined;
  readonly oldObject: JsonObject | undefined;
}

/** Bytes that are no question this program can answer; answered as HTTP 400, which fails the request by failurePolicy. */
export class ReviewError extends Error {
  override readonly name = 'ReviewError';
}

/** Throws `ReviewError`. */
export function readReview(bytes: Buffer): Review {
  const review = parse(bytes);
  const { apiVersion, kind, request } = review;
  if (apiVersion !== API_VERSION || kind !== KIND) {
    throw new ReviewError(
      `expected ${KIND} of ${API_VERSION}, got ${shown(kind)} of ${shown(apiVersion)}; ` +
        'admissionReviewVersions of the webhook must list v1',
    );
  }
  if (!isObject(request)) throw new ReviewError('request is missing');
  return readRequest(request);
}

function parse(bytes: Buffer): JsonObject {
  let value: unknown;
  try {
    ({ value } = parseJson(bytes));
  } catch (error) {
    if (error instanceof JsonSyntaxError)
      throw new ReviewError(`the body is not valid JSON: ${error.message}`, { cause: error });
    throw error;
  }
  if (!isObject(value)) throw new ReviewError(`the body is not an ${KIND}`);
  return value;
}

const shown = (value: unknown): string =>
  typeof value === 'string' ? JSON.stringify(value.slice(0, 100)) : 'nothing';

function readRequest(request: JsonObject): Review {
  const operation = OPERATIONS.find((each) => each === request['operation']);
  if (operation === undefined) throw new ReviewError(`request.operation is ${shown(request['operation'])}`);
  const resource = text(request, 'resource.resource');
  const uid = text(request, 'uid');
  if (uid === '' || resource === '') throw new ReviewError('request.uid and request.resource are required');
  const group = text(request, 'resource.group');
  // A Namespace is asked about as if it were inside of itself.
  const isNamespace = group === '' && resource === 'namespaces';
  return {
    uid,
    operation,
    group,
    version: text(request, 'resource.version'),
    resource,
    subresource: text(request, 'subResource'),
    namespace: isNamespace ? '' : text(request, 'namespace'),
    name: text(request, 'name'),
    user: readUser(request['userInfo']),
    dryRun: request['dryRun'] === true,
    object: objectAt(request, 'object'),
    oldObject: objectAt(request, 'oldObject'),
  };
}

function readUser(value: unknown): UserInfo {
  const name = text(value, 'username');
  if (name === '') throw new ReviewError('request.userInfo.username is missing');
  const uid = text(value, 'uid');
  const extra = at(value, 'extra');
  return {
    name,
    ...(uid === '' ? {} : { uid }),
    groups: strings(at(value, 'groups')),
    extra: Object.fromEntries(
      Object.entries(isObject(extra) ? extra : {}).map(([key, values]) => [key, strings(values)]),
    ),
  };
}

function text(value: unknown, path: string): string {
  const found = at(value, path);
  return typeof found === 'string' ? found : '';
}

const strings = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];

function objectAt(request: JsonObject, key: 'object' | 'oldObject'): JsonObject | undefined {
  const value = Object.hasOwn(request, key) ? request[key] : undefined;
  if (value === undefined || value === null) return undefined;
  if (!isObject(value)) throw new ReviewError(`request.${key} is not an object`);
  return value;
}

export interface Verdict {
  /** The refusal; undefined when the request is allowed. */
  readonly refusal: Status | undefined;
  readonly patch: readonly PatchOperation[];
  readonly warnings: readonly string[];
  /** Keys without a slash; the API server puts the webhook's name in front. Never secret values. */
  readonly auditAnnotations: Readonly<Record<string, string>>;
}

/** The answer to the question with this uid. */
export function writeReview(uid: string, verdict: Verdict): Buffer {
  const { refusal, patch, warnings, auditAnnotations } = verdict;
  const response = {
    uid,
    allowed: refusal === undefined,
    ...(refusal === undefined ? {} : { status: refusal }),
    ...(patch.length === 0
      ? {}
      : { patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(patch)).toString('base64') }),
    ...(warnings.length === 0 ? {} : { warnings }),
    auditAnnotations,
  };
  return Buffer.from(JSON.stringify({ apiVersion: API_VERSION, kind: KIND, response }));
}
