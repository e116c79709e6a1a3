/** v1 Namespace. */
import { cause } from '../../api/causes.ts';
import { isObject, type Json } from '../../api/json.ts';
import { defineNative, type ObjectFor } from '../../api/kind.ts';
import { labelProblems } from '../../api/names.ts';
import { list, obj, opt, str } from '../../api/schema.ts';
import { plainConditions, text } from './fields.ts';

export const Namespace = defineNative({
  group: '',
  version: 'v1',
  kind: 'Namespace',
  plural: 'namespaces',
  shortNames: ['ns'],
  scope: 'Cluster',
  doc: 'A scope for names; most other objects live in one.',
  fields: {
    spec: obj(
      'Desired state.',
      {
        finalizers: opt(
          list('Words that must be taken away before the namespace can go.', text('A finalizer.')),
        ),
      },
      { default: {} },
    ),
    status: opt(
      obj('Observed state.', {
        phase: opt(str('Where the namespace is in its life.', { enum: ['Active', 'Terminating'] })),
        conditions: plainConditions,
      }),
    ),
  },
  selectableFields: ['status.phase'],
  columns: [{ name: 'Status', type: 'string', cell: (namespace) => namespace.status?.phase ?? 'Active' }],
  prepare: fill,
  check: ({ metadata: { name } }) =>
    labelProblems(name).map((problem) => cause.invalid('metadata.name', name, problem)),
});
export type Namespace = ObjectFor<typeof Namespace>;

/** source: core registry namespace strategy and SetDefaults_Namespace. */
function fill(object: Readonly<Record<string, Json>>): Record<string, Json> {
  const metadata = isObject(object['metadata']) ? object['metadata'] : {};
  const labels = isObject(metadata['labels']) ? metadata['labels'] : {};
  const { name } = metadata;
  const named = typeof name === 'string' ? { 'kubernetes.io/metadata.name': name } : {};
  const leaving = metadata['deletionTimestamp'] !== undefined;
  const status = isObject(object['status']) ? object['status'] : {};
  const spec = isObject(object['spec']) ? object['spec'] : {};
  const given = Array.isArray(spec['finalizers']) ? (spec['finalizers'] as readonly Json[]) : [];
  const finalizers = leaving || given.includes('kubernetes') ? given : [...given, 'kubernetes'];
  return {
    ...object,
    metadata: { ...metadata, labels: { ...labels, ...named } },
    spec: { ...spec, finalizers },
    status: { ...status, phase: leaving ? 'Terminating' : 'Active' },
  };
}
