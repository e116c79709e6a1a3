/** The control plane that the other suites of this folder stand on. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { KUBERNETES_VERSION } from '../../hack/tools/programs.ts';
import { startCluster, type Cluster } from '../support/cluster.ts';
import { ROOT } from '../support/polder.ts';
import { until } from '../support/until.ts';

function refusesConnections(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  return new Promise((resolve) => {
    socket.on('connect', () => {
      socket.destroy();
      resolve(false);
    });
    socket.on('error', () => resolve(true));
  });
}

describe('control plane for tests', function () {
  this.timeout(90_000);
  const clusters: Cluster[] = [];
  let first: Cluster;
  let second: Cluster;

  before(async () => {
    for (const cluster of await Promise.all([startCluster(), startCluster()])) clusters.push(cluster);
    [first, second] = clusters as [Cluster, Cluster];
  });
  after(() => Promise.all(clusters.map((cluster) => cluster.close())));

  it('says which version it is', async () => {
    const version = JSON.parse(await first.ok(['get', '--raw', '/version'])) as { gitVersion: string };

    assert.equal(version.gitVersion, KUBERNETES_VERSION);
  });

  it('gives a new namespace its default service account and the root certificate', async () => {
    await first.ok(['create', 'namespace', 'a']);
    await first.ok(['wait', '--for=create', '-n', 'a', 'serviceaccount/default', '--timeout=30s']);
    await first.ok(['wait', '--for=create', '-n', 'a', 'configmap/kube-root-ca.crt', '--timeout=30s']);

    const served = await first.ok([
      'get',
      'configmap',
      '-n',
      'a',
      'kube-root-ca.crt',
      '-o',
      'jsonpath={.data.ca\\.crt}',
    ]);
    assert.equal(served.trim(), first.ca.trim());
  });

  it('keeps two planes on one machine apart', async () => {
    await first.ok(['create', 'namespace', 'only-here']);

    const other = await second.kubectl(['get', 'namespace', 'only-here']);
    assert.match(other.stderr, /namespaces "only-here" not found/);
    const foreign = await second.kubectl(['get', 'namespaces', '--server', first.url]);
    assert.match(foreign.stderr, /certificate signed by unknown authority/);
  });

  it('knows users and groups by their certificates, and RBAC decides', async () => {
    await first.ok(['create', 'clusterrolebinding', 'viewers', '--clusterrole=view', '--group=viewers']);
    const ann = await first.user('ann', 'viewers');

    await until('ann may read', async () => {
      return (await first.kubectl(['get', 'configmaps', '-A'], { as: ann })).code === 0;
    });
    const refused = await first.kubectl(['create', 'namespace', 'b'], { as: ann });
    assert.match(refused.stderr, /User "ann" cannot create resource "namespaces"/);
    assert.match(readFileSync(first.files.audit, 'utf8'), /"username":"ann"/);
  });

  it('removes a namespace with what is in it', async () => {
    await first.ok(['create', 'namespace', 'gone']);
    await first.ok(['create', 'configmap', 'x', '-n', 'gone']);

    await first.ok(['delete', 'namespace', 'gone', '--timeout=60s']);

    assert.match((await first.kubectl(['get', 'namespace', 'gone'])).stderr, /not found/);
  });

  it('keeps its objects when parts of it are killed and started again', async () => {
    await second.ok(['create', 'namespace', 'kept']);

    for (const part of ['apiServer', 'etcd'] as const) await second.stop(part, 'SIGKILL');
    for (const part of ['etcd', 'apiServer'] as const) await second.start(part);

    assert.equal(await second.ok(['get', 'namespace', 'kept', '-o', 'name']), 'namespace/kept');
  });

  it('does not outlive a test process that is killed', async () => {
    const script = `
      import { startCluster } from './test/support/cluster.ts';
      const { dir, url } = await startCluster({ controllerManager: false });
      console.log(JSON.stringify({ dir, url }));
      setInterval(() => undefined, 60_000);`;
    const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const { dir, url } = JSON.parse(line.toString()) as { dir: string; url: string };
    assert.equal(existsSync(dir), true);

    child.kill('SIGKILL');

    await until(`${url} is down`, () => refusesConnections(url));
    await until(`${dir} is removed`, () => !existsSync(dir));
  });
});
