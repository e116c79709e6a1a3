/** Every kind Polder stores or answers itself, in the order of `kubectl api-resources`. One line per kind. */
import type { Kind } from '../api/kind.ts';
import { AccessPolicy } from './access-policy.ts';
import { AccessReview } from './access-review.ts';
import { AccessRole } from './access-role.ts';
import { ClusterAccessPolicy } from './cluster-access-policy.ts';
import { Compute } from './compute.ts';
import { Credential } from './credential.ts';
import { DataCluster } from './data-cluster.ts';
import { DataPlane } from './data-plane.ts';
import { DataPolicy } from './data-policy.ts';
import { DataProduct } from './data-product.ts';
import { DataProductRun } from './data-product-run.ts';
import { DeploymentPipeline } from './deployment-pipeline.ts';
import { Depot } from './depot.ts';
import { Environment } from './environment.ts';
import { NamespaceTemplate } from './namespace-template.ts';
import { PlaneWork } from './plane-work.ts';
import { RegistrationToken } from './registration-token.ts';
import { Release } from './release.ts';
import { ReleaseBinding } from './release-binding.ts';
import { Stack } from './stack.ts';
import { Tenant } from './tenant.ts';

export const KINDS: readonly Kind[] = [
  Tenant,
  DataPlane,
  Compute,
  NamespaceTemplate,
  Stack,
  AccessRole,
  ClusterAccessPolicy,
  RegistrationToken,
  DataCluster,
  Credential,
  Depot,
  Environment,
  DeploymentPipeline,
  DataProduct,
  Release,
  ReleaseBinding,
  DataProductRun,
  AccessPolicy,
  DataPolicy,
  PlaneWork,
  AccessReview,
];
