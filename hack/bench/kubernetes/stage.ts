/** What the contest needs: a control plane with the twin's definition, and Polder beside it. */
import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { apiVersionOf } from '../../../apiserver/api/kind.ts';
import { DataPolicy } from '../../../apiserver/kinds/data-policy.ts';
import { startPlatform } from '../../../test/aggregated/support/platform.ts';
import type { Cluster } from '../../../test/support/cluster.ts';
import type { Bench } from '../measure.ts';
import { depot, TENANT } from '../objects.ts';
import { pidsOf, type Settings } from './contestant.ts';
import { startOnEtcd } from './on-etcd.ts';
import { TWIN_GROUP, twinOf } from './twin.ts';

export interface Stage {
  readonly twin: Settings;
  /** `polder apiserver`, asked without detour. */
  readonly direct: Settings;
  /** The same process through kube-apiserver's aggregator. */
  readonly aggregated: Settings;
  /** Another process with the etcd of kube-apiserver as its store, asked without detour. */
  readonly onEtcd: Settings;
  close(): Promise<void>;
}

const NAMESPACE = 'tn-bench';
const OWN_VERSION = apiVersionOf(DataPolicy);
const OBJECTS = `/apis/${OWN_VERSION}/namespaces/${NAMESPACE}/${DataPolicy.plural}`;

export async function startStage(bench: Bench, say: (line: string) => void): Promise<Stage> {
  say('starting etcd, kube-apiserver, kube-controller-manager and Polder ...');
  const platform = await startPlatform({ audit: 'Metadata', unsafeNoFsync: false });
  try {
    const { cluster, ports } = platform;
    const pki = await administrator(bench, cluster, cluster.ca);
    await prepareTenant(cluster);
    const twin = await startTwin(cluster, pki);
    const onEtcd = await startOnEtcd(platform);
    if (!bench.withControllerManager) await cluster.stop('controllerManager');
    const polder = [platform.apiServer.pid() ?? 0];
    const ours = { objects: OBJECTS, apiVersion: OWN_VERSION };
    const authority = await servingAuthority(cluster);
    const direct = { ...ours, pki: await administrator(bench, cluster, authority), viaAggregator: false };
    return {
      twin,
      direct: {
        ...direct,
        name: 'direct',
        url: `https://localhost:${ports.apiserver}`,
        pids: polder,
      },
      onEtcd: {
        ...direct,
        name: 'direct, on etcd',
        onEtcd: true,
        url: onEtcd.url,
        pids: [onEtcd.part.pid() ?? 0],
      },
      aggregated: {
        ...ours,
        name: 'through the aggregator',
        pki,
        url: cluster.url,
        pids: [...polder, ...twin.pids],
        viaAggregator: true,
      },
      close: () => platform.close(),
    };
  } catch (error) {
    await platform.close();
    throw error;
  }
}

/** The tenant, and the depot that the policies name. */
async function prepareTenant(cluster: Cluster): Promise<void> {
  await apply(cluster, TENANT);
  await cluster.ok(['wait', '--for=create', `namespace/${NAMESPACE}`, '--timeout=60s']);
  await cluster.ok(['wait', '--for=jsonpath={.status.phase}=Active', 'tenant/bench', '--timeout=60s']);
  await apply(cluster, depot('crm'));
}

async function apply(cluster: Cluster, object: object): Promise<void> {
  const file = join(cluster.dir, 'bench.json');
  writeFileSync(file, JSON.stringify(object));
  await cluster.ok(['apply', '-f', file]);
}

const running = (): readonly string[] => readdirSync('/proc').filter((name) => /^\d+$/.test(name));

/** Files of an administrator's client certificate, beside the CA of the server that it is meant for. */
async function administrator(bench: Bench, cluster: Cluster, ca: string): Promise<string> {
  const directory = mkdtempSync(join(bench.scratch, 'pki-'));
  const { cert, key } = await cluster.pki.client('admin', ['system:masters']);
  for (const [name, text] of [
    ['ca.crt', ca],
    ['client.crt', cert],
    ['client.key', key],
  ] as const) {
    writeFileSync(join(directory, name), text, { mode: 0o600 });
  }
  return directory;
}

/** PEM of the CA by which the aggregator knows us. */
async function servingAuthority(cluster: Cluster): Promise<string> {
  const service = `apiservice/${DataPolicy.version}.${DataPolicy.group}`;
  const encoded = await cluster.ok(['get', service, '-o', 'jsonpath={.spec.caBundle}']);
  return Buffer.from(encoded, 'base64').toString('utf8');
}

async function startTwin(cluster: Cluster, pki: string): Promise<Settings> {
  await apply(cluster, twinOf(DataPolicy));
  await cluster.ok([
    'wait',
    '--for=condition=Established',
    `crd/${DataPolicy.plural}.${TWIN_GROUP}`,
    '--timeout=60s',
  ]);
  const apiVersion = `${TWIN_GROUP}/${DataPolicy.version}`;
  await served(cluster, `/apis/${apiVersion}/${DataPolicy.plural}`);
  return {
    name: 'twin',
    url: cluster.url,
    pki,
    objects: `/apis/${apiVersion}/namespaces/${NAMESPACE}/${DataPolicy.plural}`,
    apiVersion,
    pids: pidsOf(running(), 'kube-apiserver', cluster.dir),
    viaAggregator: false,
  };
}

/** Established says that names are taken, not that requests are answered yet. */
async function served(cluster: Cluster, path: string): Promise<void> {
  for (let left = 100; ; left -= 1) {
    const { code, stderr } = await cluster.kubectl(['get', '--raw', path]);
    if (code === 0) return;
    if (left === 0) throw new Error(`${path} is not served: ${stderr}`);
    await delay(100);
  }
}
