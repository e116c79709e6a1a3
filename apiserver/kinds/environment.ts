/** An Environment is a stage, such as staging or production, that runs on one data cluster for good. */
import { defineKind, type ObjectFor } from '../api/kind.ts';
import { bool, int, obj, opt } from '../api/schema.ts';
import { textMap } from './fields.ts';
import { objectName, prose } from './names.ts';
import { conditionReason, conditions, conditionStatus, observedGeneration } from './status.ts';

const spec = obj('Desired state.', {
  displayName: opt(prose('Name for people.', 128)),
  dataClusterRef: objectName('DataCluster that everything in the environment runs on; fixed.'),
  isProduction: bool('Marks production; two of them never share a data cluster.', { default: false }),
  settings: opt(textMap('Settings over those of the tenant; an empty value takes an inherited one away.')),
});

const status = obj('Observed state, written by controllers only.', {
  observedGeneration,
  dataPlane: opt(objectName('DataPlane that the data cluster runs on.')),
  bindings: opt(int('Number of release bindings.', { minimum: 0 })),
  effectiveSettings: opt(textMap('Settings in force, inherited ones included.')),
  conditions: conditions('Ready, DeletionBlocked'),
});

export const Environment = defineKind({
  kind: 'Environment',
  plural: 'environments',
  shortNames: ['env'],
  categories: ['all'],
  scope: 'Namespaced',
  doc: 'A stage of delivery, such as staging or production, bound to one data cluster.',
  spec,
  status,
  immutable: ['spec.dataClusterRef'],
  references: [{ field: 'spec.dataClusterRef', to: 'DataCluster', verb: 'use' }],
  selectableFields: ['spec.dataClusterRef', 'spec.isProduction'],
  columns: [
    { name: 'Cluster', type: 'string', cell: (environment) => environment.spec.dataClusterRef },
    { name: 'Production', type: 'boolean', cell: (environment) => environment.spec.isProduction },
    { name: 'Bindings', type: 'integer', cell: (environment) => environment.status?.bindings },
    { name: 'Ready', type: 'string', cell: (environment) => conditionStatus(environment, 'Ready') },
    { name: 'Plane', type: 'string', wide: true, cell: (environment) => environment.status?.dataPlane },
    {
      name: 'Reason',
      type: 'string',
      wide: true,
      cell: (environment) => conditionReason(environment, 'Ready'),
    },
  ],
});
export type Environment = ObjectFor<typeof Environment>;
