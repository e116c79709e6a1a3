/**
 * What `npm run kind:up` does after the cluster is there, on a control plane alone: install, samples, agent, smoke
 * test; the programs run with the rights of their ServiceAccounts and with the settings of their Deployments.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { connect } from 'node:tls';
import { at } from '../../apiserver/api/json.ts';
import { OVERLAY, installPolder } from '../../hack/kind/install.ts';
import { smokeTest } from '../../hack/kind/smoke.ts';
import { startCluster, type Cluster } from '../support/cluster.ts';
import { ROOT } from '../support/polder.ts';
import { createControlPlaneTarget, type ControlPlaneTarget } from './support/control-plane-target.ts';

const PROGRAMS = /^system:serviceaccount:polder-(system|agent):polder-/;

describe('install and smoke test of npm run kind:up', function () {
  this.timeout(600_000);
  let cluster: Cluster;
  let target: ControlPlaneTarget;
  const opened: { close(): Promise<void> }[] = [];
  before(async () => {
    const more = ['--controllers=persistentvolumeclaim-protection-controller'];
    cluster = await startCluster({ controllerManagerArgs: more });
    opened.push(cluster);
    target = await createControlPlaneTarget(cluster);
    opened.push(target);
  });
  after(async () => {
    for (const part of opened.reverse()) await part.close();
  });

  it('installs from nothing and passes', async () => {
    await installPolder(target, ownOverlay(cluster.dir));
    await smokeTest(target);

    assert.equal(target.said.at(-1), 'smoke test: passed');
  });

  it('serves the hub under the name that agents elsewhere dial, with a certificate of our CA', async () => {
    const ca = await cluster.ok([
      'get',
      'configmap',
      'polder-ca',
      '-n',
      'polder-system',
      '-o',
      'jsonpath={.data.ca\\.crt}',
    ]);
    const port = await cluster.ok([
      'get',
      'validatingwebhookconfiguration',
      'polder-webhooks',
      '-o',
      'jsonpath={.webhooks[0].clientConfig.service.port}',
    ]);

    assert.equal(await trusted(target.portOf('polder-hub'), HUB_NAME, ca), true);
    assert.equal(await trusted(target.portOf('polder-hub'), 'other.example.com', ca), false);
    assert.equal(await trusted(Number(port), 'polder-webhooks.polder-system.svc', ca), true);
  });

  it('passes again on top of itself', async () => {
    const uid = ['get', 'tenant', 'acme', '-o', 'jsonpath={.metadata.uid}'];
    const before = await cluster.ok(uid);

    await installPolder(target);
    await smokeTest(target);

    assert.equal(await cluster.ok(uid), before);
  });

  it('takes a tenant and everything it has away again', async () => {
    await cluster.ok(['delete', 'tenant', 'acme', '--timeout=120s'], { timeoutMs: 130_000 });

    const namespaces = await cluster.ok(['get', 'namespaces', '-o', 'name']);
    assert.doesNotMatch(namespaces, /acme/);
    assert.match(namespaces, /^namespace\/tn-globex$/m);
  });

  it('needed no right that the manifests do not give', () => {
    const refused = audited(cluster)
      .filter((event) => PROGRAMS.test(String(at(event, 'user.username'))))
      .filter((event) => at(event, 'responseStatus.code') === 403)
      .map(
        (event) =>
          `${String(at(event, 'user.username'))} ${String(at(event, 'verb'))} ${String(at(event, 'requestURI'))}`,
      );

    assert.deepEqual([...new Set(refused)], []);
  });

  it('goes again without holding up the deletion of any namespace', async () => {
    await cluster.ok(['create', 'namespace', 'bystander']);
    await cluster.ok(['delete', '-k', OVERLAY, '--timeout=120s'], { timeoutMs: 130_000 });

    await cluster.ok(['delete', 'namespace', 'bystander', '--timeout=60s']);

    const left = await cluster.kubectl(['get', 'namespace', 'polder-system']);
    assert.match(left.stderr, /NotFound/);
    // What tenants have stays: it is theirs.
    await cluster.ok(['get', 'namespace', 'tn-globex', 'tenant-globex']);
  });
});

const HUB_NAME = 'hub.example.com';

/** An overlay as a user writes it, see manifests/README.md. */
function ownOverlay(parent: string): string {
  const folder = mkdtempSync(join(parent, 'overlay-'));
  const readme = readFileSync(join(ROOT, 'manifests/README.md'), 'utf8');
  const patch =
    /```yaml\n# hub\.yaml\n([^`]+)```/.exec(readme)?.[1] ?? assert.fail('no hub.yaml in the README');
  assert.match(patch, new RegExp(HUB_NAME));
  writeFileSync(join(folder, 'hub.yaml'), patch);
  const resources = [relative(folder, join(ROOT, OVERLAY))];
  writeFileSync(
    join(folder, 'kustomization.yaml'),
    JSON.stringify({ resources, patches: [{ path: 'hub.yaml' }] }),
  );
  return folder;
}

/** Whether a server shows a certificate for that name. */
function trusted(port: number, servername: string, ca: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: 'localhost', port, servername, ca }, () => {
      socket.end();
      resolve(socket.authorized);
    });
    socket.on('error', () => resolve(false));
  });
}

/** Finished requests in the audit log of kube-apiserver. */
const audited = (cluster: Cluster): readonly unknown[] =>
  readFileSync(cluster.files.audit, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line): unknown => JSON.parse(line));
