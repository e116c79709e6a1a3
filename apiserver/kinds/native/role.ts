/** rbac.authorization.k8s.io/v1 Role. */
import { defineNative, type ObjectFor } from '../../api/kind.ts';
import { checkRules, RBAC_GROUP, rules } from './rbac-rules.ts';

export const Role = defineNative({
  group: RBAC_GROUP,
  version: 'v1',
  kind: 'Role',
  plural: 'roles',
  scope: 'Namespaced',
  doc: 'Verbs on resources of one namespace, to be given to subjects by a RoleBinding.',
  fields: { rules },
  columns: [
    { name: 'Name', type: 'string', cell: (role) => role.metadata.name },
    { name: 'Created At', type: 'string', cell: (role) => role.metadata.creationTimestamp },
  ],
  completeColumns: true,
  check: (role) => checkRules(role.rules ?? [], true),
});
export type Role = ObjectFor<typeof Role>;
