/**
 * What `npm run kind:up` does after the cluster is there, on a control plane alone: install, samples, agent, smoke
 * test; the programs run with the rights of their ServiceAccounts and with the settings of their Deployments.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { at } from '../../apiserver/api/json.ts';
import { OVERLAY, installPolder } from '../../hack/kind/install.ts';
import { smokeTest } from '../../hack/kind/smoke.ts';
import { startCluster, type Cluster } from '../support/cluster.ts';
import { createControlPlaneTarget, type ControlPlaneTarget } from './support/control-plane-target.ts';

const PROGRAMS = /^system:serviceaccount:polder-(system|agent):polder-/;

describe('install and smoke test of npm run kind:up', function () {
  this.timeout(600_000);
  let cluster: Cluster;
  let target: ControlPlaneTarget;
  before(async () => {
    const more = ['--controllers=persistentvolumeclaim-protection-controller'];
    cluster = await startCluster({ controllerManagerArgs: more });
    target = await createControlPlaneTarget(cluster);
  });
  after(() => cluster.close());

  it('installs from nothing and passes', async () => {
    await installPolder(target);
    await smokeTest(target);

    assert.equal(target.said.at(-1), 'smoke test: passed');
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

/** Finished requests in the audit log of kube-apiserver. */
const audited = (cluster: Cluster): readonly unknown[] =>
  readFileSync(cluster.files.audit, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line): unknown => JSON.parse(line));
