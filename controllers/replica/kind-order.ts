/**
 * The kinds a bundle may carry on a data plane, in apply order; deletion runs backwards. A closed list: no
 * cluster-scoped kind but Namespace can ever be replayed. source: replay design 2.4, 2.9.
 */
import type { Kind } from '../../apiserver/api/kind.ts';
import { NATIVE_KINDS } from '../../apiserver/kinds/native/index.ts';

const ORDER = [
  'Namespace',
  'ServiceAccount',
  'Role',
  'RoleBinding',
  'ResourceQuota',
  'LimitRange',
  'NetworkPolicy',
  'Secret',
  'ConfigMap',
  'PersistentVolumeClaim',
  'Service',
  'Deployment',
  'StatefulSet',
  'Job',
  'CronJob',
  'PodDisruptionBudget',
  'Ingress',
] as const;

/** Replayable kinds by `apiVersion/kind`. */
export function replayableKinds(): ReadonlyMap<string, Kind> {
  return new Map(
    NATIVE_KINDS.filter((kind) => rankOf(kind.kind) < ORDER.length && kind.group !== 'events.k8s.io').map(
      (kind) => [gvkOf(kind.group === '' ? kind.version : `${kind.group}/${kind.version}`, kind.kind), kind],
    ),
  );
}

export const gvkOf = (apiVersion: string, kind: string): string => `${apiVersion}/${kind}`;

/** Position in apply order; unknown kinds come last. */
export function rankOf(kind: string): number {
  const rank = ORDER.findIndex((known) => known === kind);
  return rank < 0 ? ORDER.length : rank;
}
