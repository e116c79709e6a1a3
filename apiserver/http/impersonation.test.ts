import assert from 'node:assert/strict';
import { ADMIN, type CallOptions, type Json } from '../../test/support/http-client.ts';
import { ANN, startPlane, type Plane } from '../../test/support/http.ts';

const WHOAMI = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
const REVIEW = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };

describe('impersonation', () => {
  let plane: Plane;
  before(async () => {
    plane = await startPlane();
  });
  after(async () => {
    await plane.close();
  });

  const whoami = async (
    headers: CallOptions['headers'],
    token = ADMIN,
  ): Promise<{ status: number; body: Json }> => {
    const answer = await plane.call('POST', WHOAMI, { body: REVIEW, token, ...(headers && { headers }) });
    return { status: answer.status, body: answer.json() };
  };

  it('C19 acts as somebody else with the right to, and audit names both', async () => {
    const { body } = await whoami({
      'Impersonate-User': 'bob',
      'Impersonate-Group': ['dev', 'a, b'],
      'Impersonate-Uid': 'u9',
      'Impersonate-Extra-Acme.com%2Fproject': ['p1', 'p2'],
    });

    assert.deepEqual(body.status.userInfo, {
      username: 'bob',
      uid: 'u9',
      groups: ['dev', 'a, b', 'system:authenticated'],
      extra: { 'acme.com/project': ['p1', 'p2'] },
    });
    const record = plane.audit().at(-1) as Json;
    assert.equal(record.user.username, 'root');
    assert.equal(record.impersonatedUser.username, 'bob');
  });

  it('C19 answers 403 without the right, never as the caller', async () => {
    for (const headers of [
      { 'Impersonate-User': 'root' },
      { 'Impersonate-User': 'ann', 'Impersonate-Group': 'system:masters' },
    ]) {
      const { status, body } = await whoami(headers, ANN);
      assert.equal(status, 403);
      assert.match(body.message, /User "ann" cannot impersonate resource "users" in API group ""/);
    }
  });

  it('knows service accounts by their name and adds their groups', async () => {
    const { body } = await whoami({ 'Impersonate-User': 'system:serviceaccount:team:runner' });

    assert.deepEqual(body.status.userInfo.groups, [
      'system:serviceaccounts',
      'system:serviceaccounts:team',
      'system:authenticated',
    ]);
  });

  it('never acts as a component of Polder, whoever asks', async () => {
    const { status, body } = await whoami({
      'Impersonate-User': 'system:serviceaccount:polder-system:controllers',
    });
    assert.deepEqual([status, body.reason], [403, 'Forbidden']);
  });

  it('reads names as UTF-8', async () => {
    const latin1 = Buffer.from('zoë', 'utf8').toString('latin1');
    const { body } = await whoami({ 'Impersonate-User': latin1 });
    assert.equal(body.status.userInfo.username, 'zoë');
  });

  it('refuses what cannot be honoured', async () => {
    for (const headers of [
      { 'Impersonate-Group': 'dev' },
      { 'Impersonate-User': ['a', 'b'] },
      { 'Impersonate-User': 'a', 'Impersonate-Unheard': 'x' },
      { 'Impersonate-User': 'a', 'Impersonate-Extra-__proto__': 'x' },
    ]) {
      assert.equal((await whoami(headers)).status, 400, JSON.stringify(headers));
    }
  });

  it('C8 C9 pays no attention to headers of a front proxy', async () => {
    const headers = { 'X-Remote-User': 'root', 'X-Remote-Group': 'a, system:masters' };
    assert.equal((await whoami(headers, '')).status, 401);
    const { body } = await whoami(headers, ANN);
    assert.equal(body.status.userInfo.username, 'ann');
    assert.ok(!body.status.userInfo.groups.includes('system:masters'));
  });
});
