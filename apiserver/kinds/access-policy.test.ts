import { ruleSuite, type Rule } from '../../test/conformance/kind.ts';
import { AccessPolicy } from './access-policy.ts';

const subject = (...subjects: readonly Record<string, string>[]) => ({ spec: { subjects } });
const condition = (name: string, value: Rule['change'], ...fields: readonly string[]): Rule => ({
  name: `O14 ${name}`,
  change: { spec: { condition: { all: null, ...value } } },
  fields: fields.map((field) => `spec.condition${field}`),
});
const nested = (depth: number): Rule['change'] =>
  depth === 0 ? { exists: { attribute: 'name' } } : { not: nested(depth - 1) };

ruleSuite(AccessPolicy, [
  { name: 'no effect', change: { spec: { effect: null } }, fields: ['spec.effect'] },
  { name: 'neither role nor actions', change: { spec: { roleRef: null } }, fields: ['spec.actions'] },
  { name: 'both role and actions', change: { spec: { actions: ['depots:get'] } }, fields: ['spec.actions'] },
  { name: 'no subject', change: { spec: { subjects: [] } }, fields: ['spec.subjects'] },
  { name: 'every group', change: subject({ kind: 'Group', name: '*' }), fields: [] },
  { name: 'a user named by e-mail', change: subject({ kind: 'User', name: 'ann@acme.example' }), fields: [] },
  {
    name: 'a pattern for users',
    change: subject({ kind: 'User', name: 'ann*' }),
    fields: ['spec.subjects[0].name'],
  },
  {
    name: 'a reserved domain as a user',
    change: subject({ kind: 'User', name: '@platform' }),
    fields: ['spec.subjects[0].name'],
  },
  {
    name: 'B38 a group with a line break',
    change: subject({ kind: 'Group', name: 'a\nb' }),
    fields: ['spec.subjects[0].name'],
  },
  {
    name: 'B38 a group of 10 KB',
    change: subject({ kind: 'Group', name: 'a'.repeat(10_240) }),
    fields: ['spec.subjects[0].name'],
  },
  {
    name: 'a service account without a namespace',
    change: subject({ kind: 'ServiceAccount', name: 'x' }),
    fields: ['spec.subjects[0].namespace'],
  },
  {
    name: 'a group with a namespace',
    change: subject({ kind: 'Group', name: 'x', namespace: 'y' }),
    fields: ['spec.subjects[0].namespace'],
  },
  {
    name: 'sharing with every tenant',
    change: { spec: { roleRef: null, actions: ['depots:use'], subjects: [{ kind: 'Tenant', name: '*' }] } },
    fields: ['spec.subjects[0].name'],
  },
  {
    name: 'C45 sharing with a reserved domain',
    change: {
      spec: { roleRef: null, actions: ['depots:use'], subjects: [{ kind: 'Tenant', name: '@platform' }] },
    },
    fields: ['spec.subjects[0].name'],
  },
  { name: 'sharing a role', change: subject({ kind: 'Tenant', name: 'globex' }), fields: ['spec.roleRef'] },
  {
    name: 'sharing with wildcards',
    change: {
      spec: { roleRef: null, actions: ['depots:*'], subjects: [{ kind: 'Tenant', name: 'globex' }] },
    },
    fields: ['spec.actions[0]'],
  },
  {
    name: 'an allow that only warns',
    change: { spec: { enforcement: 'Warn' } },
    fields: ['spec.enforcement'],
  },
  { name: 'a deny that only warns', change: { spec: { effect: 'Deny', enforcement: 'Warn' } }, fields: [] },
  { name: 'an expiry that is no time', change: { spec: { expiresAt: 'soon' } }, fields: ['spec.expiresAt'] },
  {
    name: 'actions of every form',
    change: {
      spec: {
        roleRef: null,
        actions: [
          '*',
          '*:get',
          'depots:*',
          'pods/exec:create',
          'pods/*:get',
          'deployments.apps:get',
          'depots:data:read',
        ],
      },
    },
    fields: [],
  },
  ...['depots', 'depots:', ':get', 'Depots:get', 'depots:ge*', 'de*:get', 'depots:get ', 'depots:a:b:c'].map(
    (action): Rule => ({
      name: `the action ${JSON.stringify(action)}`,
      change: { spec: { roleRef: null, actions: [action] } },
      fields: ['spec.actions[0]'],
    }),
  ),
  {
    name: 'a pattern inside of an object name',
    change: { spec: { resources: [{ names: ['a*b'] }] } },
    fields: ['spec.resources[0].names[0]'],
  },
  condition('every operator', {
    any: [
      { eq: { attribute: 'environment', value: 'dev' } },
      { ne: { attribute: 'user', value: 'x' } },
      { in: { attribute: 'verb', values: ['get'] } },
      { notIn: { attribute: 'labels.team', values: ['x'] } },
      { exists: { attribute: 'spec.quota.cpu' } },
      { prefix: { attribute: 'name', value: 'a' } },
      { suffix: { attribute: 'name', value: 'a' } },
      { cidr: { attribute: 'sourceAddress', values: ['10.0.0.0/8', 'fd00::/8'] } },
      { quantityLte: { attribute: 'spec.quota.cpu', value: '500m' } },
      { labelSelector: { matchLabels: { a: 'b' } } },
      { changed: { field: 'spec.storage' } },
      { timeWindow: { days: ['Mon'], from: '08:00', to: '17:30', timezone: 'Europe/Berlin' } },
    ],
  }),
  condition('C47 an unknown operator', { regex: { attribute: 'name', value: '.*' } }, ''),
  condition('two operators in one node', { not: { exists: { attribute: 'name' } }, any: [] }, ''),
  condition('an empty list', { any: [] }, '.any'),
  condition('C47 an unknown attribute', { eq: { attribute: 'password', value: 'x' } }, '.eq.attribute'),
  condition('C47 an inherited attribute', { eq: { attribute: 'constructor', value: 'x' } }, '.eq.attribute'),
  condition('no value', { eq: { attribute: 'name' } }, '.eq.value'),
  condition('a field too many', { exists: { attribute: 'name', value: 'x' } }, '.exists.value'),
  condition(
    'a range that is none',
    { cidr: { attribute: 'sourceAddress', values: ['10.0.0'] } },
    '.cidr.values[0]',
  ),
  condition(
    'an amount that is none',
    { quantityLte: { attribute: 'spec.cpu', value: 'much' } },
    '.quantityLte.value',
  ),
  condition('a changed path outside of the object', { changed: { field: 'status.x' } }, '.changed.field'),
  condition('an impossible time', { timeWindow: { from: '25:00', to: '08:00' } }, '.timeWindow.from'),
  condition(
    'an unknown time zone',
    { timeWindow: { from: '07:00', to: '08:00', timezone: 'Mars/Base' } },
    '.timeWindow.timezone',
  ),
  condition('6 levels', nested(5)),
  condition('7 levels', nested(6), '.not.not.not.not.not.not'),
  condition(
    '65 nodes',
    { any: Array.from({ length: 64 }, () => ({ exists: { attribute: 'name' } })) },
    '.any[63]',
  ),
  condition('more than 4 KiB', { eq: { attribute: 'name', value: 'x'.repeat(4096) } }, ''),
]);
