import assert from 'node:assert/strict';
import type { JsonObject } from '../apiserver/api/json.ts';
import { DaemonSet } from '../apiserver/kinds/native/daemon-set.ts';
import { Deployment } from '../apiserver/kinds/native/deployment.ts';
import { Pod } from '../apiserver/kinds/native/pod.ts';
import { ReplicaSet } from '../apiserver/kinds/native/replica-set.ts';
import { ReplicationController } from '../apiserver/kinds/native/replication-controller.ts';
import { ResourceQuota } from '../apiserver/kinds/native/resource-quota.ts';
import { Service } from '../apiserver/kinds/native/service.ts';
import { StatefulSet } from '../apiserver/kinds/native/stateful-set.ts';
import { Tenant } from '../apiserver/kinds/tenant.ts';
import { kcm, NS, pod, template } from '../test/support/natives.ts';
import { dev, gil, user } from '../test/support/policy.ts';
import { codesOf, createReviewWorld, type Asked } from '../test/support/reviews.ts';
import { Binding, ControllerRevision, PodTemplate } from './host-kinds.ts';

const of = (apiVersion: string, kind: string, name: string, more: JsonObject = {}): JsonObject => ({
  apiVersion,
  kind,
  metadata: { name, namespace: NS },
  ...more,
});
const scale = (replicas: number): JsonObject => of('autoscaling/v1', 'Scale', 'w', { spec: { replicas } });
const eviction = of('policy/v1', 'Eviction', 'p');
const binding = of('v1', 'Binding', 'p', { target: { kind: 'Node', name: 'n' } });
const scheduler = user('system:kube-scheduler');
const node = user('system:node:a', 'system:nodes');

describe('writes through subresources, through the webhooks', () => {
  describe('scale', () => {
    for (const kind of [Deployment, ReplicaSet, StatefulSet, ReplicationController]) {
      const asked = { kind, subresource: 'scale', object: scale(3), old: scale(1) } as const;

      it(`X3 of a ${kind.kind} is decided as an update of it`, () => {
        const world = createReviewWorld();
        const status = world.refusal({ ...asked, user: gil });
        assert.deepEqual(codesOf(status), ['NOT_GRANTED']);
        assert.match(status.message ?? '', new RegExp(`cannot update resource "${kind.plural}/scale"`));
        world.admit({ ...asked, user: dev });
        world.admit({ ...asked, user: kcm('horizontal-pod-autoscaler') });
      });
    }

    it('X3 is refused where a policy denies updates, and in a suspended tenant', () => {
      const world = createReviewWorld();
      const asked = { user: dev, kind: Deployment, subresource: 'scale', object: scale(3), old: scale(1) };
      world.stored.set(`${Tenant.group}/${Tenant.plural}//acme`, {
        metadata: { name: 'acme', uid: 'uid-acme' },
        spec: { suspended: true },
      });
      assert.deepEqual(codesOf(world.refusal(asked)), ['TENANT_SUSPENDED']);
      world.stored.delete(`${Tenant.group}/${Tenant.plural}//acme`);
      world.admit(asked);
      world.addPolicy(NS, 'frozen', {
        effect: 'Deny',
        subjects: [{ kind: 'User', name: 'dev' }],
        actions: ['deployments.apps:update', 'deployments.apps:patch'],
      });
      assert.deepEqual(codesOf(world.refusal(asked)), ['NOT_GRANTED']);
    });
  });

  describe('pods', () => {
    const evict: Omit<Asked, 'user'> = {
      kind: Pod,
      subresource: 'eviction',
      operation: 'CREATE',
      object: eviction,
    };

    it('X3 an eviction is decided as a delete', () => {
      const world = createReviewWorld();
      const status = world.refusal({ ...evict, user: gil });
      assert.deepEqual(codesOf(status), ['NOT_GRANTED']);
      assert.match(status.message ?? '', /cannot delete resource "pods"/);
      world.admit({ ...evict, user: dev });
      world.admit({ ...evict, user: kcm('node-controller') });
      world.addPolicy(NS, 'keep', {
        effect: 'Deny',
        subjects: [{ kind: 'User', name: 'dev' }],
        actions: ['pods.core:delete'],
      });
      world.refusal({ ...evict, user: dev });
    });

    it('X3 only the scheduler binds them, by either endpoint', () => {
      const world = createReviewWorld();
      for (const where of [{ kind: Pod, subresource: 'binding' }, { kind: Binding }]) {
        const asked = { ...where, operation: 'CREATE', object: binding } as const;
        for (const who of [dev, gil, user(`system:serviceaccount:${NS}:runner`)]) {
          assert.ok(codesOf(world.refusal({ ...asked, user: who })).includes('READ_ONLY'), who.name);
        }
        world.admit({ ...asked, user: scheduler });
      }
    });

    it('X3 a resize is decided as an update, with the rules about pods', () => {
      const world = createReviewWorld();
      const old = pod();
      const asked = { kind: Pod, subresource: 'resize', old, object: pod() };
      assert.deepEqual(codesOf(world.refusal({ ...asked, user: gil })), ['NOT_GRANTED']);
      world.admit({ ...asked, user: dev });
      const open = world.refusal({ ...asked, user: dev, object: pod({ hostNetwork: true }) });
      assert.deepEqual(codesOf(open), ['PSS']);
    });
  });

  describe('status', () => {
    const labelled = (object: JsonObject, labels: JsonObject): JsonObject => ({
      ...object,
      metadata: { ...(object['metadata'] as JsonObject), labels },
    });
    const own = { 'polder.dev/tenant-uid': 'uid-acme' };
    const others = { 'polder.dev/tenant-uid': 'uid-globex' };
    const ingress = user('system:serviceaccount:ingress-system:controller');

    it('X3 does not change labels of ours', () => {
      const world = createReviewWorld();
      const deployment = template('Deployment', 'apps/v1', {});
      for (const [kind, object] of [
        [Pod, pod()],
        [Service, of('v1', 'Service', 's')],
        [Deployment, deployment],
        [DaemonSet, template('DaemonSet', 'apps/v1', {})],
      ] as const) {
        for (const labels of [others, {}]) {
          for (const who of [dev, gil, ingress]) {
            const asked = { user: who, kind, subresource: 'status', old: labelled(object, own) };
            const status = world.refusal({ ...asked, object: labelled(object, labels) });
            assert.ok(codesOf(status).includes('TENANT_IMMUTABLE'), `${kind.kind} ${who.name}`);
          }
        }
      }
    });

    it('X3 of what Polder keeps is written by the cluster only', () => {
      const world = createReviewWorld();
      const object = of('v1', 'ResourceQuota', 'polder-tenant', { status: { used: { pods: '0' } } });
      const asked = { kind: ResourceQuota, subresource: 'status', object, old: object };
      assert.ok(codesOf(world.refusal({ ...asked, user: dev })).includes('READ_ONLY'));
      world.admit({ ...asked, user: kcm('resourcequota-controller') });
      world.admit({ ...asked, user: user('system:apiserver') });
    });

    it('is written by the cluster, by controllers that no tenant has and by whom a policy lets', () => {
      const world = createReviewWorld();
      const object = labelled(pod(), own);
      const asked = { kind: Pod, subresource: 'status', object, old: object };
      for (const who of [node, kcm('replicaset-controller'), ingress]) world.admit({ ...asked, user: who });
      const strangers = [dev, gil, user('system:serviceaccount:tn-globex:runner')];
      for (const who of strangers) {
        assert.deepEqual(codesOf(world.refusal({ ...asked, user: who })), ['NOT_GRANTED'], who.name);
      }
      world.addPolicy(NS, 'reporters', {
        effect: 'Allow',
        subjects: [{ kind: 'User', name: 'dev' }],
        actions: ['pods.core/status:update'],
      });
      world.admit({ ...asked, user: dev });
    });
  });

  describe('what controllers of the cluster make pods from', () => {
    it('X3 is not written by people or accounts of tenants, in any way', () => {
      const world = createReviewWorld();
      for (const kind of [ControllerRevision, PodTemplate]) {
        const object = of('', kind.kind, 'w-1');
        const ways: readonly Omit<Asked, 'user'>[] = [
          { kind, object },
          { kind, object, old: object },
          { kind, old: object, operation: 'DELETE' },
        ];
        for (const asked of ways) {
          for (const who of [dev, gil, user(`system:serviceaccount:${NS}:runner`)]) {
            const status = world.refusal({ ...asked, user: who });
            assert.ok(codesOf(status).includes('READ_ONLY'), who.name);
          }
          assert.equal(world.ask('isolate', { ...asked, user: kcm('statefulset-controller') }).allowed, true);
        }
      }
    });
  });
});
