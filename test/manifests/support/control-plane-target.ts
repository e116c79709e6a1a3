/**
 * A control plane alone as a place to install Polder into. What a kubelet would do for the pods of a Deployment is
 * done here with local processes: the arguments, variables, mounted Secrets and rights are those of the manifests.
 */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { at, isObject, type JsonObject } from '../../../apiserver/api/json.ts';
import { CLUSTER_ADMINS } from '../../../hack/kind/install.ts';
import type { Target } from '../../../hack/kind/target.ts';
import { buildManifests } from '../../../hack/manifests-build.ts';
import type { Cluster } from '../../support/cluster.ts';
import type { Part, Probe } from '../../support/cluster-part.ts';
import { startBalancer, type Balancer } from '../../aggregated/support/balancer.ts';
import { freePorts } from '../../support/free-port.ts';
import { ROOT } from '../../support/polder.ts';
import { createSupervisor } from './supervisor.ts';
import { idOf, items, kindOf, nameOf, namespaceOf } from './objects.ts';

export interface ControlPlaneTarget extends Target {
  /** What was said so far. */
  readonly said: readonly string[];
  /** The processes of a Deployment that run. */
  readonly processes: (deployment: string) => readonly Part[];
  /** Ends a process for good. */
  readonly kill: (part: Part) => Promise<void>;
  /** Where a Service leads to. */
  readonly portOf: (service: string) => number;
  /** Ends what is not a process of the cluster. */
  readonly close: () => Promise<void>;
}

/** Ports on this machine by the name of the Service in front of them. */
type Ports = Readonly<Record<string, number>>;

const SERVICES: Readonly<Record<string, string>> = {
  'polder-apiserver': 'polder',
  'polder-webhooks': 'polder-webhooks',
  'polder-controllers': 'polder-hub',
};
const MAX_REPLICAS = 3;
/** More than kubectl itself is told to wait. */
const KUBECTL_MS = 150_000;

/** `replicas`: as many processes as the Deployments ask for, up to three, and a balancer for each Service. Default one. */
export async function createControlPlaneTarget(
  cluster: Cluster,
  options: { readonly replicas?: boolean } = {},
): Promise<ControlPlaneTarget> {
  const as = await clusterAdmin(cluster);
  const supervisor = createSupervisor();
  const fronts = new Map<string, Front>();
  for (const [deployment, service] of Object.entries(SERVICES)) {
    fronts.set(deployment, await createFront(service, options.replicas === true));
  }
  const ports: Ports = Object.fromEntries([...fronts.values()].map(({ service, port }) => [service, port]));
  const applied = new Map<string, JsonObject>();
  const processes = new Map<string, readonly Part[]>();
  const said: string[] = [];
  let started = 0;
  const kubectl: Target['kubectl'] = (args, input) =>
    cluster.ok(args, { as, timeoutMs: KUBECTL_MS, ...(input === undefined ? {} : { input }) });

  const apply: Target['apply'] = async (folder) => {
    const objects = (await buildManifests(folder)).map((object) => reachable(object, ports));
    for (const object of objects) applied.set(idOf(object), object);
    await kubectl(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));
  };

  const startOne = async (deployment: JsonObject, listening: Listening): Promise<Part> => {
    const local = await prepare(cluster, deployment, ports);
    const part = cluster.add(`${nameOf(deployment)}-${started++}`, {
      program: process.execPath,
      args: [POLDER, ...local.args, ...listening.args],
      env: { ...local.env, NODE_ENV: 'production' },
      ready: listening.ready,
    });
    await supervisor.start(part, listening.ready);
    return part;
  };

  const runOne = async (namespace: string, name: string): Promise<void> => {
    const deployment = applied.get(`Deployment/${namespace}/${name}`);
    if (deployment === undefined) throw new Error(`there is no Deployment ${name}`);
    await Promise.all((processes.get(name) ?? []).map((part) => supervisor.end(part)));
    const places = await placesOf(name, fronts.get(name));
    const replicas = Number(at(deployment, 'spec.replicas'));
    const wanted = places.slice(0, options.replicas === true ? replicas : 1);
    processes.set(name, await Promise.all(wanted.map((place) => startOne(deployment, place))));
  };

  return {
    said,
    say: (line) => void said.push(line),
    kubectl,
    apply,
    running: async (namespace, deployments) => {
      const [first, ...others] = deployments;
      if (first !== undefined) await runOne(namespace, first);
      // In a cluster the aggregator hears of new endpoints; here of a change to the Service, else it looks each 30 s.
      if (first === 'polder-apiserver') {
        const stamp = `test/started=${Date.now()}`;
        await kubectl(['annotate', 'service', 'polder', '-n', namespace, '--overwrite', stamp]);
      }
      await Promise.all(others.map((name) => runOne(namespace, name)));
    },
    processes: (deployment) => processes.get(deployment) ?? [],
    kill: (part) => supervisor.end(part, 'SIGKILL'),
    portOf: (service) => ports[service] ?? 0,
    close: async () => {
      supervisor.close();
      for (const front of fronts.values()) front.balancer?.close();
    },
  };
}

/** Everything by RBAC and nothing by being in system:masters, like the user that kubeadm makes. */
async function clusterAdmin(cluster: Cluster): Promise<string> {
  const role = ['--clusterrole=cluster-admin', `--group=${CLUSTER_ADMINS}`];
  await cluster.ok(['create', 'clusterrolebinding', CLUSTER_ADMINS, ...role]);
  return cluster.user('kubernetes-admin', CLUSTER_ADMINS);
}

interface Front {
  readonly service: string;
  /** That callers dial. */
  readonly port: number;
  /** Those of the replicas behind it. */
  readonly backends: readonly number[];
  readonly balancer?: Balancer;
}

async function createFront(service: string, balanced: boolean): Promise<Front> {
  const backends = await freePorts(MAX_REPLICAS);
  const [port] = backends;
  if (!balanced) return { service, port, backends };
  const ready = (each: number): Probe => ({ url: `https://localhost:${each}/readyz`, insecure: true });
  const balancer = await startBalancer(backends.map((each) => ({ port: each, ready: ready(each) })));
  return { service, port: balancer.port, backends, balancer };
}

interface Listening {
  readonly args: readonly string[];
  /** Where the readiness probe of the Deployment goes. */
  readonly ready: Probe;
}

/** Ports of this machine in place of those that a pod would have for itself. */
async function placesOf(deployment: string, front: Front | undefined): Promise<readonly Listening[]> {
  if (front !== undefined) {
    const more = deployment === 'polder-controllers' ? ['--metrics-port=0'] : [];
    return front.backends.map((port) => ({
      args: [`--port=${port}`, ...more],
      ready: { url: `https://localhost:${port}/readyz`, insecure: true },
    }));
  }
  const [port] = await freePorts(1);
  return [{ args: [`--metrics-port=${port}`], ready: { url: `http://localhost:${port}/readyz` } }];
}

/** Without pods a Service leads to this machine, and with an external name the port of the caller is what counts. */
function reachable(object: JsonObject, ports: Ports): JsonObject {
  const port = (service: unknown): number | undefined => ports[String(at(service, 'name'))];
  switch (kindOf(object)) {
    case 'Service': {
      const { selector: _selector, ...spec } = object['spec'] as JsonObject;
      return { ...object, spec: { ...spec, type: 'ExternalName', externalName: 'localhost' } };
    }
    case 'APIService':
      return withPort(object, ['spec', 'service'], port(at(object, 'spec.service')));
    case 'MutatingWebhookConfiguration':
    case 'ValidatingWebhookConfiguration': {
      const webhooks = items(object, 'webhooks').map((webhook) =>
        withPort(webhook, ['clientConfig', 'service'], port(at(webhook, 'clientConfig.service'))),
      );
      return { ...object, webhooks };
    }
    default:
      return object;
  }
}

function withPort(value: JsonObject, [step, ...rest]: readonly string[], port = 443): JsonObject {
  if (step === undefined) return { ...value, port };
  const inner = value[step];
  return isObject(inner) ? { ...value, [step]: withPort(inner, rest, port) } : value;
}

interface Local {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Writes what the pod would have mounted below a folder of its own, and points the container's settings there. */
async function prepare(cluster: Cluster, deployment: JsonObject, ports: Ports): Promise<Local> {
  const namespace = namespaceOf(deployment);
  const folder = mkdtempSync(join(cluster.dir, `${nameOf(deployment)}-`));
  const spec = at(deployment, 'spec.template.spec');
  const [container] = items(spec, 'containers');
  const mounts = new Map<string, string>();
  for (const mount of items(container, 'volumeMounts')) {
    const volume = items(spec, 'volumes').find(({ name }) => name === mount['name']);
    const claim = at(volume, 'persistentVolumeClaim.claimName');
    // What is claimed outlives the pod, everything else ends with it.
    const path =
      claim === undefined
        ? join(folder, String(mount['name']))
        : join(cluster.dir, `claim-${namespace}-${String(claim)}`);
    mkdirSync(path, { recursive: true });
    await fill(cluster, path, namespace, volume);
    mounts.set(String(mount['mountPath']), path);
  }
  const local = (text: string): string => {
    const mount = [...mounts].find(([path]) => text === path || text.startsWith(`${path}/`));
    return mount === undefined ? text : mount[1] + text.slice(mount[0].length);
  };
  const env: Record<string, string> = {
    TMPDIR: local('/tmp'),
    POLDER_KUBECONFIG: await writeKubeconfig(
      cluster,
      folder,
      namespace,
      String(at(spec, 'serviceAccountName')),
    ),
  };
  for (const variable of items(container, 'env')) {
    env[String(variable['name'])] = local(await valueOf(cluster, namespace, variable));
  }
  // Where the name of the Service means nothing, its port does.
  const reached = (text: string): string =>
    text.replace(
      /^https:\/\/polder-hub\.polder-system\.svc(:443)?/,
      `https://localhost:${ports['polder-hub']}`,
    );
  const args = items(spec, 'containers').flatMap((each) => (each['args'] as string[] | undefined) ?? []);
  return {
    args: args.map(local).map(reached),
    env: Object.fromEntries(Object.entries(env).map(([name, value]) => [name, reached(value)])),
  };
}

/** Files of a Secret or ConfigMap; other volumes begin empty. */
async function fill(cluster: Cluster, path: string, namespace: string, volume: unknown): Promise<void> {
  const sources = [
    ['secret', at(volume, 'secret.secretName'), (text: string): Buffer => Buffer.from(text, 'base64')],
    ['configmap', at(volume, 'configMap.name'), (text: string): Buffer => Buffer.from(text)],
  ] as const;
  for (const [resource, name, decode] of sources) {
    if (typeof name !== 'string') continue;
    const object: unknown = JSON.parse(
      await cluster.ok(['get', resource, name, '-n', namespace, '-o', 'json']),
    );
    const data = at(object, 'data');
    for (const [key, value] of Object.entries(isObject(data) ? data : {})) {
      writeFileSync(join(path, key), decode(String(value)), { mode: 0o400 });
    }
  }
}

async function valueOf(cluster: Cluster, namespace: string, variable: JsonObject): Promise<string> {
  const reference = at(variable, 'valueFrom.secretKeyRef');
  if (reference === undefined) return String(variable['value'] ?? '');
  const path = `jsonpath={.data.${String(at(reference, 'key')).replaceAll('.', '\\.')}}`;
  const name = String(at(reference, 'name'));
  return Buffer.from(
    await cluster.ok(['get', 'secret', name, '-n', namespace, '-o', path]),
    'base64',
  ).toString();
}

/** With a token of the ServiceAccount, as kubelet would mount it. */
async function writeKubeconfig(
  cluster: Cluster,
  folder: string,
  namespace: string,
  account: string,
): Promise<string> {
  const token = await cluster.ok(['create', 'token', account, '-n', namespace, '--duration=1h']);
  const tokenFile = join(folder, 'token');
  writeFileSync(tokenFile, token, { mode: 0o600 });
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'host',
    contexts: [{ name: 'host', context: { cluster: 'host', user: account } }],
    clusters: [
      {
        name: 'host',
        cluster: {
          server: cluster.url,
          'certificate-authority-data': Buffer.from(cluster.ca).toString('base64'),
        },
      },
    ],
    users: [{ name: account, user: { tokenFile } }],
  };
  const file = join(folder, 'kubeconfig');
  writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
  return file;
}

const POLDER = join(ROOT, 'apiserver/polder.js');
