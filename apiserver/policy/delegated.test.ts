import assert from 'node:assert/strict';
import { ApiError } from '../api/errors.ts';
import type { Attributes, Decision, UserInfo } from '../api/identity.ts';
import { createFakeClock, type FakeClock } from '../runtime/clock.ts';
import { createDelegatedAuthorizer } from './delegated.ts';
import type { AccessGate } from './policy.ts';

const user = (name: string, groups: readonly string[] = [], extra: UserInfo['extra'] = {}): UserInfo => ({
  name,
  groups,
  extra,
});
const list = (changes: object = {}): Attributes => ({
  is: 'resource',
  verb: 'list',
  group: 'platform.polder.dev',
  version: 'v1alpha1',
  resource: 'tenants',
  subresource: '',
  namespace: '',
  name: '',
  ...changes,
});

describe('delegated authorisation', () => {
  let clock: FakeClock;
  let asked: { readonly user: UserInfo; readonly attributes: Attributes }[];
  let answer: () => Promise<Decision>;
  let gate: AccessGate;
  beforeEach(() => {
    clock = createFakeClock(1_000_000);
    asked = [];
    answer = async () => Promise.resolve({ allowed: true, reason: 'by RBAC', policies: [] });
    gate = createDelegatedAuthorizer({
      review: (who, attributes) => {
        asked.push({ user: who, attributes });
        return answer();
      },
      now: () => clock.now(),
    });
  });

  it('keeps what was allowed and what was refused for ten seconds', async () => {
    for (const allowed of [true, false]) {
      const who = user(`ann-${allowed}`);
      answer = async () => Promise.resolve({ allowed, reason: '', policies: [] });
      asked = [];
      assert.equal((await gate.authorize(who, list())).allowed, allowed);
      clock.advance(9_999);
      const known = gate.authorize(user(who.name), list());
      assert.ok(!(known instanceof Promise), 'what is known is answered at once');
      assert.equal(known.allowed, allowed);
      assert.equal(asked.length, 1);
      clock.advance(1);
      await gate.authorize(who, list());
      assert.equal(asked.length, 2);
    }
  });

  it('tells apart everything that is asked', async () => {
    const selectors = { fields: [{ key: 'metadata.name', operator: 'In', values: ['x'] }], labels: [] };
    const questions: [UserInfo, Attributes][] = [
      [user('ann'), list()],
      [user('bob'), list()],
      [user('ann', ['dev']), list()],
      [user('ann', [], { scope: ['a'] }), list()],
      [{ ...user('ann'), uid: '1' }, list()],
      [user('ann'), list({ verb: 'watch' })],
      [user('ann'), list({ group: 'data.polder.dev' })],
      [user('ann'), list({ version: 'v1' })],
      [user('ann'), list({ resource: 'stacks' })],
      [user('ann'), list({ subresource: 'status' })],
      [user('ann'), list({ namespace: 'a' })],
      [user('ann'), list({ name: 'a' })],
      [user('ann'), list({ selectors })],
      [user('ann'), { is: 'path', verb: 'get', path: '/metrics' }],
      [user('ann'), { is: 'path', verb: 'get', path: '/version' }],
    ];
    for (const [who, what] of questions) await gate.authorize(who, what);
    assert.equal(asked.length, questions.length);
    for (const [who, what] of questions) await gate.authorize(who, what);
    assert.equal(asked.length, questions.length);
  });

  it('tells apart users whose names and groups read the same when put together', async () => {
    await gate.authorize(user('a', ['b","c']), list());
    await gate.authorize(user('a', ['b', 'c']), list());
    await gate.authorize(user('a\nb'), list());
    assert.equal(asked.length, 3);
  });

  it('tells apart callers with long lists of groups', async () => {
    const groups = Array.from({ length: 200 }, (_, index) => `oidc:${'g'.repeat(50)}-${index}`);
    await gate.authorize(user('ann', groups), list());
    await gate.authorize(user('ann', [...groups, 'one-more']), list());
    await gate.authorize(user('ann', groups), list());
    assert.equal(asked.length, 2);
  });

  it('asks once for a crowd with the same question', async () => {
    const { promise, resolve } = Promise.withResolvers<Decision>();
    answer = () => promise;
    const crowd = Array.from({ length: 50 }, () => gate.authorize(user('ann'), list()));
    assert.equal(asked.length, 1);
    resolve({ allowed: false, reason: '', policies: [] });
    for (const one of crowd) assert.equal((await one).allowed, false);
  });

  it('passes a failure on and asks again the next time', async () => {
    answer = () => Promise.reject(new ApiError('InternalError', 'no answer'));
    await assert.rejects(async () => gate.authorize(user('ann'), list()), /no answer/);
    answer = async () => Promise.resolve({ allowed: true, reason: '', policies: [] });
    assert.equal((await gate.authorize(user('ann'), list())).allowed, true);
  });

  it('does not ask about members of system:masters', () => {
    const decision = gate.authorize(user('root', ['system:masters']), list());
    assert.deepEqual(decision, { allowed: true, reason: '', policies: [] });
    assert.equal(asked.length, 0);
  });
});
