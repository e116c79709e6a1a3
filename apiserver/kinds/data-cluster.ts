/** A DataCluster is one tenant's share of a data plane: a namespace with its own database, storage, search and access. */
import { cause } from '../api/causes.ts';
import type { Cause } from '../api/errors.ts';
import { defineKind, type ObjectFor } from '../api/kind.ts';
import {
  bool,
  int,
  list,
  listMap,
  map,
  obj,
  opt,
  quantity,
  set,
  str,
  time,
  type Value,
} from '../api/schema.ts';
import { semver } from './data-plane-config.ts';
import { fixedOnceSet } from './fixed-once-set.ts';
import { textMap, usage } from './fields.ts';
import { DNS_LABEL, identifier, MAX_SLUG, objectName } from './names.ts';
import { conditionReason, conditions, observedGeneration } from './status.ts';

const services = obj(
  'Services that the cluster gets; a service that is not named is not provisioned.',
  {
    database: opt(
      obj('A relational database of its own.', {
        extensions: opt(
          set(
            'Extensions that are installed.',
            str('Name of an extension.', { pattern: '^[a-z][a-z0-9_-]*$', maxLength: 63 }),
            {
              maxItems: 64,
            },
          ),
        ),
      }),
    ),
    objectStorage: opt(obj('A bucket of its own.', { quota: opt(quantity('Size the bucket may grow to.')) })),
    vector: opt(
      obj('A vector collection of its own.', {
        dimensions: int('Length of the vectors.', { minimum: 1, maximum: 65_536, default: 1024 }),
        distance: str('How vectors are compared.', {
          enum: ['Cosine', 'Dot', 'Euclid', 'Manhattan'],
          default: 'Cosine',
        }),
      }),
    ),
    search: opt(
      obj('Full-text indexes of its own.', {
        indexes: opt(set('Indexes that are created.', identifier('Name of an index.'), { maxItems: 64 })),
      }),
    ),
    pipelines: opt(
      obj('A place to run workflows in.', {
        parallelism: int('Workflows that run at a time.', { minimum: 1, maximum: 1000, default: 10 }),
      }),
    ),
  },
  { default: {} },
);

const spec = obj('Desired state.', {
  dataPlaneRef: opt(
    objectName('DataPlane it runs on; chosen by placement when not set, fixed from then on.'),
  ),
  slug: opt(
    str(
      'Word that names the namespace tenant-<slug> and the databases; made from tenant and name when not set, fixed from then on.',
      {
        minLength: 1,
        maxLength: MAX_SLUG,
        pattern: DNS_LABEL,
      },
    ),
  ),
  services,
  dataApi: obj(
    'The data API in front of the services.',
    {
      version: opt(semver('Exact version; that of the data plane when not set.')),
      versionPolicy: str('Whether a new default of the data plane is taken over.', {
        enum: ['Pinned', 'Follow'],
        default: 'Pinned',
      }),
    },
    { default: {} },
  ),
  quota: opt(
    obj('Upper bounds of this cluster, within those of the tenant.', {
      cpu: opt(quantity('CPU cores that may be requested.')),
      memory: opt(quantity('Memory that may be requested.')),
      storage: opt(quantity('Storage that may be claimed.')),
      gpu: opt(quantity('GPUs that may be requested.')),
      pods: opt(int('Pods that may exist at a time.', { minimum: 0, maximum: 100_000 })),
    }),
  ),
  templateValues: opt(textMap('Values for the variables of namespace templates, over those of the tenant.')),
  retainPolicy: str('What happens to data when the cluster is deleted.', {
    enum: ['Delete', 'Retain'],
    default: 'Delete',
  }),
  suspended: bool('Stops the workloads and logins of this cluster, while data stays.', { default: false }),
});

const SERVICES = [
  'namespace',
  'database',
  'objectStorage',
  'vector',
  'search',
  'pipelines',
  'dataApi',
] as const;
const service = str('Service it belongs to.', { enum: SERVICES });

const endpoint = obj('One endpoint.', {
  service,
  url: str('Address inside the data plane.', { maxLength: 2048 }),
});
const resource = obj('One thing made for the cluster.', {
  service,
  name: str('Name at the service.', { minLength: 1, maxLength: 253 }),
  state: str('Where it is in its life.', {
    enum: ['Pending', 'Creating', 'Ready', 'Degraded', 'Suspended', 'Deleting', 'Retained'],
  }),
});
const credential = obj('Access to one service.', {
  service,
  secretName: objectName('Secret on the data plane that holds it; the value never leaves the plane.'),
  version: opt(int('Number of the rotation.', { minimum: 0 })),
  rotatedAt: opt(time('When it was last changed.')),
  expiresAt: opt(time('When it stops being accepted.')),
});

const status = obj('Observed state, written by controllers only.', {
  phase: opt(
    str('Summary of the conditions; controllers never read it.', {
      enum: ['Pending', 'Provisioning', 'Ready', 'Degraded', 'Suspended', 'Deleting', 'Failed'],
    }),
  ),
  observedGeneration,
  namespace: opt(identifier('Namespace on the data plane.')),
  endpoints: opt(listMap('Where the services are reached.', 'service', endpoint, { maxItems: 32 })),
  resources: opt(listMap('What was made for the cluster.', ['service', 'name'], resource, { maxItems: 256 })),
  credentials: opt(listMap('Access to the services.', 'service', credential, { maxItems: 32 })),
  dataApiVersion: opt(str('Version of the data API that runs.', { maxLength: 64 })),
  usage: usage('Consumption.'),
  retained: opt(
    list('What was kept when the cluster was deleted.', str('One item.', { maxLength: 512 }), {
      maxItems: 64,
    }),
  ),
  steps: opt(
    map('Provisioning steps by name.', str('State.', { enum: ['Waiting', 'Running', 'Done', 'Failed'] }), {
      maxProperties: 32,
    }),
  ),
  conditions: conditions(
    'NamespaceReady, DatabaseReady, ObjectStorageReady, VectorReady, SearchReady, PipelinesReady, NetworkReady, CredentialsReady, Ready',
  ),
});

export const DataCluster = defineKind({
  kind: 'DataCluster',
  plural: 'dataclusters',
  shortNames: ['dc'],
  categories: ['all'],
  scope: 'Namespaced',
  doc: "A tenant's share of a data plane: one namespace with its own database, storage, search and access.",
  spec,
  status,
  references: [{ field: 'spec.dataPlaneRef', to: 'DataPlane', verb: 'place' }],
  selectableFields: ['spec.dataPlaneRef', 'spec.slug', 'status.phase'],
  columns: [
    { name: 'Plane', type: 'string', cell: (cluster) => cluster.spec.dataPlaneRef },
    { name: 'Phase', type: 'string', cell: (cluster) => cluster.status?.phase },
    {
      name: 'Target',
      type: 'string',
      description: 'Namespace on the plane.',
      cell: (cluster) => cluster.status?.namespace,
    },
    { name: 'Data API', type: 'string', wide: true, cell: (cluster) => cluster.status?.dataApiVersion },
    { name: 'CPU', type: 'string', wide: true, cell: (cluster) => cluster.status?.usage?.cpu },
    { name: 'Memory', type: 'string', wide: true, cell: (cluster) => cluster.status?.usage?.memory },
    { name: 'Storage', type: 'string', wide: true, cell: (cluster) => cluster.status?.usage?.storage },
    { name: 'Reason', type: 'string', wide: true, cell: (cluster) => conditionReason(cluster, 'Ready') },
  ],
  check: (cluster, old) => [
    ...checkSlug(cluster.spec.slug),
    ...checkVersion(cluster.spec.dataApi),
    ...fixedOnceSet('spec.dataPlaneRef', cluster.spec.dataPlaneRef, old?.spec.dataPlaneRef),
    ...fixedOnceSet('spec.slug', cluster.spec.slug, old?.spec.slug),
  ],
});
export type DataCluster = ObjectFor<typeof DataCluster>;

/** Names that the services on a plane keep for themselves. */
const RESERVED = new Set([
  'postgres',
  'template0',
  'template1',
  'app',
  'admin',
  'root',
  'system',
  'minio',
  'public',
]);
const RESERVED_PREFIXES = ['pg-', 'pg_', 'cnpg-', 'cnpg_', 'kube-', 'polder-'];

function checkSlug(slug: string | undefined): readonly Cause[] {
  if (slug === undefined) return [];
  const reserved = RESERVED.has(slug) || RESERVED_PREFIXES.some((prefix) => slug.startsWith(prefix));
  return reserved
    ? [cause.invalid('spec.slug', slug, 'this name is reserved for the services of the data plane')]
    : [];
}

function checkVersion(dataApi: Value<typeof spec>['dataApi']): readonly Cause[] {
  if (dataApi.versionPolicy !== 'Follow' || dataApi.version === undefined) return [];
  return [
    cause.forbidden('spec.dataApi.version', 'versionPolicy Follow takes the version of the data plane'),
  ];
}
