/** The APIService objects: one for every group-version that the kinds are served under. */
import { SYSTEM_NAMESPACE } from '../apiserver/api/identity.ts';
import type { JsonObject } from '../apiserver/api/json.ts';
import type { Kind } from '../apiserver/api/kind.ts';

/** Of the Service in front of `polder apiserver`. */
export const API_SERVICE_NAME = 'polder';
/** Behind everything that is built in, so that a short name of Kubernetes is never taken over. */
const GROUP_PRIORITY_MINIMUM = 1_000;
const VERSION_PRIORITY = 15;

/** Sorted by name. Without `caBundle`: `polder apiserver` or cert-manager writes it. */
export function apiServices(kinds: readonly Pick<Kind, 'group' | 'version'>[]): readonly JsonObject[] {
  const names = new Map(kinds.map(({ group, version }) => [`${version}.${group}`, { group, version }]));
  return [...names.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { group, version }]) => ({
      apiVersion: 'apiregistration.k8s.io/v1',
      kind: 'APIService',
      metadata: { name, labels: { 'app.kubernetes.io/part-of': 'polder' } },
      spec: {
        group,
        version,
        groupPriorityMinimum: GROUP_PRIORITY_MINIMUM,
        versionPriority: VERSION_PRIORITY,
        service: { namespace: SYSTEM_NAMESPACE, name: API_SERVICE_NAME, port: 443 },
      },
    }));
}
