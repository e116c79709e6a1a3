/** The three kinds with the widest schemas, and for each an object in which every field is set. */
import type { Json, JsonObject } from '../../apiserver/api/json.ts';
import { OWN_VERSION, type Kind } from '../../apiserver/api/kind.ts';
import { DataCluster } from '../../apiserver/kinds/data-cluster.ts';
import { DataPlane } from '../../apiserver/kinds/data-plane.ts';
import { DataProduct } from '../../apiserver/kinds/data-product.ts';
import { Deployment } from '../../apiserver/kinds/native/deployment.ts';
import { ReplicaSet } from '../../apiserver/kinds/native/replica-set.ts';
import { ReplicationController } from '../../apiserver/kinds/native/replication-controller.ts';
import { StatefulSet } from '../../apiserver/kinds/native/stateful-set.ts';
import { TWIN_GROUP } from './step.ts';

const TIME = '2026-01-02T03:04:05Z';

const conditions: Json = [
  {
    type: 'Ready',
    status: 'True',
    reason: 'AllGood',
    message: 'as it should be',
    lastTransitionTime: TIME,
    observedGeneration: 1,
  },
];
const usage: JsonObject = { cpu: '1500m', memory: '2Gi', storage: '10Gi', collectedAt: TIME };
const key: JsonObject = { kty: 'OKP', crv: 'Ed25519', x: 'abc', kid: 'one', alg: 'EdDSA', y: 'def' };

const dataPlane: JsonObject = {
  spec: {
    displayName: 'A plane',
    provider: 'aws',
    region: 'eu-central-1',
    mode: 'OnPremise',
    roles: ['runtime', 'observability'],
    chartConfiguration: {
      infrastructureOperators: { version: '1.2.3' },
      infrastructure: { version: 'v1.2.3-rc.1' },
      dataClusterOperator: { version: '0.0.1' },
      dataApi: { version: '2.0.0+build' },
    },
    infrastructureConfig: {
      postgresql: { instances: 3, storage: '10Gi' },
      minio: { servers: 4, volumes: 2, volumeSize: '100Gi' },
      qdrant: { replicas: 2, storage: '5Gi' },
      meilisearch: { storage: '1Gi' },
    },
    observability: {
      metrics: { enabled: true, intervalSeconds: 60, remoteWriteURL: 'https://metrics.example.com/write' },
      logs: { enabled: false, retentionDays: 30, endpoint: 'https://logs.example.com' },
      labels: { team: 'platform' },
      excludeNamespaces: ['kube-system'],
    },
    allowedTenants: {
      matchLabels: { tier: 'gold' },
      matchExpressions: [{ key: 'region', operator: 'In', values: ['eu', 'us'] }],
    },
    cordoned: true,
    intervals: { heartbeatSeconds: 30, usageSeconds: 60, reconcileSeconds: 600 },
    connectivity: { skupper: { enabled: true, site: 'west' } },
    paused: true,
  },
  status: {
    phase: 'Registered',
    observedGeneration: 1,
    dataPlaneID: 'one',
    clusterUID: 'two',
    registeredAt: TIME,
    registration: { tokenHash: 'abc=', expiresAt: TIME, redeemedBy: 'def', redeemedAt: TIME },
    epoch: 1,
    appliedRevision: 2,
    digest: 'xyz',
    publicKeys: { sign: key, seal: key },
    session: { id: 7, hub: 'hub-0' },
    agent: {
      connected: true,
      replicas: 2,
      version: '1.0.0',
      address: '10.0.0.1',
      lastHeartbeatTime: TIME,
      lastConnectedTime: TIME,
      lastDisconnectedTime: TIME,
    },
    components: [
      { name: 'minio', sync: 'Synced', health: 'Healthy', version: '1', message: 'fine' },
      { name: 'qdrant', health: 'Degraded' },
    ],
    charts: [{ name: 'infra', version: '1', target: '2', progress: '1/2' }],
    usage: {
      ...usage,
      components: [{ name: 'minio', cpu: 1, memory: '1Gi', storage: '1Gi', error: 'none' }],
    },
    tenants: { count: 1, unhealthy: [{ name: 'acme', reason: 'slow' }] },
    driftCorrections: 3,
    capabilities: ['seal', 'sign'],
    orphaned: ['one'],
    conditions,
  },
};

const dataCluster: JsonObject = {
  spec: {
    slug: 'main',
    services: {
      database: { extensions: ['postgis', 'vector'] },
      objectStorage: { quota: '10Gi' },
      vector: { dimensions: 512, distance: 'Dot' },
      search: { indexes: ['people', 'places'] },
      pipelines: { parallelism: 5 },
    },
    dataApi: { version: '1.2.3', versionPolicy: 'Pinned' },
    quota: { cpu: '2', memory: '4Gi', storage: '10Gi', gpu: 1, pods: 20 },
    templateValues: { size: 'small' },
    retainPolicy: 'Retain',
    suspended: true,
  },
  status: {
    phase: 'Ready',
    observedGeneration: 1,
    namespace: 'tenant-main',
    endpoints: [{ service: 'database', url: 'postgres://db' }],
    resources: [
      { service: 'database', name: 'main', state: 'Ready' },
      { service: 'search', name: 'main', state: 'Creating' },
    ],
    credentials: [{ service: 'database', secretName: 'db', version: 1, rotatedAt: TIME, expiresAt: TIME }],
    dataApiVersion: '1.2.3',
    usage,
    retained: ['bucket'],
    steps: { database: 'Done' },
    conditions,
  },
};

const dataProduct: JsonObject = {
  spec: {
    title: 'Revenue',
    owner: 'ann',
    version: '1.0.0',
    purpose: 'To know.',
    tags: ['money', 'daily'],
    collaborators: [{ name: 'bob', role: 'reviewer' }],
    inputs: [{ name: 'orders', depot: { name: 'crm' }, dataset: 'orders', description: 'all of them' }],
    outputs: [{ name: 'revenue', depot: { name: 'crm' }, dataset: 'revenue', description: 'per day' }],
    ports: { api: { protocol: 'REST', resource: 'load', port: 8080, description: 'for all' } },
    resources: [
      {
        id: 'load',
        stack: 'job:1.0',
        description: 'first',
        stackSpec: { image: 'load:1', deep: { list: [1, 'two', null, { three: 3.5 }] } },
        depots: [{ as: 'CRM', name: 'crm', purpose: 'query' }],
      },
      {
        id: 'report',
        stack: 'job:1.0',
        dependsOn: ['load'],
        conditions: [{ resource: 'load', status: 'Active', runtime: 'Succeeded' }],
      },
    ],
    dependencies: [{ product: 'other', output: 'orders', condition: 'Fresh', maxAge: '1d' }],
    schedule: {
      crons: ['0 6 * * *'],
      timezone: 'Europe/Berlin',
      concurrencyPolicy: 'Replace',
      startingDeadlineSeconds: 60,
      endOn: TIME,
      suspend: true,
    },
    autoDeploy: true,
    historyLimit: 5,
  },
  status: {
    observedGeneration: 1,
    latestRelease: { name: 'one', hash: 'abc' },
    environments: [{ name: 'dev', release: 'one', ready: true }],
    lineage: {
      upstream: ['crm/orders'],
      outputs: [
        {
          name: 'revenue',
          schemaHash: 'abc',
          columns: [{ name: 'day', type: 'date' }],
          rows: 9007199254740991,
        },
      ],
      reportedAt: TIME,
    },
    order: ['load', 'report'],
    lastRun: { name: 'one', phase: 'Succeeded', completedAt: TIME },
    nextRun: TIME,
    conditions,
  },
};

export interface Subject {
  readonly kind: Kind;
  /** Fields of spec that our kinds keep as they were first set; the twin does not. */
  readonly fixed: readonly string[];
  /** Every field is set. */
  readonly full: JsonObject;
  /** The least that is valid. */
  readonly least: JsonObject;
}

/** Two are namespaced, one is not. */
export const SUBJECTS: readonly Subject[] = [
  { kind: DataPlane, fixed: [], full: dataPlane, least: { spec: {} } },
  {
    kind: DataProduct,
    fixed: [],
    full: dataProduct,
    least: { spec: { owner: 'ann', resources: [{ id: 'load', stack: 'job:1.0' }] } },
  },
  { kind: DataCluster, fixed: ['slug'], full: dataCluster, least: { spec: {} } },
];

/** What has `/scale`; none of our own kinds has. */
export const SCALED: readonly Kind[] = [Deployment, ReplicaSet, StatefulSet, ReplicationController];

/** The full spec without what cannot be changed. */
export function changeable({ full, fixed }: Subject): JsonObject {
  const spec = Object.entries(full['spec'] as JsonObject);
  return Object.fromEntries(spec.filter(([field]) => !fixed.includes(field)));
}

export function named(subject: Subject, content: JsonObject, metadata: JsonObject): JsonObject {
  return { apiVersion: `${TWIN_GROUP}/${OWN_VERSION}`, kind: subject.kind.kind, metadata, ...content };
}
