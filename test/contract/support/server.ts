/** One `polder up` for a suite, users with client certificates, and the objects the checks work on. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SYSTEM_NAMESPACE } from '../../../apiserver/api/identity.ts';
import { mintClient, readCa } from '../../../apiserver/embedded-identity.ts';
import { kubeconfig } from '../../../apiserver/runtime/kubeconfig.ts';
import type { Json } from '../../support/http.ts';
import { startPolder, type KubectlOptions, type Output, type Polder } from '../../support/polder.ts';
import { createApi, type Api } from './api.ts';

/** `G` of the checklist is one of these two groups. */
export const PLATFORM = '/apis/platform.polder.dev/v1alpha1';
export const DATA = '/apis/data.polder.dev/v1alpha1';
/** `T`: a cluster-scoped kind. */
export const TENANTS = `${PLATFORM}/tenants`;
/** `N`: a namespaced kind. No controller writes to data policies, so every event is one of the check. */
export const policiesIn = (namespace: string): string => `${DATA}/namespaces/${namespace}/datapolicies`;
export const configMapsIn = (namespace: string): string => `/api/v1/namespaces/${namespace}/configmaps`;

export interface User {
  readonly api: Api;
  /** Path of a kubeconfig. */
  readonly kubeconfig: string;
}
export interface Server {
  polder: Polder;
  /** PEM. */
  readonly ca: string;
  /** May do everything, also in the tenants of `tenant`, and is not counted against the limits of requests in flight. */
  readonly root: Api;
  readonly rootConfig: string;
  /** Without any credentials. */
  readonly nobody: Api;
  user(name: string, ...groups: readonly string[]): Promise<User>;
  /** One of our own components: only they write the status of our kinds. */
  controller(): Promise<User>;
  /** kubectl as root. */
  kubectl(args: readonly string[], options?: KubectlOptions): Promise<Output>;
  ok(args: readonly string[], options?: KubectlOptions): Promise<string>;
  /** A tenant, so the namespace `tn-<name>`, with the depot that `dataPolicy` refers to. */
  tenant(name: string): Promise<void>;
  /** A namespace that is no tenant's, for native kinds. */
  namespace(name: string): Promise<void>;
  remove(): Promise<void>;
}

/** Administers every tenant of the checks: not even system:masters reaches into tenants by itself. */
const CHECKS = 'checks';
const HOUR_MS = 3_600_000;

export async function startServer(options: Parameters<typeof startPolder>[0] = {}): Promise<Server> {
  const polder = await startPolder(options);
  const ca = readCa(polder.dir) ?? '';
  const apis: Api[] = [];
  const user: Server['user'] = async (name, ...groups) => {
    // The command line mints no certificates for system: groups; the owner of the CA may.
    const pair = await mintClient(polder.dir, { user: name, groups, validForMs: HOUR_MS, now: Date.now() });
    const file = join(polder.dir, `check-${encodeURIComponent(name)}.kubeconfig`);
    writeFileSync(file, kubeconfig({ cluster: 'polder', user: name, server: polder.url, ca, ...pair }), {
      mode: 0o600,
    });
    const api = createApi(polder.url, { ca, ...pair });
    apis.push(api);
    return { api, kubeconfig: file };
  };
  const { api: root, kubeconfig: rootConfig } = await user('root', 'system:masters', CHECKS);
  const nobody = createApi(polder.url, { ca });
  apis.push(nobody);
  const kubectl: Server['kubectl'] = (args, how = {}) => polder.kubectl(args, { as: rootConfig, ...how });
  return {
    polder,
    ca,
    root,
    rootConfig,
    nobody,
    user,
    controller: () => user(`system:serviceaccount:${SYSTEM_NAMESPACE}:controllers`),
    kubectl,
    ok: (args, how = {}) => polder.ok(args, { as: rootConfig, ...how }),
    tenant: async (name) => {
      await root.create(TENANTS, tenant(name));
      // Waits for the namespace by itself: requests into a tenant that is being set up are held back.
      await root.create(`${DATA}/namespaces/tn-${name}/depots`, {
        apiVersion: 'data.polder.dev/v1alpha1',
        kind: 'Depot',
        metadata: { name: 'crm' },
        spec: {
          type: 'Postgres',
          external: true,
          connection: { host: 'crm.example.com', database: 'crm' },
          credentials: [],
        },
      });
    },
    namespace: async (name) => {
      await root.create('/api/v1/namespaces', { metadata: { name } });
    },
    remove: async () => {
      for (const api of apis) api.agent.destroy();
      await polder.remove();
    },
  };
}

/** A valid data policy; `spec` is merged into it. */
export const dataPolicy = (name: string, spec: object = {}, metadata: object = {}): Json => ({
  apiVersion: 'data.polder.dev/v1alpha1',
  kind: 'DataPolicy',
  metadata: { name, ...metadata },
  spec: {
    type: 'filter',
    depot: 'crm',
    selector: {},
    rule: { filters: [{ column: 'country', operator: 'In', values: ['DE'] }] },
    ...spec,
  },
});

export const tenant = (name: string, metadata: object = {}, spec: object = {}): Json => ({
  apiVersion: 'platform.polder.dev/v1alpha1',
  kind: 'Tenant',
  metadata: { name, ...metadata },
  spec: {
    rateLimit: { rps: 10_000, burst: 100_000 },
    admins: [`${name}-admins`, CHECKS].map((group) => ({ kind: 'Group', name: group })),
    ...spec,
  },
});

export const configMap = (name: string, data: object = {}, metadata: object = {}): Json => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...metadata },
  data,
});
