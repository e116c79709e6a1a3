/** What a Tenant's status says. Pure. */
import { tenantNamespace } from '../../apiserver/api/identity.ts';
import type { ApiObject } from '../../apiserver/client/resource.ts';
import type { DataCluster } from '../../apiserver/kinds/data-cluster.ts';
import { conditionOf } from '../../apiserver/kinds/status.ts';
import type { Tenant } from '../../apiserver/kinds/tenant.ts';
import type { StatusDraft } from './core/commit.ts';
import { no, summarise, yes, type Finding } from './core/conditions.ts';

type Draft = StatusDraft<NonNullable<Tenant['status']>>;

/** Of a tenant that is not being deleted. */
export function describeTenant(
  tenant: Tenant,
  clusters: readonly DataCluster[],
  findings: Readonly<Record<string, Finding>>,
): Draft {
  const waiting = tenant.spec.suspended ? clusters.filter((cluster) => !isSuspended(cluster)) : [];
  const base = summarise(findings);
  const suspended = tenant.spec.suspended ? suspension(waiting) : no('NotSuspended');
  const ready = tenant.spec.suspended && base.status === 'True' ? no('Suspended', 'it is suspended') : base;
  return {
    conditions: { ...findings, Suspended: suspended, QuotaExceeded: excess(tenant, clusters), Ready: ready },
    fields: {
      phase: phaseOf(base, tenant.spec.suspended, suspended),
      namespace: tenantNamespace(tenant.metadata.name),
      dataClusters: summariesOf(clusters),
      pendingPlanes: pendingPlanes(waiting, 'has not confirmed the suspension yet'),
    },
  };
}

/** Those above the quota wait; what stands stays. */
function excess(tenant: Tenant, clusters: readonly DataCluster[]): Finding {
  const { dataClusters: limit } = tenant.spec.quota;
  if (clusters.length <= limit) return no('WithinQuota');
  return yes('DataClusters', `${clusters.length} data clusters are asked for, ${limit} are allowed`);
}

const isSuspended = (cluster: DataCluster): boolean => conditionOf(cluster, 'Suspended')?.status === 'True';

const suspension = (waiting: readonly DataCluster[]): Finding =>
  waiting.length === 0
    ? yes('Suspended')
    : no('Suspending', `waiting for data clusters: ${namesOf(waiting)}`);

function phaseOf(
  base: Finding,
  wanted: boolean,
  suspended: Finding,
): 'Pending' | 'Active' | 'Suspending' | 'Suspended' {
  if (base.status !== 'True') return 'Pending';
  if (!wanted) return 'Active';
  return suspended.status === 'True' ? 'Suspended' : 'Suspending';
}

type Summaries = NonNullable<NonNullable<Tenant['status']>['dataClusters']>;
export function summariesOf(clusters: readonly DataCluster[]): Summaries {
  return [...clusters]
    .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
    .map(({ metadata: { name }, spec: { dataPlaneRef }, status }) => ({
      name,
      ...(dataPlaneRef === undefined ? {} : { dataPlane: dataPlaneRef }),
      ...(status?.phase === undefined ? {} : { phase: status.phase }),
    }));
}

const MAX_NAMES = 5;
/** The first few names, and how many more there are. */
export function namesOf(objects: readonly ApiObject[]): string {
  const names = objects.map((object) => object.metadata.name).sort();
  const more = names.length > MAX_NAMES ? ` and ${names.length - MAX_NAMES} more` : '';
  return names.slice(0, MAX_NAMES).join(', ') + more;
}

/** Planes that the given clusters run on, for `status.pendingPlanes`; undefined when there are none. */
export function pendingPlanes(
  clusters: readonly DataCluster[],
  reason: string,
): readonly { readonly name: string; readonly reason: string }[] | undefined {
  const names = new Set(
    clusters.map((cluster) => cluster.spec.dataPlaneRef ?? '').filter((name) => name !== ''),
  );
  return names.size === 0 ? undefined : [...names].sort().map((name) => ({ name, reason }));
}
