/** Every controller, in the order in which they are started. One line per reconciler. */
import {
  createAccessPolicyReconciler,
  createAccessRoleReconciler,
  createClusterAccessPolicyReconciler,
} from './access-policies.ts';
import { createComputeReconciler } from './compute.ts';
import type { ReconcilerFactory } from './core/reconciler.ts';
import { createCredentialReconciler } from './credential.ts';
import { createDataClusterReconciler } from './data-cluster.ts';
import { createDataPlaneReconciler } from './data-plane.ts';
import { createDataProductReconciler } from './data-product.ts';
import { createDeploymentPipelineReconciler } from './deployment-pipeline.ts';
import { createDepotReconciler } from './depot.ts';
import { createEnvironmentReconciler } from './environment.ts';
import { createNamespaceTemplateReconciler } from './namespace-template.ts';
import { createPlaneWorkReconciler } from './plane-work.ts';
import { createStackReconciler } from './stack.ts';
import { createTenantReconciler } from './tenant.ts';

export const RECONCILERS: readonly ReconcilerFactory[] = [
  createTenantReconciler,
  createDataPlaneReconciler,
  createDataClusterReconciler,
  createPlaneWorkReconciler,
  createAccessRoleReconciler,
  createAccessPolicyReconciler,
  createClusterAccessPolicyReconciler,
  createCredentialReconciler,
  createDepotReconciler,
  createEnvironmentReconciler,
  createDeploymentPipelineReconciler,
  createNamespaceTemplateReconciler,
  createStackReconciler,
  createComputeReconciler,
  createDataProductReconciler,
];
