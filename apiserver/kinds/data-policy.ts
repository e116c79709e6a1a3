/** A DataPolicy filters rows or masks columns of one dataset; planes enforce it next to the data. */
import { cause } from '../api/causes.ts';
import type { Cause } from '../api/errors.ts';
import { defineKind, type ObjectFor } from '../api/kind.ts';
import { int, list, listMap, obj, opt, set, str, time, type Value } from '../api/schema.ts';
import { objectName, prose } from './names.ts';
import { conditions, conditionStatus, observedGeneration } from './status.ts';

const word = str('A word.', { minLength: 1, maxLength: 253 });

const selector = obj('Whom and what the policy is about.', {
  user: opt(
    obj('Users; everybody when not set.', {
      match: str('Whether one or all of the tags are needed.', { enum: ['Any', 'All'], default: 'Any' }),
      tags: opt(set('Tags of users.', word, { maxItems: 64 })),
      names: opt(set('Names of users.', word, { maxItems: 256 })),
      groups: opt(set('Groups of users.', word, { maxItems: 64 })),
    }),
  ),
  column: opt(
    obj('Columns.', {
      names: opt(set('Names of columns.', word, { maxItems: 256 })),
      tags: opt(set('Tags of columns.', word, { maxItems: 64 })),
    }),
  ),
});

const mask = obj('How values of the columns are made unreadable.', {
  operator: str('Method.', { enum: ['Hash', 'Redact', 'Nullify', 'KeepFirst', 'KeepLast', 'Bucket'] }),
  length: opt(int('Characters that stay readable, for KeepFirst and KeepLast.', { minimum: 1, maximum: 64 })),
  width: opt(int('Width of the buckets, for Bucket.', { minimum: 1, maximum: 1_000_000 })),
});

const filter = obj('One comparison; rows that fail any of them are left out.', {
  column: word,
  operator: str('Comparison.', {
    enum: ['Equals', 'NotEquals', 'In', 'NotIn', 'GreaterThan', 'LessThan', 'IsNull', 'IsNotNull'],
  }),
  values: opt(list('Values to compare with.', str('A value.', { maxLength: 1024 }), { maxItems: 256 })),
});

const spec = obj('Desired state.', {
  description: opt(prose('Why the policy exists.')),
  type: str('Whether rows are left out or columns are made unreadable.', { enum: ['filter', 'mask'] }),
  depot: objectName('Depot the data is in.'),
  collection: str('Collection, such as a schema; * for every one.', {
    minLength: 1,
    maxLength: 253,
    default: '*',
  }),
  dataset: str('Dataset; * for every one.', { minLength: 1, maxLength: 253, default: '*' }),
  selector,
  priority: int('Of several policies for the same thing the lowest number wins.', {
    minimum: 1,
    maximum: 100,
    default: 50,
  }),
  rule: obj('What is done; one of the two, as the type says.', {
    mask: opt(mask),
    filters: opt(list('Comparisons that a row must pass.', filter, { minItems: 1, maxItems: 32 })),
  }),
});

const perPlane = obj('State on one plane.', {
  plane: objectName('Name of the DataPlane.'),
  generation: opt(int('Generation of the policy that the plane enforces.', { format: 'int64', minimum: 0 })),
  acknowledgedAt: opt(time('When the plane confirmed it.')),
});

const status = obj('Observed state, written by controllers only.', {
  observedGeneration,
  perPlane: opt(listMap('State by plane.', 'plane', perPlane, { maxItems: 256 })),
  conditions: conditions('Distributed'),
});

export const DataPolicy = defineKind({
  kind: 'DataPolicy',
  plural: 'datapolicies',
  shortNames: ['dpol'],
  scope: 'Namespaced',
  doc: 'Leaves out rows or masks columns of a dataset for chosen users; enforced on the plane, next to the data.',
  spec,
  status,
  immutable: ['spec.type'],
  references: [{ field: 'spec.depot', to: 'Depot', verb: 'use' }],
  selectableFields: ['spec.depot', 'spec.type'],
  columns: [
    { name: 'Type', type: 'string', cell: (policy) => policy.spec.type },
    { name: 'Depot', type: 'string', cell: (policy) => policy.spec.depot },
    { name: 'Dataset', type: 'string', cell: (policy) => `${policy.spec.collection}.${policy.spec.dataset}` },
    { name: 'Priority', type: 'integer', cell: (policy) => policy.spec.priority },
    { name: 'Distributed', type: 'string', cell: (policy) => conditionStatus(policy, 'Distributed') },
  ],
  check: ({ spec: wanted }) => (wanted.type === 'mask' ? checkMask(wanted) : checkFilters(wanted)),
});
export type DataPolicy = ObjectFor<typeof DataPolicy>;

type Spec = Value<typeof spec>;

function checkMask({ selector: about, rule }: Spec): readonly Cause[] {
  const causes: Cause[] = [];
  if (rule.filters !== undefined)
    causes.push(cause.forbidden('spec.rule.filters', 'not used with type mask'));
  const columns = [...(about.column?.names ?? []), ...(about.column?.tags ?? [])];
  if (columns.length === 0) {
    causes.push(cause.required('spec.selector.column', 'type mask needs names or tags of columns'));
  }
  if (rule.mask === undefined) return [...causes, cause.required('spec.rule.mask', 'type mask needs it')];
  return [...causes, ...checkMethod(rule.mask)];
}

function checkMethod(method: Value<typeof mask>): readonly Cause[] {
  const keeps = method.operator === 'KeepFirst' || method.operator === 'KeepLast';
  if (keeps && method.length === undefined) {
    return [cause.required('spec.rule.mask.length', `operator ${method.operator} needs it`)];
  }
  if (method.operator === 'Bucket' && method.width === undefined) {
    return [cause.required('spec.rule.mask.width', 'operator Bucket needs it')];
  }
  return [];
}

function checkFilters({ rule }: Spec): readonly Cause[] {
  const extra =
    rule.mask === undefined ? [] : [cause.forbidden('spec.rule.mask', 'not used with type filter')];
  if (rule.filters === undefined)
    return [...extra, cause.required('spec.rule.filters', 'type filter needs it')];
  const wrong = rule.filters.flatMap((each, index) => {
    const field = `spec.rule.filters[${index}].values`;
    const bare = each.operator === 'IsNull' || each.operator === 'IsNotNull';
    const given = (each.values ?? []).length;
    if (bare) return given === 0 ? [] : [cause.forbidden(field, `not used with operator ${each.operator}`)];
    return given === 0 ? [cause.required(field, `operator ${each.operator} needs it`)] : [];
  });
  return [...extra, ...wrong];
}
