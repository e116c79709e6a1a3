/** rbac.authorization.k8s.io/v1 RoleBinding. */
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

export const RoleBinding = defineNative({
  group: RBAC_GROUP,
  version: 'v1',
  kind: 'RoleBinding',
  plural: 'rolebindings',
  scope: 'Namespaced',
  doc: 'Gives a role to subjects inside one namespace.',
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
export type RoleBinding = ObjectFor<typeof RoleBinding>;
