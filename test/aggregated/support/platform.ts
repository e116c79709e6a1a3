/** A control plane with Polder in it, as processes of their own: what a suite of aggregated mode stands on. */
import { join } from 'node:path';
import { SYSTEM_NAMESPACE } from '../../../apiserver/api/identity.ts';
import { NODE_FLAGS } from '../../../hack/node-flags.ts';
import { startCluster, type Cluster, type ClusterOptions } from '../../support/cluster.ts';
import type { Part } from '../../support/cluster-part.ts';
import { freePorts } from '../../support/free-port.ts';
import { ROOT } from '../../support/polder.ts';
import { startBalancer, type Backend } from './balancer.ts';
import { apply, installation, type Ports } from './install.ts';

export interface Platform {
  readonly cluster: Cluster;
  readonly ports: Ports;
  /** `polder apiserver`; running. The first of its replicas. */
  readonly apiServer: Part;
  readonly replicas: readonly Part[];
  /** How many of `replicas` the Service sends new connections to. */
  inService(): number;
  /** Of each replica itself, whatever is in front of them. */
  readonly replicaPorts: readonly number[];
  /** `polder controllers` with the hub; running. */
  readonly controllers: Part;
  /** `polder webhooks`; running. */
  readonly webhooks: Part;
  /** Path of the audit log of `apiServer`. */
  readonly audit: string;
  /** `apiServer` from another source tree, on its port and data; not started, `apiServer` has to be stopped. */
  from(tree: string, flags?: readonly string[]): Promise<Part>;
  /** Resolves when the aggregator reaches us, so within about 30 s. */
  available(): Promise<void>;
  close(): Promise<void>;
}

export interface PlatformOptions extends ClusterOptions {
  /** Of `polder apiserver`; several share the host's etcd. Default 1, with sqlite. */
  readonly replicas?: number;
  /** More flags of `polder apiserver`. */
  readonly apiServerFlags?: readonly string[];
}

export async function startPlatform(options: PlatformOptions = {}): Promise<Platform> {
  const { replicas: count = 1 } = options;
  const cluster = await startCluster(options);
  const [webhooks = 0, hub = 0, ...own] = await freePorts(2 + count);
  const balancer = count > 1 ? await startBalancer(own.map(backend)) : undefined;
  const close = async (): Promise<void> => {
    await cluster.close();
    balancer?.close();
  };
  try {
    const ports = { apiserver: balancer?.port ?? own[0] ?? 0, webhooks, hub };
    const inService = (): number => balancer?.ready().length ?? 1;
    return { ...(await install(cluster, ports, own, options)), inService, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** `own`: a port for each replica of `polder apiserver`. */
async function install(
  cluster: Cluster,
  ports: Ports,
  own: readonly number[],
  options: PlatformOptions,
): Promise<Omit<Platform, 'inService' | 'close'>> {
  const { before, after } = await installation(ports);
  await apply(cluster, before);
  const dataDir = (replica: number): string =>
    join(cluster.dir, replica === 0 ? 'polder' : `polder-${replica}`);
  const apiserver = (index: number, tree: string, flags: readonly string[] = []): Promise<Part> =>
    program(cluster, 'apiserver', own[index] ?? 0, {
      tree,
      part: index === 0 ? 'polder-apiserver' : `polder-apiserver-${index}`,
      args: [
        `--data-dir=${dataDir(index)}`,
        ...(own.length > 1 ? ['--store=etcd', `--etcd-servers=${cluster.etcdUrl}`] : []),
        ...(options.apiServerFlags ?? []),
        ...flags,
      ],
    });
  const replicas = await Promise.all(own.map((_, index) => apiserver(index, ROOT)));
  const [apiServer] = replicas;
  if (apiServer === undefined) throw new Error('a platform has at least one replica');
  const programs = {
    apiServer,
    webhooks: await program(cluster, 'webhooks', ports.webhooks),
    controllers: await program(cluster, 'controllers', ports.hub),
  };
  // A server that the aggregator finds at its first try is available at once, else at the next, 30 s later.
  await Promise.all(replicas.map((replica) => replica.start()));
  await apply(cluster, after);
  await available(cluster);
  await Promise.all([programs.webhooks.start(), programs.controllers.start()]);
  return {
    cluster,
    ports,
    ...programs,
    replicas,
    replicaPorts: own,
    audit: join(dataDir(0), 'audit.log'),
    from: (tree, flags) => apiserver(0, tree, flags),
    available: () => available(cluster),
  };
}

interface ProgramOptions {
  /** Default: this source tree. */
  readonly tree?: string;
  readonly part?: string;
  readonly args?: readonly string[];
}

/** As the service account that its pod has. */
async function program(
  cluster: Cluster,
  name: string,
  port: number,
  { tree = ROOT, part = `polder-${name}`, args = [] }: ProgramOptions = {},
): Promise<Part> {
  const account = `system:serviceaccount:${SYSTEM_NAMESPACE}:polder-${name}`;
  const { kubeconfig } = await cluster.pki.client(account, [
    'system:serviceaccounts',
    `system:serviceaccounts:${SYSTEM_NAMESPACE}`,
  ]);
  return cluster.add(part, {
    program: process.execPath,
    args: [
      ...NODE_FLAGS,
      join(tree, 'apiserver/polder.js'),
      name,
      `--kubeconfig=${kubeconfig}`,
      '--bind-address=127.0.0.1',
      `--port=${port}`,
      ...args,
    ],
    ready: backend(port).ready,
  });
}

/** Its certificate is self-made and unknown yet; that it answers is what counts here. */
const backend = (port: number): Backend => ({
  port,
  ready: { url: `https://127.0.0.1:${port}/readyz`, insecure: true },
});

const AVAILABLE_MS = 60_000;

async function available(cluster: Cluster): Promise<void> {
  const label = 'app.kubernetes.io/part-of=polder';
  const wait = ['wait', '--for=condition=Available', 'apiservice', '-l', label];
  await cluster.ok([...wait, `--timeout=${AVAILABLE_MS / 1_000}s`], { timeoutMs: AVAILABLE_MS + 10_000 });
}
