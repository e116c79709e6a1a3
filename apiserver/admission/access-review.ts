/** Answers an AccessReview: the decision the engine would make, with its reason and the policies behind it. */
import { invalid } from '../api/errors.ts';
import type { UserInfo } from '../api/identity.ts';
import { at, isObject, type Json, type JsonObject } from '../api/json.ts';
import { AccessPolicy } from '../kinds/access-policy.ts';
import { AccessReview } from '../kinds/access-review.ts';
import { ClusterAccessPolicy } from '../kinds/cluster-access-policy.ts';
import { question } from '../policy/denial.ts';
import type { Engine } from '../policy/engine.ts';

/** Whether the caller may ask is decided before, by the action accessreviews:create in this namespace. */
export function reviewAccess(
  engine: Engine,
  caller: UserInfo,
  target: { readonly namespace: string; readonly name: string },
  object: JsonObject,
): JsonObject {
  const user = subjectOf(caller, at(object, 'spec.subject'));
  const action = at(object, 'spec.action');
  const resource = at(object, 'spec.resource');
  const name = textAt(resource, 'name');
  const attributes = engine.question(String(action), target.namespace, name);
  if (attributes === undefined) {
    throw invalid(AccessReview, target.name, [
      {
        reason: 'FieldValueInvalid',
        field: 'spec.action',
        message: `Invalid value: ${JSON.stringify(action)}: there is no such resource or verb; write resource:verb as in depots:use`,
      },
    ]);
  }
  const assumed = assumptions(resource, at(object, 'spec.attributes'));
  const decision =
    Object.keys(assumed).length === 0
      ? engine.authorize(user, attributes)
      : engine.authorizeObject(user, attributes, { object: 'none', assumed });
  const reason = decision.allowed
    ? decision.reason
    : `${question(user.name, attributes)}: ${decision.reason}`;
  return {
    ...object,
    status: { allowed: decision.allowed, reason, policies: decision.policies.flatMap(policyName) },
  };
}

/** `AccessPolicy tn-acme/readers` is called readers; what is no policy object stands in the reason only. */
function policyName(policy: string): readonly string[] {
  const [kind = '', path = '', ...rest] = policy.split(' ');
  const isStored = kind === AccessPolicy.kind || kind === ClusterAccessPolicy.kind;
  return isStored && rest.length === 0 ? [path.slice(path.indexOf('/') + 1)] : [];
}

/** A named subject is taken as an authenticated user with exactly these groups. */
function subjectOf(caller: UserInfo, subject: unknown): UserInfo {
  if (!isObject(subject)) return caller;
  const groups = subject['groups'];
  return {
    name: textAt(subject, 'user'),
    groups: Array.isArray(groups) ? groups.filter((group): group is string => typeof group === 'string') : [],
    extra: {},
  };
}

/** What conditions would find on the object that the question is about. */
function assumptions(resource: unknown, attributes: unknown): Readonly<Record<string, string>> {
  const labels = at(resource, 'labels');
  const environment = textAt(resource, 'environment');
  return {
    ...texts(attributes, ''),
    ...texts(labels, 'labels.'),
    ...(environment === '' ? {} : { environment }),
  };
}

function texts(value: unknown, prefix: string): Readonly<Record<string, string>> {
  if (!isObject(value)) return {};
  const entries = Object.entries(value).filter((entry): entry is [string, string] => isText(entry[1]));
  return Object.fromEntries(entries.map(([key, text]) => [`${prefix}${key}`, text]));
}

const isText = (value: Json): value is string => typeof value === 'string';

function textAt(value: unknown, path: string): string {
  const found = at(value, path);
  return typeof found === 'string' ? found : '';
}
