/** An AccessRole is a named set of actions that policies hand out. */
import { defineKind, type ObjectFor } from '../api/kind.ts';
import { int, obj, opt } from '../api/schema.ts';
import { actions } from './access-rules.ts';
import { prose } from './names.ts';
import { conditions, conditionStatus, observedGeneration } from './status.ts';

const spec = obj('What the role stands for.', {
  description: opt(prose('What a holder of the role is able to do, in a sentence.')),
  actions: actions('Everything the role covers.'),
});

const status = obj('Observed state, written by controllers only.', {
  observedGeneration,
  boundBy: opt(int('Number of policies that refer to the role.', { minimum: 0 })),
  conditions: conditions('Valid'),
});

export const AccessRole = defineKind({
  kind: 'AccessRole',
  plural: 'accessroles',
  shortNames: ['ar'],
  scope: 'Cluster',
  doc: 'A named set of actions, given to subjects by an AccessPolicy or a ClusterAccessPolicy.',
  spec,
  status,
  columns: [
    { name: 'Actions', type: 'integer', cell: (role) => role.spec.actions.length },
    { name: 'Bound By', type: 'integer', cell: (role) => role.status?.boundBy },
    { name: 'Valid', type: 'string', wide: true, cell: (role) => conditionStatus(role, 'Valid') },
    { name: 'Description', type: 'string', wide: true, cell: (role) => role.spec.description },
  ],
});
export type AccessRole = ObjectFor<typeof AccessRole>;
