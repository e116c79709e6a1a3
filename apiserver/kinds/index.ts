/** Every kind Polder stores or answers itself, in the order of `kubectl api-resources`. One line per kind. */
import type { Kind } from '../api/kind.ts';
import { AccessPolicy } from './access-policy.ts';
import { AccessReview } from './access-review.ts';
import { AccessRole } from './access-role.ts';
import { ClusterAccessPolicy } from './cluster-access-policy.ts';
import { DataCluster } from './data-cluster.ts';
import { DataPlane } from './data-plane.ts';
import { PlaneWork } from './plane-work.ts';
import { RegistrationToken } from './registration-token.ts';
import { Tenant } from './tenant.ts';

export const KINDS: readonly Kind[] = [
  Tenant,
  DataPlane,
  AccessRole,
  ClusterAccessPolicy,
  RegistrationToken,
  DataCluster,
  AccessPolicy,
  PlaneWork,
  AccessReview,
];
