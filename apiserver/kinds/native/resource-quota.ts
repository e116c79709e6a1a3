/** v1 ResourceQuota. */
import { defineNative, type ObjectFor } from '../../api/kind.ts';
import { list, obj, opt } from '../../api/schema.ts';
import { resourceList, text } from './fields.ts';

const spec = obj(
  'Desired state.',
  {
    hard: opt(resourceList('Upper bound by resource.')),
    scopes: opt(list('Kinds of objects that are counted; all of them when not set.', text('A scope.'))),
    scopeSelector: opt(
      obj(
        'Which objects are counted.',
        {
          matchExpressions: opt(
            list(
              'Requirements that must all hold.',
              obj('One requirement.', {
                scopeName: text('Scope that is looked at.'),
                operator: text('In, NotIn, Exists or DoesNotExist.'),
                values: opt(list('Values to compare with.', text('One value.'))),
              }),
            ),
          ),
        },
        { mapType: 'atomic' },
      ),
    ),
  },
  { default: {} },
);

const status = obj('Observed state.', {
  hard: opt(resourceList('Upper bound in force.')),
  used: opt(resourceList('What is in use.')),
});

export const ResourceQuota = defineNative({
  group: '',
  version: 'v1',
  kind: 'ResourceQuota',
  plural: 'resourcequotas',
  shortNames: ['quota'],
  scope: 'Namespaced',
  doc: 'Upper bounds on what the objects of one namespace may take together.',
  fields: { spec, status: opt(status) },
  immutable: ['spec.scopes'],
  columns: [
    { name: 'Request', type: 'string', cell: (quota) => used(quota, (name) => !name.startsWith('limits')) },
    { name: 'Limit', type: 'string', cell: (quota) => used(quota, (name) => name.startsWith('limits')) },
  ],
});
export type ResourceQuota = ObjectFor<typeof ResourceQuota>;

type Amounts = Readonly<Record<string, string | number>>;
interface Shown {
  readonly spec: { readonly hard?: Amounts };
  readonly status?: { readonly hard?: Amounts; readonly used?: Amounts };
}

/**
 * As used/hard, sorted; `?` for the moment until it was counted for the first time.
 * source: kubernetes pkg/printers printResourceQuota.
 */
function used(quota: Shown, wanted: (resource: string) => boolean): string {
  const counted = quota.status?.used;
  const hard = quota.status?.hard ?? quota.spec.hard ?? {};
  return Object.keys(hard)
    .filter(wanted)
    .sort()
    .map((name) => `${name}: ${counted === undefined ? '?' : (counted[name] ?? 0)}/${hard[name] ?? 0}`)
    .join(', ');
}
