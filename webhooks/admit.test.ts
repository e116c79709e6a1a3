import assert from 'node:assert/strict';
import { at } from '../apiserver/api/json.ts';
import { CronJob } from '../apiserver/kinds/native/cron-job.ts';
import { Deployment } from '../apiserver/kinds/native/deployment.ts';
import { Job } from '../apiserver/kinds/native/job.ts';
import { Namespace } from '../apiserver/kinds/native/namespace.ts';
import { Pod } from '../apiserver/kinds/native/pod.ts';
import { ResourceQuota } from '../apiserver/kinds/native/resource-quota.ts';
import { RoleBinding } from '../apiserver/kinds/native/role-binding.ts';
import { Secret } from '../apiserver/kinds/native/secret.ts';
import { kcm, NS, pod, template } from '../test/support/natives.ts';
import { controllers, dev, gil, op, root, user } from '../test/support/policy.ts';
import { codesOf, createReviewWorld } from '../test/support/reviews.ts';

describe('native kinds through the webhooks', () => {
  describe('a tenant whose objects take long to decide on', () => {
    /** Each look at the clock is half a second later. */
    const slow = (): (() => number) => {
      let now = 0;
      return () => (now += 500);
    };

    it('is told when to try again, while other tenants and what the cluster does go on', () => {
      const world = createReviewWorld(slow());
      const asked = { user: dev, kind: Pod, object: pod() };
      const answers = Array.from({ length: 10 }, () => world.ask('isolate', asked));
      const first = answers.findIndex((answer) => !answer.allowed);
      assert.ok(first > 0, JSON.stringify(answers));
      const { status } = answers[first] ?? {};
      assert.equal(status?.code, 429);
      assert.match(status.message ?? '', /BUDGET: .* try again in \d s, with smaller objects/);
      assert.ok((status.details?.retryAfterSeconds ?? 0) > 0);

      assert.equal(world.ask('advise', asked).allowed, true);
      assert.equal(world.ask('isolate', { ...asked, user: kcm('replicaset-controller') }).allowed, true);
      const theirs = world.ask('isolate', {
        ...asked,
        user: gil,
        object: pod({}, { namespace: 'tn-globex' }),
      });
      assert.notEqual(theirs.status?.code, 429);
    });
  });

  describe('X3 natives in tenant namespaces are governed', () => {
    it('X3 refuses a RoleBinding to cluster-admin and says which roles can be bound', () => {
      const object = {
        metadata: { name: 'mine', namespace: NS },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
        subjects: [{ kind: 'User', name: 'dev' }],
      };
      const status = createReviewWorld().refusal({ user: dev, kind: RoleBinding, object });
      assert.equal(status.code, 403);
      assert.deepEqual(codesOf(status), ['ESCALATION']);
      assert.equal(status.details?.causes?.[0]?.field, 'roleRef.name');
      assert.match(
        status.message ?? '',
        /"cluster-admin" may not be bound [^"]*; bind "view", or a Role of your own/,
      );
    });

    it('X3 refuses a hostPath pod, in a Pod and in every template', () => {
      const world = createReviewWorld();
      const spec = { volumes: [{ name: 'v', hostPath: { path: '/etc' } }] };
      assert.deepEqual(codesOf(world.refusal({ user: dev, kind: Pod, object: pod(spec) })), ['PSS']);
      const deployment = template('Deployment', 'apps/v1', spec);
      const status = world.refusal({ user: dev, kind: Deployment, object: deployment });
      assert.equal(status.details?.causes?.[0]?.field, 'spec.template.spec.volumes[0].hostPath');
      const job = template('Job', 'batch/v1', spec);
      assert.deepEqual(codesOf(world.refusal({ user: dev, kind: Job, object: job })), ['PSS']);
      const cron = {
        ...job,
        kind: 'CronJob',
        spec: { schedule: '* * * * *', jobTemplate: { spec: job['spec'] ?? {} } },
      };
      const answer = world.refusal({ user: dev, kind: CronJob, object: cron });
      assert.equal(
        answer.details?.causes?.[0]?.field,
        'spec.jobTemplate.spec.template.spec.volumes[0].hostPath',
      );
    });

    it('X3 refuses a Secret named like ours, whatever it holds', () => {
      const object = { metadata: { name: 'polder-credential-x', namespace: NS }, data: {} };
      assert.deepEqual(codesOf(createReviewWorld().refusal({ user: dev, kind: Secret, object })), [
        'RESERVED_METADATA',
      ]);
      const generated = { metadata: { generateName: 'polder-', namespace: NS }, data: {} };
      assert.deepEqual(codesOf(createReviewWorld().refusal({ user: dev, kind: Secret, object: generated })), [
        'RESERVED_METADATA',
      ]);
    });

    it('X3 refuses an edit of our labels, on objects and on the namespace', () => {
      const world = createReviewWorld();
      const mine = world.admit({ user: dev, kind: Pod, object: pod() });
      assert.equal(at(mine, 'metadata.labels') !== undefined, true);
      const moved = pod({}, { labels: { 'polder.dev/tenant-uid': 'uid-globex' } });
      assert.deepEqual(codesOf(world.refusal({ user: dev, kind: Pod, object: moved, old: mine })), [
        'TENANT_IMMUTABLE',
      ]);
      const old = {
        metadata: { name: NS, labels: { 'polder.dev/tenant': 'acme', 'polder.dev/tenant-uid': 'uid-acme' } },
      };
      const freed = { metadata: { name: NS, labels: {} } };
      for (const subresource of ['', 'status', 'finalize']) {
        const status = world.refusal({ user: root, kind: Namespace, object: freed, old, subresource });
        assert.ok(codesOf(status).includes('TENANT_IMMUTABLE'), subresource);
      }
      const adopted = { metadata: { name: 'payments', labels: { 'polder.dev/tenant': 'acme' } } };
      const before = { metadata: { name: 'payments', labels: {} } };
      const status = world.refusal({ user: op, kind: Namespace, object: adopted, old: before });
      assert.ok(codesOf(status).includes('TENANT_IMMUTABLE'));
    });

    it('lets controllers of ours and programs of the cluster do their work', () => {
      const world = createReviewWorld();
      const quota = { metadata: { name: 'polder-tenant', namespace: NS }, spec: { hard: { pods: '1' } } };
      world.admit({ user: controllers, kind: ResourceQuota, object: quota });
      world.admit({ user: kcm('resourcequota-controller'), kind: ResourceQuota, object: quota, old: quota });
      assert.deepEqual(
        codesOf(world.refusal({ user: dev, kind: ResourceQuota, object: quota, old: quota })),
        ['READ_ONLY'],
      );
      const gone = { user: dev, kind: ResourceQuota, old: quota, operation: 'DELETE' } as const;
      assert.deepEqual(codesOf(world.refusal(gone)), ['READ_ONLY']);
      world.admit({ ...gone, user: kcm('namespace-controller') });
    });
  });

  describe('who may write', () => {
    it('refuses whom no policy allows, in a sentence with who, what, where and how to get it', () => {
      const status = createReviewWorld().refusal({ user: gil, kind: Pod, object: pod() });
      assert.equal(status.code, 403);
      assert.match(
        status.message ?? '',
        /^pods "p" is forbidden: User "gil" cannot create resource "pods" in API group "" in the namespace "tn-acme": no AccessPolicy .* the action "pods:create", ask an operator$/,
      );
    });

    it('decides deletes too, because nobody asked the engine before', () => {
      const world = createReviewWorld();
      const old = pod();
      assert.equal(world.ask('isolate', { user: gil, kind: Pod, old, operation: 'DELETE' }).allowed, false);
      assert.equal(world.ask('isolate', { user: dev, kind: Pod, old, operation: 'DELETE' }).allowed, true);
    });

    it('lets an account of the tenant do what RBAC let in, and nobody from elsewhere', () => {
      const world = createReviewWorld();
      const account = (namespace: string): ReturnType<typeof user> =>
        user(`system:serviceaccount:${namespace}:runner`);
      world.admit({ user: account(NS), kind: Pod, object: pod() });
      world.refusal({ user: account('tn-globex'), kind: Pod, object: pod() });
      world.refusal({ user: account('default'), kind: Pod, object: pod() });
      world.addPolicy(NS, 'no-runner', {
        effect: 'Deny',
        subjects: [{ kind: 'ServiceAccount', namespace: NS, name: 'runner' }],
        actions: ['pods.core:create'],
      });
      world.refusal({ user: account(NS), kind: Pod, object: pod() });
    });

    it('decides exec and port-forward by verbs of their own', () => {
      const world = createReviewWorld();
      const exec = {
        user: dev,
        kind: Pod,
        operation: 'CONNECT',
        subresource: 'exec',
        namespace: NS,
        name: 'p',
      } as const;
      const answer = world.ask('connect', exec);
      assert.equal(answer.allowed, false);
      assert.deepEqual(codesOf(answer.status ?? assert.fail()), ['CONNECT_DENIED']);
      world.addPolicy(NS, 'shells', {
        effect: 'Allow',
        subjects: [{ kind: 'User', name: 'dev' }],
        actions: ['pods.core:exec'],
      });
      assert.equal(world.ask('connect', exec).allowed, true);
      assert.equal(world.ask('connect', { ...exec, subresource: 'portforward' }).allowed, false);
    });

    it('refuses everything until policies are known, and says so', () => {
      const world = createReviewWorld();
      world.loading = 'policies are loading';
      const answer = world.ask('isolate', { user: controllers, kind: Pod, object: pod() });
      assert.equal(answer.status?.code, 503);
      assert.match(answer.status.message ?? '', /^NOT_READY: policies are loading/);
      assert.equal(world.ask('mutate', { user: dev, kind: Pod, object: pod() }).allowed, false);
      assert.equal(world.ask('advise', { user: dev, kind: Pod, object: pod() }).allowed, true);
    });

    it('X6 lets nobody in by policies that may have changed, and the cluster go on with what it has decided', () => {
      const world = createReviewWorld();
      world.outdated = 'accesspolicies cannot be followed';
      const asked = { kind: Pod, object: pod() };
      assert.equal(world.ask('isolate', { ...asked, user: dev }).status?.code, 503);
      assert.equal(world.ask('isolate', { ...asked, user: kcm('replicaset-controller') }).allowed, true);
    });
  });

  it('P36 tells by a webhook of its own what a policy on trial would refuse, and lets it pass', () => {
    const world = createReviewWorld();
    world.addPolicy(NS, 'no-pods', {
      effect: 'Deny',
      enforcement: 'Warn',
      subjects: [{ kind: 'User', name: 'dev' }],
      actions: ['pods.core:create'],
    });
    const asked = { user: dev, kind: Pod, object: pod() };
    const advice = world.ask('advise', asked);
    assert.equal(advice.allowed, true);
    assert.match(
      advice.warnings?.[0] ?? '',
      /AccessPolicy tn-acme\/no-pods is going to deny this: create pods "p"/,
    );
    assert.equal(advice.auditAnnotations['access.warn'], 'AccessPolicy tn-acme/no-pods');
    const decision = world.ask('isolate', asked);
    assert.deepEqual([decision.allowed, decision.warnings], [true, undefined]);
  });

  it('says in audit annotations what was decided for whom and how long it took', () => {
    const answer = createReviewWorld().ask('isolate', {
      user: dev,
      kind: Pod,
      object: pod({ hostPID: true }),
    });
    const { duration = '', tenant, engine, ...others } = answer.auditAnnotations;
    assert.match(duration, /^\d+\.\d{3}ms$/);
    assert.deepEqual({ tenant, engine }, { tenant: 'acme', engine: 'casbin' });
    assert.equal(others['admission.codes'], 'PSS');
    assert.match(others['decision-id'] ?? '', /^[0-9a-f-]{36}$/);
  });
});
