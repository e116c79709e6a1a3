/**
 * A control plane with its hub, and a data plane, each a real API server in this process, for tests of the replay
 * link. Agents are the real ones, or a puppet that speaks the protocol by hand and says what a test wants.
 */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TENANT_LABEL, TENANT_UID_LABEL } from '../../apiserver/api/identity.ts';
import type { Client } from '../../apiserver/client/client.ts';
import type { ApiObject, InputFor, ObjectRef, Resource } from '../../apiserver/client/resource.ts';
import { DataPlane } from '../../apiserver/kinds/data-plane.ts';
import { Namespace } from '../../apiserver/kinds/native/namespace.ts';
import { PlaneWork } from '../../apiserver/kinds/plane-work.ts';
import { RegistrationToken } from '../../apiserver/kinds/registration-token.ts';
import { Tenant } from '../../apiserver/kinds/tenant.ts';
import { systemClock, type Clock } from '../../apiserver/runtime/clock.ts';
import { createMetrics, type Metrics } from '../../apiserver/runtime/metrics.ts';
import type { Store } from '../../apiserver/store/store.ts';
import { createAgent, type Agent, type AgentOptions } from '../../controllers/agent/agent.ts';
import { createControllers } from '../../controllers/controllers.ts';
import { REGISTER_PATH, createHub, type Hub } from '../../controllers/hub/hub.ts';
import type { ReconcilerFactory } from '../../controllers/reconcilers/core/reconciler.ts';
import { startServer, type Server } from './bare-server.ts';
import { waitFor } from './control-plane.ts';
import { createLines, type Line, type Lines } from './lines.ts';

export interface Control extends Server {
  readonly admin: Client;
  readonly metrics: Metrics;
  readonly lines: Lines;
  /** A sum over the series of one metric whose labels are given. */
  count(name: string, labels?: Readonly<Record<string, string>>): Promise<number>;
  stopHub(): Promise<void>;
  startHub(): Promise<void>;
  /** A DataPlane and a token for it. */
  addPlane(name?: string, spec?: object): Promise<string>;
  mintToken(plane?: string): Promise<string>;
  /** A tenant with its namespace, as the tenant controller leaves them. */
  addTenant(name: string): Promise<Tenant>;
  addWork(name: string, manifests: readonly object[], spec?: object): Promise<PlaneWork>;
  setManifests(name: string, manifests: readonly object[]): Promise<PlaneWork>;
  /** Asks for the removal of everything the work brought. */
  bury(name: string, mode?: 'Delete' | 'Orphan'): Promise<PlaneWork>;
  until<T extends ApiObject>(
    resource: Resource<T>,
    ref: ObjectRef,
    wanted: (object: T) => boolean,
  ): Promise<T>;
  untilGone<T extends ApiObject>(resource: Resource<T>, ref: ObjectRef): Promise<void>;
  /** The work whose newest generation was reported with this reason. */
  reported(name: string, reason: string): Promise<PlaneWork>;
  register(body: object): Promise<{ readonly status: number; readonly body: Line }>;
}

interface ControlOptions {
  /** Of the hub; the API server keeps the system's. */
  readonly clock?: Clock;
  /** Default: none. */
  readonly reconcilers?: readonly ReconcilerFactory[];
  readonly signingKey?: KeyObject;
  readonly store?: Store;
}

export const PLANE = 'eu1';
export const TENANT_SPACE = 'tn-acme';
const TENANT = 'acme';

export async function startControl(options: ControlOptions = {}): Promise<Control> {
  let hub: Hub | undefined;
  const lines = createLines();
  let metrics = createMetrics();
  const server = await startServer({
    hub: () => hub,
    ...(options.store === undefined ? {} : { store: options.store }),
  });
  const clock = options.clock ?? systemClock;
  const admin = server.clientAs('controllers');
  const signingKey = options.signingKey ?? generateKeyPairSync('ed25519').privateKey;
  const startHub = async (): Promise<void> => {
    metrics = createMetrics();
    const client = server.clientAs('controllers');
    hub = createHub({ client, signingKey, clock, log: lines.log, metrics });
    await hub.start();
  };
  await startHub();
  const controllers =
    options.reconcilers === undefined
      ? undefined
      : createControllers({
          apiClient: server.clientAs('controllers'),
          log: lines.log,
          metrics: createMetrics(),
          clock,
          reconcilers: options.reconcilers,
        });
  controllers?.start();
  const stopHub = async (): Promise<void> => {
    await hub?.close();
    hub = undefined;
  };
  const until: Control['until'] = async (resource, ref, wanted) => {
    const object = await waitFor(admin, resource, ref, (each) => each !== undefined && wanted(each));
    if (object === undefined) throw new Error('unreachable: absence was not asked for');
    return object;
  };
  const workRef = (name: string): ObjectRef => ({ namespace: TENANT_SPACE, name });
  return {
    ...server,
    admin,
    get metrics() {
      return metrics;
    },
    lines,
    count: (name, labels) => countOf(metrics, name, labels),
    stopHub,
    startHub,
    addPlane: async (name = PLANE, spec = {}) => {
      await admin.create(DataPlane, { metadata: { name }, spec });
      return mintToken(admin, name);
    },
    mintToken: (plane = PLANE) => mintToken(admin, plane),
    addTenant: (name) => addTenant(admin, name),
    addWork: (name, manifests, spec = {}) =>
      admin.create(PlaneWork, {
        metadata: { namespace: TENANT_SPACE, name },
        spec: {
          dataPlane: PLANE,
          tenant: TENANT,
          owner: { kind: 'DataCluster', name, uid: name },
          manifests,
          ...spec,
        },
      } as unknown as InputFor<PlaneWork>),
    setManifests: (name, manifests) => admin.patch(PlaneWork, workRef(name), { spec: { manifests } }),
    bury: (name, mode = 'Delete') => admin.patch(PlaneWork, workRef(name), { spec: { tombstone: { mode } } }),
    until,
    untilGone: async (resource, ref) =>
      void (await waitFor(admin, resource, ref, (each) => each === undefined)),
    reported: (name, reason) =>
      until(
        PlaneWork,
        workRef(name),
        ({ metadata, status }) =>
          status?.observedGeneration === metadata.generation &&
          status?.conditions?.some((each) => each.type === 'Applied' && each.reason === reason) === true,
      ),
    register: (body) => post(`${server.url}${REGISTER_PATH}`, server.ca, body),
    close: async () => {
      await controllers?.close();
      await stopHub();
      await server.close();
    },
  };
}

async function mintToken(admin: Client, plane: string): Promise<string> {
  const minted = await admin.create(RegistrationToken, {
    metadata: { name: `${plane}-token` },
    spec: { dataPlaneRef: plane },
  });
  return minted.status?.token ?? '';
}

async function addTenant(admin: Client, name: string): Promise<Tenant> {
  const tenant = await admin.create(Tenant, { metadata: { name }, spec: {} });
  const labels = { [TENANT_LABEL]: name, [TENANT_UID_LABEL]: tenant.metadata.uid };
  await admin.create(Namespace, { metadata: { name: `tn-${name}`, labels } });
  return tenant;
}

export async function countOf(
  metrics: Metrics,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<number> {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  return (await metrics.scrape())
    .split('\n')
    .filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
    .filter((line) => wanted.every((label) => line.includes(label)))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

function post(
  url: string,
  ca: string,
  body: object,
): Promise<{ readonly status: number; readonly body: Line }> {
  return new Promise((resolve, reject) => {
    const call = httpsRequest(url, { method: 'POST', ca, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body: (text === '' ? {} : JSON.parse(text)) as Line }),
      );
    });
    call.on('error', reject);
    call.end(JSON.stringify(body));
  });
}

/** A server whose native objects an agent keeps. */
export interface DataPlaneServer extends Server {
  readonly admin: Client;
  until: Control['until'];
  untilGone: Control['untilGone'];
}

export async function startDataPlane(): Promise<DataPlaneServer> {
  const server = await startServer();
  // Not the agent's own name: what a test does by hand must look like somebody else's doing.
  const admin = server.clientAs('controllers');
  return {
    ...server,
    admin,
    until: async (resource, ref, wanted) => {
      const object = await waitFor(admin, resource, ref, (each) => each !== undefined && wanted(each));
      if (object === undefined) throw new Error('unreachable: absence was not asked for');
      return object;
    },
    untilGone: async (resource, ref) =>
      void (await waitFor(admin, resource, ref, (each) => each === undefined)),
  };
}

export interface TestAgent {
  readonly agent: Agent;
  readonly directory: string;
  readonly lines: Lines;
  readonly metrics: Metrics;
  count: Control['count'];
  close(): Promise<void>;
}

/** Starts a real agent; `directory` default: a fresh one, which the caller removes. */
export async function startAgent(
  options: Partial<AgentOptions> & Pick<AgentOptions, 'hub' | 'ca' | 'plane'>,
): Promise<TestAgent> {
  const directory = options.directory ?? mkdtempSync(join(tmpdir(), 'polder-agent-'));
  const lines = createLines();
  const metrics = createMetrics();
  const agent = createAgent({
    directory,
    clusterUID: 'cluster-1',
    version: '0.1.0',
    token: () => Promise.reject(new Error('this test gives no token')),
    clock: systemClock,
    log: lines.log,
    metrics,
    ...options,
  });
  await agent.start();
  return {
    agent,
    directory,
    lines,
    metrics,
    count: (name, labels) => countOf(metrics, name, labels),
    close: () => agent.close(),
  };
}

/** The slice of tenant acme: a namespace that is theirs, with objects in it. */
export const namespaceOf = (tenant: Tenant, name = 'tenant-acme'): object => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: {
    name,
    labels: { [TENANT_LABEL]: tenant.metadata.name, [TENANT_UID_LABEL]: tenant.metadata.uid },
  },
});
export const configMap = (
  name: string,
  data: object = { key: 'value' },
  namespace = 'tenant-acme',
): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace },
  data,
});
