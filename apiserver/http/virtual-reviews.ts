/**
 * The access reviews of Kubernetes, so that `kubectl auth can-i` and `auth whoami` work: questions to the same
 * authorizer that decides requests. Who may ask about others is decided by it too, as for any other resource.
 * source: authorization.k8s.io/v1, authentication.k8s.io/v1
 */
import { badRequest, invalid, type Cause } from '../api/errors.ts';
import type { Attributes, Decision, UserInfo } from '../api/identity.ts';
import { at, isObject, type Json, type JsonObject } from '../api/json.ts';
import type { Kind } from '../api/kind.ts';
import type { Authorizer } from '../policy/policy.ts';
import type { Context, Target } from '../registry/registry.ts';

/** Answers one kind that is never stored: returns the object with its status filled in. Throws `ApiError`. */
export type VirtualHandler = (context: Context, target: Target, object: JsonObject) => Promise<JsonObject>;

/** By kind name, as the registry takes them. */
export function createReviews(authorizer: Authorizer): Readonly<Record<string, VirtualHandler>> {
  const decide = (user: UserInfo, kind: Kind, object: JsonObject): JsonObject => ({
    ...object,
    status: statusOf(authorizer.review(user, readAttributes(kind, object))),
  });
  return {
    SelfSubjectReview: async ({ user }, _target, object) =>
      Promise.resolve({ ...object, status: { userInfo: userInfoOf(user) } }),
    SelfSubjectAccessReview: async ({ user }, { kind }, object) =>
      Promise.resolve(decide(user, kind, object)),
    SubjectAccessReview: async (_context, { kind }, object) =>
      Promise.resolve(decide(readUser(kind, object), kind, object)),
    LocalSubjectAccessReview: async (_context, { kind, namespace }, object) => {
      requireNamespace(kind, object, namespace);
      return Promise.resolve(decide(readUser(kind, object), kind, object));
    },
    SelfSubjectRulesReview: async ({ user }, _target, object) => {
      const namespace = text(object, 'spec.namespace');
      if (namespace === '') throw badRequest('no namespace on request');
      return Promise.resolve({ ...object, status: rulesOf(authorizer, user, namespace) });
    },
  };
}

function statusOf({ allowed, reason }: Decision): JsonObject {
  // Nothing else is asked after this authorizer, so a refusal is final.
  return { allowed, ...(allowed ? {} : { denied: true }), ...(reason === '' ? {} : { reason }) };
}

function rulesOf(authorizer: Authorizer, user: UserInfo, namespace: string): JsonObject {
  const resourceRules = authorizer.rules(user, namespace).map((rule) => ({
    verbs: rule.verbs,
    apiGroups: rule.apiGroups,
    resources: rule.resources,
    ...(rule.resourceNames.length === 0 ? {} : { resourceNames: rule.resourceNames }),
  }));
  return { resourceRules, nonResourceRules: [], incomplete: false };
}

function userInfoOf(user: UserInfo): JsonObject {
  return {
    username: user.name,
    ...(user.uid === undefined ? {} : { uid: user.uid }),
    groups: user.groups,
    ...(Object.keys(user.extra).length === 0 ? {} : { extra: user.extra as Json }),
  };
}

const required = (field: string, message: string): Cause => ({
  reason: 'FieldValueRequired',
  field,
  message: `Required value: ${message}`,
});

/** Exactly one of resourceAttributes and nonResourceAttributes. Throws `ApiError` Invalid. */
function readAttributes(kind: Kind, object: JsonObject): Attributes {
  const resource = at(object, 'spec.resourceAttributes');
  const path = at(object, 'spec.nonResourceAttributes');
  if (isObject(resource) === isObject(path)) {
    const message = 'exactly one of resourceAttributes and nonResourceAttributes';
    throw invalid(kind, '', [required('spec.resourceAttributes', message)]);
  }
  if (isObject(path)) return { is: 'path', verb: text(path, 'verb'), path: text(path, 'path') };
  return {
    is: 'resource',
    verb: text(resource, 'verb'),
    group: text(resource, 'group'),
    version: text(resource, 'version'),
    resource: text(resource, 'resource'),
    subresource: text(resource, 'subresource'),
    namespace: text(resource, 'namespace'),
    name: text(resource, 'name'),
  };
}

/** Throws `ApiError` Invalid when nobody is named. */
function readUser(kind: Kind, object: JsonObject): UserInfo {
  const name = text(object, 'spec.user');
  const groups = strings(at(object, 'spec.groups'));
  if (name === '' && groups.length === 0) {
    throw invalid(kind, '', [required('spec.user', 'at least one of user or group must be specified')]);
  }
  const uid = text(object, 'spec.uid');
  const extra = at(object, 'spec.extra');
  return {
    name,
    groups,
    ...(uid === '' ? {} : { uid }),
    extra: isObject(extra)
      ? Object.fromEntries(Object.entries(extra).map(([key, values]) => [key, strings(values)]))
      : {},
  };
}

function requireNamespace(kind: Kind, object: JsonObject, namespace: string): void {
  const asked = text(object, 'spec.resourceAttributes.namespace');
  if (asked === namespace) return;
  throw invalid(kind, '', [
    {
      reason: 'FieldValueInvalid',
      field: 'spec.resourceAttributes.namespace',
      message: `Invalid value: ${JSON.stringify(asked)}: must match metadata.namespace`,
    },
  ]);
}

function text(value: unknown, path: string): string {
  const found = at(value, path);
  return typeof found === 'string' ? found : '';
}

function strings(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];
}
