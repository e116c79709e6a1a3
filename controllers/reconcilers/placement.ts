/** Chooses the data plane of a data cluster. Pure: the same cluster and planes give the same answer. */
import { createHash } from 'node:crypto';
import type { DataPlane } from '../../apiserver/kinds/data-plane.ts';
import type { Tenant } from '../../apiserver/kinds/tenant.ts';
import { isTerminating } from './core/commit.ts';
import { matchesSelector } from './core/label-selector.ts';

export type Placement =
  | { readonly is: 'placed'; readonly plane: string }
  | { readonly is: 'unplaceable'; readonly reason: string; readonly message: string };

/** Why a plane does not take new data clusters of a tenant; undefined when it does. */
export function refusal(tenant: Tenant, plane: DataPlane): string | undefined {
  const { placement } = tenant.spec;
  if (isTerminating(plane)) return 'it is being deleted';
  if (!plane.spec.roles.includes('runtime')) return 'it has no role runtime';
  if (plane.spec.cordoned) return 'it is cordoned';
  if (!matchesSelector(plane.spec.allowedTenants, tenant.metadata.labels))
    return 'it does not allow this tenant';
  const regions = placement.regions ?? [];
  if (regions.length > 0 && !regions.includes(plane.spec.region ?? '')) {
    return `its region is "${plane.spec.region ?? ''}", the tenant allows ${regions.join(', ')}`;
  }
  if (!matchesSelector(placement.planeSelector, plane.metadata.labels)) {
    return 'its labels do not match the placement of the tenant';
  }
  return undefined;
}

/**
 * Rendezvous hashing by the UID of the cluster: a plane that comes or goes moves only the clusters that would be
 * on it, and a retry before the answer is written down chooses the same plane again.
 */
export function place(tenant: Tenant, clusterUid: string, planes: readonly DataPlane[]): Placement {
  const fitting = planes.filter((plane) => refusal(tenant, plane) === undefined);
  const best = fitting
    .map((plane) => ({ name: plane.metadata.name, weight: weightOf(clusterUid, plane.metadata.uid) }))
    .sort((a, b) => (a.weight === b.weight ? compare(a.name, b.name) : compare(b.weight, a.weight)))[0];
  if (best !== undefined) return { is: 'placed', plane: best.name };
  if (planes.length === 0) {
    return { is: 'unplaceable', reason: 'NoDataPlane', message: 'there is no data plane yet' };
  }
  const why = planes.slice(0, 3).map((plane) => `${plane.metadata.name}: ${refusal(tenant, plane) ?? ''}`);
  const more = planes.length > why.length ? `; and ${planes.length - why.length} more` : '';
  return {
    is: 'unplaceable',
    reason: 'NoFittingDataPlane',
    message: `no data plane takes it: ${why.join('; ')}${more}`,
  };
}

const weightOf = (clusterUid: string, planeUid: string): string =>
  createHash('sha256').update(`${clusterUid}/${planeUid}`).digest('hex');

const compare = (a: string, b: string): number => {
  if (a === b) return 0;
  return a < b ? -1 : 1;
};
