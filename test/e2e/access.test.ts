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

  it('tells who the caller is in the version of every kubectl', async () => {
    assert.match(await polder.ok(['auth', 'whoami'], { as: ann }), /^Username +ann$/m);
    for (const version of ['v1', 'v1beta1']) {
      const apiVersion = `authentication.k8s.io/${version}`;
      const path = `/apis/${apiVersion}/selfsubjectreviews`;
      const input = JSON.stringify({ apiVersion, kind: 'SelfSubjectReview' });

      const answer = await polder.ok(['create', '--raw', path, '-f', '-'], { as: ann, input });

      const { status, ...rest } = JSON.parse(answer) as { status: { userInfo: { username: string } } };
      assert.equal(status.userInfo.username, 'ann');
      assert.partialDeepStrictEqual(rest, { apiVersion, kind: 'SelfSubjectReview' });
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

  it('does not disturb the watches of a tenant when another tenant changes its policies', async () => {
    const depots = '/apis/data.polder.dev/v1alpha1/depots';
    const revision = async (): Promise<string> => {
      const list = JSON.parse(await polder.ok(['get', '--raw', depots], { as: ann })) as {
        readonly metadata: { readonly resourceVersion: string };
      };
      return list.metadata.resourceVersion;
    };
    /** Types of what a watch sees that comes back after `from`. */
    const resumed = async (path: string, from: string): Promise<readonly string[]> => {
      const raw = `${path}?watch=1&timeoutSeconds=1&resourceVersion=${from}`;
      const lines = (await polder.ok(['get', '--raw', raw], { as: ann }))
        .split('\n')
        .filter((line) => line !== '');
      return lines.map((line) => (JSON.parse(line) as { readonly type: string }).type);
    };
    const policy = (namespace: string, name: string): string =>
      JSON.stringify({
        apiVersion: 'data.polder.dev/v1alpha1',
        kind: 'AccessPolicy',
        metadata: { name: 'more', namespace },
        spec: { effect: 'Allow', subjects: [{ kind: 'User', name }], actions: ['depots:*'] },
      });
    const inAcme = '/apis/data.polder.dev/v1alpha1/namespaces/tn-acme/depots';

    const before = await revision();
    await polder.ok(['create', '-f', '-'], { input: policy('tn-globex', 'pat') });
    await polder.ok(['annotate', 'depot', 'warehouse', '-n', 'tn-acme', 'example.com/touched=1'], {
      as: ann,
    });
    assert.deepEqual(await resumed(depots, before), ['MODIFIED']);
    assert.deepEqual(await resumed(inAcme, before), ['MODIFIED']);

    await polder.ok(['replace', '-f', '-'], { input: policy('tn-globex', 'ann') });
    assert.deepEqual(await resumed(depots, before), ['ERROR'], 'a new grant to the watcher');
    assert.deepEqual(await resumed(inAcme, before), ['MODIFIED'], 'which does not reach here');
  });
});
