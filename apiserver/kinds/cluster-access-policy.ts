/** A ClusterAccessPolicy gives operators rights on platform kinds, or sets guardrails over every tenant. */
import { defineKind, type ObjectFor } from '../api/kind.ts';
import { obj, opt, time } from '../api/schema.ts';
import { subjectNames } from './access-policy.ts';
import * as rules from './access-rules.ts';
import { prose } from './names.ts';
import { conditions, conditionStatus, observedGeneration } from './status.ts';

const spec = obj('What the policy says.', {
  description: opt(prose('Why the policy exists.')),
  effect: rules.effect,
  subjects: rules.subjects(['User', 'Group', 'ServiceAccount']),
  roleRef: opt(rules.roleRef),
  actions: opt(rules.actions('What is granted or refused, when no role is named.')),
  resources: rules.resources,
  condition: rules.condition,
  expiresAt: rules.expiresAt,
  enforcement: rules.enforcement,
});

const status = obj('Observed state, written by controllers only.', {
  observedGeneration,
  lastCompiled: opt(time('When the policy took effect in its present form.')),
  error: opt(prose('Why the policy has no effect; empty when it has.')),
  conditions: conditions('Valid'),
});

export const ClusterAccessPolicy = defineKind({
  kind: 'ClusterAccessPolicy',
  plural: 'clusteraccesspolicies',
  shortNames: ['cap'],
  scope: 'Cluster',
  doc: 'Grants actions on platform kinds only; a refusal also holds inside every tenant and cannot be overridden there.',
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
  check: (policy) => rules.checkRule(policy.spec),
});
export type ClusterAccessPolicy = ObjectFor<typeof ClusterAccessPolicy>;
