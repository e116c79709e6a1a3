/**
 * Access rules that could never do what they say are refused when they are written: unknown words, grants to
 * nobody's identity, more rules than a tenant may have, expectations that do not hold.
 */
import type { AdmissionRequest } from '../../api/admission.ts';
import { at, isObject } from '../../api/json.ts';
import { AccessPolicy } from '../../kinds/access-policy.ts';
import { AccessRole } from '../../kinds/access-role.ts';
import { ClusterAccessPolicy } from '../../kinds/cluster-access-policy.ts';
import { isComponentSubject, parsePolicy } from '../grants.ts';
import {
  AUTHENTICATED_GROUP,
  groupSubject,
  isComponent,
  isSuperuser,
  UNAUTHENTICATED_GROUP,
} from '../subjects.ts';
import { NONE, type Rule, type RuleContext, type Violation } from './rule.ts';

/** Rules of one tenant, over all of its policies; rules of a role count once. */
export const MAX_TENANT_RULES = 1000;

export const policyValidity: Rule = {
  name: 'policy-validity',
  check: (request, context) => {
    const { kind, operation, subresource, object } = request;
    if (operation === 'DELETE' || subresource !== '' || object === undefined) return NONE;
    if (kind === AccessRole) return unknownActions(request, context);
    if (kind !== AccessPolicy && kind !== ClusterAccessPolicy) return NONE;
    const words = [
      ...unknownActions(request, context),
      ...unknownKinds(request, context),
      ...badSubjects(request),
    ];
    if (words.length > 0) return words;
    return [
      ...emptyPolicy(request, context),
      ...(kind === AccessPolicy ? checkInTenant(request, context) : []),
    ];
  },
};

const invalid = (field: string, value: unknown, why: string): Violation => ({
  code: 'POLICY_INVALID',
  is: 'invalid',
  field,
  reason: 'FieldValueInvalid',
  message: `Invalid value: ${JSON.stringify(value)}: ${why}`,
});

function unknownActions({ object }: AdmissionRequest, { engine }: RuleContext): readonly Violation[] {
  const actions = at(object, 'spec.actions');
  if (!Array.isArray(actions)) return [];
  return actions.flatMap((action: unknown, index) =>
    typeof action !== 'string' || engine.knows(action)
      ? []
      : [
          invalid(
            `spec.actions[${index}]`,
            action,
            'there is no such resource or verb; write resource:verb as in depots:use',
          ),
        ],
  );
}

function unknownKinds({ object }: AdmissionRequest, { engine }: RuleContext): readonly Violation[] {
  const unknown = object === undefined ? [] : (engine.compile(object)?.unknownKinds ?? []);
  return unknown.map((kind) =>
    invalid(
      'spec.resources',
      kind,
      'there is no such resource; write the plural as in depots or deployments.apps',
    ),
  );
}

/** An Allow must not reach callers without identity, and our components get rights from the platform only. */
function badSubjects({ object, kind, user }: AdmissionRequest): readonly Violation[] {
  const policy = object === undefined ? undefined : parsePolicy('draft', object);
  if (policy?.effect !== 'allow') return [];
  return policy.subjects.flatMap((entry, index): readonly Violation[] => {
    const field = `spec.subjects[${index}]`;
    if (entry.is !== 'caller') return [];
    if (entry.subject === groupSubject(UNAUTHENTICATED_GROUP) && kind === AccessPolicy) {
      return [
        invalid(
          field,
          UNAUTHENTICATED_GROUP,
          `nothing in a tenant is open to anonymous callers; use ${AUTHENTICATED_GROUP}`,
        ),
      ];
    }
    if (!isComponentSubject(entry.subject) || isComponent(user)) return [];
    if (kind === ClusterAccessPolicy && isSuperuser(user)) return [];
    const message =
      "the rights of Polder's own components reach into every tenant and are given by the platform only";
    return [{ code: 'ESCALATION', is: 'forbidden', field, message }];
  });
}

function emptyPolicy({ object }: AdmissionRequest, { engine }: RuleContext): readonly Violation[] {
  const compiled = object === undefined ? undefined : engine.compile(object);
  // The role may be created by the same apply; that it exists is for the rule about references.
  if (compiled === undefined || compiled.rules.length > 0 || at(object, 'spec.roleRef') !== undefined)
    return [];
  return [invalid('spec.resources', 'kinds', 'covers nothing: none of the actions is about these kinds')];
}

function checkInTenant(request: AdmissionRequest, { engine }: RuleContext): readonly Violation[] {
  const { namespace, name, object } = request;
  if (object === undefined || engine.tenantOf(namespace) === undefined) return [];
  const preview = engine.preview(namespace, name, object);
  const found: Violation[] = [];
  if (preview.size > MAX_TENANT_RULES) {
    const why = `the tenant would have ${preview.size} rules and may have ${MAX_TENANT_RULES}; use roles, which count once`;
    found.push(invalid('spec.actions', name, why));
  }
  const tests = at(object, 'spec.tests');
  for (const [index, test] of Array.isArray(tests) ? tests.entries() : []) {
    if (!isObject(test)) continue;
    const field = `spec.tests[${index}]`;
    const attributes = engine.question(text(test['action']), namespace, text(test['object']));
    if (attributes === undefined) {
      found.push(invalid(`${field}.action`, test['action'], 'there is no such resource or verb'));
      continue;
    }
    const groups = Array.isArray(test['groups']) ? test['groups'].map(text) : [];
    const decision = preview.decide({ name: text(test['user']), groups, extra: {} }, attributes);
    const reached = decision.allowed ? 'Allow' : 'Deny';
    if (reached !== test['expect']) {
      found.push(
        invalid(
          `${field}.expect`,
          test['expect'],
          `expectation "${text(test['name'])}": with this policy the decision is ${reached}: ${decision.reason}`,
        ),
      );
    }
  }
  return found;
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
