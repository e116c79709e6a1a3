/** Where a DataCluster may run: a plane that takes workloads, is not cordoned, and satisfies the tenant's residency. */
import { at, type JsonObject } from '../../api/json.ts';
import { DataCluster } from '../../kinds/data-cluster.ts';
import { DataPlane } from '../../kinds/data-plane.ts';
import { Tenant } from '../../kinds/tenant.ts';
import { labelsOf } from '../conditions.ts';
import { compileSelector } from '../operators.ts';
import { isOpenTo } from './open-targets.ts';
import { NONE, type Rule } from './rule.ts';

export const placement: Rule = {
  name: 'placement',
  check: ({ kind, operation, subresource, namespace, object, oldObject }, { engine, lookup }) => {
    if (kind !== DataCluster || operation === 'DELETE' || subresource !== '') return NONE;
    const name = at(object, 'spec.dataPlaneRef');
    // What is placed stays, whatever became of the plane or the rules since.
    if (typeof name !== 'string' || name === at(oldObject, 'spec.dataPlaneRef')) return NONE;
    const owner = engine.tenantOf(namespace);
    const tenant = owner === undefined ? undefined : lookup.find(Tenant, '', owner.name);
    const plane = lookup.find(DataPlane, '', name);
    // A plane that is not there or not open is said by the rule about references, in the same words.
    if (tenant === undefined || plane === undefined || !isOpenTo(DataPlane, plane, tenant)) return NONE;
    const why = objection(plane, tenant);
    if (why === undefined) return NONE;
    const message = `DataPlane "${name}" cannot take this DataCluster: ${why}; leave the field out to have a plane chosen`;
    return [{ code: 'PLACEMENT', is: 'forbidden', field: 'spec.dataPlaneRef', message }];
  },
};

/** Why the plane cannot be used by the tenant; undefined when it can. Placement by controllers asks the same. */
export function objection(plane: JsonObject, tenant: JsonObject): string | undefined {
  const roles = at(plane, 'spec.roles');
  if (Array.isArray(roles) && !roles.includes('runtime')) return 'it has no role "runtime"';
  if (at(plane, 'spec.cordoned') === true) return 'it is cordoned';
  const regions = at(tenant, 'spec.placement.regions');
  const region = at(plane, 'spec.region');
  if (Array.isArray(regions) && regions.length > 0 && !regions.includes(region)) {
    return `it is in region ${JSON.stringify(region ?? '')} and the tenant requires ${regions.join(' or ')}`;
  }
  const selector = at(tenant, 'spec.placement.planeSelector');
  if (selector === undefined) return undefined;
  const isWanted = compileSelector(selector)?.(labelsOf(plane)) ?? false;
  return isWanted ? undefined : "it does not carry the labels of the tenant's planeSelector";
}
