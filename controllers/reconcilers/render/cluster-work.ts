/** The PlaneWork of a data cluster. Pure and deterministic. */
import { createHash } from 'node:crypto';
import { apiVersionOf } from '../../../apiserver/api/kind.ts';
import type { InputFor } from '../../../apiserver/client/resource.ts';
import { DataCluster } from '../../../apiserver/kinds/data-cluster.ts';
import type { DataPlane } from '../../../apiserver/kinds/data-plane.ts';
import type { NamespaceTemplate } from '../../../apiserver/kinds/namespace-template.ts';
import type { PlaneWork } from '../../../apiserver/kinds/plane-work.ts';
import { targetNamespace } from '../../../apiserver/kinds/slug.ts';
import type { Tenant } from '../../../apiserver/kinds/tenant.ts';
import { PLANE_WORK_FINALIZER } from '../plane-work-state.ts';
import { effectiveQuota, renderNamespace } from './namespace.ts';
import { renderTemplates } from './templates.ts';

interface ClusterSlice {
  readonly cluster: DataCluster;
  readonly tenant: Tenant;
  readonly plane: DataPlane;
  readonly slug: string;
  readonly templates: readonly NamespaceTemplate[];
  readonly suspended: boolean;
  readonly retained: boolean;
}

export interface RenderedWork {
  readonly work: InputFor<PlaneWork>;
  readonly problems: readonly string[];
}

/** One name per incarnation: a cluster that is made again never meets the work of the one before. */
export function workName(cluster: DataCluster): string {
  const hash = createHash('sha256').update(cluster.metadata.uid).digest('hex').slice(0, 8);
  return `dc-${cluster.metadata.name.slice(0, 200).replace(/[-.]+$/, '')}-${hash}`;
}

export function renderClusterWork(slice: ClusterSlice): RenderedWork {
  const { cluster, tenant, plane, slug } = slice;
  const namespace = targetNamespace(slug);
  const fixed = renderNamespace({
    namespace,
    tenant: { name: tenant.metadata.name, uid: tenant.metadata.uid },
    cluster: cluster.metadata.name,
    quota: effectiveQuota(tenant.spec.quota, cluster.spec.quota),
    networkMode: tenant.spec.networkMode,
    suspended: slice.suspended,
    retained: slice.retained,
  });
  const own = renderTemplates(slice.templates, {
    facts: {
      namespace,
      tenant: tenant.metadata.name,
      cluster: cluster.metadata.name,
      slug,
      plane: plane.metadata.name,
      region: plane.spec.region ?? '',
    },
    tenantLabels: tenant.metadata.labels,
    values: [tenant.spec.templateValues, cluster.spec.templateValues],
  });
  const owner = {
    apiVersion: apiVersionOf(DataCluster),
    kind: DataCluster.kind,
    name: cluster.metadata.name,
    uid: cluster.metadata.uid,
  };
  const work: InputFor<PlaneWork> = {
    metadata: {
      namespace: cluster.metadata.namespace,
      name: workName(cluster),
      finalizers: [PLANE_WORK_FINALIZER],
      ownerReferences: [{ ...owner, controller: true, blockOwnerDeletion: true }],
    },
    spec: {
      dataPlane: plane.metadata.name,
      tenant: tenant.metadata.name,
      targetNamespace: namespace,
      owner: { ...owner, namespace: cluster.metadata.namespace },
      manifests: [...fixed, ...own.manifests],
    },
  };
  return { work, problems: own.problems };
}
