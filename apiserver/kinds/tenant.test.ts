import { ruleSuite } from '../../test/conformance/kind.ts';
import { Tenant } from './tenant.ts';

const named = (name: string): { readonly metadata: { readonly name: string } } => ({ metadata: { name } });

ruleSuite(Tenant, [
  { name: 'a name of 60 characters, so that tn-<name> fits', change: named('a'.repeat(60)), fields: [] },
  { name: 'a name of 61 characters', change: named('a'.repeat(61)), fields: ['metadata.name'] },
  { name: 'B39 a name with an upper-case letter', change: named('Acme'), fields: ['metadata.name'] },
  { name: 'B39 a name with a dot', change: named('acme.eu'), fields: ['metadata.name'] },
  { name: 'B39 a name with a look-alike letter', change: named('аcme'), fields: ['metadata.name'] },
  { name: 'B39 the name *', change: named('*'), fields: ['metadata.name'] },
  { name: 'B39 a name with @', change: named('@platform'), fields: ['metadata.name'] },
  {
    name: 'an admin group with a namespace',
    change: { spec: { admins: [{ kind: 'Group', name: 'x', namespace: 'y' }] } },
    fields: ['spec.admins[0].namespace'],
  },
  {
    name: 'an admin of an unknown kind',
    change: { spec: { admins: [{ kind: 'Robot', name: 'x' }] } },
    fields: ['spec.admins[0].kind'],
  },
  { name: 'an unknown isolation', change: { spec: { isolation: 'None' } }, fields: ['spec.isolation'] },
  {
    name: 'a quota that is no quantity',
    change: { spec: { quota: { cpu: 'lots' } } },
    fields: ['spec.quota.cpu'],
  },
]);
