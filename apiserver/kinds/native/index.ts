/** The Kubernetes kinds that the embedded local plane serves. One line per kind. */
import type { Kind } from '../../api/kind.ts';
import { ClusterRole } from './cluster-role.ts';
import { ClusterRoleBinding } from './cluster-role-binding.ts';
import { ConfigMap } from './config-map.ts';
import { CronJob } from './cron-job.ts';
import { DaemonSet } from './daemon-set.ts';
import { Deployment } from './deployment.ts';
import { EndpointSlice } from './endpoint-slice.ts';
import { Endpoints } from './endpoints.ts';
import { Event } from './event.ts';
import { EventsEvent } from './events-event.ts';
import { Ingress } from './ingress.ts';
import { Job } from './job.ts';
import { Lease } from './lease.ts';
import { LimitRange } from './limit-range.ts';
import { LocalSubjectAccessReview } from './local-subject-access-review.ts';
import { MutatingWebhookConfiguration } from './mutating-webhook-configuration.ts';
import { Namespace } from './namespace.ts';
import { NetworkPolicy } from './network-policy.ts';
import { PersistentVolume } from './persistent-volume.ts';
import { PersistentVolumeClaim } from './persistent-volume-claim.ts';
import { Pod } from './pod.ts';
import { PodDisruptionBudget } from './pod-disruption-budget.ts';
import { ReplicaSet } from './replica-set.ts';
import { ReplicationController } from './replication-controller.ts';
import { ResourceQuota } from './resource-quota.ts';
import { Role } from './role.ts';
import { RoleBinding } from './role-binding.ts';
import { Secret } from './secret.ts';
import { SelfSubjectAccessReview } from './self-subject-access-review.ts';
import { SelfSubjectReview } from './self-subject-review.ts';
import { SelfSubjectReviewV1Beta1 } from './self-subject-review-v1beta1.ts';
import { SelfSubjectRulesReview } from './self-subject-rules-review.ts';
import { Service } from './service.ts';
import { ServiceAccount } from './service-account.ts';
import { StatefulSet } from './stateful-set.ts';
import { SubjectAccessReview } from './subject-access-review.ts';
import { ValidatingWebhookConfiguration } from './validating-webhook-configuration.ts';

export const NATIVE_KINDS: readonly Kind[] = [
  ConfigMap,
  Endpoints,
  Event,
  LimitRange,
  Namespace,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  ReplicationController,
  ResourceQuota,
  Secret,
  ServiceAccount,
  Service,
  MutatingWebhookConfiguration,
  ValidatingWebhookConfiguration,
  DaemonSet,
  Deployment,
  ReplicaSet,
  StatefulSet,
  SelfSubjectReview,
  SelfSubjectReviewV1Beta1,
  LocalSubjectAccessReview,
  SelfSubjectAccessReview,
  SelfSubjectRulesReview,
  SubjectAccessReview,
  CronJob,
  Job,
  Lease,
  EndpointSlice,
  EventsEvent,
  Ingress,
  NetworkPolicy,
  PodDisruptionBudget,
  ClusterRoleBinding,
  ClusterRole,
  RoleBinding,
  Role,
];
