/** Objects of tenants for suites about native kinds on a host cluster. */
import type { JsonObject } from '../../../apiserver/api/json.ts';
import { patching, type HookReply, type HookServer } from '../../support/hook-server.ts';
import type { Json } from '../../support/http.ts';

export const NS = 'tn-acme';

/** The quota of a tenant counts these. */
export const resources = { requests: { cpu: '10m', memory: '16Mi' } };
export const container = { name: 'main', image: 'registry.example/app:1', resources };
export const pod = (name: string, spec: JsonObject = {}, metadata: JsonObject = {}): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: NS, ...metadata },
  spec: { containers: [container], ...spec },
});
export const labelled = { app: 'w' };
export const workload = (apiVersion: string, kind: string, name: string, spec: JsonObject): JsonObject => ({
  apiVersion,
  kind,
  metadata: { name, namespace: NS },
  spec,
});
export const template = (spec: JsonObject = {}, metadata: JsonObject = {}): JsonObject => ({
  metadata: { labels: labelled, ...metadata },
  spec: { containers: [container], ...spec },
});

/** Workloads whose templates carry these labels or finalizers, one for each place that these can be in. */
export function templatesWith(labels: JsonObject, finalizers: readonly string[] = []): readonly JsonObject[] {
  const metadata = { labels, finalizers };
  const claim = {
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  };
  const volumes = [
    { name: 'scratch', ephemeral: { volumeClaimTemplate: { metadata: { labels }, ...claim } } },
  ];
  const inTemplate = { finalizers, labels: { ...labelled, ...labels } };
  const marked = template({}, inTemplate);
  const selector = { matchLabels: labelled };
  const once = template({ restartPolicy: 'Never' });
  const schedule = '0 3 * * *';
  const claims = [{ metadata: { ...metadata, name: 'data' }, ...claim }];
  const inVolumes = [
    pod('bad', { volumes }),
    workload('apps/v1', 'Deployment', 'bad', { selector, template: template({ volumes }) }),
  ];
  return [
    // Finalizers of these Kubernetes refuses itself.
    ...(finalizers.length === 0 ? inVolumes : []),
    workload('v1', 'ReplicationController', 'bad', { selector: labelled, template: marked }),
    workload('apps/v1', 'Deployment', 'bad', { selector, template: marked }),
    workload('apps/v1', 'ReplicaSet', 'bad', { selector, template: marked }),
    workload('apps/v1', 'DaemonSet', 'bad', { selector, template: marked }),
    workload('apps/v1', 'StatefulSet', 'bad', { serviceName: 's', selector, template: marked }),
    workload('apps/v1', 'StatefulSet', 'bad', {
      serviceName: 's',
      selector,
      template: template(),
      volumeClaimTemplates: claims,
    }),
    workload('batch/v1', 'Job', 'bad', { template: { ...once, metadata: inTemplate } }),
    workload('batch/v1', 'CronJob', 'bad', { schedule, jobTemplate: { metadata, spec: { template: once } } }),
    workload('batch/v1', 'CronJob', 'bad', {
      schedule,
      jobTemplate: { spec: { template: { ...once, metadata: inTemplate } } },
    }),
  ];
}

/** What opens a tenant to others or reaches out of it, and what the refusal says. */
export const OPENINGS: readonly (readonly [JsonObject, RegExp])[] = [
  [
    workload('v1', 'Service', 'bad', { externalIPs: ['10.0.0.1'], ports: [{ port: 80 }] }),
    /spec\.externalIPs\[0\]/,
  ],
  [
    workload('v1', 'Service', 'bad', { type: 'ExternalName', externalName: 'db.tn-globex.svc' }),
    /spec\.externalName/,
  ],
  [
    workload('networking.k8s.io/v1', 'Ingress', 'bad', {
      defaultBackend: { service: { name: 's', port: { number: 80 } } },
    }),
    /names its hosts/,
  ],
  [
    workload('networking.k8s.io/v1', 'NetworkPolicy', 'bad', { podSelector: {}, ingress: [{}] }),
    /opens the pods to every tenant/,
  ],
  [
    workload('v1', 'PersistentVolumeClaim', 'bad', {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: '1Gi' } },
      selector: { matchLabels: { a: 'b' } },
    }),
    /spec\.selector/,
  ],
];

export const shop = (namespace: string, host = 'shop.example.com'): JsonObject => {
  const rules = [
    {
      host,
      http: {
        paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 's', port: { number: 80 } } } }],
      },
    },
  ];
  const made = workload('networking.k8s.io/v1', 'Ingress', 'shop', { rules });
  return { ...made, metadata: { name: 'shop', namespace } };
};

/** A plane and a pool of nodes on it that is open to acme. */
const compute = {
  apiVersion: 'platform.polder.dev/v1alpha1',
  kind: 'Compute',
  metadata: { name: 'pool-a' },
  spec: {
    dataPlaneRef: 'here',
    tenants: ['acme'],
    nodePool: {
      nodeSelector: { 'example.com/pool': 'a' },
      tolerations: [{ key: 'example.com/pool', value: 'a', effect: 'NoSchedule' }],
    },
  },
};
const plane = {
  apiVersion: 'platform.polder.dev/v1alpha1',
  kind: 'DataPlane',
  metadata: { name: 'here' },
  spec: { provider: 'other', mode: 'OnPremise' },
};
export const POOL: readonly JsonObject[] = [plane, compute];

/** Somebody else's webhook that adds a container to pods, before ours (`a`) or after (`z`). */
export const sidecarHook = (hooks: HookServer, order: string): JsonObject => ({
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'MutatingWebhookConfiguration',
  metadata: { name: `${order}-sidecar` },
  webhooks: [
    {
      name: 'sidecar.example.com',
      clientConfig: { url: `${hooks.url}/${order}`, caBundle: hooks.caBundle },
      rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': NS } },
      sideEffects: 'None',
      admissionReviewVersions: ['v1'],
    },
  ],
});

/** Once, however often it is asked. */
export function addSidecar(object: Json, order: string): HookReply {
  const known = object.spec.containers.some(({ name }: { name: string }) => name === `sidecar-${order}`);
  const value = { ...container, name: `sidecar-${order}` };
  return known ? { response: { allowed: true } } : patching({ op: 'add', path: '/spec/containers/-', value });
}

const data = (kind: string, name: string, spec: JsonObject): JsonObject => ({
  apiVersion: 'data.polder.dev/v1alpha1',
  kind,
  metadata: { name, namespace: NS },
  spec,
});

/** A depot of acme and the credential behind it. */
export const WAREHOUSE: readonly JsonObject[] = [
  data('Credential', 'warehouse-login', {
    type: 'basic',
    source: 'Generated',
    generator: { keys: [{ name: 'username', literal: 'app' }, { name: 'password' }] },
  }),
  data('Depot', 'warehouse', {
    type: 'Postgres',
    connection: { host: 'db.example.com', database: 'sales' },
    credentials: [{ purpose: 'query', ref: { name: 'warehouse-login' } }],
  }),
];
