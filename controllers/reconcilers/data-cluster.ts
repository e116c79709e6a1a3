/**
 * DataCluster: where it runs, what it is called there, and its namespace on the plane as one PlaneWork.
 * Pending -> Provisioning -> Ready <-> Degraded, Suspended, Deleting. source: resource model 4.4.
 */
import { TENANT_LABEL, TENANT_UID_LABEL } from '../../apiserver/api/identity.ts';
import type { Informer } from '../../apiserver/client/informer.ts';
import { refOf, type ObjectRef } from '../../apiserver/client/resource.ts';
import { DataCluster } from '../../apiserver/kinds/data-cluster.ts';
import { DataPlane } from '../../apiserver/kinds/data-plane.ts';
import { NamespaceTemplate } from '../../apiserver/kinds/namespace-template.ts';
import { Namespace } from '../../apiserver/kinds/native/namespace.ts';
import { PlaneWork } from '../../apiserver/kinds/plane-work.ts';
import { defaultSlug, targetNamespace } from '../../apiserver/kinds/slug.ts';
import { Tenant } from '../../apiserver/kinds/tenant.ts';
import { addFinalizer, commitStatus, isTerminating } from './core/commit.ts';
import { failure, no, yes, type Finding } from './core/conditions.ts';
import { ensure } from './core/ensure.ts';
import { DONE, onChange, onSelf } from './core/reconciler.ts';
import type { Outcome, Reconciler, ReconcilerDeps, Run } from './core/reconciler.ts';
import { onExistence } from './core/status-reconciler.ts';
import { DATA_CLUSTER_FINALIZER, finalizeDataCluster } from './data-cluster-deletion.ts';
import { describeCluster } from './data-cluster-status.ts';
import { isConnected, isRegistered } from './data-plane.ts';
import { place, refusal } from './placement.ts';
import { renderClusterWork, workName } from './render/cluster-work.ts';
import { createSlugClaims, type SlugClaims } from './slug.ts';

interface Copies {
  readonly clusters: Informer<DataCluster>;
  readonly tenants: Informer<Tenant>;
  readonly namespaces: Informer<Namespace>;
  readonly planes: Informer<DataPlane>;
  readonly works: Informer<PlaneWork>;
  readonly templates: Informer<NamespaceTemplate>;
  readonly claims: SlugClaims;
}

export function createDataClusterReconciler({ informers }: ReconcilerDeps): Reconciler {
  const works = informers.of(PlaneWork);
  const copies: Copies = {
    clusters: informers.of(DataCluster),
    tenants: informers.of(Tenant),
    namespaces: informers.of(Namespace),
    planes: informers.of(DataPlane),
    works,
    templates: informers.of(NamespaceTemplate),
    claims: createSlugClaims(works),
  };
  const all = (): readonly ObjectRef[] => copies.clusters.list().map(refOf);
  const of = (namespace: string): readonly ObjectRef[] => copies.clusters.list(namespace).map(refOf);
  return {
    name: 'data-cluster',
    triggers: [
      onSelf(copies.clusters),
      // One that goes makes room in the quota for another.
      onExistence(copies.clusters, ({ metadata }) => of(metadata.namespace ?? '')),
      onChange(works, ({ metadata, spec }) =>
        spec.owner.kind === 'DataCluster' ? [{ namespace: metadata.namespace, name: spec.owner.name }] : [],
      ),
      onChange(copies.tenants, (tenant) => of(`tn-${tenant.metadata.name}`)),
      onChange(copies.namespaces, (namespace) => of(namespace.metadata.name)),
      onPlaneChange(copies),
      copies.claims.onFree,
      onChange(copies.templates, all),
    ],
    reconcile: async (ref, run): Promise<Outcome> => {
      const cluster = copies.clusters.get(ref);
      if (cluster === undefined) return DONE;
      const tenant = tenantOf(copies, cluster);
      if (isTerminating(cluster)) return takeDown(run, copies, cluster, tenant);
      if (tenant === undefined) {
        const ready = no('NoTenant', `namespace "${ref.namespace ?? ''}" belongs to no tenant`);
        await commitStatus(run, DataCluster, cluster, {
          conditions: { Ready: ready },
          fields: { phase: 'Pending' },
        });
        return DONE;
      }
      await maintain(run, copies, cluster, tenant);
      return DONE;
    },
  };
}

/** The namespace's labels say whose it is; a Tenant of that name but another UID is another tenant. */
function tenantOf(copies: Copies, cluster: DataCluster): Tenant | undefined {
  const labels = copies.namespaces.get({ name: cluster.metadata.namespace ?? '' })?.metadata.labels;
  const tenant = copies.tenants.get({ name: labels?.[TENANT_LABEL] ?? '' });
  return tenant !== undefined && tenant.metadata.uid === labels?.[TENANT_UID_LABEL] ? tenant : undefined;
}

/** A heartbeat changes a plane each minute; only what matters to clusters wakes them. */
function onPlaneChange({ planes, clusters }: Copies): (enqueue: (ref: ObjectRef) => void) => () => void {
  const relevant = (plane: DataPlane): string =>
    JSON.stringify([
      plane.spec,
      plane.metadata.labels,
      isConnected(plane),
      isRegistered(plane),
      isTerminating(plane),
    ]);
  return (enqueue) =>
    planes.onChange((change) => {
      if (change.type === 'modified' && relevant(change.old) === relevant(change.object)) return;
      const { name } = change.object.metadata;
      for (const cluster of clusters.list()) {
        const { dataPlaneRef } = cluster.spec;
        if (dataPlaneRef === undefined || dataPlaneRef === name) enqueue(refOf(cluster));
      }
    });
}

async function maintain(run: Run, copies: Copies, stored: DataCluster, tenant: Tenant): Promise<void> {
  let cluster = await addFinalizer(run, DataCluster, stored, DATA_CLUSTER_FINALIZER);
  try {
    const settled = await settle(run, copies, cluster, tenant);
    cluster = settled.cluster;
    const work = settled.is === 'placed' ? await provide(run, copies, settled, tenant) : undefined;
    const draft = describeCluster({
      cluster,
      placed: settled.is === 'placed' ? yes('Placed') : settled.why,
      work: work?.object,
      problems: work?.problems ?? [],
      suspended: isSuspended(cluster, tenant),
      planeConnected: isConnected(copies.planes.get({ name: cluster.spec.dataPlaneRef ?? '' })),
    });
    await commitStatus(run, DataCluster, cluster, draft);
  } catch (error) {
    await commitStatus(run, DataCluster, cluster, { conditions: { Ready: failure(error) } }).catch(
      () => false,
    );
    throw error;
  }
}

const isSuspended = (cluster: DataCluster, tenant: Tenant): boolean =>
  tenant.spec.suspended || cluster.spec.suspended;

interface Placed {
  readonly is: 'placed';
  readonly cluster: DataCluster;
  readonly plane: DataPlane;
  readonly slug: string;
}
type Settled = Placed | { readonly is: 'pending'; readonly cluster: DataCluster; readonly why: Finding };

/** Plane and slug, written into the spec once and never changed after. */
async function settle(run: Run, copies: Copies, cluster: DataCluster, tenant: Tenant): Promise<Settled> {
  const { metadata, spec } = cluster;
  const limit = tenant.spec.quota.dataClusters;
  if (!isStanding(copies, cluster) && placesTaken(copies, cluster) >= limit) {
    const message = `the tenant may have ${limit} data clusters, and older ones take them all`;
    return { is: 'pending', cluster, why: no('QuotaExceeded', message) };
  }
  const slug = spec.slug ?? defaultSlug(tenant.metadata.name, metadata.name);
  if (!copies.claims.claim(slug, cluster)) {
    const message = `the name "${targetNamespace(slug)}" is taken on the planes; choose another spec.slug`;
    return { is: 'pending', cluster, why: no('SlugTaken', message) };
  }
  const chosen = choosePlane(copies, cluster, tenant);
  if ('why' in chosen) return { is: 'pending', cluster, why: chosen.why };
  const { plane } = chosen;
  if (spec.dataPlaneRef !== undefined && spec.slug !== undefined)
    return { is: 'placed', cluster, plane, slug };
  const written = await run.apiClient.patch(DataCluster, refOf(cluster), {
    metadata: { resourceVersion: metadata.resourceVersion },
    spec: { dataPlaneRef: plane.metadata.name, slug },
  });
  return { is: 'placed', cluster: written, plane, slug };
}

function choosePlane(
  copies: Copies,
  cluster: DataCluster,
  tenant: Tenant,
): { readonly plane: DataPlane } | { readonly why: Finding } {
  const named = cluster.spec.dataPlaneRef;
  if (named === undefined) {
    const placement = place(tenant, cluster.metadata.uid, copies.planes.list());
    if (placement.is === 'unplaceable') return { why: no(placement.reason, placement.message) };
    const plane = copies.planes.get({ name: placement.plane });
    return plane === undefined ? { why: no('NoDataPlane') } : { plane };
  }
  const plane = copies.planes.get({ name: named });
  if (plane === undefined) return { why: no('NoDataPlane', `data plane "${named}" does not exist`) };
  // What stands stays: a plane that is cordoned later, or a region that is taken away, moves nobody.
  const why = isStanding(copies, cluster) ? undefined : refusal(tenant, plane);
  return why === undefined
    ? { plane }
    : { why: no('DataPlaneRefused', `data plane "${named}" does not take it: ${why}`) };
}

const isStanding = (copies: Copies, cluster: DataCluster): boolean =>
  copies.works.get(workRef(cluster)) !== undefined;

/**
 * How many of the others come first: those that stand, and by what is stored those that are older, so that two at
 * once cannot both be the last. Times have whole seconds: the uid settles a tie among those that wait.
 */
function placesTaken(copies: Copies, cluster: DataCluster): number {
  const ageOf = ({ metadata }: DataCluster): string => `${metadata.creationTimestamp}/${metadata.uid}`;
  return copies.clusters
    .list(cluster.metadata.namespace)
    .filter((other) => other.metadata.uid !== cluster.metadata.uid)
    .filter((other) => isStanding(copies, other) || ageOf(other) < ageOf(cluster)).length;
}

const workRef = (cluster: DataCluster): ObjectRef => ({
  namespace: cluster.metadata.namespace,
  name: workName(cluster),
});

/** Renders the slice and makes the PlaneWork say so. */
async function provide(
  run: Run,
  copies: Copies,
  placed: Placed,
  tenant: Tenant,
): Promise<{ readonly object: PlaneWork; readonly problems: readonly string[] }> {
  const { work, problems } = renderClusterWork({
    ...placed,
    tenant,
    templates: copies.templates.list(),
    suspended: isSuspended(placed.cluster, tenant),
    retained: false,
  });
  return { object: await ensure(run, PlaneWork, work, copies.works.get(workRef(placed.cluster))), problems };
}

async function takeDown(
  run: Run,
  copies: Copies,
  cluster: DataCluster,
  tenant: Tenant | undefined,
): Promise<Outcome> {
  // Asked, not remembered: a work that was written a moment ago may be missing in our copy.
  const work = await run.apiClient.find(PlaneWork, workRef(cluster));
  const plane = copies.planes.get({ name: work?.spec.dataPlane ?? '' });
  const wholeTenantKept =
    tenant !== undefined && isTerminating(tenant) && tenant.spec.deletionPolicy === 'Retain';
  return finalizeDataCluster(run, work, {
    cluster,
    retain:
      tenant !== undefined &&
      plane !== undefined &&
      (wholeTenantKept || cluster.spec.retainPolicy === 'Retain'),
    planeRegistered: plane !== undefined && isRegistered(plane),
    planeConnected: isConnected(plane),
    released: () => copies.claims.release(cluster),
    reduce: async () => {
      if (work === undefined || tenant === undefined || plane === undefined) {
        throw new Error('nothing to reduce: the data cluster has no work, tenant or plane');
      }
      const slug = cluster.spec.slug ?? '';
      const slice = { cluster, plane, slug, tenant, templates: [], suspended: true, retained: true };
      return ensure(run, PlaneWork, renderClusterWork(slice).work, work);
    },
  });
}
