/** A DataProduct is a team's unit of delivery: steps in a graph, what they read and make, and when they run. */
import { defineKind, type ObjectFor } from '../api/kind.ts';
import { bool, int, list, listMap, obj, opt, str, time } from '../api/schema.ts';
import * as parts from './data-product-parts.ts';
import { checkProduct } from './data-product-rules.ts';
import { identifier, objectName, prose } from './names.ts';
import { conditionReason, conditions, conditionStatus, observedGeneration } from './status.ts';

export const spec = obj('Desired state.', {
  title: opt(prose('Name for people.', 253)),
  owner: str('User who answers for the product.', { minLength: 1, maxLength: 256 }),
  version: str('Version that the team gives the product.', {
    minLength: 1,
    maxLength: 64,
    pattern: '^[0-9A-Za-z]([0-9A-Za-z.+_-]*[0-9A-Za-z])?$',
    default: '0.1.0',
  }),
  purpose: opt(prose('What the product is for.', 4096)),
  tags: opt(parts.labelsOfProduct),
  collaborators: opt(parts.collaborators),
  inputs: opt(parts.inputs),
  outputs: opt(parts.outputs),
  ports: opt(parts.ports),
  resources: listMap('Steps of the product; dependsOn must not form a cycle.', 'id', parts.resource, {
    minItems: 1,
    maxItems: 128,
  }),
  dependencies: opt(list('Products that must be in order first.', parts.dependency, { maxItems: 64 })),
  schedule: opt(parts.schedule),
  pipelineRef: opt(objectName('DeploymentPipeline that releases are promoted along.')),
  autoDeploy: bool('A new release goes to the first environment of the pipeline by itself.', {
    default: false,
  }),
  historyLimit: int('Releases and finished runs that are kept.', { minimum: 1, maximum: 1000, default: 10 }),
});

const environment = obj('State in one environment.', {
  name: objectName('Name of the Environment.'),
  release: opt(objectName('Release that is there.')),
  ready: opt(bool('Whether it is ready.')),
});

const status = obj('Observed state, written by controllers only.', {
  observedGeneration,
  latestRelease: opt(
    obj('The newest release.', {
      name: objectName('Name of the Release.'),
      hash: str('Digest of its content.', { maxLength: 128 }),
    }),
  ),
  environments: opt(listMap('State by environment.', 'name', environment, { maxItems: 64 })),
  lineage: opt(
    obj('Where data comes from and what was made of it.', {
      upstream: opt(
        list('Datasets that were read.', str('Depot and dataset.', { maxLength: 512 }), { maxItems: 256 }),
      ),
      outputs: opt(parts.outputReport),
      reportedAt: opt(time('When a run reported it.')),
    }),
  ),
  order: opt(list('Steps in the order they start.', identifier('Name of a step.'), { maxItems: 128 })),
  lastRun: opt(
    obj('The newest run.', {
      name: objectName('Name of the DataProductRun.'),
      phase: opt(str('How it went.', { maxLength: 32 })),
      completedAt: opt(time('When it ended.')),
    }),
  ),
  nextRun: opt(time('When the schedule ticks next.')),
  conditions: conditions('Valid, Released, Ready'),
});

export const DataProduct = defineKind({
  kind: 'DataProduct',
  plural: 'dataproducts',
  shortNames: ['prod'],
  categories: ['all'],
  scope: 'Namespaced',
  doc: "A team's unit of delivery: steps that read and make data, who answers for them, and when they run.",
  spec,
  status,
  references: [
    { field: 'spec.inputs[].depot.name', to: 'Depot', tenantField: 'tenant', verb: 'use' },
    { field: 'spec.outputs[].depot.name', to: 'Depot', tenantField: 'tenant', verb: 'use' },
    { field: 'spec.resources[].depots[].name', to: 'Depot', tenantField: 'tenant', verb: 'use' },
    { field: 'spec.resources[].stack', to: 'Stack', nameEndsAt: ':', verb: 'use' },
    { field: 'spec.resources[].compute', to: 'Compute', verb: 'use' },
    { field: 'spec.pipelineRef', to: 'DeploymentPipeline', verb: 'use' },
    {
      field: 'spec.dependencies[].product',
      to: 'DataProduct',
      tenantField: 'tenant',
      verb: 'use',
      required: false,
      protects: false,
    },
  ],
  selectableFields: ['spec.owner', 'spec.pipelineRef'],
  columns: [
    { name: 'Version', type: 'string', cell: (product) => product.spec.version },
    { name: 'Release', type: 'string', cell: (product) => product.status?.latestRelease?.name },
    { name: 'Ready', type: 'string', cell: (product) => conditionStatus(product, 'Ready') },
    { name: 'Reason', type: 'string', cell: (product) => conditionReason(product, 'Ready') },
    { name: 'Owner', type: 'string', wide: true, cell: (product) => product.spec.owner },
    { name: 'Steps', type: 'integer', wide: true, cell: (product) => product.spec.resources.length },
    { name: 'Next Run', type: 'string', wide: true, cell: (product) => product.status?.nextRun },
  ],
  check: (product) => checkProduct(product.spec),
});
export type DataProduct = ObjectFor<typeof DataProduct>;
