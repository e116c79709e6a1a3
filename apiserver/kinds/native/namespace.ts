/** v1 Namespace. */
import { isObject, type Json } from '../../api/json.ts';
import { defineNative, type ObjectFor } from '../../api/kind.ts';
import { obj, opt, set, str } from '../../api/schema.ts';
import { invalidValue } from '../causes.ts';
import { DNS_LABEL } from '../names.ts';
import { plainConditions, text } from './fields.ts';

const LABEL = new RegExp(DNS_LABEL);
const WHY =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end " +
  "with an alphanumeric character (e.g. 'my-name', or '123-abc', regex used for validation is " +
  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

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
          set('Words that must be taken away before the namespace can go.', text('A finalizer.')),
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
  check: ({ metadata: { name } }) => {
    if (name.length > 63) return [invalidValue('metadata.name', name, 'must be no more than 63 characters')];
    return LABEL.test(name) ? [] : [invalidValue('metadata.name', name, WHY)];
  },
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
