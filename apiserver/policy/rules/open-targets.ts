/** Platform objects that operators open to some tenants: to all others they are as good as not there. */
import { at, type JsonObject } from '../../api/json.ts';
import type { Kind } from '../../api/kind.ts';
import { Compute } from '../../kinds/compute.ts';
import { DataPlane } from '../../kinds/data-plane.ts';
import { labelsOf } from '../conditions.ts';
import { compileSelector } from '../operators.ts';

/** Kinds with a list of tenants of their own. */
export const isOpenedByTenant = (kind: Kind): boolean => kind === Compute || kind === DataPlane;

/** Whether the tenant may refer to the object. `tenant` is the stored Tenant. */
export function isOpenTo(kind: Kind, target: JsonObject, tenant: JsonObject): boolean {
  if (kind === Compute) {
    const tenants = at(target, 'spec.tenants');
    return Array.isArray(tenants) && tenants.includes(at(tenant, 'metadata.name'));
  }
  const selector = at(target, 'spec.allowedTenants');
  if (kind !== DataPlane || selector === undefined) return true;
  // A selector that cannot be read opens nothing.
  return compileSelector(selector)?.(labelsOf(tenant)) ?? false;
}
