/** Kubernetes kinds that the webhooks are asked about, with the subresources that count. One line per kind. */
import type { Kind } from '../apiserver/api/kind.ts';
import { CronJob } from '../apiserver/kinds/native/cron-job.ts';
import { DaemonSet } from '../apiserver/kinds/native/daemon-set.ts';
import { Deployment } from '../apiserver/kinds/native/deployment.ts';
import { Ingress } from '../apiserver/kinds/native/ingress.ts';
import { Job } from '../apiserver/kinds/native/job.ts';
import { LimitRange } from '../apiserver/kinds/native/limit-range.ts';
import { Namespace } from '../apiserver/kinds/native/namespace.ts';
import { NetworkPolicy } from '../apiserver/kinds/native/network-policy.ts';
import { PersistentVolumeClaim } from '../apiserver/kinds/native/persistent-volume-claim.ts';
import { Pod } from '../apiserver/kinds/native/pod.ts';
import { ReplicaSet } from '../apiserver/kinds/native/replica-set.ts';
import { ReplicationController } from '../apiserver/kinds/native/replication-controller.ts';
import { ResourceQuota } from '../apiserver/kinds/native/resource-quota.ts';
import { RoleBinding } from '../apiserver/kinds/native/role-binding.ts';
import { Role } from '../apiserver/kinds/native/role.ts';
import { Secret } from '../apiserver/kinds/native/secret.ts';
import { ServiceAccount } from '../apiserver/kinds/native/service-account.ts';
import { Service } from '../apiserver/kinds/native/service.ts';
import { StatefulSet } from '../apiserver/kinds/native/stateful-set.ts';
import { Binding, ControllerRevision, PodTemplate } from './host-kinds.ts';

export interface WatchedKind {
  readonly kind: Kind;
  /** Written like objects of their own: through `status` labels can be changed, for the others see `meaningOf`. */
  readonly subresources: readonly string[];
  /** Opened by CONNECT. */
  readonly connects: readonly string[];
}

const watched = (
  kind: Kind,
  subresources: readonly string[] = [],
  connects: readonly string[] = [],
): WatchedKind => ({ kind, subresources, connects });

export const WATCHED_KINDS: readonly WatchedKind[] = [
  // `status` and `finalize` of a Namespace take labels along.
  watched(Namespace, ['status', 'finalize']),
  watched(
    Pod,
    ['ephemeralcontainers', 'resize', 'eviction', 'binding', 'status'],
    ['exec', 'attach', 'portforward', 'proxy'],
  ),
  watched(ReplicationController, ['scale', 'status']),
  watched(Deployment, ['scale', 'status']),
  watched(ReplicaSet, ['scale', 'status']),
  watched(StatefulSet, ['scale', 'status']),
  watched(DaemonSet, ['status']),
  watched(Job, ['status']),
  watched(CronJob, ['status']),
  watched(Secret),
  watched(ServiceAccount, ['token']),
  watched(PersistentVolumeClaim, ['status']),
  watched(Service, ['status'], ['proxy']),
  watched(ResourceQuota, ['status']),
  watched(LimitRange),
  watched(Ingress, ['status']),
  watched(NetworkPolicy),
  watched(Role),
  watched(RoleBinding),
  watched(ControllerRevision),
  watched(PodTemplate),
  watched(Binding),
];

const BY_RESOURCE = new Map(
  WATCHED_KINDS.map((each) => [`${each.kind.group}/${each.kind.plural}`, each.kind]),
);

/** Undefined for what no registration of ours sends here. */
export const watchedKind = (group: string, resource: string): Kind | undefined =>
  BY_RESOURCE.get(`${group}/${resource}`);
