import assert from 'node:assert/strict';
import type { JsonObject } from '../apiserver/api/json.ts';
import { at } from '../apiserver/api/json.ts';
import { Compute } from '../apiserver/kinds/compute.ts';
import { Credential } from '../apiserver/kinds/credential.ts';
import { Depot } from '../apiserver/kinds/depot.ts';
import { Deployment } from '../apiserver/kinds/native/deployment.ts';
import { Pod } from '../apiserver/kinds/native/pod.ts';
import { RoleBinding } from '../apiserver/kinds/native/role-binding.ts';
import { Role } from '../apiserver/kinds/native/role.ts';
import { Tenant } from '../apiserver/kinds/tenant.ts';
import { kcm, NS, pod, template } from '../test/support/natives.ts';
import { dev, user } from '../test/support/policy.ts';
import { codesOf, createReviewWorld, type ReviewWorld } from '../test/support/reviews.ts';

function withWarehouse(): ReviewWorld {
  const world = createReviewWorld();
  world.put(Credential, {
    metadata: { namespace: NS, name: 'warehouse-login' },
    spec: { type: 'basic', source: 'Generated' },
  });
  world.put(Depot, {
    metadata: { namespace: NS, name: 'warehouse' },
    spec: {
      type: 'Postgres',
      connection: { host: 'db', database: 'sales' },
      credentials: [{ purpose: 'query', ref: { name: 'warehouse-login' } }],
    },
  });
  world.put(Depot, {
    metadata: { namespace: 'tn-globex', name: 'secret-lake' },
    spec: { type: 'S3', connection: {} },
  });
  return world;
}

const asking = (depots: string, spec: JsonObject = {}): JsonObject =>
  pod(spec, { labels: { 'polder.dev/inject': 'true' }, annotations: { 'polder.dev/depots': depots } });

describe('pods and roles through the webhooks', () => {
  describe('pods', () => {
    it('U7 a pod belongs to the tenant of its namespace: it is stamped, and refused with the label of another', () => {
      const world = createReviewWorld();
      const stamped = world.admit({ user: dev, kind: Pod, object: pod() });
      assert.deepEqual(at(stamped, 'metadata.labels'), { 'polder.dev/tenant-uid': 'uid-acme' });
      const foreign = pod(
        {},
        { labels: { 'polder.dev/tenant': 'globex', 'polder.dev/tenant-uid': 'uid-globex' } },
      );
      const codes = codesOf(world.refusal({ user: dev, kind: Pod, object: foreign }));
      assert.deepEqual(codes, ['TENANT_IMMUTABLE', 'TENANT_IMMUTABLE']);
      const own = pod({}, { labels: { 'polder.dev/tenant': 'acme', 'polder.dev/tenant-uid': 'uid-acme' } });
      world.admit({ user: dev, kind: Pod, object: own });
    });

    it('U6 D10 gives every container references to what the pod names, and no value', () => {
      const world = withWarehouse();
      const object = asking('PG=warehouse', { initContainers: [{ name: 'init', image: 'a:1' }] });
      const injected = world.admit({ user: dev, kind: Pod, object });
      const secret = 'polder-credential-warehouse-login';
      for (const list of ['containers', 'initContainers']) {
        const [container] = at(injected, `spec.${list}`) as JsonObject[];
        assert.deepEqual(container?.['env'], [
          { name: 'PG_HOST', value: 'db' },
          { name: 'PG_DATABASE', value: 'sales' },
          { name: 'PG_USERNAME', valueFrom: { secretKeyRef: { name: secret, key: 'username' } } },
          { name: 'PG_PASSWORD', valueFrom: { secretKeyRef: { name: secret, key: 'password' } } },
        ]);
        assert.deepEqual(container['volumeMounts'], [
          {
            name: 'polder-cred-warehouse-login',
            mountPath: '/var/run/polder/credentials/warehouse-login',
            readOnly: true,
          },
        ]);
      }
      assert.deepEqual(at(injected, 'spec.volumes'), [
        { name: 'polder-cred-warehouse-login', secret: { secretName: secret, defaultMode: 0o440 } },
      ]);
    });

    it('U6 mutation of its own result changes nothing, also after somebody else added a sidecar', () => {
      const world = withWarehouse();
      const once = world.admit({ user: dev, kind: Pod, object: asking('warehouse') });
      assert.equal(world.ask('mutate', { user: dev, kind: Pod, object: once }).patch, undefined);
      const spec = once['spec'] as JsonObject & { readonly containers: JsonObject[] };
      const withSidecar = {
        ...once,
        spec: { ...spec, containers: [...spec.containers, { name: 'proxy', image: 'b:1' }] },
      };
      const twice = world.admit({ user: dev, kind: Pod, object: withSidecar });
      const [main, proxy] = at(twice, 'spec.containers') as JsonObject[];
      assert.deepEqual(main, spec.containers[0]);
      assert.deepEqual(proxy?.['env'], main?.['env']);
    });

    it('U6 an unknown name is refused, and reads the same when it is somebody else’s', () => {
      const world = withWarehouse();
      const [unknown, foreign] = ['nothing', 'secret-lake'].map((name) => {
        const status = world.refusal({ user: dev, kind: Pod, object: asking(name) });
        assert.equal(status.code, 422);
        assert.deepEqual(codesOf(status), ['FieldValueNotFound']);
        return status.message?.replaceAll(name, 'X');
      });
      assert.equal(unknown, foreign);
    });

    it('U6 a dry run is answered like the real thing', () => {
      const world = withWarehouse();
      const before = JSON.stringify([...world.stored]);
      const real = world.ask('mutate', { user: dev, kind: Pod, object: asking('warehouse') });
      const dry = world.ask('mutate', { user: dev, kind: Pod, object: asking('warehouse'), dryRun: true });
      assert.equal(dry.patch, real.patch);
      assert.equal(JSON.stringify([...world.stored]), before);
    });

    it('D10 refuses the Secret behind a Credential when it is mounted by hand, in every form', () => {
      const world = withWarehouse();
      const name = 'polder-credential-warehouse-login';
      const containers = (more: JsonObject): JsonObject => ({
        containers: [{ name: 'm', image: 'a:1', ...more }],
      });
      const env = [{ name: 'A', valueFrom: { secretKeyRef: { name, key: 'password' } } }];
      const forms: readonly JsonObject[] = [
        { volumes: [{ name: 'v', secret: { secretName: name } }] },
        { volumes: [{ name: 'v', projected: { sources: [{ secret: { name } }] } }] },
        { volumes: [{ name: 'v', csi: { driver: 'd', nodePublishSecretRef: { name } } }] },
        containers({ env }),
        containers({ envFrom: [{ secretRef: { name } }] }),
        { initContainers: [{ name: 'i', image: 'a:1', env }] },
        { imagePullSecrets: [{ name }] },
      ];
      for (const spec of forms) {
        const codes = codesOf(world.refusal({ user: dev, kind: Pod, object: pod(spec) }));
        assert.deepEqual(codes, ['CRED_NOT_GRANTED'], JSON.stringify(spec));
        world.refusal({ user: dev, kind: Deployment, object: template('Deployment', 'apps/v1', spec) });
      }
      // P02 the same forms pass for a pod that asks for the Credential and whose author may use it.
      for (const spec of forms) world.admit({ user: dev, kind: Pod, object: asking('warehouse', spec) });
      const ephemeral = pod({ ephemeralContainers: [{ name: 'e', image: 'a:1', env }] });
      world.refusal({
        user: dev,
        kind: Pod,
        object: ephemeral,
        old: pod(),
        subresource: 'ephemeralcontainers',
      });
    });

    it('D10 asks whether the author may use what a template names, and believes the controllers it leads to', () => {
      const world = withWarehouse();
      const wish = {
        labels: { 'polder.dev/inject': 'true' },
        annotations: { 'polder.dev/depots': 'warehouse' },
      };
      const deployment = template('Deployment', 'apps/v1', {}, wish);
      world.admit({ user: dev, kind: Deployment, object: deployment });
      world.addPolicy(NS, 'writer', {
        effect: 'Allow',
        subjects: [{ kind: 'User', name: 'wim' }],
        actions: ['deployments.apps:create', 'pods.core:create'],
      });
      const denied = world.refusal({ user: user('wim'), kind: Deployment, object: deployment });
      assert.deepEqual(codesOf(denied), ['CRED_NOT_GRANTED']);
      assert.match(denied.message ?? '', /Depot "warehouse" may not be used by wim/);
      const made = world.admit({
        user: kcm('replicaset-controller'),
        kind: Pod,
        object: asking('warehouse'),
      });
      assert.ok(Array.isArray(at(made, 'spec.volumes')));
    });

    it('P05 P08 an update is not refused for what was there before', () => {
      const world = createReviewWorld();
      const host = { hostNetwork: true, volumes: [{ name: 'v', hostPath: { path: '/x' } }] };
      const old = template('Deployment', 'apps/v1', host);
      const image = template('Deployment', 'apps/v1', {
        ...host,
        containers: [{ name: 'main', image: 'a:2' }],
      });
      world.admit({ user: dev, kind: Deployment, object: image, old });
      const better = template('Deployment', 'apps/v1', { hostNetwork: true });
      world.admit({ user: dev, kind: Deployment, object: better, old });
      const worse = template('Deployment', 'apps/v1', { ...host, hostPID: true });
      assert.deepEqual(codesOf(world.refusal({ user: dev, kind: Deployment, object: worse, old })), ['PSS']);
    });

    it('P16 takes the token and the root certificates that the ServiceAccount plugin adds', () => {
      const sources = [
        { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
        { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
        { downwardAPI: { items: [{ path: 'namespace', fieldRef: { fieldPath: 'metadata.namespace' } }] } },
      ];
      const spec = {
        serviceAccountName: 'default',
        serviceAccount: 'default',
        volumes: [{ name: 'kube-api-access-x', projected: { defaultMode: 420, sources } }],
      };
      createReviewWorld().admit({ user: dev, kind: Pod, object: pod(spec) });
      const audience = {
        volumes: [{ name: 't', projected: { sources: [{ serviceAccountToken: { audience: 'vault' } }] } }],
      };
      const status = createReviewWorld().refusal({ user: dev, kind: Pod, object: pod(audience) });
      assert.deepEqual(codesOf(status), ['SA_NOT_GRANTED']);
    });
  });

  describe('nodes', () => {
    const taint = (value: string): JsonObject => ({
      key: 'pool',
      operator: 'Equal',
      value,
      effect: 'NoSchedule',
    });
    const withPools = (isolation = 'NodePool'): ReviewWorld => {
      const world = createReviewWorld();
      world.put(Tenant, { metadata: { name: 'acme', uid: 'uid-acme' }, spec: { isolation } });
      for (const [name, owner] of [
        ['a', 'acme'],
        ['b', 'globex'],
      ] as const) {
        world.put(Compute, {
          metadata: { name: `pool-${name}` },
          spec: {
            purpose: 'runnable',
            tenants: [owner],
            nodePool: {
              nodeSelector: { 'example.com/pool': name, 'kubernetes.io/os': 'linux' },
              tolerations: [taint(name)],
            },
          },
        });
      }
      return world;
    };

    it('P18 a pod of a tenant with nodes of its own goes to its pool, once', () => {
      const world = withPools();
      const automatic = [
        {
          key: 'node.kubernetes.io/not-ready',
          operator: 'Exists',
          effect: 'NoExecute',
          tolerationSeconds: 300,
        },
        {
          key: 'node.kubernetes.io/unreachable',
          operator: 'Exists',
          effect: 'NoExecute',
          tolerationSeconds: 300,
        },
      ];
      const placed = world.admit({ user: dev, kind: Pod, object: pod({ tolerations: automatic }) });
      assert.deepEqual(at(placed, 'spec.nodeSelector'), {
        'example.com/pool': 'a',
        'kubernetes.io/os': 'linux',
      });
      assert.deepEqual(at(placed, 'spec.tolerations'), [...automatic, taint('a')]);
      assert.equal(world.ask('mutate', { user: dev, kind: Pod, object: placed }).patch, undefined);
      const free = withPools('Namespace').admit({ user: dev, kind: Pod, object: pod() });
      assert.equal(at(free, 'spec.nodeSelector'), undefined);
    });

    it('E62 E63 E65 refuses to reach for nodes of others', () => {
      const world = withPools('Namespace');
      const affinity = (operator: string, values?: readonly string[]): JsonObject => ({
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: {
              nodeSelectorTerms: [
                {
                  matchExpressions: [
                    { key: 'example.com/pool', operator, ...(values === undefined ? {} : { values }) },
                  ],
                },
              ],
            },
          },
        },
      });
      for (const spec of [
        { nodeSelector: { 'example.com/pool': 'b' } },
        affinity('In', ['a', 'b']),
        affinity('NotIn', ['a']),
        affinity('Exists'),
        { tolerations: [taint('b')] },
        { tolerations: [{ key: 'pool', operator: 'Exists' }] },
        { tolerations: [{ operator: 'Exists' }] },
        { nodeName: 'node-1' },
        { priorityClassName: 'system-node-critical' },
      ]) {
        const codes = codesOf(world.refusal({ user: dev, kind: Pod, object: pod(spec) }));
        assert.deepEqual(codes, ['POOL_NOT_GRANTED'], JSON.stringify(spec));
      }
      for (const spec of [
        { nodeSelector: { 'example.com/pool': 'a', 'kubernetes.io/os': 'linux' }, tolerations: [taint('a')] },
        affinity('In', ['a']),
        affinity('NotIn', ['b']),
      ]) {
        world.admit({ user: dev, kind: Pod, object: pod(spec) });
      }
    });
  });

  describe('roles', () => {
    const role = (rule: JsonObject): JsonObject => ({
      metadata: { name: 'r', namespace: NS },
      rules: [rule],
    });
    const binding = (subject: JsonObject): JsonObject => ({
      metadata: { name: 'b', namespace: NS },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'r' },
      subjects: [subject],
    });

    it('C43 refuses Roles with wildcards and rights that lead to more', () => {
      const world = createReviewWorld();
      const fine = { apiGroups: ['', 'apps'], resources: ['pods', 'deployments'], verbs: ['get', 'create'] };
      world.admit({ user: dev, kind: Role, object: role(fine) });
      for (const bad of [
        { ...fine, verbs: ['*'] },
        { ...fine, resources: ['*'] },
        { ...fine, apiGroups: ['*'] },
        { ...fine, verbs: ['impersonate'] },
        { ...fine, resources: ['serviceaccounts/token'] },
        { ...fine, resources: ['nodes/proxy'] },
        { ...fine, resources: ['rolebindings'], verbs: ['create'] },
      ]) {
        const codes = codesOf(world.refusal({ user: dev, kind: Role, object: role(bad) }));
        assert.deepEqual(codes, ['ESCALATION'], JSON.stringify(bad));
      }
    });

    it('C43 refuses bindings to everybody and to accounts of other tenants', () => {
      const world = createReviewWorld();
      world.admit({
        user: dev,
        kind: RoleBinding,
        object: binding({ kind: 'ServiceAccount', name: 'runner' }),
      });
      world.admit({
        user: dev,
        kind: RoleBinding,
        object: binding({ kind: 'Group', name: 'acme-developers' }),
      });
      for (const [name, code] of [
        ['system:authenticated', 'ESCALATION'],
        ['system:serviceaccounts', 'ESCALATION'],
        ['system:masters', 'ESCALATION'],
      ] as const) {
        const object = binding({ kind: 'Group', name });
        assert.deepEqual(codesOf(world.refusal({ user: dev, kind: RoleBinding, object })), [code]);
      }
      for (const namespace of ['tn-globex', 'kube-system', 'nowhere']) {
        const object = binding({ kind: 'ServiceAccount', name: 'runner', namespace });
        assert.deepEqual(codesOf(world.refusal({ user: dev, kind: RoleBinding, object })), [
          'CROSS_TENANT_REF',
        ]);
      }
    });
  });
});
