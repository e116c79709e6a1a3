/** Writes that reach a tenant's objects past their main endpoint, on a real kube-apiserver with `polder webhooks`. */
import assert from 'node:assert/strict';
import type { JsonObject } from '../../apiserver/api/json.ts';
import type { Output } from '../support/polder.ts';
import { until } from '../support/until.ts';
import { apply } from './support/install.ts';
import { labelled, NS, pod, template, workload } from './support/webhook-objects.ts';
import { startWebhookHost, type WebhookHost } from './support/webhook-host.ts';

const selector = { matchLabels: labelled };
const NODE = 'n1';
const named = (apiVersion: string, kind: string, fields: JsonObject): JsonObject => ({
  apiVersion,
  kind,
  metadata: { name: 'mine', namespace: NS },
  ...fields,
});

describe('writes past the main endpoint of native kinds on a host cluster', function () {
  this.timeout(120_000);
  let host: WebhookHost;

  before(async () => {
    host = await startWebhookHost();
    const sets = { replicas: 1, selector, template: template() };
    await host.apply(host.ann, workload('apps/v1', 'Deployment', 'web', sets));
    await host.apply(host.ann, workload('apps/v1', 'StatefulSet', 'db', { ...sets, serviceName: 'db' }));
  });
  after(() => host.close());

  const run = (as: string, ...args: readonly string[]): Promise<Output> => host.cluster.kubectl(args, { as });
  const refused = async (as: string, ...args: readonly string[]): Promise<string> => {
    const { code, stderr, stdout } = await run(as, ...args);
    assert.notEqual(code, 0, `nothing was refused: ${stdout}`);
    return stderr;
  };
  const post = (as: string, path: string, object: JsonObject): Promise<Output> =>
    host.cluster.kubectl(['create', '--raw', `/api/v1/namespaces/${NS}/${path}`, '-f', '-'], {
      as,
      input: JSON.stringify(object),
    });
  const read = async (path: string, ...args: readonly string[]): Promise<string> =>
    await host.cluster.ok(['get', ...args, '-n', NS, '-o', `jsonpath=${path}`]);

  it('X3 scale is refused to whom no policy allows updates, and works for the tenant', async () => {
    for (const what of ['deployment/web', 'statefulset/db']) {
      const text = await refused(host.gil, 'scale', what, '-n', NS, '--replicas=3');
      assert.match(text, /"isolation\.polder\.dev" denied the request: .*"gil" cannot update/);
    }
    assert.equal(await read('{.spec.replicas}', 'deployment/web'), '1');
    await host.cluster.ok(['scale', 'deployment/web', '-n', NS, '--replicas=2'], { as: host.ann });
    await until('the controllers follow', async () => {
      return (await read('{.status.replicas}', 'deployment/web')) === '2';
    });
  });

  it('X3 an eviction is decided as a delete, and a binding is for the scheduler', async () => {
    await host.apply(host.ann, pod('victim'));
    const eviction = {
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: { name: 'victim', namespace: NS },
    };
    const text = (await post(host.gil, 'pods/victim/eviction', eviction)).stderr;
    assert.match(text, /"gil" cannot delete resource "pods"/);
    const target = { kind: 'Node', name: NODE };
    const binding = {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { name: 'victim', namespace: NS },
      target,
    };
    for (const path of ['pods/victim/binding', 'bindings']) {
      for (const as of [host.ann, host.gil]) {
        assert.match((await post(as, path, binding)).stderr, /put on nodes by the scheduler only/);
      }
    }
    assert.equal(await read('{.spec.nodeName}', 'pod/victim'), '');
    const { code, stderr } = await post(host.ann, 'pods/victim/eviction', eviction);
    assert.equal(code, 0, stderr);
  });

  it('X3 our labels and what Polder keeps are not changed through status', async () => {
    await host.apply(host.ann, pod('marked'));
    await host.apply(host.ann, workload('v1', 'Service', 'marked', { ports: [{ port: 80 }] }));
    const patch = ['--subresource=status', '--type=merge', '-n', NS, '-p'];
    const labels = JSON.stringify({ metadata: { labels: { 'polder.dev/tenant-uid': 'other' } } });
    for (const as of [host.ann, host.gil]) {
      for (const what of ['pod/marked', 'service/marked']) {
        assert.match(await refused(as, 'patch', what, ...patch, labels), /ties an object to its tenant/);
      }
    }
    const used = JSON.stringify({ status: { used: { pods: '0' } } });
    const quota = await refused(host.ann, 'patch', 'resourcequota/polder-tenant', ...patch, used);
    assert.match(quota, /"polder-tenant" is kept by Polder/);
  });

  it('X3 ControllerRevisions and PodTemplates are not written by people, and are read by them', async () => {
    await until('the controller has written one', async () => {
      return (await read('{.items[*].metadata.name}', 'controllerrevisions')) !== '';
    });
    const [name = ''] = (await read('{.items[*].metadata.name}', 'controllerrevisions')).split(' ');
    for (const as of [host.ann, host.gil]) {
      const made = named('apps/v1', 'ControllerRevision', { revision: 7, data: {} });
      assert.match(await host.refusal(as, made), /write ControllerRevisions and make pods from them/);
      // Its data cannot be changed by anybody; which one is the newest can.
      for (const change of [['delete'], ['patch', '--type=merge', '-p', '{"revision":9}']]) {
        const [verb = '', ...flags] = change;
        const text = await refused(as, verb, 'controllerrevision', name, '-n', NS, ...flags);
        assert.match(text, /write ControllerRevisions and make pods from them/);
      }
      const bare = named('v1', 'PodTemplate', { template: template() });
      assert.match(await host.refusal(as, bare), /PodTemplates are for the programs of the cluster/);
    }
    await host.cluster.ok(['get', 'controllerrevision', name, '-n', NS], { as: host.ann });
  });

  it('X3 a Deployment rolls out through controllers, scheduler and kubelet, which also report while the webhooks are down', async () => {
    const scheduler = await host.cluster.user('system:kube-scheduler');
    const kubelet = await host.cluster.user(`system:node:${NODE}`, 'system:nodes');
    await apply(host.cluster, [NODES_BY_RBAC]);
    await host.cluster.ok(['set', 'image', 'deployment/web', '-n', NS, 'main=registry.example/app:2'], {
      as: host.ann,
    });
    await until('both pods are the new ones', async () => {
      await runPods(scheduler, kubelet);
      const path = '{.status.updatedReplicas}/{.status.availableReplicas}/{.status.replicas}';
      return (await read(path, 'deployment/web')) === '2/2/2';
    });
    await host.webhooks.stop('SIGKILL');
    await until('the controllers report that the pods are gone from duty', async () => {
      await runPods(scheduler, kubelet, 'False');
      return (await read('{.status.unavailableReplicas}', 'deployment/web')) === '2';
    });
    await host.webhooks.start();
  });

  /** What a scheduler and a kubelet do with the pods of the Deployment. */
  async function runPods(scheduler: string, kubelet: string, ready = 'True'): Promise<void> {
    const items = await read('{.items[*].metadata.name}', 'pods', '-l', 'app=w,pod-template-hash');
    for (const name of items.split(' ').filter((each) => each !== '')) {
      const meta = { apiVersion: 'v1', kind: 'Binding', metadata: { name, namespace: NS } };
      await post(scheduler, `pods/${name}/binding`, { ...meta, target: { kind: 'Node', name: NODE } });
      const status = JSON.stringify({ status: { conditions: [{ type: 'Ready', status: ready }] } });
      // A pod of the old ReplicaSet may be gone by now.
      await run(kubelet, 'patch', 'pod', name, '-n', NS, '--subresource=status', '-p', status);
    }
  }
});

const NODES_BY_RBAC: JsonObject = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRoleBinding',
  metadata: { name: 'nodes' },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
  subjects: [{ kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name: 'system:nodes' }],
};
