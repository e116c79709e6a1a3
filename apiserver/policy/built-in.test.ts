import assert from 'node:assert/strict';
import { at } from '../api/json.ts';
import { AccessRole } from '../kinds/access-role.ts';
import { ClusterAccessPolicy } from '../kinds/cluster-access-policy.ts';
import { KINDS } from '../kinds/index.ts';
import { NATIVE_KINDS } from '../kinds/native/index.ts';
import { createActionTable } from './actions.ts';
import { BUILT_IN_POLICIES, BUILT_IN_ROLES } from './built-in.ts';
import type { UserInfo } from '../api/identity.ts';
import {
  agent,
  ann,
  attributesOf,
  controllers,
  createWorld,
  dev,
  op,
  user,
} from '../../test/support/policy.ts';

const table = createActionTable([...KINDS, ...NATIVE_KINDS]);
const actionsOf = (name: string): readonly string[] =>
  at(
    BUILT_IN_ROLES.find((role) => at(role, 'metadata.name') === name),
    'spec.actions',
  ) as readonly string[];

describe('built-in roles and policies', () => {
  for (const role of BUILT_IN_ROLES) {
    it(`${String(at(role, 'metadata.name'))} consists of actions that exist, and fits its schema`, () => {
      const actions = at(role, 'spec.actions') as readonly string[];
      assert.deepEqual(
        actions.filter((action) => table.action(action) === undefined),
        [],
      );
      const { items, maxItems = 0 } = AccessRole.schema.properties?.['spec']?.properties?.['actions'] ?? {};
      assert.ok(actions.length <= maxItems);
      const pattern = new RegExp(items?.pattern ?? '^$');
      assert.deepEqual(
        actions.filter((action) => !pattern.test(action)),
        [],
      );
    });
  }

  it('binds roles that exist, in policies that are valid', () => {
    const roles = BUILT_IN_ROLES.map((role) => at(role, 'metadata.name'));
    for (const policy of BUILT_IN_POLICIES) {
      assert.ok(roles.includes(at(policy, 'spec.roleRef.name') as string));
      const complete = { ...policy, spec: { enforcement: 'Deny', ...(policy['spec'] as object) } };
      assert.deepEqual(ClusterAccessPolicy.check(complete, undefined), []);
    }
  });

  it('gives people no secrets of a plane, no status, and consumers no writes', () => {
    for (const role of ['tenant-admin', 'data-developer', 'data-consumer', 'auditor']) {
      const kinds = actionsOf(role).flatMap((action) => table.action(action)?.kinds ?? []);
      assert.equal(kinds.includes('core/secrets'), false, role);
      assert.deepEqual(
        kinds.filter((kind) => kind.endsWith('/status') || kind.endsWith('/*/*')),
        [],
        role,
      );
    }
    const writes = actionsOf('data-consumer').filter((action) =>
      /:(create|update|patch|delete)/.test(action),
    );
    assert.deepEqual(writes, ['accessreviews:create']);
  });

  it('lets components do their work in tenants and agents nothing with our kinds', () => {
    const { can } = createWorld();
    for (const verb of ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection']) {
      assert.equal(can(controllers, verb, 'planeworks', 'tn-acme', 'w'), true);
      assert.equal(can(controllers, verb, 'tenants', '', 'acme'), true);
      assert.equal(can(controllers, verb, 'namespaces', '', 'tn-acme'), true);
      assert.equal(can(agent, verb, 'networkpolicies', 'tn-acme', 'n'), true);
      assert.equal(can(agent, verb, 'namespaces', '', 'tn-acme'), true);
      assert.equal(can(agent, verb, 'credentials', 'tn-acme', 'c'), false);
    }
    assert.equal(can(controllers, 'patch', 'tenants/status', '', 'acme'), true);
  });

  it('lets everybody look up roles and stacks and use what is open on the platform', () => {
    const { can } = createWorld();
    const pat = user('pat');
    for (const [verb, resource] of [
      ['get', 'accessroles'],
      ['list', 'stacks'],
      ['use', 'stacks'],
      ['bind', 'accessroles'],
      ['place', 'dataplanes'],
    ]) {
      assert.equal(can(pat, verb ?? '', resource ?? ''), true, `${verb} ${resource}`);
    }
    for (const resource of ['dataplanes', 'computes', 'clusteraccesspolicies', 'tenants']) {
      assert.equal(can(pat, 'list', resource), false, resource);
    }
  });

  it('lists the rules of a caller in a namespace for a SelfSubjectRulesReview', () => {
    const world = createWorld();
    world.addPolicy('tn-acme', 'no-credentials', {
      effect: 'Deny',
      subjects: [{ kind: 'Group', name: 'acme-developers' }],
      actions: ['credentials:*'],
    });
    world.addPolicy('tn-acme', 'one', {
      effect: 'Allow',
      subjects: [{ kind: 'User', name: 'dev' }],
      actions: ['datapolicies:delete'],
      resources: [{ names: ['mine'] }],
    });

    const rules = world.engine.rules(dev, 'tn-acme');
    const find = (resource: string): unknown => rules.filter((rule) => rule.resources.includes(resource));

    assert.deepEqual(find('credentials'), []);
    assert.deepEqual(find('dataclusters'), [
      {
        apiGroups: ['data.polder.dev'],
        resources: ['dataclusters'],
        resourceNames: [],
        verbs: ['get', 'list', 'watch', 'create', 'update', 'patch', 'use'],
      },
    ]);
    assert.deepEqual(find('pods'), [
      { apiGroups: [''], resources: ['pods'], resourceNames: [], verbs: ['get', 'list', 'watch'] },
    ]);
    assert.ok(rules.some((rule) => rule.resourceNames.includes('mine') && rule.verbs.includes('delete')));
    assert.deepEqual(world.engine.rules(ann, 'tn-acme')[0], {
      apiGroups: ['data.polder.dev'],
      resources: ['*'],
      resourceNames: [],
      verbs: ['*'],
    });
    assert.equal(
      world.engine.rules(op, 'tn-acme').some((rule) => rule.resources.includes('credentials')),
      false,
    );
  });

  it('lists nothing of the platform that only a policy of the tenant speaks of', () => {
    const world = createWorld();
    world.addPolicy('tn-acme', 'tall', {
      effect: 'Allow',
      subjects: [{ kind: 'User', name: 'pat' }],
      actions: ['tenants:get', 'dataplanes:*', 'depots:get'],
    });

    const rules = world.engine
      .rules(user('pat'), 'tn-acme')
      .flatMap(({ resources, verbs }) => verbs.map((verb) => `${resources.join()}:${verb}`));

    assert.ok(rules.includes('depots:get'));
    assert.deepEqual(
      rules.filter((rule) => /^(tenants:|dataplanes:(get|\*))/.test(rule)),
      [],
    );
  });

  it('answers a review of a list over all namespaces as the list is answered', () => {
    const { engine } = createWorld();
    const may = (who: UserInfo, ...question: [verb: string, resource: string, namespace?: string]): boolean =>
      engine.review(who, attributesOf(...question)).allowed;

    for (const verb of ['list', 'watch']) {
      assert.equal(may(ann, verb, 'depots'), true);
      assert.equal(may(user('pat'), verb, 'depots'), false);
      assert.equal(may(ann, verb, 'secrets'), false);
    }
    assert.equal(may(ann, 'get', 'depots'), false);
    assert.equal(may(ann, 'deletecollection', 'depots'), false);
    // The default namespace of a kubeconfig says nothing about what stands above namespaces.
    assert.equal(may(ann, 'delete', 'tenants', 'tn-acme'), false);
    assert.equal(may(op, 'delete', 'tenants', 'tn-acme'), true);
  });
});
