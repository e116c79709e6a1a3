/** rbac.authorization.k8s.io/v1 ClusterRole. */
import { defineNative, type ObjectFor } from '../../api/kind.ts';
import { list, obj, opt } from '../../api/schema.ts';
import { labelSelector } from '../fields.ts';
import { checkRules, RBAC_GROUP, rules } from './rbac-rules.ts';

export const ClusterRole = defineNative({
  group: RBAC_GROUP,
  version: 'v1',
  kind: 'ClusterRole',
  plural: 'clusterroles',
  scope: 'Cluster',
  doc: 'Verbs on resources of the whole cluster, to be given to subjects by bindings.',
  fields: {
    rules,
    aggregationRule: opt(
      obj('Takes the rules from other roles.', {
        clusterRoleSelectors: opt(list('Labels of those roles.', labelSelector('One selector.'))),
      }),
    ),
  },
  columns: [
    { name: 'Name', type: 'string', cell: (role) => role.metadata.name },
    { name: 'Created At', type: 'string', cell: (role) => role.metadata.creationTimestamp },
  ],
  completeColumns: true,
  check: (role) => checkRules(role.rules ?? [], false),
});
export type ClusterRole = ObjectFor<typeof ClusterRole>;
