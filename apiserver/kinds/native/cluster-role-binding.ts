/** rbac.authorization.k8s.io/v1 ClusterRoleBinding. */
import { defineNative, type ObjectFor } from '../../api/kind.ts';
import {
  checkSubjects,
  defaultSubjects,
  RBAC_GROUP,
  roleCell,
  roleRef,
  subjectCell,
  subjects,
} from './rbac-rules.ts';

export const ClusterRoleBinding = defineNative({
  group: RBAC_GROUP,
  version: 'v1',
  kind: 'ClusterRoleBinding',
  plural: 'clusterrolebindings',
  scope: 'Cluster',
  doc: 'Gives a role to subjects in the whole cluster.',
  fields: { subjects, roleRef },
  immutable: ['roleRef'],
  columns: [
    { name: 'Role', type: 'string', cell: roleCell },
    { name: 'Users', type: 'string', wide: true, cell: (binding) => subjectCell(binding, 'User') },
    { name: 'Groups', type: 'string', wide: true, cell: (binding) => subjectCell(binding, 'Group') },
    {
      name: 'ServiceAccounts',
      type: 'string',
      wide: true,
      cell: (binding) => subjectCell(binding, 'ServiceAccount'),
    },
  ],
  prepare: defaultSubjects,
  check: (binding) => checkSubjects(binding.subjects ?? []),
});
export type ClusterRoleBinding = ObjectFor<typeof ClusterRoleBinding>;
