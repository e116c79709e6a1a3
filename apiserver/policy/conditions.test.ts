import assert from 'node:assert/strict';
import type { JsonObject } from '../api/json.ts';
import { compileCondition, holds, type Facts, type Truth } from './conditions.ts';
import { createWorld, person, START_MS, user } from '../../test/support/policy.ts';
import { Credential } from '../kinds/credential.ts';

const facts = (over: Partial<Facts> = {}): Facts => ({
  user: 'ann',
  verb: 'get',
  resource: 'depots',
  subresource: '',
  namespace: 'tn-acme',
  name: 'pg',
  nowMs: START_MS,
  object: {
    kind: 'ReleaseBinding',
    metadata: { name: 'pg', labels: { team: 'x', 'a.b/c': '1' } },
    spec: { environment: 'prod', size: 3, on: true, memory: '2Gi', host: '10.1.2.3', list: ['a'] },
  },
  mayChange: false,
  ...over,
});
const truth = (tree: JsonObject, over: Partial<Facts> = {}): Truth =>
  compileCondition(tree).evaluate(facts(over));
const attribute = (operator: string, name: string, operand: JsonObject): JsonObject => ({
  [operator]: { attribute: name, ...operand },
});

describe('conditions', () => {
  const TABLE: readonly (readonly [JsonObject, Truth])[] = [
    [attribute('eq', 'user', { value: 'ann' }), true],
    [attribute('eq', 'user', { value: 'an' }), false],
    [attribute('ne', 'verb', { value: 'get' }), false],
    [attribute('eq', 'environment', { value: 'prod' }), true],
    [attribute('eq', 'spec.size', { value: '3' }), true],
    [attribute('eq', 'spec.on', { value: 'true' }), true],
    [attribute('eq', 'labels.a.b/c', { value: '1' }), true],
    [attribute('eq', 'labels.none', { value: '1' }), 'missing'],
    [attribute('ne', 'labels.none', { value: '1' }), 'missing'],
    [attribute('eq', 'spec.list', { value: 'a' }), 'missing'],
    [attribute('eq', 'labels.constructor', { value: '1' }), 'missing'],
    [attribute('exists', 'spec.toString', {}), false],
    [attribute('in', 'namespace', { values: ['tn-acme', 'x'] }), true],
    [attribute('notIn', 'namespace', { values: ['tn-acme', 'x'] }), false],
    [attribute('exists', 'labels.team', {}), true],
    [attribute('exists', 'labels.none', {}), false],
    [attribute('prefix', 'name', { value: 'p' }), true],
    [attribute('suffix', 'name', { value: 'p' }), false],
    [attribute('quantityLte', 'spec.memory', { value: '2048Mi' }), true],
    [attribute('quantityLte', 'spec.memory', { value: '1.9Gi' }), false],
    [attribute('quantityLte', 'spec.host', { value: '1' }), 'missing'],
    [attribute('cidr', 'spec.host', { values: ['192.168.0.0/16', '10.0.0.0/8'] }), true],
    [attribute('cidr', 'spec.host', { values: ['fd00::/8'] }), false],
    [attribute('cidr', 'user', { values: ['10.0.0.0/8'] }), 'missing'],
    [attribute('cidr', 'sourceAddress', { values: ['10.0.0.0/8'] }), 'missing'],
    [{ labelSelector: { matchLabels: { team: 'x' } } }, true],
    [{ labelSelector: { matchExpressions: [{ key: 'team', operator: 'NotIn', values: ['x'] }] } }, false],
    [{ labelSelector: { matchExpressions: [{ key: 'none', operator: 'DoesNotExist' }] } }, true],
    [{ changed: { field: 'spec.size' } }, false],
    [
      { all: [attribute('eq', 'user', { value: 'ann' }), attribute('eq', 'labels.none', { value: '' })] },
      'missing',
    ],
    [
      { all: [attribute('eq', 'labels.none', { value: '' }), attribute('eq', 'user', { value: 'x' })] },
      false,
    ],
    [
      { any: [attribute('eq', 'labels.none', { value: '' }), attribute('eq', 'user', { value: 'ann' })] },
      true,
    ],
    [
      { any: [attribute('eq', 'labels.none', { value: '' }), attribute('eq', 'user', { value: 'x' })] },
      'missing',
    ],
    [{ not: attribute('eq', 'user', { value: 'x' }) }, true],
    [{ not: attribute('eq', 'labels.none', { value: 'x' }) }, 'missing'],
    [{ eq: { attribute: 'nothing', value: 'x' } }, 'missing'],
    [{ matches: { attribute: 'user', value: '.*' } }, 'missing'],
    [{ eq: { attribute: 'user', value: 'ann' }, ne: { attribute: 'user', value: 'x' } }, 'missing'],
    [{}, 'missing'],
    [{ all: [] }, 'missing'],
  ];
  for (const [tree, expected] of TABLE) {
    it(`finds ${JSON.stringify(tree)} ${String(expected)}`, () => {
      assert.equal(truth(tree), expected);
    });
  }

  it('O14 fails closed by effect: what is missing never allows and always denies', () => {
    assert.deepEqual([holds('missing', 'allow'), holds('missing', 'deny')], [false, true]);
    assert.deepEqual([holds('unknown', 'allow'), holds('unknown', 'deny')], [true, false]);
    assert.deepEqual([holds(true, 'deny'), holds(false, 'deny')], [true, false]);
  });

  it('O14 lets a missing attribute neither grant nor escape a refusal at the engine', () => {
    const world = createWorld();
    const pat = user('pat');
    const condition = { eq: { attribute: 'environment', value: 'staging' } };
    world.addPolicy('tn-acme', 'allow', {
      effect: 'Allow',
      subjects: [person('pat')],
      actions: ['credentials:get'],
      condition,
    });
    world.put(Credential, { metadata: { namespace: 'tn-acme', name: 'key' }, spec: {} });
    assert.equal(world.can(pat, 'get', 'credentials', 'tn-acme', 'key'), false);

    world.addPolicy('tn-acme', 'all', {
      effect: 'Allow',
      subjects: [person('pat')],
      actions: ['credentials:get'],
    });
    assert.equal(world.can(pat, 'get', 'credentials', 'tn-acme', 'key'), true);
    world.addPolicy('tn-acme', 'deny', {
      effect: 'Deny',
      subjects: [person('pat')],
      actions: ['credentials:get'],
      condition,
    });
    assert.equal(world.can(pat, 'get', 'credentials', 'tn-acme', 'key'), false);
    assert.equal(world.can(pat, 'get', 'credentials', 'tn-acme', 'not-there'), false);
  });

  it('compares both states of a write, and waits for them when they come later', () => {
    const changed = { changed: { field: 'spec.a.b' } };
    const object = { spec: { a: { b: { x: 1, y: [1] } } } };
    const replaces = (old: JsonObject | undefined): Partial<Facts> => ({ object, replaces: { object: old } });

    assert.equal(truth(changed, replaces({ spec: { a: { b: { y: [1], x: 1 } } } })), false);
    assert.equal(truth(changed, replaces({ spec: { a: { b: { x: 1, y: [2] } } } })), true);
    assert.equal(truth(changed, replaces(undefined)), true);
    assert.equal(truth(changed, { object: 'later' }), 'unknown');
    assert.equal(truth(changed, { mayChange: true }), 'unknown');
    assert.equal(truth(attribute('eq', 'spec.x', { value: 'y' }), { object: 'none' }), 'missing');
  });

  it('opens and closes by the clock of a time zone, over midnight and over a change to summer time', () => {
    const at = (iso: string, window: JsonObject): Truth =>
      truth({ timeWindow: window }, { nowMs: Date.parse(iso) });
    const office = { days: ['Mon', 'Fri'], from: '09:00', to: '17:00', timezone: 'Europe/Berlin' };
    const night = { days: ['Fri'], from: '22:00', to: '06:00' };

    assert.equal(at('2026-03-27T08:00:00Z', office), true, 'winter: 09:00');
    assert.equal(at('2026-03-27T07:59:59Z', office), false);
    assert.equal(at('2026-03-30T07:00:00Z', office), true, 'summer: 09:00');
    assert.equal(at('2026-03-30T15:00:00Z', office), false, '17:00 is outside');
    assert.equal(at('2026-03-28T10:00:00Z', office), false, 'Saturday');
    assert.equal(at('2026-03-27T23:00:00Z', night), true);
    assert.equal(at('2026-03-28T05:59:00Z', night), true, 'still the night of Friday');
    assert.equal(at('2026-03-28T23:00:00Z', night), false);
    assert.equal(
      at('2026-03-27T00:00:00Z', { from: '00:00', to: '00:00', timezone: 'Nowhere/Land' }),
      'missing',
    );
  });
});
