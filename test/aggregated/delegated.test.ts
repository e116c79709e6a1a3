/** Checks A of the API contract inside a cluster: what the host lets callers do, and how often it is asked. */
import assert from 'node:assert/strict';
import { expectCode, expectStatus, type Api } from '../contract/support/api.ts';
import { DATA, PLATFORM, TENANTS, dataPolicy, policiesIn } from '../contract/support/server.ts';
import type { Json } from '../support/http.ts';
import { until } from '../support/until.ts';
import { bearer, startInspected, type Inspected } from './support/inspected.ts';

describe('aggregated A: delegated decisions', function () {
  this.timeout(120_000);
  let on: Inspected;
  before(async () => {
    on = await startInspected();
  });
  after(() => on.close());

  it('C16 asks about a token once in ten seconds, be it good or bad', async () => {
    const reviewed = (token: string): number => on.reviews('tokenreviews', (spec) => spec?.token === token);
    const good = bearer('kim');
    const burst = await Promise.all(
      Array.from({ length: 5 }, () => on.nobody.call('GET', PLATFORM, { headers: good })),
    );
    for (const answer of burst) expectCode(answer, 200);
    expectCode(await on.nobody.call('GET', PLATFORM, { headers: good }), 200);
    const bad = { authorization: 'Bearer nobody-has-this' };
    for (let i = 0; i < 3; i += 1) {
      expectStatus(await on.nobody.call('GET', PLATFORM, { headers: bad }), 401, 'Unauthorized');
    }
    await until('both reviews are in the log', () => reviewed('nobody-has-this') > 0);
    assert.equal(reviewed('kim-token-of-the-host'), 1);
    assert.equal(reviewed('nobody-has-this'), 1);
  });

  it('C17 refuses with the sentence of Kubernetes, asks once in ten seconds, and notices a revocation', async () => {
    const sentence =
      'tenants.platform.polder.dev is forbidden: User "jane" cannot list resource "tenants" in API group ' +
      '"platform.polder.dev" at the cluster scope';
    const { stderr } = await on.cluster.kubectl(['get', 'tenants', '--as', 'jane']);
    assert.equal(stderr.trim(), `Error from server (Forbidden): ${sentence}`);
    const list = (): ReturnType<Api['call']> => on.nobody.call('GET', TENANTS, { headers: bearer('jane') });
    assert.equal(expectStatus(await list(), 403, 'Forbidden').message, sentence);

    await on.root.create(`${PLATFORM}/clusteraccesspolicies`, {
      apiVersion: 'platform.polder.dev/v1alpha1',
      kind: 'ClusterAccessPolicy',
      metadata: { name: 'jane-looks' },
      spec: { effect: 'Allow', subjects: [{ kind: 'User', name: 'jane' }], roleRef: { name: 'auditor' } },
    });
    await on.cluster.ok([
      'create',
      'clusterrole',
      'tenant-reader',
      '--verb=list',
      '--resource=tenants.platform.polder.dev',
    ]);
    await on.cluster.ok([
      'create',
      'clusterrolebinding',
      'jane',
      '--clusterrole=tenant-reader',
      '--user=jane',
    ]);
    await until('the grant takes effect', async () => (await list()).status === 200, 15_000);
    const asked = (): number =>
      on.reviews(
        'subjectaccessreviews',
        (spec) => spec?.user === 'jane' && spec.resourceAttributes?.verb === 'list',
      );
    await until('the reviews are in the log', () => asked() > 0);
    const before = asked();
    for (let i = 0; i < 20; i += 1) expectCode(await list(), 200);
    assert.ok(asked() - before <= 1, 'answers are kept');

    await on.cluster.ok(['delete', 'clusterrolebinding', 'jane']);
    await until('the revocation takes effect', async () => (await list()).status === 403, 15_000);
  });

  it('C18 lets a list of one name through that RBAC allows for this name only', async () => {
    const path = policiesIn('tn-a');
    for (const name of ['x', 'y']) await on.root.create(path, dataPolicy(name));
    await on.root.create(`${DATA}/namespaces/tn-a/accesspolicies`, {
      apiVersion: 'data.polder.dev/v1alpha1',
      kind: 'AccessPolicy',
      metadata: { name: 'bo-looks' },
      spec: { effect: 'Allow', subjects: [{ kind: 'User', name: 'bo' }], roleRef: { name: 'auditor' } },
    });
    // Nobody but Polder makes roles in the namespace of a tenant.
    const role = ['--verb=get,list,watch', '--resource=datapolicies.data.polder.dev', '--resource-name=x'];
    await on.cluster.ok(['create', 'clusterrole', 'one', ...role]);
    await on.cluster.ok(['create', 'clusterrolebinding', 'bo', '--clusterrole=one', '--user=bo']);
    const get = ['get', 'datapolicies', '-n', 'tn-a', '--as', 'bo', '-o', 'name'];
    const one = ['--field-selector', 'metadata.name=x'];
    assert.equal(await on.cluster.ok([...get, ...one]), 'datapolicy.data.polder.dev/x');
    assert.match((await on.cluster.kubectl(get)).stderr, /User "bo" cannot list/);

    const headers = bearer('bo');
    const named = await on.nobody.call('GET', `${path}?fieldSelector=metadata.name%3Dx`, { headers });
    assert.deepEqual(
      expectCode(named, 200).body.items.map((item: Json) => item.metadata.name),
      ['x'],
    );
    expectStatus(await on.nobody.call('GET', path, { headers }), 403, 'Forbidden');
    const { requestObject } = await on.hostAudit.find(
      'the review of the narrowed list',
      (record) =>
        record.requestObject?.spec?.user === 'bo' &&
        record.requestObject.spec.resourceAttributes?.fieldSelector !== undefined,
    );
    assert.deepEqual(requestObject.spec.resourceAttributes.fieldSelector, {
      requirements: [{ key: 'metadata.name', operator: 'In', values: ['x'] }],
    });
  });

  it('C19 impersonates on direct calls who the host allows, else refuses, never as the caller', async () => {
    const admin = { authorization: `Bearer ${on.cluster.adminToken}` };
    const call = (headers: Record<string, string>): ReturnType<Api['call']> =>
      on.nobody.call('GET', TENANTS, { headers });
    expectCode(await call(admin), 200);
    const acting = expectStatus(await call({ ...admin, 'Impersonate-User': 'bob' }), 403, 'Forbidden');
    assert.match(acting.message, /User "bob" cannot list/);
    expectCode(
      await call({ ...admin, 'Impersonate-User': 'bob', 'Impersonate-Group': 'system:masters' }),
      200,
    );
    const refused = expectStatus(
      await call({ ...bearer('kim'), 'Impersonate-User': 'bob' }),
      403,
      'Forbidden',
    );
    assert.match(refused.message, /User "kim" cannot impersonate resource "users" in API group ""/);
    const component = {
      ...admin,
      'Impersonate-User': 'system:serviceaccount:polder-system:polder-controllers',
    };
    expectStatus(await call(component), 403, 'Forbidden');

    await on.cluster.ok([
      'create',
      'clusterrole',
      'as-bob',
      '--verb=impersonate',
      '--resource=users',
      '--resource-name=bob',
    ]);
    await on.cluster.ok(['create', 'clusterrolebinding', 'kim', '--clusterrole=as-bob', '--user=kim']);
    const asBob = { ...bearer('kim'), 'Impersonate-User': 'bob' };
    await until(
      'the right to act as bob takes effect',
      async () => /User "bob" cannot list/.test((await call(asBob)).body.message),
      15_000,
    );
    const more = expectStatus(
      await call({ ...asBob, 'Impersonate-Group': 'system:masters' }),
      403,
      'Forbidden',
    );
    assert.match(more.message, /User "kim" cannot impersonate resource "groups"/);
  });
});
