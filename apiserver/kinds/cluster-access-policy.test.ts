import { ruleSuite } from '../../test/conformance/kind.ts';
import { AccessRole } from './access-role.ts';
import { ClusterAccessPolicy } from './cluster-access-policy.ts';

ruleSuite(ClusterAccessPolicy, [
  { name: 'no effect', change: { spec: { effect: null } }, fields: ['spec.effect'] },
  { name: 'neither role nor actions', change: { spec: { actions: null } }, fields: ['spec.actions'] },
  {
    name: 'a tenant as its subject',
    change: { spec: { subjects: [{ kind: 'Tenant', name: 'acme' }] } },
    fields: ['spec.subjects[0].kind'],
  },
  {
    name: 'O14 a broken condition',
    change: { spec: { condition: { eq: { attribute: 'name' } } } },
    fields: ['spec.condition.eq.value'],
  },
]);

ruleSuite(AccessRole, [
  { name: 'no action', change: { spec: { actions: [] } }, fields: ['spec.actions'] },
  { name: 'an action twice', change: { spec: { actions: ['*:get', '*:get'] } }, fields: ['spec.actions[1]'] },
  { name: 'a verb without a resource', change: { spec: { actions: ['get'] } }, fields: ['spec.actions[0]'] },
]);
