/**
 * The AdmissionReview v1 that we send, and what comes back.
 * source: apiserver pkg/admission/plugin/webhook/request, .../errors/statuserror.go
 */
import type { AdmissionRequest } from '../../api/admission.ts';
import { ApiError, type Reason, type StatusDetails } from '../../api/errors.ts';
import { at, isObject, type JsonObject } from '../../api/json.ts';
import { parseJson } from '../../api/parse-json.ts';
import type { Hook } from './hook.ts';

const API_VERSION = 'admission.k8s.io/v1';
const KIND = 'AdmissionReview';

export function reviewOf(uid: string, request: AdmissionRequest): JsonObject {
  const { object = null, oldObject = null } = request;
  return {
    apiVersion: API_VERSION,
    kind: KIND,
    request: { uid, ...requestFacts(request), object, oldObject },
  };
}

/** The request without its objects: what webhooks are told, and what match conditions see as `request`. */
export function requestFacts(request: AdmissionRequest): JsonObject {
  const { kind, subresource, user, namespace, operation, name, dryRun, options } = request;
  const { group, version, plural } = kind;
  const type = { group, version, kind: kind.kind };
  const resource = { group, version, resource: plural };
  // A Namespace is asked about as if it were inside of itself.
  const inside = group === '' && plural === 'namespaces' ? name : namespace;
  return {
    kind: type,
    resource,
    ...(subresource === '' ? {} : { subResource: subresource }),
    requestKind: type,
    requestResource: resource,
    ...(subresource === '' ? {} : { requestSubResource: subresource }),
    name,
    ...(inside === '' ? {} : { namespace: inside }),
    operation,
    userInfo: {
      username: user.name,
      ...(user.uid === undefined ? {} : { uid: user.uid }),
      groups: [...user.groups],
      extra: Object.fromEntries(Object.entries(user.extra).map(([key, values]) => [key, [...values]])),
    },
    dryRun,
    options: {
      apiVersion: 'meta.k8s.io/v1',
      kind: OPTIONS[operation],
      ...(dryRun ? { dryRun: ['All'] } : {}),
      ...options,
    },
  };
}

/** A patch is told as what it does. source: kubernetes/apiserver pkg/endpoints/handlers/patch.go */
const OPTIONS = { CREATE: 'CreateOptions', UPDATE: 'UpdateOptions', DELETE: 'DeleteOptions' } as const;

export interface HookAnswer {
  /** The refusal; undefined when it allows. */
  readonly refusal: ApiError | undefined;
  /** JSON patch; undefined when it changes nothing. */
  readonly patch: unknown;
  readonly warnings: readonly string[];
  readonly auditAnnotations: Readonly<Record<string, string>>;
}

/** An answer that cannot be taken for one; the message follows "received invalid webhook response: ". */
export class InvalidAnswer extends Error {
  override readonly name = 'InvalidAnswer';
}

/** Throws `InvalidAnswer`. */
export function readAnswer(hook: Hook, uid: string, body: unknown): HookAnswer {
  const response = at(body, 'response');
  if (!isObject(response)) throw new InvalidAnswer('webhook response was absent');
  if (response['uid'] !== uid) {
    throw new InvalidAnswer(
      `expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(response['uid'] ?? '')}`,
    );
  }
  const { apiVersion, kind } = body as JsonObject;
  if (apiVersion !== API_VERSION || kind !== KIND) {
    throw new InvalidAnswer(
      `expected webhook response of ${API_VERSION}, Kind=${KIND}, got ${textOf(apiVersion)}, Kind=${textOf(kind)}`,
    );
  }
  const patch = readPatch(hook, response);
  return {
    refusal: response['allowed'] === true ? undefined : refusalOf(hook, response['status']),
    patch,
    warnings: Array.isArray(response['warnings']) ? response['warnings'].map(textOf) : [],
    auditAnnotations: annotationsOf(response['auditAnnotations']),
  };
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

function readPatch({ type }: Hook, response: JsonObject): unknown {
  const patch = textOf(response['patch']);
  const patchType = textOf(response['patchType']);
  if (type === 'Validating') {
    if (patch !== '') throw new InvalidAnswer('validating webhook may not return response.patch');
    if (patchType !== '') throw new InvalidAnswer('validating webhook may not return response.patchType');
    return undefined;
  }
  if (patch !== '' && patchType === '')
    throw new InvalidAnswer('webhook returned response.patch but not response.patchType');
  if (patch === '' && patchType !== '')
    throw new InvalidAnswer('webhook returned response.patchType but not response.patch');
  if (patch === '') return undefined;
  if (patchType !== 'JSONPatch')
    throw new InvalidAnswer(`webhook returned invalid response.patchType of ${JSON.stringify(patchType)}`);
  try {
    return parseJson(Buffer.from(patch, 'base64')).value;
  } catch (error) {
    throw new InvalidAnswer('received undecodable patch in webhook response', { cause: error });
  }
}

const MAX_MESSAGE = 8 * 1024;

/** Whatever the webhook says, as a Status that refuses: never a code below 400, never without words. */
function refusalOf({ name }: Hook, status: unknown): ApiError {
  const code = at(status, 'code');
  const reason = textOf(at(status, 'reason'));
  const message = textOf(at(status, 'message')).slice(0, MAX_MESSAGE);
  const deniedBy = `admission webhook ${JSON.stringify(name)} denied the request`;
  const why = message === '' ? reason : message;
  const details = at(status, 'details');
  return new ApiError(
    reason as Reason,
    why === '' ? `${deniedBy} without explanation` : `${deniedBy}: ${why}`,
    {
      code: typeof code === 'number' && code >= 400 && code < 600 ? code : 400,
      ...(isObject(details) ? { details: details as StatusDetails } : {}),
    },
  );
}

function annotationsOf(value: unknown): Readonly<Record<string, string>> {
  if (!isObject(value)) return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}
