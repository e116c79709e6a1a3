/** The Kubernetes kinds that the embedded local plane serves. One line per kind. */
import type { Kind } from '../../api/kind.ts';
import { ConfigMap } from './config-map.ts';
import { LimitRange } from './limit-range.ts';
import { Namespace } from './namespace.ts';
import { NetworkPolicy } from './network-policy.ts';
import { ResourceQuota } from './resource-quota.ts';
import { RoleBinding } from './role-binding.ts';
import { Role } from './role.ts';
import { Secret } from './secret.ts';
import { ServiceAccount } from './service-account.ts';

export const NATIVE_KINDS: readonly Kind[] = [
  ConfigMap,
  LimitRange,
  Namespace,
  ResourceQuota,
  Secret,
  ServiceAccount,
  NetworkPolicy,
  RoleBinding,
  Role,
];
