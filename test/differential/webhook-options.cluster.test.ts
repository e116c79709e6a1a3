/** What our tests expect webhooks to be told of the options of requests is what a real kube-apiserver tells them. */
import { createApi, type Api } from '../contract/support/api.ts';
import { requireOptions } from '../contract/support/webhook-options.ts';
import { startCluster, type Cluster } from '../support/cluster.ts';
import { startHookServer, type HookServer } from '../support/hook-server.ts';
import type { Json } from '../support/http.ts';
import { until } from '../support/until.ts';

describe('webhooks that kube-apiserver asks', function () {
  this.timeout(120_000);
  const path = '/api/v1/namespaces/default/configmaps';
  let cluster: Cluster | undefined;
  let hooks: HookServer;
  let root: Api;
  before(async () => {
    hooks = await startHookServer();
    cluster = await startCluster({ controllerManager: false });
    root = createApi(cluster.url, { ca: cluster.ca }, { authorization: `Bearer ${cluster.adminToken}` });
  });
  after(async () => {
    root.agent.destroy();
    await cluster?.close();
    await hooks.close();
  });

  const make = (name: string): Json => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, labels: { check: 'options' } },
  });

  it('C131 are told of the options of a request what ours are told', async () => {
    const rules = [{ apiGroups: [''], apiVersions: ['*'], operations: ['*'], resources: ['configmaps'] }];
    const webhook = {
      name: 'options.example.com',
      clientConfig: { url: `${hooks.url}/options`, caBundle: hooks.caBundle },
      rules,
      objectSelector: { matchLabels: { check: 'options' } },
      sideEffects: 'None',
      admissionReviewVersions: ['v1'],
    };
    const configurations = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations';
    await root.create(configurations, { metadata: { name: 'options' }, webhooks: [webhook] });
    await until('the namespace is there and the webhook in effect', async () => {
      await root.call('POST', `${path}?dryRun=All`, { body: make('probe') });
      return hooks.seen.length > 0;
    });
    await requireOptions({ root, hooks, path, make });
  });
});
