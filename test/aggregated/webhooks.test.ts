/** Native kinds in tenants' namespaces, on a real kube-apiserver that asks `polder webhooks`. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { at, type JsonObject } from '../../apiserver/api/json.ts';
import { startHookServer } from '../support/hook-server.ts';
import { until } from '../support/until.ts';
import {
  labelled,
  NS,
  addSidecar,
  OPENINGS,
  POOL,
  pod,
  resources,
  shop,
  sidecarHook,
  template,
  WAREHOUSE,
  workload,
} from './support/webhook-objects.ts';
import { startWebhookHost, type WebhookHost } from './support/webhook-host.ts';

describe('native kinds on a host cluster', function () {
  this.timeout(120_000);
  let host: WebhookHost;

  before(async () => {
    host = await startWebhookHost();
  });
  after(() => host.close());

  const get = async (...args: readonly string[]): Promise<JsonObject> =>
    JSON.parse(await host.cluster.ok(['get', ...args, '-o', 'json'])) as JsonObject;
  const pods = async (selector: string): Promise<readonly JsonObject[]> => {
    const list = await get('pods', '-n', NS, '-l', selector);
    return list['items'] as JsonObject[];
  };
  const uidOf = async (tenant: string): Promise<string> =>
    String(at(await get('tenant', tenant), 'metadata.uid'));

  describe('X3 governed by the webhooks', () => {
    it('X3 kubectl create rolebinding to cluster-admin is refused, and view is not', async () => {
      const { cluster, dev } = host;
      const bind = (name: string, role: string): readonly string[] => [
        'create',
        'rolebinding',
        name,
        `--namespace=${NS}`,
        `--clusterrole=${role}`,
        '--user=dev',
      ];
      const refused = await cluster.kubectl(bind('mine', 'cluster-admin'), { as: dev });
      assert.equal(refused.code, 1);
      assert.match(
        refused.stderr,
        /admission webhook "isolation\.polder\.dev" denied the request: rolebindings\.rbac\.authorization\.k8s\.io "mine" is forbidden: roleRef\.name: ClusterRole "cluster-admin" may not be bound/,
      );
      await cluster.ok(bind('look', 'view'), { as: dev });
    });

    it('X3 a hostPath pod is refused, in a Pod and in a Deployment', async () => {
      const spec = { volumes: [{ name: 'v', hostPath: { path: '/etc' } }] };
      assert.match(
        await host.refusal(host.dev, pod('host', spec)),
        /spec\.volumes\[0\]\.hostPath: .*Pod Security Standard "baseline"/,
      );
      const deployment = workload('apps/v1', 'Deployment', 'host', {
        selector: { matchLabels: labelled },
        template: template(spec),
      });
      assert.match(await host.refusal(host.dev, deployment), /spec\.template\.spec\.volumes\[0\]\.hostPath/);
    });

    it('X3 a Secret named like ours is refused, and what is ours cannot be changed', async () => {
      const secret = {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'polder-credential-x', namespace: NS },
      };
      assert.match(await host.refusal(host.dev, secret), /names that start with "polder-" belong to Polder/);
      const { cluster, dev } = host;
      for (const change of [['delete'], ['patch', '--type=merge', '-p', '{"spec":{"hard":{}}}']]) {
        const [verb = '', ...flags] = change;
        const refused = await cluster.kubectl([verb, 'resourcequota', 'polder-tenant', '-n', NS, ...flags], {
          as: dev,
        });
        assert.match(refused.stderr, /ResourceQuota "polder-tenant" is kept by Polder/);
      }
    });

    it('X3 our labels cannot be edited, on a pod and on a namespace, by any endpoint', async () => {
      const { cluster, dev } = host;
      await host.apply(dev, pod('mine'));
      const onPod = await cluster.kubectl(
        ['label', 'pod', 'mine', '-n', NS, '--overwrite', 'polder.dev/tenant-uid=other'],
        { as: dev },
      );
      assert.match(onPod.stderr, /ties an object to its tenant/);
      const patch = JSON.stringify({ metadata: { labels: { 'polder.dev/tenant': null } } });
      for (const where of [[], ['--subresource=status']]) {
        const { stderr } = await cluster.kubectl([
          'patch',
          'namespace',
          NS,
          '--type=merge',
          '-p',
          patch,
          ...where,
        ]);
        assert.match(stderr, /denied the request: .*ties an object to its tenant/);
      }
      await cluster.ok(['create', 'namespace', 'payments']);
      const adopted = await cluster.kubectl(['label', 'namespace', 'payments', 'polder.dev/tenant=acme']);
      assert.match(adopted.stderr, /namespaces\.isolation\.polder\.dev.*ties an object to its tenant/);
      await cluster.ok(['label', 'namespace', 'payments', 'team=a']);
    });

    it('X3 system namespaces and those of nobody are not asked about', async () => {
      const { cluster } = host;
      for (const namespace of ['kube-system', 'default']) {
        const inside = pod('free', { hostNetwork: true, nodeName: 'node-1' });
        const object = { ...inside, metadata: { name: 'free', namespace } };
        await cluster.ok(['apply', '-f', '-'], { input: JSON.stringify(object) });
      }
    });

    it('A17 G67 tokens and connections are decided too', async () => {
      const { cluster, dev, ann } = host;
      await host.apply(dev, pod('connected'));
      const exec = await cluster.kubectl(['exec', 'connected', '-n', NS, '--', 'id'], { as: dev });
      assert.match(exec.stderr, /connect\.polder\.dev" denied the request: .*User "dev" cannot exec here/);
      const forward = await cluster.kubectl(['port-forward', 'pod/connected', '-n', NS, ':80'], { as: dev });
      assert.equal(forward.code, 1);
      const token = await cluster.kubectl(['create', 'token', 'default', '-n', NS], { as: ann });
      assert.match(token.stderr, /User "ann" cannot create resource "serviceaccounts\/token"/);
    });

    it('D52 D57 D59 A22 what opens the tenant or reaches out of it is refused', async () => {
      for (const [object, why] of OPENINGS) assert.match(await host.refusal(host.dev, object), why);
      await host.apply(host.gil, shop('tn-globex'));
      await until('the host is known to be taken', async () => {
        const input = JSON.stringify(shop(NS));
        const { stderr } = await host.cluster.kubectl(['create', '--dry-run=server', '-f', '-'], {
          as: host.dev,
          input,
        });
        return stderr.includes('this host is not available to this tenant');
      });
    });

    it('refuses whom no policy allows, although RBAC does', async () => {
      assert.match(
        await host.refusal(host.gil, pod('foreign')),
        /User "gil" cannot create resource "pods" in API group "" in the namespace "tn-acme"/,
      );
      const { cluster, gil } = host;
      const removal = await cluster.kubectl(['delete', 'pod', 'mine', '-n', NS], { as: gil });
      assert.match(removal.stderr, /User "gil" cannot delete resource "pods"/);
    });
  });

  describe('what must pass', () => {
    it('P16 a pod gets its token and the root certificates, and the label of its tenant', async () => {
      await host.apply(host.dev, pod('plain'));
      const made = await get('pod', 'plain', '-n', NS);
      const [volume] = at(made, 'spec.volumes') as JsonObject[];
      assert.match(String(volume?.['name']), /^kube-api-access-/);
      const sources = at(volume, 'projected.sources') as JsonObject[];
      assert.ok(sources.some((source) => at(source, 'configMap.name') === 'kube-root-ca.crt'));
      assert.equal((at(made, 'metadata.labels') as JsonObject)['polder.dev/tenant-uid'], await uidOf('acme'));
    });

    it('P17 tolerations that Kubernetes adds pass, those of a DaemonSet too', async () => {
      const { cluster } = host;
      const made = await get('pod', 'plain', '-n', NS);
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
      assert.equal(
        (at(agent, 'metadata.labels') as JsonObject)['polder.dev/tenant-uid'],
        await uidOf('acme'),
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
      const stored = await get('job', 'once', '-n', NS);
      assert.equal((at(stored, 'spec.podFailurePolicy.rules') as unknown[]).length, 2);
    });

    it('P25 a second apply of the same object changes nothing, by both kinds of apply', async () => {
      const { cluster, dev } = host;
      const object = JSON.stringify(workload('v1', 'Service', 'svc', { ports: [{ port: 80 }] }));
      for (const how of [[], ['--server-side', '--force-conflicts']]) {
        await cluster.ok(['apply', ...how, '-f', '-'], { as: dev, input: object });
        const first = at(await get('service', 'svc', '-n', NS), 'metadata.resourceVersion');
        await cluster.ok(['apply', ...how, '-f', '-'], { as: dev, input: object });
        assert.equal(at(await get('service', 'svc', '-n', NS), 'metadata.resourceVersion'), first);
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
      const made = await get('pod', 'asks', '-n', NS);
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
      const labels = { 'polder.dev/tenant': 'globex', 'polder.dev/tenant-uid': await uidOf('globex') };
      assert.match(
        await host.refusal(host.dev, pod('foreign', {}, { labels })),
        /ties an object to its tenant/,
      );
    });
  });

  describe('around it', () => {
    it('says in the audit log who was refused by which rule and how long it took', async () => {
      await host.refusal(host.dev, pod('audited', { hostPID: true }));
      const lines = readFileSync(host.cluster.files.audit, 'utf8').split('\n');
      const line = lines.find(
        (each) => each.includes('isolation.polder.dev/duration') && each.includes('PSS'),
      );
      const { annotations } = JSON.parse(line ?? '{}') as { annotations?: Record<string, string> };
      assert.equal(annotations?.['isolation.polder.dev/admission.codes'], 'PSS');
      assert.equal(annotations['isolation.polder.dev/tenant'], 'acme');
      assert.match(annotations['isolation.polder.dev/duration'] ?? '', /^\d+\.\d+ms$/);
    });

    it('P29 a tenant goes with everything in it while the webhooks look on', async () => {
      const { cluster, gil } = host;
      await host.apply(gil, { ...pod('last'), metadata: { name: 'last', namespace: 'tn-globex' } });
      await cluster.ok(['delete', 'tenant', 'globex', '--timeout=60s'], { timeoutMs: 70_000 });
      const gone = await cluster.kubectl(['wait', '--for=delete', 'namespace/tn-globex', '--timeout=60s'], {
        timeoutMs: 70_000,
      });
      assert.equal(gone.code, 0, gone.stderr);
    });

    it('X3 an outage of the webhooks stops changes in tenants’ namespaces and nothing else', async () => {
      const { cluster, dev, webhooks } = host;
      await webhooks.stop('SIGKILL');
      const refused = await host.refusal(dev, pod('late'));
      assert.match(refused, /failed calling webhook "(mutate|isolation)\.polder\.dev"/);
      await cluster.ok(['create', 'configmap', 'fine', '-n', 'default']);
      const free = { ...pod('other'), metadata: { name: 'other', namespace: 'kube-system' } };
      await cluster.ok(['apply', '-f', '-'], { input: JSON.stringify(free) });
      await cluster.ok(['create', 'namespace', 'new-one']);
      await cluster.ok(['label', 'namespace', 'new-one', 'team=a']);
      await webhooks.start();
      await host.apply(dev, pod('late'));
    });
  });
});
