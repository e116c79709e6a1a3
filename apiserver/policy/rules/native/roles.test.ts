import assert from 'node:assert/strict';
import type { JsonObject } from '../../../api/json.ts';
import { Role } from '../../../kinds/native/role.ts';
import { NS } from '../../../../test/support/natives.ts';
import { dev } from '../../../../test/support/policy.ts';
import { codesOf, createReviewWorld } from '../../../../test/support/reviews.ts';

const role = (...rules: readonly JsonObject[]): JsonObject => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'Role',
  metadata: { name: 'r', namespace: NS },
  rules,
});
const rule = (resources: readonly string[], ...verbs: readonly string[]): JsonObject => ({
  apiGroups: ['', 'rbac.authorization.k8s.io'],
  resources,
  verbs: verbs.length === 0 ? ['create'] : verbs,
});

describe('admission of Roles', () => {
  it('C43 refuses every form of resource that reaches what leads to more, in any position, and names it', () => {
    const world = createReviewWorld();
    for (const resource of [
      'serviceaccounts/token',
      '*/token',
      'nodes',
      'nodes/proxy',
      '*/proxy',
      'roles',
      'rolebindings',
      '*',
      '*/*',
    ]) {
      const object = role(rule(['pods']), rule(['pods', resource]));
      const status = world.refusal({ user: dev, kind: Role, object });
      assert.deepEqual(codesOf(status), ['ESCALATION'], resource);
      assert.equal(status.details?.causes?.[0]?.field, 'rules[1].resources[1]');
    }
  });

  it('C43 a subresource that nothing protected has may be given on everything', () => {
    const world = createReviewWorld();
    // RBAC reads names as they are written, and `pods/*` as the name of a subresource.
    for (const resource of [
      '*/scale',
      '*/status',
      'serviceaccounts',
      'pods/*',
      'ServiceAccounts/Token',
      '*/',
    ])
      world.admit({ user: dev, kind: Role, object: role(rule([resource])) });
  });

  it('C43 lets who may do what be read, and by no wildcard', () => {
    const world = createReviewWorld();
    const reads = ['get', 'list', 'watch'];
    world.admit({ user: dev, kind: Role, object: role(rule(['roles', 'rolebindings'], ...reads)) });
    for (const verbs of [['*'], [...reads, 'patch'], ['bind'], ['escalate']])
      world.refusal({ user: dev, kind: Role, object: role(rule(['roles'], ...verbs)) });
    world.refusal({ user: dev, kind: Role, object: role(rule(['*/token'], 'get')) });
  });

  it('P05 an update may keep what was there, and not do more with it', () => {
    const world = createReviewWorld();
    const old = role(rule(['*/token'], 'get'));
    world.admit({ user: dev, kind: Role, object: role(rule(['*/token'], 'get'), rule(['pods'])), old });
    world.refusal({ user: dev, kind: Role, object: role(rule(['*/token'], 'create')), old });
  });
});
