/** What is refused in tenants' namespaces on a real kube-apiserver that asks `polder webhooks`, and what an outage stops. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { JsonObject } from '../../apiserver/api/json.ts';
import { until } from '../support/until.ts';
import { labelled, NS, OPENINGS, pod, shop, template, workload } from './support/webhook-objects.ts';
import { startWebhookHost, type WebhookHost } from './support/webhook-host.ts';

describe('native kinds on a host cluster', function () {
  this.timeout(120_000);
  let host: WebhookHost;

  before(async () => {
    host = await startWebhookHost();
  });
  after(() => host.close());

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

    it('C43 a Role that reaches the tokens of accounts by a wildcard is refused', async () => {
      const { cluster, dev } = host;
      const create = ['create', 'role', 'minter', `--namespace=${NS}`, '--verb=create'];
      const object = JSON.parse(
        await cluster.ok([...create, '--resource=pods', '--dry-run=client', '-o', 'json']),
      ) as JsonObject;
      const [rule] = object['rules'] as JsonObject[];
      const tokens = { ...object, rules: [{ ...rule, resources: ['pods', '*/token'] }] };
      assert.match(
        await host.refusal(dev, tokens),
        /isolation\.polder\.dev" denied .*: rules\[0\]\.resources\[1\]: a Role .* may not hold "\*\/token"/,
      );
      const paths = { ...object, rules: [{ nonResourceURLs: ['/metrics'], verbs: ['get'] }] };
      assert.match(await host.refusal(dev, paths), /namespaced rules cannot apply to non-resource URLs/);
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
      const alias = 'nginx.ingress.kubernetes.io/server-alias';
      const own = shop(NS, 'own.example.org');
      const annotated = {
        ...own,
        metadata: { ...(own['metadata'] as JsonObject), annotations: { [alias]: 'shop.example.com' } },
      };
      assert.match(
        await host.refusal(host.dev, annotated),
        /metadata\.annotations\[nginx\.ingress\.kubernetes\.io\/server-alias\]: this host is not available/,
      );
      await host.apply(host.dev, own);
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

    it('says what holds a tenant that does not go, and break-glass takes it away, also a finalizer of ours', async () => {
      const { cluster } = host;
      const metadata = { name: 'held', namespace: 'tn-initech', finalizers: ['polder.dev/x'] };
      await host.addTenant('initech');
      // Nobody is asked about our own programs.
      await cluster.ok(['create', '--as=system:serviceaccount:polder-system:polder-controllers', '-f', '-'], {
        input: JSON.stringify({ ...workload('v1', 'Service', 'held', { ports: [{ port: 80 }] }), metadata }),
      });
      await cluster.ok(['delete', 'tenant', 'initech', '--wait=false']);
      await until('it is told', async () => {
        const { stdout } = await cluster.kubectl(['describe', 'tenant', 'initech']);
        return /FinalizersRemain/.test(stdout) && stdout.includes('polder.dev/x in 1 resource instances');
      });
      const oncall = await cluster.user('olga', 'system:masters');
      const release = ['patch', 'service', 'held', '-n', 'tn-initech', '--type=merge', '-p'];
      const patch = '{"metadata":{"finalizers":null}}';
      const early = await cluster.kubectl([...release, patch], { as: oncall });
      assert.match(early.stderr, /cannot update resource "services"/);
      await cluster.ok(['annotate', 'tenant', 'initech', 'polder.dev/break-glass-reason=it hangs']);
      await until('it is gone', async () => {
        await cluster.kubectl([...release, patch], { as: oncall });
        return (await cluster.kubectl(['get', 'tenant', 'initech'])).stderr.includes('NotFound');
      });
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
