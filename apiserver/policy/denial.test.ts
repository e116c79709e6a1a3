/** The texts people read when access is refused, word for word. */
import assert from 'node:assert/strict';
import { AccessRole } from '../kinds/access-role.ts';
import { question } from './denial.ts';
import { ann, attributesOf, createWorld, dev, group, op, user } from '../../test/support/policy.ts';

describe('denials', () => {
  const world = createWorld();
  world.addPolicy('tn-acme', 'lockdown', {
    effect: 'Deny',
    subjects: [{ kind: 'Group', name: '*' }],
    actions: ['credentials:delete'],
  });
  world.addPolicy('tn-acme', 'narrow', {
    effect: 'Allow',
    subjects: [group('readers')],
    actions: ['depots:get'],
    resources: [{ names: ['team-*'] }],
  });
  world.addClusterPolicy('no-promote', {
    effect: 'Deny',
    subjects: [{ kind: 'Group', name: '*' }],
    actions: ['dataproducts:promote'],
  });

  const GOLDEN: readonly (readonly [string, () => { readonly reason: string }, string])[] = [
    [
      'a namespace the caller has nothing to do with',
      () => world.decide(dev, 'list', 'depots', 'tn-globex'),
      'no AccessPolicy allows it, ask an administrator of the namespace for the action "depots:list"',
    ],
    [
      'a platform kind',
      () => world.decide(ann, 'create', 'tenants'),
      'no policy allows it, ask an operator for the action "tenants:create"',
    ],
    [
      'an operator inside a tenant',
      () => world.decide(op, 'get', 'depots', 'tn-acme', 'pg'),
      'no AccessPolicy allows it, ask an administrator of the namespace for the action "depots:get"',
    ],
    [
      'a native kind of a named group',
      () => world.decide(user('pat'), 'list', 'deployments.apps', 'tn-globex'),
      'no AccessPolicy allows it, ask an administrator of the namespace for the action "deployments.apps:list"',
    ],
    [
      'what administrators of tenants do not hold either, so that asking them leads nowhere',
      () => world.decide(user('pat'), 'create', 'deployments.apps', 'tn-globex'),
      'no AccessPolicy can allow it: the AccessRole "tenant-admin" lacks the action "deployments.apps:create", ask an operator',
    ],
    [
      'a Secret, to the administrator who would be asked for it',
      () => world.decide(ann, 'get', 'secrets', 'tn-acme', 's'),
      'no AccessPolicy can allow it: the AccessRole "tenant-admin" lacks the action "secrets:get", ask an operator; ' +
        'the value of a Credential is used through a Depot, it is never read',
    ],
    [
      'a subresource',
      () => world.decide(ann, 'create', 'pods/exec', 'tn-globex', 'p'),
      'no AccessPolicy can allow it: the AccessRole "tenant-admin" lacks the action "pods/exec:create", ask an operator',
    ],
    [
      'a member who lacks one verb',
      () => world.decide(dev, 'delete', 'dataclusters', 'tn-acme', 'c1'),
      'no AccessPolicy allows it, ask an administrator of the namespace for the action "dataclusters:delete"\n' +
        'Allowed here: dataclusters:get, dataclusters:list, dataclusters:watch.',
    ],
    [
      'a member whose grant is about other names',
      () => world.decide(user('rae', 'readers'), 'get', 'depots', 'tn-acme', 'pg'),
      'no AccessPolicy allows it, ask an administrator of the namespace for the action "depots:get"\n' +
        'Allowed here: depots:get on objects named team-*.',
    ],
    [
      'a refusal of the own tenant',
      () => world.decide(dev, 'delete', 'credentials', 'tn-acme', 'key'),
      'denied by AccessPolicy tn-acme/lockdown, which overrides every grant; ask who maintains that policy',
    ],
    [
      'a refusal of a tenant the caller has nothing to do with',
      () => world.decide(user('pat'), 'delete', 'credentials', 'tn-acme', 'key'),
      'no AccessPolicy allows it, ask an administrator of the namespace for the action "credentials:delete"',
    ],
    [
      'a refusal of the platform',
      () => world.decide(ann, 'create', 'dataproducts/promote', 'tn-acme', 'p'),
      'denied by ClusterAccessPolicy no-promote, which overrides every grant; ask who maintains that policy',
    ],
    [
      'a path',
      () => world.engine.authorize(user('pat'), { is: 'path', verb: 'get', path: '/metrics' }),
      'no policy allows it, ask an operator for the action "get /metrics"',
    ],
  ];
  for (const [title, decide, expected] of GOLDEN) {
    it(`explains ${title}`, () => {
      assert.equal(decide().reason, expected);
    });
  }

  it('follows the role of administrators when operators change it', () => {
    const changed = createWorld();
    const before = changed.decide(ann, 'get', 'secrets', 'tn-globex', 's').reason;
    changed.put(AccessRole, {
      metadata: { name: 'tenant-admin' },
      spec: { actions: ['*:*', 'secrets.core:get'] },
    });

    assert.match(before, /can allow it: .* ask an operator/);
    assert.match(changed.decide(ann, 'get', 'secrets', 'tn-globex', 's').reason, /ask an administrator of/);
  });

  it('keeps the first line short and on one line, whatever the caller typed', () => {
    const hostile = `a\u001b[31m\n\u2028${'x'.repeat(1000)}`;
    const attributes = { ...attributesOf('get', 'depots', hostile, hostile), verb: hostile };

    const sentence = question(hostile, attributes);

    // eslint-disable-next-line no-control-regex -- that is what must not be there
    assert.doesNotMatch(sentence, /[\u0000-\u001f\u2028]/);
    assert.ok(sentence.length < 1200);
    assert.equal(world.engine.authorize(dev, attributes).reason.includes('\u001b'), false);
  });

  it('begins the way kubectl users know', () => {
    assert.equal(
      question('ann', attributesOf('list', 'depots', 'tn-globex')),
      'User "ann" cannot list resource "depots" in API group "data.polder.dev" in the namespace "tn-globex"',
    );
  });
});
