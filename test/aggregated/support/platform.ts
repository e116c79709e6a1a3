/** A control plane with Polder in it, as processes of their own: what a suite of aggregated mode stands on. */
import { join } from 'node:path';
import { SYSTEM_NAMESPACE } from '../../../apiserver/api/identity.ts';
import { startCluster, type Cluster, type ClusterOptions } from '../../support/cluster.ts';
import type { Part } from '../../support/cluster-part.ts';
import { freePorts } from '../../support/free-port.ts';
import { ROOT } from '../../support/polder.ts';
import { apply, installation, type Ports } from './install.ts';

export interface Platform {
  readonly cluster: Cluster;
  readonly ports: Ports;
  /** `polder apiserver`; running. */
  readonly apiServer: Part;
  /** `polder controllers` with the hub; running. */
  readonly controllers: Part;
  /** `polder webhooks`; running. */
  readonly webhooks: Part;
  /** Path of the audit log of `polder apiserver`. */
  readonly audit: string;
  /** Resolves when the aggregator reaches us, so within about 30 s. */
  available(): Promise<void>;
  close(): Promise<void>;
}

export async function startPlatform(options: ClusterOptions = {}): Promise<Platform> {
  const cluster = await startCluster(options);
  try {
    return await install(cluster);
  } catch (error) {
    await cluster.close();
    throw error;
  }
}

async function install(cluster: Cluster): Promise<Platform> {
  const [apiserver, webhooks, hub] = await freePorts(3);
  const ports: Ports = { apiserver, webhooks, hub };
  const { before, after } = await installation(ports);
  await apply(cluster, before);
  const dataDir = join(cluster.dir, 'polder');
  const programs = {
    apiServer: await program(cluster, 'apiserver', apiserver, ['--data-dir', dataDir]),
    webhooks: await program(cluster, 'webhooks', webhooks, []),
    controllers: await program(cluster, 'controllers', hub, []),
  };
  // A server that the aggregator finds at its first try is available at once, else at the next, 30 s later.
  await programs.apiServer.start();
  await apply(cluster, after);
  const platform: Platform = {
    cluster,
    ports,
    ...programs,
    audit: join(dataDir, 'audit.log'),
    available: () => available(cluster),
    close: () => cluster.close(),
  };
  await platform.available();
  await Promise.all([programs.webhooks.start(), programs.controllers.start()]);
  return platform;
}

/** As the service account that its pod has. */
async function program(cluster: Cluster, name: string, port: number, args: readonly string[]): Promise<Part> {
  const account = `system:serviceaccount:${SYSTEM_NAMESPACE}:polder-${name}`;
  const { kubeconfig } = await cluster.pki.client(account, [
    'system:serviceaccounts',
    `system:serviceaccounts:${SYSTEM_NAMESPACE}`,
  ]);
  return cluster.add(`polder-${name}`, {
    program: process.execPath,
    args: [
      join(ROOT, 'apiserver/polder.js'),
      name,
      `--kubeconfig=${kubeconfig}`,
      '--bind-address=127.0.0.1',
      `--port=${port}`,
      ...args,
    ],
    // Its certificate is self-made and unknown yet; that it answers is what counts here.
    ready: { url: `https://127.0.0.1:${port}/readyz`, insecure: true },
  });
}

const AVAILABLE_MS = 60_000;

async function available(cluster: Cluster): Promise<void> {
  const label = 'app.kubernetes.io/part-of=polder';
  const wait = ['wait', '--for=condition=Available', 'apiservice', '-l', label];
  await cluster.ok([...wait, `--timeout=${AVAILABLE_MS / 1_000}s`], { timeoutMs: AVAILABLE_MS + 10_000 });
}
