/**
 * What a data cluster's namespace on its plane consists of. Pure and deterministic: the same slice is the same
 * bytes, so an unchanged slice never becomes a new generation.
 * source: resource model 5, row "Namespace".
 */
import { TENANT_LABEL, TENANT_UID_LABEL } from '../../../apiserver/api/identity.ts';
import type { JsonObject } from '../../../apiserver/api/json.ts';
import { quantityValue } from '../../../apiserver/kinds/quantity.ts';

/** Everything the rendering depends on. */
export interface NamespaceSlice {
  readonly namespace: string;
  readonly tenant: { readonly name: string; readonly uid: string };
  readonly cluster: string;
  readonly quota: SliceQuota;
  readonly networkMode: 'DefaultDeny' | 'Open';
  /** Nothing may run; what is stored stays. */
  readonly suspended: boolean;
  /** The cluster is gone and its data stays: no identity, no access, nothing may run. */
  readonly retained: boolean;
}

export interface SliceQuota {
  readonly cpu: string;
  readonly memory: string;
  readonly storage: string;
  readonly gpu: string;
  readonly pods: number;
}

/** Service account that everything of the tenant runs under, and that the agent applies as. */
export const TENANT_SERVICE_ACCOUNT = 'polder-tenant';
/** The one role of tenants on a plane; installed with the agent, never rendered. source: replay design 2.9. */
export const TENANT_CLUSTER_ROLE = 'polder-tenant-editor';
/** Tells which DataCluster a namespace on a plane belongs to. */
export const CLUSTER_LABEL = 'polder.dev/data-cluster';

/** Manifests in apply order; they contain no secrets. */
export function renderNamespace(slice: NamespaceSlice): readonly JsonObject[] {
  const network = slice.networkMode === 'DefaultDeny' || slice.retained ? networkPolicies(slice) : [];
  const stopped = slice.suspended || slice.retained;
  const fixed = [namespace(slice), quota(slice, stopped), limits(slice), ...network];
  if (slice.retained) return fixed;
  const [first, ...others] = fixed;
  return [first, serviceAccount(slice), roleBinding(slice), ...others].filter((each) => each !== undefined);
}

const managed = { 'app.kubernetes.io/managed-by': 'polder' };

function object(
  slice: NamespaceSlice,
  apiVersion: string,
  kind: string,
  name: string,
): { apiVersion: string; kind: string; metadata: JsonObject } {
  return { apiVersion, kind, metadata: { name, namespace: slice.namespace, labels: managed } };
}

const namespace = (slice: NamespaceSlice): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: {
    name: slice.namespace,
    labels: {
      ...managed,
      [CLUSTER_LABEL]: slice.cluster.slice(0, 63).replace(/[^a-zA-Z0-9]+$/, ''),
      [TENANT_LABEL]: slice.tenant.name,
      [TENANT_UID_LABEL]: slice.tenant.uid,
      // Data services need more than "restricted" allows, and nothing needs the host.
      'pod-security.kubernetes.io/enforce': 'baseline',
      'pod-security.kubernetes.io/warn': 'restricted',
    },
  },
});

const serviceAccount = (slice: NamespaceSlice): JsonObject => ({
  ...object(slice, 'v1', 'ServiceAccount', TENANT_SERVICE_ACCOUNT),
  automountServiceAccountToken: false,
});

const roleBinding = (slice: NamespaceSlice): JsonObject => ({
  ...object(slice, 'rbac.authorization.k8s.io/v1', 'RoleBinding', TENANT_SERVICE_ACCOUNT),
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: TENANT_CLUSTER_ROLE },
  subjects: [{ kind: 'ServiceAccount', name: TENANT_SERVICE_ACCOUNT, namespace: slice.namespace }],
});

const quota = (slice: NamespaceSlice, stopped: boolean): JsonObject => ({
  ...object(slice, 'v1', 'ResourceQuota', 'polder-tenant'),
  spec: { hard: hardLimits(slice.quota, stopped) },
});

/** `spec.hard` of a ResourceQuota. `stopped` lets nothing new run; storage stays as it is. */
export function hardLimits(amounts: SliceQuota, stopped: boolean): Record<string, string> {
  return {
    pods: stopped ? '0' : String(amounts.pods),
    'requests.cpu': amounts.cpu,
    'requests.memory': amounts.memory,
    'requests.nvidia.com/gpu': amounts.gpu,
    'requests.storage': amounts.storage,
  };
}

/** A pod that asks for nothing would be refused by the quota; these are small enough to fit many times. */
const limits = (slice: NamespaceSlice): JsonObject => ({
  ...object(slice, 'v1', 'LimitRange', 'polder-tenant'),
  spec: {
    limits: [
      {
        type: 'Container',
        default: { cpu: '1', memory: '512Mi' },
        defaultRequest: { cpu: '100m', memory: '128Mi' },
      },
    ],
  },
});

const networkPolicies = (slice: NamespaceSlice): readonly JsonObject[] => [
  {
    ...object(slice, 'networking.k8s.io/v1', 'NetworkPolicy', 'polder-allow-dns'),
    spec: {
      podSelector: {},
      policyTypes: ['Egress'],
      egress: [
        {
          ports: [
            { protocol: 'UDP', port: 53 },
            { protocol: 'TCP', port: 53 },
          ],
          to: [
            {
              namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } },
              podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } },
            },
          ],
        },
      ],
    },
  },
  {
    ...object(slice, 'networking.k8s.io/v1', 'NetworkPolicy', 'polder-default-deny'),
    spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
  },
];

type Amounts = { readonly [K in keyof SliceQuota]?: string | number };

/** The quota of one cluster: its own wish where it has one, never above the tenant's. */
export function effectiveQuota(tenant: Required<Amounts>, cluster: Amounts = {}): SliceQuota {
  const least = (key: keyof SliceQuota): string => {
    const wish = cluster[key];
    const fits = wish !== undefined && quantityValue(wish) <= quantityValue(tenant[key]);
    return String(fits ? wish : tenant[key]);
  };
  return {
    cpu: least('cpu'),
    memory: least('memory'),
    storage: least('storage'),
    gpu: least('gpu'),
    pods: Number(least('pods')),
  };
}
