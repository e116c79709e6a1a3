/** An AccessPolicy grants or refuses actions inside the one tenant whose namespace it lives in. */
import { cause } from '../api/causes.ts';
import type { Cause } from '../api/errors.ts';
import { defineKind, type ObjectFor } from '../api/kind.ts';
import { list, listMap, obj, opt, str, time, type Value } from '../api/schema.ts';
import * as rules from './access-rules.ts';
import { identifier, objectName, prose } from './names.ts';
import { conditions, conditionStatus, observedGeneration } from './status.ts';

const test = obj('One expectation.', {
  name: identifier('Name of the expectation, unique in the list.'),
  user: str('User who asks.', { minLength: 1, maxLength: 256 }),
  groups: opt(
    list('Groups of the user.', str('Name of a group.', { minLength: 1, maxLength: 256 }), { maxItems: 64 }),
  ),
  action: str('Resource and verb, such as depots:use.', { minLength: 1, maxLength: 128 }),
  object: opt(objectName('Name of the object that is acted on.')),
  expect: str('Decision that the tenant must reach with this policy in place.', { enum: ['Allow', 'Deny'] }),
});

const spec = obj('What the policy says.', {
  description: opt(prose('Why the policy exists.')),
  effect: rules.effect,
  subjects: rules.subjects(['User', 'Group', 'ServiceAccount', 'Tenant']),
  roleRef: opt(rules.roleRef),
  actions: opt(rules.actions('What is granted or refused, when no role is named.')),
  resources: rules.resources,
  condition: rules.condition,
  expiresAt: rules.expiresAt,
  enforcement: rules.enforcement,
  tests: opt(
    listMap('Expectations that must hold before the policy is accepted.', 'name', test, { maxItems: 64 }),
  ),
});

const status = obj('Observed state, written by controllers only.', {
  observedGeneration,
  lastCompiled: opt(time('When the policy took effect in its present form.')),
  error: opt(prose('Why the policy has no effect; empty when it has.')),
  conditions: conditions('Valid'),
});

export const AccessPolicy = defineKind({
  kind: 'AccessPolicy',
  plural: 'accesspolicies',
  shortNames: ['ap'],
  scope: 'Namespaced',
  doc: 'Grants or refuses actions to subjects inside one tenant; a refusal wins over every grant.',
  spec,
  status,
  references: [{ field: 'spec.roleRef.name', to: 'AccessRole', verb: 'bind' }],
  columns: [
    { name: 'Effect', type: 'string', cell: (policy) => policy.spec.effect },
    { name: 'Role', type: 'string', cell: (policy) => policy.spec.roleRef?.name ?? '<actions>' },
    { name: 'Subjects', type: 'string', cell: (policy) => subjectNames(policy.spec.subjects) },
    { name: 'Valid', type: 'string', cell: (policy) => conditionStatus(policy, 'Valid') },
    { name: 'Enforcement', type: 'string', wide: true, cell: (policy) => policy.spec.enforcement },
    { name: 'Expires', type: 'string', wide: true, cell: (policy) => policy.spec.expiresAt },
  ],
  check: (policy) => [...rules.checkRule(policy.spec), ...checkSharing(policy.spec)],
});
export type AccessPolicy = ObjectFor<typeof AccessPolicy>;

const MAX_NAMES_SHOWN = 3;

/** A cell: the first few subjects as Kind/name. */
export function subjectNames(subjects: readonly rules.Subject[]): string {
  const names = subjects.slice(0, MAX_NAMES_SHOWN).map(({ kind, name }) => `${kind}/${name}`);
  const more = subjects.length - names.length;
  return names.join(',') + (more > 0 ? ` +${more}` : '');
}

/** Another tenant is given the use of named things, never a role and never everything. */
function checkSharing(policy: Value<typeof spec>): readonly Cause[] {
  const shares = policy.effect === 'Allow' && policy.subjects.some((subject) => subject.kind === 'Tenant');
  if (!shares) return [];
  const causes: Cause[] = [];
  if (policy.roleRef !== undefined) {
    causes.push(
      cause.forbidden('spec.roleRef', 'a policy that shares with another tenant lists its actions'),
    );
  }
  for (const [index, action] of (policy.actions ?? []).entries()) {
    if (!action.includes('*')) continue;
    causes.push(
      cause.forbidden(`spec.actions[${index}]`, 'a policy that shares with another tenant has no wildcards'),
    );
  }
  return causes;
}
