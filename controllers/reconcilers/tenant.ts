/**
 * Tenant: its control-plane namespace, budget and default policies, and where it is in its life.
 * Pending -> Active <-> Suspending/Suspended -> Deleting. source: resource model 4.3.
 */
import { tenantNamespace } from '../../apiserver/api/identity.ts';
import { AccessPolicy } from '../../apiserver/kinds/access-policy.ts';
import { DataCluster } from '../../apiserver/kinds/data-cluster.ts';
import { Namespace } from '../../apiserver/kinds/native/namespace.ts';
import { ResourceQuota } from '../../apiserver/kinds/native/resource-quota.ts';
import { Tenant } from '../../apiserver/kinds/tenant.ts';
import type { ApiObject, ObjectRef } from '../../apiserver/client/resource.ts';
import { addFinalizer, commitStatus, isTerminating } from './core/commit.ts';
import { failure, no, type Finding } from './core/conditions.ts';
import { DONE, onChange, onSelf } from './core/reconciler.ts';
import type { Outcome, Reconciler, ReconcilerDeps, Run } from './core/reconciler.ts';
import { finalizeTenant, TENANT_FINALIZER } from './tenant-deletion.ts';
import { createTenantSpace, type TenantSpace } from './tenant-space.ts';
import { describeTenant } from './tenant-status.ts';

export function createTenantReconciler(deps: ReconcilerDeps): Reconciler {
  const { informers } = deps;
  const tenants = informers.of(Tenant);
  const clusters = informers.of(DataCluster);
  const space = createTenantSpace(informers);
  return {
    name: 'tenant',
    triggers: [
      onSelf(tenants),
      onChange(clusters, ownerOf),
      onChange(informers.of(Namespace), (namespace) => tenantNamed(namespace.metadata.name)),
      onChange(informers.of(ResourceQuota), ownerOf),
      onChange(informers.of(AccessPolicy), ownerOf),
    ],
    reconcile: async (ref, run): Promise<Outcome> => {
      const tenant = tenants.get(ref);
      if (tenant === undefined) return DONE;
      const own = clusters.list(tenantNamespace(tenant.metadata.name));
      if (isTerminating(tenant)) return finalizeTenant(run, tenant, own);
      await maintain(run, tenant, own, space);
      return DONE;
    },
  };
}

/** The tenant whose namespace an object lives in. */
export const ownerOf = (object: ApiObject): readonly ObjectRef[] =>
  tenantNamed(object.metadata.namespace ?? '');

const PREFIX = tenantNamespace('');
const tenantNamed = (namespace: string): readonly ObjectRef[] =>
  namespace.startsWith(PREFIX) ? [{ name: namespace.slice(PREFIX.length) }] : [];

async function maintain(
  run: Run,
  stored: Tenant,
  clusters: readonly DataCluster[],
  space: TenantSpace,
): Promise<void> {
  const tenant = await addFinalizer(run, Tenant, stored, TENANT_FINALIZER);
  const conditions: Record<string, Finding> = {};
  try {
    conditions['NamespaceReady'] = await space.namespace(run, tenant);
    conditions['PoliciesReady'] =
      conditions['NamespaceReady'].status === 'True'
        ? await space.content(run, tenant)
        : no('NamespaceNotReady', 'policies follow when the namespace is there');
  } catch (error) {
    conditions['Ready'] = failure(error);
    await commitStatus(run, Tenant, tenant, { conditions }).catch(() => false);
    throw error;
  }
  await commitStatus(run, Tenant, tenant, describeTenant(tenant, clusters, conditions));
}
