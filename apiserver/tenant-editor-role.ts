/**
 * The role that a tenant's service account has in its own namespaces on a data plane, through the RoleBinding of the
 * namespace slice. A plane of its own gets it installed with the agent; the embedded plane starts with it.
 *
 * It writes what a data cluster and its products consist of, and nothing that bounds the tenant: no quota, limit
 * range, network policy, role, binding or service account. Pods come from workloads only, nobody executes in them,
 * and Secrets can be written but not read back.
 */
import type { JsonObject } from './api/json.ts';
import { apiVersionOf } from './api/kind.ts';
import { ClusterRole } from './kinds/native/cluster-role.ts';

/** Named by every RoleBinding that is rendered for a tenant. */
export const TENANT_EDITOR = 'polder-tenant-editor';

const READ = ['get', 'list', 'watch'];
const WRITE = ['create', 'update', 'patch', 'delete'];

export const TENANT_EDITOR_ROLE: JsonObject = {
  apiVersion: apiVersionOf(ClusterRole),
  kind: ClusterRole.kind,
  metadata: { name: TENANT_EDITOR, labels: { 'app.kubernetes.io/managed-by': 'polder' } },
  rules: [
    {
      apiGroups: [''],
      resources: ['configmaps', 'persistentvolumeclaims', 'services'],
      verbs: [...READ, ...WRITE],
    },
    { apiGroups: [''], resources: ['secrets'], verbs: WRITE },
    { apiGroups: ['apps'], resources: ['deployments', 'statefulsets'], verbs: [...READ, ...WRITE] },
    { apiGroups: ['batch'], resources: ['cronjobs', 'jobs'], verbs: [...READ, ...WRITE] },
    { apiGroups: ['networking.k8s.io'], resources: ['ingresses'], verbs: [...READ, ...WRITE] },
    { apiGroups: ['policy'], resources: ['poddisruptionbudgets'], verbs: [...READ, ...WRITE] },
    {
      apiGroups: [''],
      resources: ['endpoints', 'events', 'limitranges', 'pods', 'pods/log', 'resourcequotas'],
      verbs: READ,
    },
    { apiGroups: ['apps'], resources: ['replicasets'], verbs: READ },
    { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: READ },
    { apiGroups: ['networking.k8s.io'], resources: ['networkpolicies'], verbs: READ },
  ],
};
