/** A Depot names one store of data and the credentials that open it. */
import { cause } from '../api/causes.ts';
import type { Cause } from '../api/errors.ts';
import { defineKind, type ObjectFor } from '../api/kind.ts';
import { bool, int, listMap, obj, opt, str, time, type Value } from '../api/schema.ts';
import { textMap } from './fields.ts';
import { objectName, prose, tenantName } from './names.ts';
import { conditionReason, conditions, conditionStatus, observedGeneration } from './status.ts';

const credential = obj('One credential.', {
  purpose: str('What it is used for; each purpose once.', { enum: ['scan', 'query', 'rw'] }),
  ref: obj('The credential.', {
    tenant: opt(tenantName('Tenant that owns it; the own one when not set.')),
    name: objectName('Name of the Credential.'),
  }),
});

const dataset = obj('One dataset.', {
  name: str('Name that inputs and outputs of products use.', {
    minLength: 1,
    maxLength: 253,
    pattern: '^[A-Za-z0-9]([A-Za-z0-9._/-]*[A-Za-z0-9])?$',
  }),
  path: opt(str('Where it is inside the store: table, prefix, topic.', { maxLength: 1024 })),
  description: opt(prose('What it holds.')),
});

const spec = obj('Desired state.', {
  type: str('Kind of store.', {
    enum: ['Postgres', 'MySQL', 'S3', 'Kafka', 'Iceberg', 'Qdrant', 'Meilisearch', 'HTTP'],
  }),
  description: opt(prose('What the store is for.')),
  connection: textMap(
    'How the store is reached from the plane, such as host, port, database or bucket; never secrets.',
    {
      default: {},
    },
  ),
  credentials: opt(listMap('Credentials by purpose.', 'purpose', credential, { maxItems: 3 })),
  dataClusterRef: opt(objectName('DataCluster whose service this is; not set for a store of your own.')),
  external: bool('The store is outside of the data plane.', { default: false }),
  datasets: opt(listMap('Datasets that products may name.', 'name', dataset, { maxItems: 1000 })),
});

const status = obj('Observed state, written by controllers only.', {
  phase: opt(
    str('Summary of the conditions; controllers never read it.', { enum: ['Creating', 'Active', 'Deleted'] }),
  ),
  observedGeneration,
  reachable: opt(
    obj('Last attempt to reach the store from the plane.', {
      checkedAt: time('When it was tried.'),
      latencyMs: opt(int('How long it took.', { minimum: 0 })),
      error: opt(prose('Why it failed.')),
    }),
  ),
  datasets: opt(int('Number of datasets.', { minimum: 0 })),
  conditions: conditions('CredentialResolved, Reachable, Ready, DeletionBlocked'),
});

export const Depot = defineKind({
  kind: 'Depot',
  plural: 'depots',
  shortNames: ['dpt'],
  categories: ['all'],
  scope: 'Namespaced',
  doc: 'A store of data that products of the tenant read and write, with the credentials that open it.',
  spec,
  status,
  immutable: ['spec.type'],
  references: [
    { field: 'spec.credentials[].ref.name', to: 'Credential', tenantField: 'tenant', verb: 'use' },
    { field: 'spec.dataClusterRef', to: 'DataCluster', verb: 'use' },
  ],
  selectableFields: ['spec.type', 'spec.dataClusterRef', 'status.phase'],
  columns: [
    { name: 'Type', type: 'string', cell: (depot) => depot.spec.type },
    { name: 'Phase', type: 'string', cell: (depot) => depot.status?.phase },
    { name: 'Ready', type: 'string', cell: (depot) => conditionStatus(depot, 'Ready') },
    { name: 'Datasets', type: 'integer', wide: true, cell: (depot) => depot.spec.datasets?.length ?? 0 },
    { name: 'Cluster', type: 'string', wide: true, cell: (depot) => depot.spec.dataClusterRef },
    { name: 'Reason', type: 'string', wide: true, cell: (depot) => conditionReason(depot, 'Ready') },
  ],
  check: (depot) => [...checkPlace(depot.spec), ...checkConnection(depot.spec)],
});
export type Depot = ObjectFor<typeof Depot>;

type Spec = Value<typeof spec>;

/** Without these keys there is nothing to connect to. */
const NEEDED: Readonly<Record<Spec['type'], readonly string[]>> = {
  Postgres: ['host', 'database'],
  MySQL: ['host', 'database'],
  S3: ['bucket'],
  Kafka: ['brokers'],
  Iceberg: ['catalog'],
  Qdrant: ['host'],
  Meilisearch: ['host'],
  HTTP: ['url'],
};

function checkPlace(wanted: Spec): readonly Cause[] {
  if (wanted.dataClusterRef === undefined) {
    return NEEDED[wanted.type]
      .filter((key) => !Object.hasOwn(wanted.connection, key))
      .map((key) => cause.required(`spec.connection.${key}`, `a depot of type ${wanted.type} needs it`));
  }
  return wanted.external
    ? [cause.forbidden('spec.external', 'a service of a data cluster is not outside of the data plane')]
    : [];
}

const SECRET_KEY = /(passw|secret|token|api_?key|access_?key|private_?key|credential)/i;
const SECRET_IN_URL = /:\/\/[^/@\s]*:[^/@\s]+@/;

/** Everything here is readable by whoever may read the depot. The value is not repeated. */
function checkConnection(wanted: Spec): readonly Cause[] {
  return Object.entries(wanted.connection)
    .filter(([key, value]) => SECRET_KEY.test(key) || SECRET_IN_URL.test(value))
    .map(([key]) => cause.forbidden(`spec.connection.${key}`, 'secret values belong in a Credential'));
}
