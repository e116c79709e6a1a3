/** What the contest needs: a control plane with the twin's definition, and Polder beside it. */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { DataPolicy } from '../../../apiserver/kinds/data-policy.ts';
import { startCluster, type Cluster } from '../../../test/support/cluster.ts';
import type { Bench } from '../measure.ts';
import { OBJECTS_PATH, prepareTenant, startPolder } from '../polder.ts';
import { pidsOf, type Settings } from './contestant.ts';
import { TWIN_GROUP, twinOf } from './twin.ts';

export interface Stage {
  readonly twin: Settings;
  readonly direct: Settings;
  readonly aggregated: Settings | undefined;
  close(): Promise<void>;
}

const NAMESPACE = 'tn-bench';

export async function startStage(bench: Bench, say: (line: string) => void): Promise<Stage> {
  say('starting etcd, kube-apiserver and Polder ...');
  const cluster = await startCluster({ controllerManager: false, audit: 'Metadata', unsafeNoFsync: false });
  try {
    const pki = await administrator(bench, cluster);
    const twin = await startTwin(cluster, pki);
    const polder = await startPolder(bench, 'polder');
    await prepareTenant(polder);
    const direct: Settings = {
      name: 'direct',
      url: polder.url,
      pki: polder.pki,
      objects: OBJECTS_PATH,
      apiVersion: 'data.polder.dev/v1alpha1',
      pids: [polder.pid],
      viaAggregator: false,
    };
    return {
      twin,
      direct,
      aggregated: undefined,
      close: async () => {
        await polder.stop();
        await cluster.close();
      },
    };
  } catch (error) {
    await cluster.close();
    throw error;
  }
}

/** Files of an administrator's client certificate. */
async function administrator(bench: Bench, cluster: Cluster): Promise<string> {
  const directory = join(bench.scratch, 'cluster-pki');
  mkdirSync(directory, { mode: 0o700 });
  const { cert, key } = await cluster.pki.client('admin', ['system:masters']);
  for (const [name, text] of [
    ['ca.crt', cluster.ca],
    ['client.crt', cert],
    ['client.key', key],
  ] as const) {
    writeFileSync(join(directory, name), text, { mode: 0o600 });
  }
  return directory;
}

async function startTwin(cluster: Cluster, pki: string): Promise<Settings> {
  await cluster.ok(['create', 'namespace', NAMESPACE]);
  const definition = join(cluster.dir, 'twin.json');
  writeFileSync(definition, JSON.stringify(twinOf(DataPolicy)));
  await cluster.ok(['apply', '-f', definition]);
  await cluster.ok([
    'wait',
    '--for=condition=Established',
    `crd/${DataPolicy.plural}.${TWIN_GROUP}`,
    '--timeout=60s',
  ]);
  const apiVersion = `${TWIN_GROUP}/${DataPolicy.version}`;
  await served(cluster, `/apis/${apiVersion}/${DataPolicy.plural}`);
  const running = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return {
    name: 'twin',
    url: cluster.url,
    pki,
    objects: `/apis/${apiVersion}/namespaces/${NAMESPACE}/${DataPolicy.plural}`,
    apiVersion,
    pids: pidsOf(running, 'kube-apiserver', cluster.dir),
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
