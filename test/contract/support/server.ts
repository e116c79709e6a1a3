/** What the checks need of a server, in whichever mode it runs, and the objects they work on. */
import type { Json } from '../../support/http.ts';
import type { KubectlOptions, Output } from '../../support/polder.ts';
import type { Api } from './api.ts';

/** `G` of the checklist is one of these two groups. */
export const PLATFORM = '/apis/platform.polder.dev/v1alpha1';
export const DATA = '/apis/data.polder.dev/v1alpha1';
/** `T`: a cluster-scoped kind. */
export const TENANTS = `${PLATFORM}/tenants`;
/** `N`: a namespaced kind. No controller writes to data policies, so every event is one of the check. */
export const policiesIn = (namespace: string): string => `${DATA}/namespaces/${namespace}/datapolicies`;
export const configMapsIn = (namespace: string): string => `/api/v1/namespaces/${namespace}/configmaps`;

export const isAggregated = process.env['POLDER_TEST_TARGET'] === 'aggregated';

/**
 * The simplest objects that this server keeps and nobody else writes to: ConfigMaps, or with a host cluster, which
 * keeps those itself, data policies.
 */
export const plainIn = (room: string): string =>
  isAggregated ? policiesIn(`tn-${room}`) : configMapsIn(room);
/** As metrics know them. */
export const PLAIN = isAggregated ? 'datapolicies' : 'configmaps';
export const plain = (name: string, data: object = {}, metadata: object = {}): Json =>
  isAggregated ? dataPolicy(name, {}, { ...metadata, annotations: data }) : configMap(name, data, metadata);
/** A merge patch of what `plain` was given as data. */
export const plainData = (data: object): object =>
  isAggregated ? { metadata: { annotations: data } } : { data };

export const dataOf = (object: Json): Json => (isAggregated ? object.metadata.annotations : object.data);

/** The namespace in the path of a collection. */
export const namespaceIn = (path: string): string => /\/namespaces\/([^/]+)/.exec(path)?.[1] ?? '';

export interface User {
  readonly api: Api;
  /** Path of a kubeconfig. */
  readonly kubeconfig: string;
}
export interface RestartOptions {
  readonly signal?: NodeJS.Signals;
  /** More flags of the new process. */
  readonly flags?: readonly string[];
}
/** What a check needs that holds for both modes. */
export interface Server {
  /** Of the host's API server in aggregated mode. */
  readonly url: string;
  /** PEM. */
  readonly ca: string;
  /** A directory for files of the suite; removed with the server. */
  readonly dir: string;
  /** May do everything, also in the tenants of `tenant`, and is not counted against the limits of requests in flight. */
  readonly root: Api;
  readonly rootConfig: string;
  /** Without any credentials. */
  readonly nobody: Api;
  user(name: string, ...groups: readonly string[]): Promise<User>;
  /** As `user`, past the aggregator: to our own process, as the aggregator would ask it. */
  direct(name: string, ...groups: readonly string[]): Promise<Api>;
  /** Our own process, without any credentials. */
  readonly directNobody: Api;
  /** One of our own components: only they write the status of our kinds. */
  controller(): Promise<User>;
  /** kubectl as root. */
  kubectl(args: readonly string[], options?: KubectlOptions): Promise<Output>;
  ok(args: readonly string[], options?: KubectlOptions): Promise<string>;
  /** A tenant, so the namespace `tn-<name>`, with the depot that `dataPolicy` refers to. */
  tenant(name: string): Promise<void>;
  /** A namespace that is no tenant's, for native kinds. */
  namespace(name: string): Promise<void>;
  /** Room for the objects of `plain` under this name. */
  room(name: string): Promise<void>;
  /** Our own process, which a restart makes another one of. */
  readonly pid: number;
  /** Stops our own API server, default by SIGTERM, and starts it on what it stored; use what this returns. */
  restart(how?: RestartOptions): Promise<Server>;
  remove(): Promise<void>;
}

/** Administers every tenant of the checks: not even system:masters reaches into tenants by itself. */
export const CHECKS = 'checks';

export async function createTenant(root: Api, name: string): Promise<void> {
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
