import assert from 'node:assert/strict';
import type { JsonObject } from '../../api/json.ts';
import { AccessPolicy } from '../../kinds/access-policy.ts';
import { AccessRole } from '../../kinds/access-role.ts';
import { ClusterAccessPolicy } from '../../kinds/cluster-access-policy.ts';
import { MAX_TENANT_RULES } from './policy-validity.ts';
import { createAdmissionWorld, type AdmissionWorld } from '../../../test/support/admission.ts';
import { ann, group, op, person, root, user } from '../../../test/support/policy.ts';

const policy = (spec: JsonObject, namespace = 'tn-acme'): JsonObject => ({
  metadata: { namespace, name: 'p' },
  spec,
});

describe('admission of access rules', () => {
  let world: AdmissionWorld;
  beforeEach(() => {
    world = createAdmissionWorld();
  });

  const allow = (actions: readonly string[], more: JsonObject = {}): JsonObject =>
    policy({ effect: 'Allow', subjects: [person('pat')], actions: [...actions], ...more });

  it('D3 lets an administrator hand out a role she holds, and nothing she lacks', async () => {
    const role = policy({
      effect: 'Allow',
      subjects: [person('dev')],
      roleRef: { name: 'data-developer' },
    });
    await world.admit({ user: ann, kind: AccessPolicy, object: role });

    const refusal = await world.refusal({
      user: ann,
      kind: AccessPolicy,
      object: allow(['secrets.core:get']),
    });

    assert.equal(refusal.code, 403);
    assert.equal(refusal.details?.causes?.[0]?.reason, 'ESCALATION');
    assert.match(refusal.message, /cannot grant what ann does not hold here: secrets:get; ask an operator/);
  });

  for (const name of ['tenant-admin', 'data-developer', 'data-consumer', 'auditor']) {
    it(`D3 lets an administrator hand out the built-in role ${name}`, async () => {
      const object = policy({ effect: 'Allow', subjects: [person('dev')], roleRef: { name } });

      await world.admit({ user: ann, kind: AccessPolicy, object });
    });
  }

  it('D3 refuses a path in a policy of the platform that its author does not hold', async () => {
    world.addClusterPolicy('half', {
      effect: 'Allow',
      subjects: [person('hal')],
      actions: ['clusteraccesspolicies:create'],
    });
    const object = {
      metadata: { name: 'p' },
      spec: { effect: 'Allow', subjects: [person('pat')], actions: ['metrics:get'] },
    };

    const refusal = await world.refusal({ user: user('hal'), kind: ClusterAccessPolicy, object });

    assert.match(refusal.message, /metrics:get; ask somebody who holds it/);
  });

  it('D3 compares wildcards, names and conditions with what the author holds', async () => {
    world.addPolicy('tn-acme', 'narrow', {
      effect: 'Allow',
      subjects: [person('nia')],
      actions: ['depots:get', 'accesspolicies:create'],
      resources: [{ kinds: ['depots'], names: ['team-*'] }, { kinds: ['accesspolicies'] }],
    });
    world.addPolicy('tn-acme', 'conditional', {
      effect: 'Allow',
      subjects: [person('nia')],
      actions: ['credentials:get'],
      condition: { eq: { attribute: 'spec.type', value: 'token' } },
    });
    const nia = user('nia');
    const named = (names: readonly string[]): JsonObject =>
      allow(['depots:get'], { resources: [{ names: [...names] }] });

    await world.admit({ user: nia, kind: AccessPolicy, object: named(['team-a', 'team-b*']) });
    for (const object of [
      named(['*']),
      named(['tea*']),
      allow(['depots:*']),
      allow(['*:get']),
      allow(['credentials:get']),
    ]) {
      const refusal = await world.refusal({ user: nia, kind: AccessPolicy, object });
      assert.equal(refusal.details?.causes?.[0]?.reason, 'ESCALATION', JSON.stringify(object));
    }
    await world.admit({
      user: nia,
      kind: AccessPolicy,
      object: allow(['credentials:get'], { condition: { eq: { attribute: 'spec.type', value: 'token' } } }),
    });
  });

  it('D3 does not let an action that was refused to the author be granted', async () => {
    world.addPolicy('tn-acme', 'deny', {
      effect: 'Deny',
      subjects: [group('acme-admins')],
      actions: ['credentials:*'],
    });

    assert.equal(
      (await world.refusal({ user: ann, kind: AccessPolicy, object: allow(['credentials:get']) })).code,
      403,
    );
    await world.admit({ user: ann, kind: AccessPolicy, object: allow(['depots:get']) });
  });

  it('C45 keeps operators from granting tenants’ actions and from making themselves components', async () => {
    const cap = (spec: JsonObject): JsonObject => ({ metadata: { name: 'cap' }, spec });
    const self = cap({
      effect: 'Allow',
      subjects: [person('op')],
      roleRef: { name: 'polder-controllers' },
    });
    const component = cap({
      effect: 'Allow',
      subjects: [{ kind: 'ServiceAccount', namespace: 'polder-system', name: 'mine' }],
      actions: ['tenants:get'],
    });
    const agents = cap({ effect: 'Allow', subjects: [group('polder:agents')], actions: ['tenants:get'] });

    for (const object of [self, component, agents]) {
      const refusal = await world.refusal({ user: op, kind: ClusterAccessPolicy, object });
      assert.equal(refusal.details?.causes?.[0]?.reason, 'ESCALATION');
    }
    await world.admit({ user: root, kind: ClusterAccessPolicy, object: component });
    await world.admit({
      user: op,
      kind: ClusterAccessPolicy,
      object: cap({ effect: 'Allow', subjects: [person('pat')], actions: ['dataplanes:get'] }),
    });
  });

  it('refuses words that mean nothing, each on its path', async () => {
    const object = allow(['depots:get', 'depot:get', 'depots:frobnicate']);

    const refusal = await world.refusal({ user: ann, kind: AccessPolicy, object });

    assert.equal(refusal.code, 422);
    const fields = refusal.details?.causes?.map((cause) => cause.field);
    assert.deepEqual(fields, ['spec.actions[1]', 'spec.actions[2]']);
    const kinds = allow(['depots:get'], { resources: [{ kinds: ['Depot'] }] });
    assert.equal((await world.refusal({ user: ann, kind: AccessPolicy, object: kinds })).code, 422);
    const role = { metadata: { name: 'r' }, spec: { actions: ['nothing:get'] } };
    assert.equal((await world.refusal({ user: op, kind: AccessRole, object: role })).code, 422);
  });

  it('refuses a policy that covers nothing, a missing role, and anonymous subjects', async () => {
    const nothing = allow(['depots:get'], { resources: [{ kinds: ['credentials'] }] });
    const role = policy({ effect: 'Allow', subjects: [person('pat')], roleRef: { name: 'no-such-role' } });
    const anonymous = policy({
      effect: 'Allow',
      subjects: [group('system:unauthenticated')],
      actions: ['depots:get'],
    });

    for (const object of [nothing, role, anonymous]) {
      assert.equal((await world.refusal({ user: ann, kind: AccessPolicy, object })).code, 422);
    }
  });

  it('accepts a policy only when its own expectations hold', async () => {
    const expecting = (expect: string): JsonObject =>
      allow(['depots:get'], {
        tests: [{ name: 'pat-reads', user: 'pat', groups: [], action: 'depots:get', object: 'pg', expect }],
      });

    const refusal = await world.refusal({ user: ann, kind: AccessPolicy, object: expecting('Deny') });

    assert.equal(refusal.code, 422);
    assert.equal(refusal.details?.causes?.[0]?.field, 'spec.tests[0].expect');
    assert.match(refusal.message, /expectation "pat-reads": with this policy the decision is Allow: /);
    await world.admit({ user: ann, kind: AccessPolicy, object: expecting('Allow') });
  });

  it('refuses more rules than a tenant may have', async () => {
    const names = Array.from({ length: MAX_TENANT_RULES + 1 }, (_, index) => `n${index}`);
    const object = allow(['depots:get'], { resources: [{ names }] });

    const refusal = await world.refusal({ user: ann, kind: AccessPolicy, object });

    assert.equal(refusal.code, 422);
    assert.match(refusal.message, new RegExp(`may have ${MAX_TENANT_RULES}`));
  });
});
