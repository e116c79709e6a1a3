/** Objects in a tenant's namespaces carry the UID of the tenant, so that they can be found by it wherever they are. */
import { SYSTEM_NAMESPACE, TENANT_UID_LABEL } from '../../api/identity.ts';
import { at, isObject, type JsonObject } from '../../api/json.ts';
import { GOVERNED } from '../native/governed.ts';
import { resourceOf } from '../native/resource.ts';
import type { Mutation } from './mutation.ts';

const OURS = `system:serviceaccount:${SYSTEM_NAMESPACE}:`;

export const tenantLabel: Mutation = {
  name: 'tenant-label',
  apply: (object, request, { engine }) => {
    // Our own programs write what they mean, labels included.
    if (!GOVERNED.has(resourceOf(request)) || request.user.name.startsWith(OURS)) return object;
    const tenant = engine.tenantOf(request.namespace);
    const labels = at(object, 'metadata.labels');
    // A label of somebody else's is left alone, for the rules to refuse.
    if (tenant === undefined || (isObject(labels) && Object.hasOwn(labels, TENANT_UID_LABEL))) return object;
    const metadata = at(object, 'metadata') as JsonObject | undefined;
    const stamped = { ...(isObject(labels) ? labels : {}), [TENANT_UID_LABEL]: tenant.uid };
    return { ...object, metadata: { ...metadata, labels: stamped } };
  },
};
