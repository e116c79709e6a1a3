import assert from 'node:assert/strict';
import type { Answer, Json } from '../../test/support/http-client.ts';
import { ADMIN } from '../../test/support/http-client.ts';
import { ANN, NOBODY, startPlane, type Plane } from '../../test/support/http.ts';

const AUTHORIZATION = '/apis/authorization.k8s.io/v1';
const review = (kind: string, spec: object, namespace?: string): object => ({
  apiVersion: 'authorization.k8s.io/v1',
  kind,
  ...(namespace === undefined ? {} : { metadata: { namespace } }),
  spec,
});
const listDepots = (namespace: string): object => ({
  verb: 'list',
  group: 'data.polder.dev',
  resource: 'depots',
  namespace,
});

describe('access reviews', () => {
  let plane: Plane;
  before(async () => {
    plane = await startPlane();
    await plane.addTenant('acme');
  });
  after(async () => {
    await plane.close();
  });
  const ask = async (plural: string, body: object, token: string): Promise<Answer> =>
    plane.call('POST', `${AUTHORIZATION}/${plural}`, { body, token });
  const self = async (spec: object, token: string): Promise<Json> => {
    const answer = await ask('selfsubjectaccessreviews', review('SelfSubjectAccessReview', spec), token);
    assert.equal(answer.status, 201, answer.text);
    return answer.json().status;
  };

  it('answer what a request would be answered, with the reason', async () => {
    assert.equal((await self({ resourceAttributes: listDepots('tn-acme') }, ANN)).allowed, true);
    const denied = await self({ resourceAttributes: listDepots('tn-acme') }, NOBODY);
    assert.deepEqual([denied.allowed, denied.denied], [false, true]);
    assert.match(denied.reason, /ask/);
    const path = { nonResourceAttributes: { verb: 'get', path: '/metrics' } };
    assert.deepEqual([(await self(path, ADMIN)).allowed, (await self(path, ANN)).allowed], [true, false]);
  });

  it('are refused when they ask nothing, or two things', async () => {
    for (const spec of [
      {},
      { resourceAttributes: listDepots('a'), nonResourceAttributes: { verb: 'get', path: '/' } },
    ]) {
      const answer = await ask('selfsubjectaccessreviews', review('SelfSubjectAccessReview', spec), ANN);
      assert.equal(answer.status, 422, answer.text);
    }
  });

  it('about others are for those who may ask them', async () => {
    const spec = { user: 'x', groups: ['acme-admins'], resourceAttributes: listDepots('tn-acme') };
    const body = review('SubjectAccessReview', spec);
    assert.equal((await ask('subjectaccessreviews', body, NOBODY)).status, 403);
    const answer = await ask('subjectaccessreviews', body, ADMIN);
    assert.equal(answer.json().status.allowed, true);
    const nobody = review('SubjectAccessReview', { resourceAttributes: listDepots('tn-acme') });
    assert.equal((await ask('subjectaccessreviews', nobody, ADMIN)).status, 422);
  });

  it('in one namespace ask about that namespace only', async () => {
    const spec = (namespace: string): object => ({ user: 'ann', resourceAttributes: listDepots(namespace) });
    const plural = 'namespaces/a/localsubjectaccessreviews';
    const good = await ask(plural, review('LocalSubjectAccessReview', spec('a'), 'a'), ADMIN);
    assert.deepEqual([good.status, good.json().status.allowed], [201, false]);
    const bad = await ask(plural, review('LocalSubjectAccessReview', spec('b'), 'a'), ADMIN);
    assert.equal(bad.status, 422);
  });

  it('list what the caller may do in a namespace', async () => {
    const body = review('SelfSubjectRulesReview', { namespace: 'tn-acme' });
    const { status } = (await ask('selfsubjectrulesreviews', body, ANN)).json();
    assert.equal(status.incomplete, false);
    assert.ok(status.resourceRules.some((rule: Json) => rule.apiGroups.includes('data.polder.dev')));
    const empty = await ask('selfsubjectrulesreviews', review('SelfSubjectRulesReview', {}), ANN);
    assert.ok(empty.status === 400 || empty.status === 422);
  });

  it('are created and never read', async () => {
    for (const method of ['GET', 'DELETE']) {
      const answer = await plane.call(method, `${AUTHORIZATION}/selfsubjectaccessreviews`);
      assert.equal(answer.status, 405);
    }
  });
});
