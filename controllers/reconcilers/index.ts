/** Every controller, in the order in which they are started. One line per reconciler. */
import type { ReconcilerFactory } from './core/reconciler.ts';
import { createDataClusterReconciler } from './data-cluster.ts';
import { createDataPlaneReconciler } from './data-plane.ts';
import { createPlaneWorkReconciler } from './plane-work.ts';
import { createTenantReconciler } from './tenant.ts';

export const RECONCILERS: readonly ReconcilerFactory[] = [
  createTenantReconciler,
  createDataPlaneReconciler,
  createDataClusterReconciler,
  createPlaneWorkReconciler,
];
