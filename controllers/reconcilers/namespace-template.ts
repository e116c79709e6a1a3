/** NamespaceTemplate: on how many namespaces of each plane it has arrived. The data clusters render and deliver it. */
import { tenantNamespace } from '../../apiserver/api/identity.ts';
import { refOf } from '../../apiserver/client/resource.ts';
import { DataCluster } from '../../apiserver/kinds/data-cluster.ts';
import { NamespaceTemplate } from '../../apiserver/kinds/namespace-template.ts';
import { PlaneWork } from '../../apiserver/kinds/plane-work.ts';
import { conditionOf } from '../../apiserver/kinds/status.ts';
import { Tenant } from '../../apiserver/kinds/tenant.ts';
import { no, yes } from './core/conditions.ts';
import { onChange, type Reconciler, type ReconcilerDeps } from './core/reconciler.ts';
import { createStatusReconciler, type Conclusion } from './core/status-reconciler.ts';
import { isApplied } from './plane-work-state.ts';
import { isFor } from './render/templates.ts';

/** One namespace that gets the template. */
export interface Arrival {
  readonly plane: string;
  readonly isApplied: boolean;
  /** Why it could not be rendered or was refused; names no object of the tenant. */
  readonly problem: string | undefined;
}

export function createNamespaceTemplateReconciler({ informers }: ReconcilerDeps): Reconciler {
  const templates = informers.of(NamespaceTemplate);
  const tenants = informers.of(Tenant);
  const clusters = informers.of(DataCluster);
  const works = informers.of(PlaneWork);
  const all = (): ReturnType<typeof refOf>[] => templates.list().map(refOf);
  const arrivals = (template: NamespaceTemplate, tenant: Tenant): readonly Arrival[] => {
    const namespace = tenantNamespace(tenant.metadata.name);
    if (!isFor(template, tenant.metadata.labels)) return [];
    return works.list(namespace).flatMap((work) => {
      if (work.spec.owner.kind !== 'DataCluster' || work.spec.tombstone !== undefined) return [];
      const cluster = clusters.get({ namespace, name: work.spec.owner.name });
      const ready = cluster === undefined ? undefined : conditionOf(cluster, 'TemplatesReady');
      const problem =
        ready?.status === 'False' ? `${ready.reason}: tenant ${tenant.metadata.name}` : undefined;
      return [{ plane: work.spec.dataPlane, isApplied: isApplied(work), problem }];
    });
  };
  return createStatusReconciler({
    name: 'namespace-template',
    objects: templates,
    triggers: [onChange(works, all), onChange(clusters, all), onChange(tenants, all)],
    conclude: (template) => describeTemplate(tenants.list().flatMap((tenant) => arrivals(template, tenant))),
  });
}

const MAX_ERRORS = 32;

export function describeTemplate(
  arrivals: readonly Arrival[],
): Conclusion<NonNullable<NamespaceTemplate['status']>> {
  const planes = [...new Set(arrivals.map(({ plane }) => plane))].sort();
  const perPlane = planes.map((plane) => {
    const here = arrivals.filter((arrival) => arrival.plane === plane);
    const errors = [...new Set(here.flatMap(({ problem }) => problem ?? []))].slice(0, MAX_ERRORS);
    const synced = here.filter((arrival) => arrival.isApplied && arrival.problem === undefined).length;
    return { plane, synced, ...(errors.length === 0 ? {} : { errors }) };
  });
  const missing = arrivals.length - perPlane.reduce((sum, { synced }) => sum + synced, 0);
  return {
    conditions: {
      Synced:
        missing === 0 ? yes('Synced') : no('Syncing', `${missing} of ${arrivals.length} namespaces lack it`),
    },
    fields: { perPlane: perPlane.length === 0 ? undefined : perPlane },
  };
}
