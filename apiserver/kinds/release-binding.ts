/** A ReleaseBinding puts one release of a product into one environment. */
import { defineKind, type ObjectFor } from '../api/kind.ts';
import { anyObject, list, listMap, obj, opt, set, str, time } from '../api/schema.ts';
import { identifier, objectName, prose } from './names.ts';
import { conditionReason, conditions, conditionStatus, observedGeneration } from './status.ts';

const overrides = obj('What differs in this environment.', {
  env: opt(
    listMap(
      'Environment variables of every step.',
      'name',
      obj('One variable.', {
        name: str('Name of the variable.', {
          minLength: 1,
          maxLength: 253,
          pattern: '^[A-Za-z_][A-Za-z0-9_]*$',
        }),
        value: str('Value; never a secret.', { maxLength: 4096 }),
      }),
      { maxItems: 128 },
    ),
  ),
  resources: opt(
    listMap(
      'Input of single steps.',
      'id',
      obj('One step.', {
        id: identifier('Name of the step.'),
        stackSpec: opt(anyObject('Fields put over those of the release.')),
        compute: opt(objectName('Compute instead of that of the release.')),
      }),
      { maxItems: 128 },
    ),
  ),
});

const spec = obj('Desired state.', {
  productRef: objectName('DataProduct; fixed.'),
  environment: objectName('Environment; fixed.'),
  releaseName: objectName('Release that is to be there; changing it promotes or rolls back.'),
  overrides: opt(overrides),
  state: str('Whether the release runs, or everything but the history is taken away.', {
    enum: ['Active', 'Undeploy'],
    default: 'Active',
  }),
  retainPolicy: str('What happens to data of the release when it is taken away.', {
    enum: ['Delete', 'Retain'],
    default: 'Delete',
  }),
});

const resource = obj('One object on the plane.', {
  id: str('Group, kind, namespace and name in one word.', { minLength: 1, maxLength: 512 }),
  step: opt(identifier('Step it belongs to.')),
  health: opt(
    str('How it is.', { enum: ['Healthy', 'Progressing', 'Suspended', 'Unknown', 'Missing', 'Degraded'] }),
  ),
  message: opt(prose('What is wrong, if anything.')),
});

const endpoint = obj('One endpoint.', {
  name: identifier('Port of the product.'),
  url: str('Address inside the data plane.', { maxLength: 2048 }),
});

const readyRelease = obj('One release that has been ready here.', {
  name: objectName('Name of the Release.'),
  at: time('When it was first ready.'),
});

const pending = obj('One dependency that is not met.', {
  product: objectName('Name of the DataProduct.'),
  tenant: opt(objectName('Tenant that shares it.')),
  reason: prose('What is missing.'),
});

const status = obj('Observed state, written by controllers only.', {
  observedGeneration,
  currentRelease: opt(objectName('Release that the plane holds.')),
  previousRelease: opt(objectName('Release that was there before.')),
  readyReleases: opt(
    listMap(
      'Releases that have been ready here; they may be promoted and gone back to.',
      'name',
      readyRelease,
      {
        maxItems: 1000,
      },
    ),
  ),
  resources: opt(listMap('Objects on the plane.', 'id', resource, { maxItems: 2000 })),
  endpoints: opt(listMap('Where the product is reached.', 'name', endpoint, { maxItems: 64 })),
  pendingDependencies: opt(list('Dependencies that are not met.', pending, { maxItems: 64 })),
  promotedBy: opt(str('User who put the release here.', { maxLength: 256 })),
  bypassed: opt(set('Rules of promotion that were overridden.', identifier('A rule.'), { maxItems: 16 })),
  conditions: conditions('Promotable, ReleaseSynced, DependenciesReady, ResourcesReady, Ready, Finalizing'),
});

export const ReleaseBinding = defineKind({
  kind: 'ReleaseBinding',
  plural: 'releasebindings',
  shortNames: ['rb'],
  categories: ['all'],
  scope: 'Namespaced',
  doc: 'Puts one release of a data product into one environment; editing the release name promotes or rolls back.',
  spec,
  status,
  immutable: ['spec.productRef', 'spec.environment'],
  references: [
    { field: 'spec.productRef', to: 'DataProduct', verb: 'use' },
    { field: 'spec.environment', to: 'Environment', verb: 'use' },
    { field: 'spec.releaseName', to: 'Release', verb: 'use' },
    { field: 'spec.overrides.resources[].compute', to: 'Compute', verb: 'use' },
  ],
  selectableFields: ['spec.productRef', 'spec.environment', 'spec.releaseName', 'spec.state'],
  columns: [
    { name: 'Product', type: 'string', cell: (binding) => binding.spec.productRef },
    { name: 'Environment', type: 'string', cell: (binding) => binding.spec.environment },
    { name: 'Release', type: 'string', cell: (binding) => binding.spec.releaseName },
    { name: 'State', type: 'string', cell: (binding) => binding.spec.state },
    { name: 'Ready', type: 'string', cell: (binding) => conditionStatus(binding, 'Ready') },
    { name: 'Previous', type: 'string', wide: true, cell: (binding) => binding.status?.previousRelease },
    { name: 'By', type: 'string', wide: true, cell: (binding) => binding.status?.promotedBy },
    { name: 'Reason', type: 'string', wide: true, cell: (binding) => conditionReason(binding, 'Ready') },
  ],
});
export type ReleaseBinding = ObjectFor<typeof ReleaseBinding>;
