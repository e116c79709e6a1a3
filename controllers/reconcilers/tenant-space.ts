/** What a tenant has in the control plane: a namespace, a quota in it, and the policies that make its admins admins. */
import { TENANT_LABEL, TENANT_UID_LABEL, tenantNamespace } from '../../apiserver/api/identity.ts';
import type { InputFor } from '../../apiserver/client/resource.ts';
import { isNotFound } from '../../apiserver/client/status.ts';
import { AccessPolicy } from '../../apiserver/kinds/access-policy.ts';
import { Namespace } from '../../apiserver/kinds/native/namespace.ts';
import { ResourceQuota } from '../../apiserver/kinds/native/resource-quota.ts';
import type { Tenant } from '../../apiserver/kinds/tenant.ts';
import { isTerminating } from './core/commit.ts';
import { no, yes, type Finding } from './core/conditions.ts';
import { ensure, stamp } from './core/ensure.ts';
import type { Informers } from './core/informers.ts';
import type { Run } from './core/reconciler.ts';
import { effectiveQuota, hardLimits } from './render/namespace.ts';

export const ADMINS_POLICY = 'polder-tenant-admins';
export const ADMIN_ROLE = 'tenant-admin';
const QUOTA = 'polder-tenant';

export interface TenantSpace {
  /** Makes the namespace exist; never takes over one that belongs to somebody else. */
  namespace(run: Run, tenant: Tenant): Promise<Finding>;
  /** Quota and default policies; the namespace must be there. */
  content(run: Run, tenant: Tenant): Promise<Finding>;
}

export function createTenantSpace(informers: Informers): TenantSpace {
  const namespaces = informers.of(Namespace);
  const quotas = informers.of(ResourceQuota);
  const policies = informers.of(AccessPolicy);
  return {
    namespace: async (run, tenant) => {
      const desired = renderNamespaceOf(tenant);
      const { name } = desired.metadata;
      const cached = namespaces.get({ name });
      if (cached === undefined) {
        // Created, not applied: a namespace of that name that this copy has not heard of must not be taken over.
        await run.apiClient.create(Namespace, stamp(desired));
        return yes('Created');
      }
      if (isTerminating(cached)) {
        return no('NamespaceTerminating', `namespace "${name}" is still being deleted`);
      }
      if (!isNamespaceOf(tenant, cached)) {
        const why = `namespace "${name}" exists and does not belong to this tenant; delete it or name the tenant differently`;
        return no('NamespaceTaken', why);
      }
      await ensure(run, Namespace, desired, cached);
      return yes('Created');
    },
    content: async (run, tenant) => {
      const namespace = tenantNamespace(tenant.metadata.name);
      await ensure(run, ResourceQuota, renderQuota(tenant), quotas.get({ namespace, name: QUOTA }));
      const known = policies.get({ namespace, name: ADMINS_POLICY });
      const desired = renderAdmins(tenant);
      if (desired !== undefined) {
        await ensure(run, AccessPolicy, desired, known);
        return yes('Created');
      }
      if (known !== undefined) await removePolicy(run, namespace);
      return yes('NoAdmins', 'spec.admins is empty: nobody administers this tenant yet');
    },
  };
}

/** Labels decide, not the name: a tenant that was deleted and made again does not inherit. */
export const isNamespaceOf = (tenant: Tenant, namespace: Namespace): boolean =>
  namespace.metadata.labels?.[TENANT_UID_LABEL] === tenant.metadata.uid;

export function renderNamespaceOf(
  tenant: Tenant,
): InputFor<Namespace> & { readonly metadata: { readonly name: string } } {
  const name = tenantNamespace(tenant.metadata.name);
  return {
    metadata: {
      name,
      labels: {
        'app.kubernetes.io/managed-by': 'polder',
        'kubernetes.io/metadata.name': name,
        [TENANT_LABEL]: tenant.metadata.name,
        [TENANT_UID_LABEL]: tenant.metadata.uid,
      },
    },
  };
}

const managed = { 'app.kubernetes.io/managed-by': 'polder' };

/** Bounds what the tenant keeps in the control plane; the planes get their own quotas. */
function renderQuota(tenant: Tenant): InputFor<ResourceQuota> {
  const namespace = tenantNamespace(tenant.metadata.name);
  const { quota } = tenant.spec;
  return {
    metadata: { namespace, name: QUOTA, labels: managed },
    spec: {
      hard: {
        ...hardLimits(effectiveQuota(quota), false),
        'count/dataclusters.data.polder.dev': String(quota.dataClusters),
      },
    },
  };
}

/** Undefined when the tenant names nobody. */
function renderAdmins(tenant: Tenant): InputFor<AccessPolicy> | undefined {
  const { admins } = tenant.spec;
  if (admins.length === 0) return undefined;
  const namespace = tenantNamespace(tenant.metadata.name);
  return {
    metadata: { namespace, name: ADMINS_POLICY, labels: managed },
    spec: {
      description: 'Made from spec.admins of the Tenant, and remade when changed here.',
      effect: 'Allow',
      subjects: admins,
      roleRef: { name: ADMIN_ROLE },
    },
  };
}

async function removePolicy(run: Run, namespace: string): Promise<void> {
  try {
    await run.apiClient.delete(AccessPolicy, { namespace, name: ADMINS_POLICY });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
