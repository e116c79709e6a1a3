/** A second `polder apiserver` with the same objects, on the etcd that kube-apiserver uses instead of on sqlite. */
import { join } from 'node:path';
import { SYSTEM_NAMESPACE } from '../../../apiserver/api/identity.ts';
import type { Platform } from '../../../test/aggregated/support/platform.ts';
import type { Part } from '../../../test/support/cluster-part.ts';
import { freePorts } from '../../../test/support/free-port.ts';
import { ROOT, run } from '../../../test/support/polder.ts';
import { NODE_FLAGS } from '../../node-flags.ts';

export interface OnEtcd {
  readonly part: Part;
  readonly url: string;
}

const ACCOUNT = `system:serviceaccount:${SYSTEM_NAMESPACE}:polder-apiserver`;
const GROUPS = ['system:serviceaccounts', `system:serviceaccounts:${SYSTEM_NAMESPACE}`];

/** Copies what the first one has, which is stopped meanwhile; running. */
export async function startOnEtcd({ cluster, apiServer }: Platform): Promise<OnEtcd> {
  const program = join(ROOT, 'apiserver/polder.js');
  const etcd = [`--etcd-servers=${cluster.etcdUrl}`];
  const dataDir = join(cluster.dir, 'polder');
  await apiServer.stop();
  const migrate = ['migrate', '--from=sqlite', '--to=etcd', `--data-dir=${dataDir}`, ...etcd];
  const { code, stderr } = await run(process.execPath, [program, ...migrate], {});
  if (code !== 0) throw new Error(`the objects were not copied to etcd: ${stderr}`);
  await apiServer.start();

  const { kubeconfig } = await cluster.pki.client(ACCOUNT, GROUPS);
  const [port = 0] = await freePorts(1);
  const part = cluster.add('polder-on-etcd', {
    program: process.execPath,
    args: [
      ...NODE_FLAGS,
      program,
      'apiserver',
      `--kubeconfig=${kubeconfig}`,
      '--bind-address=127.0.0.1',
      `--port=${port}`,
      `--data-dir=${join(cluster.dir, 'polder-on-etcd')}`,
      '--store=etcd',
      ...etcd,
    ],
    ready: { url: `https://127.0.0.1:${port}/readyz`, insecure: true },
  });
  await part.start();
  return { part, url: `https://localhost:${port}` };
}
