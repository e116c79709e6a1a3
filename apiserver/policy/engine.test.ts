import assert from 'node:assert/strict';
import { AccessPolicy } from '../kinds/access-policy.ts';
import { Namespace } from '../kinds/native/namespace.ts';
import { Tenant } from '../kinds/tenant.ts';
import {
  agent,
  ann,
  attributesOf,
  controllers,
  createWorld,
  dev,
  gil,
  group,
  op,
  person,
  root,
  user,
} from '../../test/support/policy.ts';

describe('access engine', () => {
  it('D1 lets operators create tenants and nobody else', () => {
    const { can } = createWorld();

    assert.equal(can(op, 'create', 'tenants'), true);
    assert.equal(can(ann, 'create', 'tenants'), false);
    assert.equal(can(ann, 'get', 'tenants', '', 'acme'), false);
  });

  it('D2 stops operators at the tenant border', () => {
    const { can } = createWorld();

    for (const kind of ['depots', 'credentials', 'dataclusters', 'accesspolicies', 'secrets', 'configmaps']) {
      assert.equal(can(op, 'list', kind, 'tn-acme'), false, kind);
      assert.equal(can(op, 'create', kind, 'tn-acme'), false, kind);
    }
    assert.equal(can(op, 'list', 'tenants'), true);
    assert.equal(can(op, 'list', 'dataplanes'), true);
    assert.equal(can(op, 'get', 'namespaces', '', 'tn-acme'), true);
    for (const verb of ['update', 'patch', 'delete']) {
      assert.equal(can(op, verb, 'namespaces', '', 'tn-acme'), false);
      assert.equal(can(op, verb, 'namespaces', '', 'plain'), true);
    }
    assert.equal(can(op, 'create', 'configmaps', 'default'), true);
  });

  it('D2 admits break-glass identities only while the tenant states a reason, and names it', () => {
    const world = createWorld();
    const breaker = user('breaker', 'polder:break-glass');
    const annotate = (annotations: Record<string, string>): void =>
      world.put(Tenant, { metadata: { name: 'acme', uid: 'uid-acme', annotations }, spec: {} });

    assert.equal(world.can(root, 'list', 'depots', 'tn-acme'), false);
    assert.equal(world.can(root, 'create', 'tenants'), true);
    assert.equal(world.can(root, 'delete', 'namespaces', '', 'tn-acme'), true);
    annotate({ 'polder.dev/break-glass-reason': '  ' });
    assert.equal(world.can(breaker, 'list', 'depots', 'tn-acme'), false);
    annotate({ 'polder.dev/break-glass-reason': 'INC-7' });
    const decision = world.decide(breaker, 'list', 'depots', 'tn-acme');
    assert.equal(decision.allowed, true);
    assert.deepEqual(decision.policies, ['break-glass: INC-7']);
    assert.equal(world.can(root, 'list', 'depots', 'tn-acme'), true);
    assert.equal(world.can(breaker, 'list', 'depots', 'tn-globex'), false);
    assert.equal(world.can(op, 'list', 'depots', 'tn-acme'), false);
    annotate({});
    assert.equal(world.can(breaker, 'list', 'depots', 'tn-acme'), false);
  });

  it('D3 takes a grant into effect at once, in its own tenant only', () => {
    const world = createWorld();
    const pat = user('pat');
    assert.equal(world.can(pat, 'create', 'depots', 'tn-acme'), false);

    world.addPolicy('tn-acme', 'pat', {
      effect: 'Allow',
      subjects: [person('pat')],
      roleRef: { name: 'data-developer' },
    });

    assert.equal(world.can(pat, 'create', 'depots', 'tn-acme'), true);
    assert.equal(world.can(pat, 'create', 'depots', 'tn-globex'), false);
  });

  it('D4 answers the same for a foreign tenant and one that does not exist', () => {
    const { decide } = createWorld();

    const foreign = decide(dev, 'get', 'depots', 'tn-globex', 'pg');
    const nowhere = decide(dev, 'get', 'depots', 'tn-nothere', 'pg');

    assert.equal(foreign.allowed, false);
    assert.equal(foreign.reason.replaceAll('globex', 'nothere'), nowhere.reason);
    assert.deepEqual(foreign.policies, nowhere.policies);
  });

  it('D7 confines a policy that allows everybody everything to its tenant', () => {
    const world = createWorld();

    world.addPolicy('tn-acme', 'open', {
      effect: 'Allow',
      subjects: [
        { kind: 'User', name: '*' },
        { kind: 'Group', name: '*' },
      ],
      actions: ['*'],
    });

    assert.equal(world.can(gil, 'list', 'depots', 'tn-acme'), true);
    assert.equal(world.can(dev, 'list', 'depots', 'tn-globex'), false);
    assert.equal(world.can(dev, 'list', 'tenants'), false);
    assert.equal(world.can(dev, 'create', 'dataplanes'), false);
    assert.equal(world.can(dev, 'get', 'secrets', 'default', 'x'), false);
  });

  it('ignores an AccessPolicy outside the home namespace of a tenant', () => {
    const world = createWorld();
    const everything = { effect: 'Allow', subjects: [person('eve')], actions: ['*'] };
    world.addPolicy('default', 'eve', everything);
    const labels = { 'polder.dev/tenant': 'acme', 'polder.dev/tenant-uid': 'uid-acme' };
    world.put(Namespace, { metadata: { name: 'tenant-c1', labels } });
    world.addPolicy('tenant-c1', 'eve', everything);

    assert.equal(world.can(user('eve'), 'list', 'depots', 'tn-acme'), false);
    assert.equal(world.can(user('eve'), 'list', 'dataplanes'), false);
  });

  it('decides in the namespaces of a plane by the tenant they belong to', () => {
    const world = createWorld();
    const labels = { 'polder.dev/tenant': 'acme', 'polder.dev/tenant-uid': 'uid-acme' };
    world.put(Namespace, { metadata: { name: 'tenant-c1', labels } });

    assert.equal(world.can(ann, 'list', 'configmaps', 'tenant-c1'), true);
    assert.equal(world.can(ann, 'create', 'configmaps', 'tenant-c1'), false);
    assert.equal(world.can(ann, 'get', 'secrets', 'tenant-c1', 'x'), false);
    assert.equal(world.can(op, 'list', 'configmaps', 'tenant-c1'), false);
    assert.equal(world.can(agent, 'create', 'secrets', 'tenant-c1'), true);
  });

  it('B40 gives a re-created tenant of the same name nothing of the old one', () => {
    const world = createWorld();
    world.remove(Tenant, '', 'acme');
    assert.equal(world.can(ann, 'list', 'depots', 'tn-acme'), false);
    assert.equal(world.can(op, 'list', 'configmaps', 'tn-acme'), false);

    world.put(Tenant, { metadata: { name: 'acme', uid: 'uid-2' }, spec: {} });

    assert.equal(world.can(ann, 'list', 'depots', 'tn-acme'), false);
    assert.equal(world.can(controllers, 'delete', 'depots', 'tn-acme', 'x'), true);
  });

  it('O13 lets a deny on one group beat an allow on another, and names the policy', () => {
    const world = createWorld();
    const both = user('bo', 'a', 'b');
    world.addPolicy('tn-acme', 'allow-a', {
      effect: 'Allow',
      subjects: [group('a')],
      actions: ['depots:get'],
    });
    assert.equal(world.can(both, 'get', 'depots', 'tn-acme', 'pg'), true);

    world.addPolicy('tn-acme', 'deny-b', { effect: 'Deny', subjects: [group('b')], actions: ['depots:*'] });

    const decision = world.decide(both, 'get', 'depots', 'tn-acme', 'pg');
    assert.equal(decision.allowed, false);
    assert.deepEqual(decision.policies, ['AccessPolicy tn-acme/deny-b']);
    assert.match(decision.reason, /denied by AccessPolicy tn-acme\/deny-b/);
  });

  it('keeps tenants from locking out our components and break-glass', () => {
    const world = createWorld();
    world.addPolicy('tn-acme', 'lock', {
      effect: 'Deny',
      subjects: [{ kind: 'User', name: '*' }, { kind: 'Group', name: '*' }, group('system:masters')],
      actions: ['*'],
    });
    assert.equal(world.can(ann, 'get', 'depots', 'tn-acme', 'pg'), false);
    assert.equal(world.can(controllers, 'delete', 'accesspolicies', 'tn-acme', 'lock'), true);

    const annotations = { 'polder.dev/break-glass-reason': 'locked out' };
    world.put(Tenant, { metadata: { name: 'acme', uid: 'uid-acme', annotations }, spec: {} });

    assert.equal(world.can(root, 'delete', 'accesspolicies', 'tn-acme', 'lock'), true);
  });

  it('holds the platform’s refusals inside every tenant, whatever the tenant grants', () => {
    const world = createWorld();
    world.addClusterPolicy('no-rotate', {
      effect: 'Deny',
      subjects: [{ kind: 'Group', name: '*' }],
      actions: ['credentials:rotate'],
    });

    const decision = world.decide(ann, 'create', 'credentials/rotate', 'tn-acme', 'pg');

    assert.equal(decision.allowed, false);
    assert.deepEqual(decision.policies, ['ClusterAccessPolicy no-rotate']);
    assert.equal(world.can(ann, 'get', 'credentials', 'tn-acme', 'pg'), true);
  });

  it('gives a cluster grant to an ordinary subject no reach into tenants', () => {
    const world = createWorld();

    world.addClusterPolicy('wide', {
      effect: 'Allow',
      subjects: [person('wil')],
      actions: ['*', 'configmaps:*'],
    });

    assert.equal(world.can(user('wil'), 'list', 'tenants'), true);
    assert.equal(world.can(user('wil'), 'list', 'configmaps', 'default'), true);
    assert.equal(world.can(user('wil'), 'list', 'configmaps', 'tn-acme'), false);
    assert.equal(world.can(user('wil'), 'list', 'depots', 'tn-acme'), false);
  });

  it('X6 forgets a grant the moment its policy is gone', () => {
    const world = createWorld();
    assert.equal(world.can(dev, 'create', 'depots', 'tn-acme'), true);

    world.remove(AccessPolicy, 'tn-acme', 'developers');

    assert.equal(world.can(dev, 'create', 'depots', 'tn-acme'), false);
  });

  it('ends a policy when its time is over, by the clock alone', () => {
    const world = createWorld();
    world.addPolicy('tn-acme', 'temporary', {
      effect: 'Allow',
      subjects: [person('pat')],
      actions: ['depots:get'],
      expiresAt: new Date(world.clock.now() + 60_000).toISOString(),
    });
    assert.equal(world.can(user('pat'), 'get', 'depots', 'tn-acme', 'pg'), true);

    world.clock.advance(60_000);

    assert.equal(world.can(user('pat'), 'get', 'depots', 'tn-acme', 'pg'), false);
  });

  it('answers health, version and discovery to anybody, metrics to operators', () => {
    const { engine } = createWorld();
    const anonymous = { name: 'system:anonymous', groups: ['system:unauthenticated'], extra: {} };
    const get = (who: typeof anonymous, path: string): boolean =>
      engine.authorize(who, { is: 'path', verb: 'get', path }).allowed;

    const open = ['/healthz', '/livez', '/readyz', '/readyz/ping', '/version'];
    const discovery = ['/api', '/apis', '/apis/apps/v1', '/openapi/v2', '/openapi/v3'];
    for (const path of [...open, ...discovery]) {
      assert.equal(get(anonymous, path), true, path);
      assert.equal(get(user('pat') as typeof anonymous, path), true, path);
    }
    assert.equal(get(anonymous, '/metrics'), false);
    assert.equal(get(user('pat') as typeof anonymous, '/metrics'), false);
    assert.equal(get(op as typeof anonymous, '/metrics'), true);
    assert.equal(get(op as typeof anonymous, '/debug'), false);
    assert.equal(get(anonymous, '/healthzz'), false);
  });

  it('lets everybody with an identity ask about themselves and nobody without', () => {
    const { can } = createWorld();
    const anonymous = { name: 'system:anonymous', groups: ['system:unauthenticated'], extra: {} };
    const self = 'selfsubjectaccessreviews.authorization.k8s.io';

    assert.equal(can(user('pat'), 'create', self), true);
    assert.equal(can(anonymous, 'create', self), false);
    assert.equal(can(user('pat'), 'create', 'subjectaccessreviews.authorization.k8s.io'), false);
    assert.equal(can(op, 'create', 'subjectaccessreviews.authorization.k8s.io'), true);
  });

  it('X5 leaves the status of objects to our components', () => {
    const { can } = createWorld();

    assert.equal(can(ann, 'get', 'depots/status', 'tn-acme', 'pg'), true);
    assert.equal(can(ann, 'update', 'depots/status', 'tn-acme', 'pg'), false);
    assert.equal(can(ann, 'patch', 'depots/status', 'tn-acme', 'pg'), false);
    assert.equal(can(controllers, 'patch', 'depots/status', 'tn-acme', 'pg'), true);
  });

  it('narrows a policy to names and labels of objects', () => {
    const world = createWorld();
    world.addPolicy('tn-acme', 'narrow', {
      effect: 'Allow',
      subjects: [person('pat')],
      actions: ['dataclusters:*', 'accesspolicies:*'],
      resources: [
        { kinds: ['dataclusters'], names: ['team-*', 'solo'] },
        { selector: { matchLabels: { team: 'x' } } },
      ],
    });
    const pat = user('pat');
    const kind = attributesOf('get', 'dataclusters').resource;

    assert.equal(world.can(pat, 'get', kind, 'tn-acme', 'team-1'), true);
    assert.equal(world.can(pat, 'get', kind, 'tn-acme', 'solo'), true);
    assert.equal(world.can(pat, 'get', kind, 'tn-acme', 'solos'), false);
    assert.equal(world.can(pat, 'deletecollection', kind, 'tn-acme'), false);
    assert.equal(world.can(pat, 'get', 'accesspolicies', 'tn-acme', 'developers'), false);
    world.put(AccessPolicy, {
      metadata: { namespace: 'tn-acme', name: 'developers', labels: { team: 'x' } },
      spec: {},
    });
    assert.equal(world.can(pat, 'get', 'accesspolicies', 'tn-acme', 'developers'), true);
  });

  it('refuses deletecollection and asks again about create when a deny is about particular objects', () => {
    const world = createWorld();
    world.addPolicy('tn-acme', 'protect', {
      effect: 'Deny',
      subjects: [group('acme-admins')],
      actions: ['dataclusters:*'],
      resources: [{ names: ['prod*'] }],
    });

    assert.equal(world.can(ann, 'deletecollection', 'dataclusters', 'tn-acme'), false);
    assert.equal(world.can(ann, 'create', 'dataclusters', 'tn-acme'), true);
    assert.equal(world.can(ann, 'create', 'dataclusters', 'tn-acme', 'prod-1'), false);
    assert.equal(world.can(ann, 'create', 'dataclusters', 'tn-acme', 'test-1'), true);
  });

  it('shares with a tenant by name only what its policy says, and not with a later tenant of that name', () => {
    const world = createWorld();
    world.addPolicy('tn-globex', 'share', {
      effect: 'Allow',
      subjects: [{ kind: 'Tenant', name: 'acme' }],
      actions: ['dataclusters:use'],
      resources: [{ names: ['pg'] }],
    });
    const shared = (name: string): boolean =>
      world.engine.shared('tn-acme', 'tn-globex', attributesOf('use', 'dataclusters', 'tn-globex', name))
        .allowed;
    assert.equal(shared('pg'), true);
    assert.equal(shared('other'), false);
    assert.equal(world.can(ann, 'use', 'dataclusters', 'tn-globex', 'pg'), false);

    world.clock.advance(1000);
    world.remove(Tenant, '', 'acme');
    world.addTenant('acme', 'uid-2');

    assert.equal(shared('pg'), false);
  });
});
