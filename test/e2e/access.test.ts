/** What kubectl says about access: reviews that agree with what requests are answered, and refusals that help. */
import assert from 'node:assert/strict';
import { startPolder, type Polder } from '../support/polder.ts';

describe('access through kubectl', function () {
  this.timeout(120_000);
  let polder: Polder;
  let ann = '';
  let pat = '';
  before(async () => {
    polder = await startPolder();
    ann = await polder.user('ann', 'acme-admins');
    pat = await polder.user('pat');
    await polder.ok(['apply', '-f', 'manifests/samples/quickstart/']);
  });
  after(() => polder.remove());

  it('auth can-i list -A says what the list over all namespaces is answered', async () => {
    for (const [as, resource, may] of [
      [ann, 'depots', true],
      [ann, 'secrets', false],
      [pat, 'depots', false],
    ] as const) {
      const review = await polder.kubectl(['auth', 'can-i', 'list', resource, '-A'], { as });
      const list = await polder.kubectl(['get', resource, '-A'], { as });

      assert.match(review.stdout, may ? /^yes\n/ : /^no - /, `${as} ${resource} ${review.stderr}`);
      assert.equal(list.code, may ? 0 : 1, list.stderr);
    }
  });

  it('auth can-i --list shows an administrator of a tenant no rights on the platform', async () => {
    const rules = await polder.ok(['auth', 'can-i', '--list', '-n', 'tn-acme'], { as: ann });

    assert.match(rules, /^\*\.data\.polder\.dev .* \[\*\]$/m);
    assert.doesNotMatch(rules, /^\*\.platform\.polder\.dev/m);
  });

  it('sends whoever wants a Secret to somebody who can help', async () => {
    const { code, stderr } = await polder.kubectl(['get', 'secrets', '-n', 'tn-acme'], { as: ann });

    assert.equal(code, 1);
    assert.match(stderr, /the AccessRole "tenant-admin" lacks the action "secrets:list", ask an operator/);
  });

  it('lets an administrator of a tenant bind the built-in role auditor', async () => {
    const policy = {
      apiVersion: 'data.polder.dev/v1alpha1',
      kind: 'AccessPolicy',
      metadata: { name: 'audit', namespace: 'tn-acme' },
      spec: { effect: 'Allow', subjects: [{ kind: 'User', name: 'pat' }], roleRef: { name: 'auditor' } },
    };
    await polder.ok(['create', '-f', '-'], { as: ann, input: JSON.stringify(policy) });

    assert.match(await polder.ok(['get', 'depots', '-A'], { as: pat }), /tn-acme +warehouse/);
  });
});
