/** A suspended tenant can be read and cleaned up but not changed; a tenant that is going away gets nothing new. */
import { at } from '../../api/json.ts';
import { Tenant } from '../../kinds/tenant.ts';
import { isTrusted, NONE, type Rule } from './rule.ts';
import { isReportOfHost } from './status-reports.ts';

export const tenantSuspended: Rule = {
  name: 'tenant-suspended',
  check: (request, context) => {
    const { kind, operation, namespace, object, user } = request;
    if (operation === 'DELETE' || kind.storage === 'virtual' || isTrusted(user, context)) return NONE;
    if (isReportOfHost(request, context)) return NONE;
    const { engine, lookup } = context;
    const owner = engine.tenantOf(namespace);
    const tenant = owner === undefined ? undefined : lookup.find(Tenant, '', owner.name);
    if (owner === undefined || tenant === undefined) return NONE;
    if (operation === 'CREATE' && at(tenant, 'metadata.deletionTimestamp') !== undefined) {
      const message = `TenantDeleting: tenant "${owner.name}" is being deleted and accepts nothing new`;
      return [{ code: 'TENANT_SUSPENDED', is: 'forbidden', message }];
    }
    // Finalizers of something that is being deleted may still be taken off.
    const isLeaving = at(object, 'metadata.deletionTimestamp') !== undefined;
    if (at(tenant, 'spec.suspended') !== true || isLeaving) return NONE;
    const message =
      `TenantSuspended: tenant "${owner.name}" is suspended; reading and deleting still work, ` +
      'ask an operator to resume it';
    return [{ code: 'TENANT_SUSPENDED', is: 'forbidden', message }];
  },
};
