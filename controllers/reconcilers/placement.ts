/** Chooses the data plane of a data cluster. Pure: the same cluster and planes give the same answer. */
import { createHash } from 'node:crypto';
import type { JsonObject } from '../../apiserver/api/json.ts';
import { DataPlane } from '../../apiserver/kinds/data-plane.ts';
import type { Tenant } from '../../apiserver/kinds/tenant.ts';
import { isOpenTo } from '../../apiserver/policy/rules/open-targets.ts';
import { objection } from '../../apiserver/policy/rules/placement.ts';
import { isTerminating } from './core/commit.ts';

export type Placement =
  | { readonly is: 'placed'; readonly plane: string }
  | { readonly is: 'unplaceable'; readonly reason: string; readonly message: string };

/** Why a plane does not take new data clusters of a tenant; undefined when it does. Admission asks the same. */
export function refusal(tenant: Tenant, plane: DataPlane): string | undefined {
  if (isTerminating(plane)) return 'it is being deleted';
  // Both came out of the API as JSON; the rules read them as such.
  const [target, owner] = [plane, tenant] as unknown as readonly [JsonObject, JsonObject];
  if (!isOpenTo(DataPlane, target, owner)) return 'it is not open to this tenant';
  return objection(target, owner);
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
