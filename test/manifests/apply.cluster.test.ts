/** The manifests on a real kube-apiserver: all of them are accepted as they are, and all of them go again. */
import assert from 'node:assert/strict';
import { at, type JsonObject } from '../../apiserver/api/json.ts';
import { buildManifests } from '../../hack/manifests-build.ts';
import { startCluster, type Cluster } from '../support/cluster.ts';
import type { Json } from '../support/http.ts';
import { until } from '../support/until.ts';
import type { KubectlOptions, Output } from '../support/polder.ts';
import { idOf, items, kindOf, namespaceOf, podSpecs } from './support/objects.ts';

/** kubectl says this whenever a kustomization has an order of its own. */
const SORTING = /^I.*Warning: Sorting order is set both in .*\n/gm;
const FOLDERS = ['manifests/overlays/embedded-sqlite', 'manifests/overlays/ha-etcd', 'manifests/agent'];
const IN_POLDER = ['-n', 'polder-system'];
const DELETION_MS = 120_000;

describe('manifests on a real kube-apiserver', function () {
  this.timeout(300_000);
  let cluster: Cluster;
  before(async () => {
    // Claims are released by a controller of their own; the migration is a Job.
    const more = ['--controllers=persistentvolumeclaim-protection-controller,job-controller'];
    cluster = await startCluster({ controllerManagerArgs: more });
  });
  after(() => cluster.close());

  /** Fails on a warning too. */
  const quiet = async (args: readonly string[], options?: KubectlOptions): Promise<string> => {
    const { code, stdout, stderr } = await cluster.kubectl(args, options);
    assert.deepEqual([code, stderr.replace(SORTING, '')], [0, ''], `kubectl ${args.join(' ')}: ${stderr}`);
    return stdout.trimEnd();
  };

  for (const folder of FOLDERS) {
    describe(folder, () => {
      let objects: readonly JsonObject[];
      before(async () => {
        objects = await buildManifests(folder);
      });

      it('is accepted without a warning, object by object', async () => {
        const lines = (await quiet(['apply', '-k', folder])).split('\n');

        assert.equal(lines.length, objects.length);
        assert.deepEqual(
          lines.filter((line) => !line.endsWith(' created')),
          [],
        );
      });

      it('changes nothing when it is applied again', async () => {
        // What Kubernetes itself still writes into new objects, such as the status of a quota, is not the question.
        await quiet(['apply', '-k', folder]);
        const before = await specs(cluster, folder);

        await quiet(['apply', '-k', folder]);

        assert.equal(before.length, objects.length);
        assert.deepEqual(await specs(cluster, folder), before);
      });

      it('has pods that the Pod Security standard "restricted" lets in', async () => {
        const pods = podSpecs(objects);
        for (const { workload, spec, labels } of pods) {
          const [, namespace = ''] = workload.split('/');
          const level = `jsonpath={.metadata.labels.pod-security\\.kubernetes\\.io/enforce}`;
          assert.equal(await cluster.ok(['get', 'namespace', namespace, '-o', level]), 'restricted');
          const pod = {
            apiVersion: 'v1',
            kind: 'Pod',
            metadata: { name: 'as-in-the-template', namespace, labels },
            spec,
          };
          const made = await quiet(['create', '--dry-run=server', '-f', '-', '-o', 'name'], {
            input: JSON.stringify(pod),
          });
          assert.equal(made, 'pod/as-in-the-template', workload);
          const rooted = { ...pod, spec: { ...spec, securityContext: { runAsUser: 0 } } };
          const refused = await cluster.kubectl(['create', '--dry-run=server', '-f', '-'], {
            input: JSON.stringify(rooted),
          });
          assert.match(refused.stderr, /violates PodSecurity "restricted/, `${workload} as root`);
        }
        assert.ok(pods.length > 0);
      });

      it('goes as a whole with `kubectl delete -k`, namespace included, and leaves nothing', async () => {
        const args = ['delete', '-k', folder, `--timeout=${DELETION_MS / 1_000}s`];
        const lines = (await quiet(args, { timeoutMs: DELETION_MS })).split('\n');

        assert.equal(lines.length, objects.length);
        for (const object of objects) {
          const gone = await find(cluster, object);
          assert.match(gone.stderr, /NotFound|not found/, idOf(object));
        }
      });
    });
  }

  const overlay = 'manifests/overlays/embedded-sqlite';
  const folder = 'manifests/migrate';

  it('takes the Job that migrates too, in the namespace of an installation', async () => {
    await cluster.ok(['apply', '-k', overlay]);

    await quiet(['apply', '-k', folder]);

    for (const { spec, labels } of podSpecs(await buildManifests(folder))) {
      const metadata = { name: 'as-in-the-template', namespace: 'polder-system', labels };
      const pod = { apiVersion: 'v1', kind: 'Pod', metadata, spec };
      await quiet(['create', '--dry-run=server', '-f', '-'], { input: JSON.stringify(pod) });
    }
    await quiet(['delete', '-k', folder]);
  });

  it('tries the migration again while the volume is held, and not once it was refused', async () => {
    const newPods = (count: number): Promise<void> =>
      until(`pod ${count} of the Job`, async () => (await podsOfMigration()).length === count, 60_000);
    await quiet(['apply', '-k', folder]);
    await newPods(1);
    await exits(3);
    await newPods(2);
    await exits(1);

    await quiet([...IN_POLDER, 'wait', '--for=condition=Failed', 'job/polder-migrate', '--timeout=60s'], {
      timeoutMs: 70_000,
    });
    const job = JSON.parse(await quiet([...IN_POLDER, 'get', 'job', 'polder-migrate', '-o', 'json'])) as Json;
    const failed = job.status.conditions.find(({ type }: Json) => type === 'Failed');
    assert.equal(failed.reason, 'PodFailurePolicy');
    assert.match(failed.message, /exit code 1/);
    assert.equal((await podsOfMigration()).length, 2);
    await quiet(['delete', '-k', folder]);
    await quiet(['delete', '-k', overlay], { timeoutMs: DELETION_MS });
  });

  const podsOfMigration = async (): Promise<readonly Json[]> =>
    JSON.parse(await quiet([...IN_POLDER, 'get', 'pods', '-l', 'job-name=polder-migrate', '-o', 'json']))
      .items;

  /** No kubelet runs here: its report, that the container of the one pod that is not over ended so. */
  const exits = async (exitCode: number): Promise<void> => {
    const [pod] = (await podsOfMigration()).filter(({ status }) => status.phase === 'Pending');
    assert.ok(pod);
    const [{ name, image }] = pod.spec.containers;
    const moment = new Date().toISOString();
    const terminated = { exitCode, reason: 'Error', startedAt: moment, finishedAt: moment };
    const state = { name, image, imageID: '', ready: false, restartCount: 0, state: { terminated } };
    const patch = JSON.stringify({ status: { phase: 'Failed', containerStatuses: [state] } });
    await quiet([...IN_POLDER, 'patch', 'pod', pod.metadata.name, '--subresource=status', '-p', patch]);
  };

  it('sets everything free with one command when somebody deleted the namespace first', async () => {
    await cluster.ok(['apply', '-k', overlay]);
    const stuck = '--for=condition=NamespaceDeletionDiscoveryFailure';
    await cluster.ok(['delete', 'namespace', 'polder-system', '--wait=false']);
    // Nobody serves our groups, so nobody can tell what is left in any namespace.
    await cluster.ok(['wait', stuck, 'namespace/polder-system', '--timeout=60s'], { timeoutMs: 70_000 });

    // As manifests/README.md says.
    const called = 'apiservice,mutatingwebhookconfiguration,validatingwebhookconfiguration';
    await cluster.ok(['delete', called, '-l', 'app.kubernetes.io/part-of=polder']);

    await cluster.ok(['wait', '--for=delete', 'namespace/polder-system', '--timeout=60s'], {
      timeoutMs: 70_000,
    });
    await cluster.ok(['delete', '-k', overlay, '--ignore-not-found']);
  });

  describe('rights', () => {
    before(async () => {
      for (const folder of ['manifests/overlays/embedded-sqlite', 'manifests/agent']) {
        // Nothing serves our groups here; a registration of them would only slow kubectl down.
        const objects = (await buildManifests(folder)).filter((object) => kindOf(object) !== 'APIService');
        await cluster.ok(['apply', '-f', '-'], {
          input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }),
        });
      }
      // kube-apiserver takes a moment to hold anybody to a new policy.
      for (const [account, labels] of [
        [CONTROLLERS, TENANT],
        [AGENT, ON_PLANE],
      ] as const) {
        await until(`the floor of ${account} holds`, async () => {
          const tried = await as(account, [...APPLY, '--dry-run=server'], namespace('default', labels));
          return tried.stderr.includes('ValidatingAdmissionPolicy');
        });
      }
    });

    const as = (account: string, args: readonly string[], object?: JsonObject): Promise<Output> => {
      const [namespace, name] = account.split('/');
      const groups = [
        'system:serviceaccounts',
        `system:serviceaccounts:${namespace}`,
        'system:authenticated',
      ];
      const who = [
        `--as=system:serviceaccount:${namespace}:${name}`,
        ...groups.map((group) => `--as-group=${group}`),
      ];
      return cluster.kubectl(
        [...args, ...who],
        object === undefined ? {} : { input: JSON.stringify(object) },
      );
    };
    const namespace = (name: string, labels: Record<string, string>): JsonObject => ({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name, labels },
    });
    const APPLY = ['apply', '--server-side', '--field-manager=test', '-f', '-'];
    const CONTROLLERS = 'polder-system/polder-controllers';
    const AGENT = 'polder-agent/polder-agent';
    const TENANT = { 'polder.dev/tenant': 'acme', 'polder.dev/tenant-uid': 'u-1' };
    const ON_PLANE = { ...TENANT, 'polder.dev/data-cluster': 'main' };

    it('of the controllers end at the namespaces of tenants', async () => {
      const made = await as(CONTROLLERS, APPLY, namespace('tn-acme', TENANT));
      assert.equal(made.code, 0, made.stderr);
      const taken = await as(CONTROLLERS, APPLY, namespace('default', TENANT));
      assert.match(taken.stderr, /namespaces named tn-<tenant> with the label/);
      const unlabelled = await as(CONTROLLERS, APPLY, namespace('tn-globex', {}));
      assert.match(unlabelled.stderr, /namespaces named tn-<tenant> with the label/);
      for (const name of ['polder-system', 'polder-agent']) {
        const deleted = await as(CONTROLLERS, ['delete', 'namespace', name]);
        assert.match(deleted.stderr, /namespaces named tn-<tenant> with the label/, name);
      }

      const quota = (where: string): JsonObject => ({
        apiVersion: 'v1',
        kind: 'ResourceQuota',
        metadata: { name: 'polder-tenant', namespace: where },
        spec: { hard: { pods: '0' } },
      });
      assert.equal((await as(CONTROLLERS, APPLY, quota('tn-acme'))).code, 0);
      assert.match(
        (await as(CONTROLLERS, APPLY, quota('default'))).stderr,
        /quotas in namespaces of tenants only/,
      );
      const gone = await as(CONTROLLERS, ['delete', 'namespace', 'tn-acme', '--wait=false']);
      assert.equal(gone.code, 0, gone.stderr);
    });

    it('of the agent end at the namespaces that it was given for tenants', async () => {
      const made = await as(AGENT, APPLY, namespace('tenant-acme', ON_PLANE));
      assert.equal(made.code, 0, made.stderr);
      const taken = await as(AGENT, APPLY, namespace('kube-system', ON_PLANE));
      assert.match(taken.stderr, /namespaces named tenant-<slug> with the labels of a tenant only/);
      const config = (where: string): JsonObject => ({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'made-by-the-agent', namespace: where },
      });
      assert.equal((await as(AGENT, APPLY, config('tenant-acme'))).code, 0);
      for (const where of ['kube-system', 'default', 'polder-agent']) {
        assert.match((await as(AGENT, APPLY, config(where))).stderr, /in namespaces of tenants only/, where);
      }
    });

    it('of the agent are what the owner of the plane leaves it, and the owner may pause it', async () => {
      const limits = ['validatingadmissionpolicy', 'polder-agent-limits'];
      const config = {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'more', namespace: 'tenant-acme' },
      };
      const write = (): Promise<Output> => as(AGENT, [...APPLY, '--dry-run=server'], config);
      const set = async (name: string, expression: string): Promise<void> => {
        await cluster.ok([
          'patch',
          ...limits,
          '-p',
          JSON.stringify({ spec: { variables: [{ name, expression }] } }),
        ]);
      };
      const refusedFor = (why: RegExp): Promise<void> =>
        until(String(why), async () => why.test((await write()).stderr));

      await set('paused', 'true');
      await refusedFor(/the owner of this plane has paused the agent/);
      await set('paused', 'false');
      await set('kinds', "['v1/Namespace']");
      await refusedFor(/lets the agent of Polder write other kinds only/);
      await cluster.ok(['apply', '-k', 'manifests/agent']);
      await until('allowed again', async () => (await write()).code === 0);
      assert.match((await as(AGENT, ['delete', ...limits])).stderr, /Forbidden/);
    });

    it('of the agent give tenants one role and no other, and open no secret', async () => {
      const bind = (role: string): JsonObject => ({
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'RoleBinding',
        metadata: { name: role, namespace: 'tenant-acme' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
        subjects: [{ kind: 'ServiceAccount', name: 'polder-tenant', namespace: 'tenant-acme' }],
      });
      const given = await as(AGENT, APPLY, bind('polder-tenant-editor'));
      assert.equal(given.code, 0, given.stderr);
      assert.match(
        (await as(AGENT, APPLY, bind('cluster-admin'))).stderr,
        /attempting to grant RBAC permissions/,
      );
      for (const args of [
        ['get', 'secrets', '-A'],
        ['get', 'secrets', '-n', 'kube-system'],
        ['get', 'pods', '-A'],
        ['get', 'nodes'],
      ]) {
        assert.match((await as(AGENT, args)).stderr, /Forbidden/, args.join(' '));
      }
    });

    it('of no program reach the secrets of the cluster', async () => {
      for (const account of [
        CONTROLLERS,
        'polder-system/polder-apiserver',
        'polder-system/polder-webhooks',
      ]) {
        for (const where of ['kube-system', 'default', 'polder-system']) {
          const read = await as(account, ['get', 'secrets', '-n', where]);
          assert.match(read.stderr, /Forbidden/, `${account} in ${where}`);
        }
      }
    });
  });
});

/** Every object with what it asks for, without what Kubernetes writes beside it. */
async function specs(cluster: Cluster, folder: string): Promise<readonly unknown[]> {
  const list: unknown = JSON.parse(await cluster.ok(['get', '-k', folder, '-o', 'json']));
  return items(list, 'items').map(({ status: _status, metadata, ...rest }) => ({
    ...rest,
    name: at(metadata, 'name'),
    generation: at(metadata, 'generation'),
    labels: at(metadata, 'labels'),
  }));
}

function find(cluster: Cluster, object: JsonObject): Promise<Output> {
  const namespace = namespaceOf(object);
  const where = namespace === '' ? [] : ['-n', namespace];
  const group = String(object['apiVersion']).split('/').at(-2);
  const resource = group === undefined ? kindOf(object) : `${kindOf(object)}.${group}`;
  return cluster.kubectl(['get', resource, idOf(object).split('/').at(-1) ?? '', ...where]);
}
