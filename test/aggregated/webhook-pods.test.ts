/** Pods in tenants' namespaces on a real kube-apiserver: what passes the webhooks, and what they give to whom asks for it. */
import assert from 'node:assert/strict';
import { at, type JsonObject } from '../../apiserver/api/json.ts';
import { startHookServer } from '../support/hook-server.ts';
import { until } from '../support/until.ts';
import {
  addSidecar,
  labelled,
  NS,
  pod,
  POOL,
  resources,
  sidecarHook,
  template,
  templatesWith,
  WAREHOUSE,
  workload,
} from './support/webhook-objects.ts';
import { startWebhookHost, type WebhookHost } from './support/webhook-host.ts';

describe('pods on a host cluster', function () {
  this.timeout(120_000);
  let host: WebhookHost;

  before(async () => {
    host = await startWebhookHost();
  });
  after(() => host.close());

  const pods = async (selector: string): Promise<readonly JsonObject[]> =>
    (await host.get('pods', '-n', NS, '-l', selector))['items'] as JsonObject[];

  describe('what must pass', () => {
    it('P16 a pod gets its token and the root certificates, and the label of its tenant', async () => {
      await host.apply(host.dev, pod('plain'));
      const made = await host.get('pod', 'plain', '-n', NS);
      const [volume] = at(made, 'spec.volumes') as JsonObject[];
      assert.match(String(volume?.['name']), /^kube-api-access-/);
      const sources = at(volume, 'projected.sources') as JsonObject[];
      assert.ok(sources.some((source) => at(source, 'configMap.name') === 'kube-root-ca.crt'));
      assert.equal(
        (at(made, 'metadata.labels') as JsonObject)['polder.dev/tenant-uid'],
        await host.uidOf('acme'),
      );
    });

    it('P17 E62 tolerations that Kubernetes adds pass, those of a DaemonSet too, and that it chooses nodes', async () => {
      const { cluster } = host;
      const made = await host.get('pod', 'plain', '-n', NS);
      const keys = (at(made, 'spec.tolerations') as JsonObject[]).map(({ key }) => key);
      assert.deepEqual(keys, ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable']);
      const node = {
        apiVersion: 'v1',
        kind: 'Node',
        metadata: { name: 'node-1', labels: { 'kubernetes.io/os': 'linux' } },
      };
      await cluster.ok(['apply', '-f', '-'], { input: JSON.stringify(node) });
      // Nobody runs on it, and nobody will say that it is ready.
      await cluster.ok(['taint', 'node', 'node-1', 'node.kubernetes.io/not-ready:NoSchedule-']);
      await host.apply(
        host.dev,
        workload('apps/v1', 'DaemonSet', 'agents', {
          selector: { matchLabels: { app: 'agents' } },
          template: template({}, { labels: { app: 'agents' } }),
        }),
      );
      await until('the DaemonSet has its pod', async () => (await pods('app=agents')).length === 1);
      const [agent] = await pods('app=agents');
      assert.ok((at(agent, 'spec.tolerations') as JsonObject[]).length >= 5);
      const required = 'requiredDuringSchedulingIgnoredDuringExecution';
      const byName = {
        nodeAffinity: {
          [required]: {
            nodeSelectorTerms: [
              { matchFields: [{ key: 'metadata.name', operator: 'In', values: ['node-1'] }] },
            ],
          },
        },
      };
      assert.deepEqual(at(agent, 'spec.affinity'), byName);
      // E62 what the controller may write, nobody else may.
      const chosen = workload('apps/v1', 'DaemonSet', 'chosen', {
        selector: { matchLabels: labelled },
        template: template({ affinity: byName }),
      });
      for (const [object, path] of [
        [pod('chosen', { affinity: byName }), 'spec'],
        [chosen, 'spec.template.spec'],
      ] as const) {
        const field = `${path}.affinity.nodeAffinity.${required}.nodeSelectorTerms[0].matchFields[0]: `;
        const refusal = await host.refusal(host.dev, object);
        assert.ok(refusal.includes(`${field}pods of tenants do not choose their node`), refusal);
      }
      const [{ metadata }] = (await pods('app=agents')) as [JsonObject];
      await cluster.ok(['label', 'pod', String(at(metadata, 'name')), '-n', NS, 'team=a'], { as: host.dev });
      assert.equal(
        (at(agent, 'metadata.labels') as JsonObject)['polder.dev/tenant-uid'],
        await host.uidOf('acme'),
      );
    });

    it('P18 a pod of a tenant with nodes of its own is placed by defaulting, also through a Deployment', async () => {
      const { cluster } = host;
      for (const object of POOL) await cluster.ok(['apply', '-f', '-'], { input: JSON.stringify(object) });
      const apart = ['patch', 'tenant', 'acme', '--type=merge', '-p', '{"spec":{"isolation":"NodePool"}}'];
      await cluster.ok(apart);
      let made: JsonObject = {};
      await until('the webhooks know the pool', async () => {
        const answer = await cluster.ok(['apply', '--dry-run=server', '-f', '-', '-o', 'json'], {
          as: host.dev,
          input: JSON.stringify(pod('placed')),
        });
        made = JSON.parse(answer) as JsonObject;
        return at(made, 'spec.nodeSelector') !== undefined;
      });
      assert.deepEqual(at(made, 'spec.nodeSelector'), { 'example.com/pool': 'a' });
      await host.apply(
        host.dev,
        workload('apps/v1', 'Deployment', 'placed', {
          replicas: 2,
          selector: { matchLabels: { app: 'placed' } },
          template: template({}, { labels: { app: 'placed' } }),
        }),
      );
      await until('the Deployment has its pods', async () => (await pods('app=placed')).length === 2);
      for (const each of await pods('app=placed')) {
        assert.deepEqual(at(each, 'spec.nodeSelector'), { 'example.com/pool': 'a' });
        const tolerations = at(each, 'spec.tolerations') as JsonObject[];
        assert.ok(tolerations.some(({ key }) => key === 'example.com/pool'));
      }
      await cluster.ok(['scale', 'deployment', 'placed', '-n', NS, '--replicas=1'], { as: host.dev });
      await cluster.ok([
        'patch',
        'tenant',
        'acme',
        '--type=merge',
        '-p',
        '{"spec":{"isolation":"Namespace"}}',
      ]);
    });

    it('P19 Jobs with podFailurePolicy and backoff, and CronJobs, pass', async () => {
      const jobSpec: JsonObject = {
        backoffLimit: 3,
        podFailurePolicy: {
          rules: [
            { action: 'FailJob', onExitCodes: { containerName: 'main', operator: 'In', values: [42] } },
            { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
          ],
        },
        template: template({ restartPolicy: 'Never' }, { labels: { app: 'job' } }),
      };
      await host.apply(host.dev, workload('batch/v1', 'Job', 'once', jobSpec));
      await until('the Job has its pod', async () => (await pods('job-name=once')).length === 1);
      const cron = workload('batch/v1', 'CronJob', 'often', {
        schedule: '*/5 * * * *',
        jobTemplate: { spec: jobSpec },
      });
      await host.apply(host.dev, cron);
      const stored = await host.get('job', 'once', '-n', NS);
      assert.equal((at(stored, 'spec.podFailurePolicy.rules') as unknown[]).length, 2);
    });

    it('P25 a second apply of the same object changes nothing, by both kinds of apply', async () => {
      const { cluster, dev } = host;
      const object = JSON.stringify(workload('v1', 'Service', 'svc', { ports: [{ port: 80 }] }));
      for (const how of [[], ['--server-side', '--force-conflicts']]) {
        await cluster.ok(['apply', ...how, '-f', '-'], { as: dev, input: object });
        const first = at(await host.get('service', 'svc', '-n', NS), 'metadata.resourceVersion');
        await cluster.ok(['apply', ...how, '-f', '-'], { as: dev, input: object });
        assert.equal(at(await host.get('service', 'svc', '-n', NS), 'metadata.resourceVersion'), first);
      }
    });
  });

  describe('injection', () => {
    const wish = (depots: string): JsonObject => ({
      labels: { 'polder.dev/inject': 'true' },
      annotations: { 'polder.dev/depots': depots },
    });
    const secret = 'polder-credential-warehouse-login';

    before(async () => {
      const { cluster, ann, dev } = host;
      for (const object of WAREHOUSE) await host.apply(ann, object);
      await until('the webhooks know the depot', async () => {
        const input = JSON.stringify(pod('probe', {}, wish('warehouse')));
        return (
          (await cluster.kubectl(['create', '--dry-run=server', '-f', '-'], { as: dev, input })).code === 0
        );
      });
    });

    it('U6 D10 every container gets references, no value, and a dry run leaves nothing behind', async () => {
      const { cluster, dev } = host;
      const object = pod(
        'asks',
        { initContainers: [{ name: 'init', image: 'a:1', resources }] },
        wish('PG=warehouse'),
      );
      const input = JSON.stringify(object);
      await cluster.ok(['create', '--dry-run=server', '-f', '-'], { as: dev, input });
      assert.equal((await cluster.kubectl(['get', 'pod', 'asks', '-n', NS])).code, 1);
      await host.apply(dev, object);
      const made = await host.get('pod', 'asks', '-n', NS);
      for (const list of ['containers', 'initContainers']) {
        const [each] = at(made, `spec.${list}`) as JsonObject[];
        const env = each?.['env'] as JsonObject[];
        assert.deepEqual(
          env.map(({ name }) => name),
          ['PG_DATABASE', 'PG_HOST', 'PG_USERNAME', 'PG_PASSWORD'],
        );
        assert.deepEqual(at(env[3], 'valueFrom.secretKeyRef'), { name: secret, key: 'password' });
        const mounts = each?.['volumeMounts'] as JsonObject[];
        assert.ok(
          mounts.some(({ mountPath }) => mountPath === '/var/run/polder/credentials/warehouse-login'),
        );
      }
    });

    it('U6 a Deployment that asks leads to pods that are given', async () => {
      await host.apply(
        host.dev,
        workload('apps/v1', 'Deployment', 'asks', {
          selector: { matchLabels: { app: 'asks' } },
          template: template(
            {},
            {
              labels: { app: 'asks', 'polder.dev/inject': 'true' },
              annotations: { 'polder.dev/depots': 'warehouse' },
            },
          ),
        }),
      );
      await until('its pod is there', async () => (await pods('app=asks')).length === 1);
      const [made] = await pods('app=asks');
      const volumes = at(made, 'spec.volumes') as JsonObject[];
      assert.ok(volumes.some((volume) => at(volume, 'secret.secretName') === secret));
    });

    it('P33 a sidecar that another webhook adds is given the same, whoever is asked first', async () => {
      const { cluster, dev } = host;
      const hooks = await startHookServer();
      try {
        for (const order of ['a', 'z']) {
          hooks.on(`/${order}`, ({ object }) => addSidecar(object, order));
          await cluster.ok(['apply', '-f', '-'], { input: JSON.stringify(sidecarHook(hooks, order)) });
          const asks = pod(`with-${order}`, {}, { ...wish('PG=warehouse'), name: `with-${order}` });
          let containers: JsonObject[] = [];
          await until(`the webhook ${order} is asked`, async () => {
            const made = await cluster.ok(['create', '--dry-run=server', '-o', 'json', '-f', '-'], {
              as: dev,
              input: JSON.stringify(asks),
            });
            containers = at(JSON.parse(made), 'spec.containers') as JsonObject[];
            return containers.length === 2;
          });
          assert.deepEqual(containers[1]?.['env'], containers[0]?.['env']);
          await cluster.ok(['delete', 'mutatingwebhookconfiguration', `${order}-sidecar`]);
        }
      } finally {
        await hooks.close();
      }
    });

    it('U6 an unknown name is refused; D10 so is the Secret behind it when mounted by hand', async () => {
      const { dev } = host;
      assert.match(
        await host.refusal(dev, pod('unknown', {}, wish('nothing'))),
        /there is no Depot "nothing" in this tenant/,
      );
      const byHand = pod('by-hand', { volumes: [{ name: 'v', secret: { secretName: secret } }] });
      assert.match(await host.refusal(dev, byHand), /is not mounted by name/);
    });

    it('U7 a pod with the labels of another tenant is refused', async () => {
      const labels = { 'polder.dev/tenant': 'globex', 'polder.dev/tenant-uid': await host.uidOf('globex') };
      assert.match(
        await host.refusal(host.dev, pod('foreign', {}, { labels })),
        /ties an object to its tenant/,
      );
    });

    it('B28 U7 no template says that what is made from it belongs to another tenant, or holds it', async () => {
      const labels = { 'polder.dev/tenant': 'globex', 'polder.dev/tenant-uid': await host.uidOf('globex') };
      for (const object of templatesWith(labels)) {
        const refusal = await host.refusal(host.dev, object);
        assert.match(
          refusal,
          /isolation\.polder\.dev" denied .*\.metadata\.labels\[polder\.dev\/tenant-uid\]: "polder\.dev\/tenant-uid" ties/,
        );
      }
      for (const object of templatesWith({}, ['polder.dev/x'])) {
        assert.match(
          await host.refusal(host.dev, object),
          /\.metadata\.finalizers\[0\]: "polder\.dev\/x" belongs/,
        );
      }
    });

    it('B28 U7 what the controllers of the cluster make from a template of before is refused too', async () => {
      const labels = { ...labelled, 'polder.dev/tenant-uid': await host.uidOf('globex') };
      const { cluster } = host;
      // Written as our own program, which nobody asks about: it is as if it had been there before us.
      const ours = '--as=system:serviceaccount:polder-system:polder-controllers';
      const old = workload('apps/v1', 'ReplicaSet', 'old', {
        selector: { matchLabels: { app: 'old' } },
        template: template({}, { labels: { ...labels, app: 'old' } }),
      });
      await cluster.ok(['create', ours, '-f', '-'], { input: JSON.stringify(old) });
      await until('its controller is refused', async () => {
        const told = await host.get('events', '-n', NS, '--field-selector', 'reason=FailedCreate');
        return (told['items'] as JsonObject[]).some(({ message }) =>
          /metadata\.labels\[polder\.dev\/tenant-uid\]: .* ties an object to its tenant/.test(
            String(message),
          ),
        );
      });
      assert.deepEqual(await pods('app=old'), []);
      const mended = { metadata: { labels: { 'polder.dev/tenant-uid': null } } };
      const patch = JSON.stringify({ spec: { template: mended } });
      await cluster.ok(['patch', 'replicaset', 'old', '-n', NS, '--type=merge', '-p', patch], {
        as: host.dev,
      });
      await until('its pod is there', async () => (await pods('app=old')).length === 1);
    });
  });
});
