/**
 * Which namespaces belong to tenants, and what may be in them: nobody else makes a namespace with a tenant's name,
 * and tenants' kinds live in the control-plane namespace of a tenant only.
 */
import { DATA_GROUP } from '../../api/kind.ts';
import { isComponent } from '../subjects.ts';
import { NONE, type Rule } from './rule.ts';

const RESERVED_PREFIXES = ['tn-', 'tenant-'];

export const tenantNamespaces: Rule = {
  name: 'tenant-namespaces',
  check: ({ kind, operation, subresource, namespace, name, user }, { engine }) => {
    if (operation !== 'CREATE' || subresource !== '' || isComponent(user)) return NONE;
    if (kind.group === '' && kind.plural === 'namespaces') {
      if (!RESERVED_PREFIXES.some((prefix) => name.startsWith(prefix))) return NONE;
      const message = `namespaces called ${RESERVED_PREFIXES.join('* or ')}* are made by the controllers; create a Tenant instead`;
      return [{ code: 'TENANT_IMMUTABLE', is: 'forbidden', field: 'metadata.name', message }];
    }
    if (kind.group !== DATA_GROUP || kind.storage === 'virtual') return NONE;
    if (engine.tenantOf(namespace)?.namespace === namespace) return NONE;
    const message = `${kind.plural} belong into the namespace of a tenant, tn-<tenant>`;
    return [{ code: 'WRONG_NAMESPACE', is: 'forbidden', field: 'metadata.namespace', message }];
  },
};
