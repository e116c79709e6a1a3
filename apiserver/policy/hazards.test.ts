/** One test for every hazard of Casbin that applies to how we use it. source: design notes, table H1 to H29. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createEnforcer } from './casbin.ts';
import { cond, glob, MODEL, named, PLAIN, type Row } from './model.ts';
import { createWorld, dev, group, person, user, attributesOf, ann } from '../../test/support/policy.ts';
import { createCasbinEngine } from './engine.ts';
import { KINDS } from '../kinds/index.ts';
import { AccessPolicy } from '../kinds/access-policy.ts';
import { ClusterAccessPolicy } from '../kinds/cluster-access-policy.ts';

const row = (over: Partial<Record<'sub' | 'dom' | 'kind' | 'name' | 'verb' | 'eft', string>> = {}): Row => {
  const {
    sub = 'role:a',
    dom = 'uid',
    kind = 'polder/depots',
    name = '*',
    verb = 'get',
    eft = 'allow',
  } = over;
  return [sub, dom, kind, name, verb, '', eft as 'allow', 'r'];
};
const question = {
  subjects: new Set(['role:a']),
  domain: 'uid',
  kind: 'polder/depots',
  name: 'pg',
  verb: 'get',
  attrs: PLAIN.one,
};

describe('hazards of the engine', () => {
  it('H1 denies questions with empty words, and everything when there are no rules', () => {
    const { engine } = createWorld();
    const nobody = { name: '', groups: ['system:masters'], extra: {} };

    assert.equal(
      createEnforcer().enforce([], { ...question, subjects: new Set(['']), kind: '', verb: '' }).allowed,
      false,
    );
    assert.equal(engine.authorize(nobody, attributesOf('list', 'tenants')).allowed, false);
    assert.equal(
      engine.authorize(user('root', 'system:masters'), attributesOf('', 'tenants')).allowed,
      false,
    );
    const noResource = { ...attributesOf('list', 'tenants'), resource: '' };
    assert.equal(engine.authorize(user('root', 'system:masters'), noResource).allowed, false);
  });

  it('H2 denies before it was told anything', () => {
    const engine = createCasbinEngine({
      kinds: KINDS,
      now: () => 0,
      after: () => () => undefined,
      find: () => undefined,
    });

    assert.equal(engine.authorize(dev, attributesOf('get', 'depots', 'tn-acme', 'pg')).allowed, false);
    assert.match(MODEL, /some\(where \(p\.eft == allow\)\) && !some\(where \(p\.eft == deny\)\)/);
  });

  it('H3 takes no effect but Allow and Deny, so a misspelt deny does not become an allow', () => {
    const world = createWorld();
    for (const effect of ['allow', 'DENY', 'deny', '', undefined]) {
      world.addPolicy('tn-acme', 'odd', {
        ...(effect === undefined ? {} : { effect }),
        subjects: [person('pat')],
        actions: ['*'],
      });
      assert.equal(world.can(user('pat'), 'get', 'depots', 'tn-acme', 'pg'), false, String(effect));
    }
  });

  it('H5 never evaluates text of a policy as an expression', () => {
    const world = createWorld();
    const injections = [
      'true) || (true',
      '") || true || ("',
      'r.dom',
      'constructor.constructor("return 1")()',
    ];
    for (const text of injections) {
      world.addPolicy('tn-acme', 'inject', {
        effect: 'Allow',
        subjects: [person('pat')],
        actions: ['depots:get'],
        resources: [{ names: [text] }],
        condition: { eq: { attribute: text, value: text } },
      });
      assert.equal(world.can(user('pat'), 'get', 'depots', 'tn-acme', 'pg'), false, text);
      assert.equal(world.can(user('pat'), 'get', 'depots', 'tn-globex', 'pg'), false, text);
    }
    assert.doesNotMatch(MODEL, /eval\(/);
  });

  it('H9 allocates nothing for namespaces and tenants nobody has heard of', () => {
    const { engine } = createWorld();
    engine.authorize(dev, attributesOf('get', 'depots', 'tn-nothing', 'pg'));
    const before = engine.domains;

    for (let index = 0; index < 5000; index += 1) {
      engine.authorize(dev, attributesOf('get', 'depots', `tn-${index}`, 'pg'));
    }

    assert.equal(engine.domains, before);
  });

  it('H11 matches exact words, prefixes and single wildcards, segment by segment, and nothing else', () => {
    const matches: readonly (readonly [string, string, boolean])[] = [
      ['polder/depots', 'polder/depots', true],
      ['polder/depots', 'polder/*', true],
      ['polder/depots', 'polder/dep*', true],
      ['polder/depots/status', 'polder/*', false],
      ['polder/depots/status', 'polder/*/status', true],
      ['polder/depots', '*', true],
      ['core/secrets', 'polder/*', false],
      ['secrets-admin', 'secret', false],
      ['secretsXadmin', 'secrets.admin', false],
      ['depots', 'd*s', false],
      ['depots', '*s', false],
      ['depots', 'dep**', false],
      ['', 'polder/*', false],
      ['polder/depots', '', false],
    ];
    for (const [value, pattern, expected] of matches) {
      assert.equal(glob(value, pattern), expected, `${value} against ${pattern}`);
    }
    assert.equal(named(PLAIN.one, 'a/b', 'a/*', 'allow'), true);
  });

  it('H12 has no regular expression in rules: a hostile pattern is compared as text', () => {
    const world = createWorld();
    world.addPolicy('tn-acme', 'redos', {
      effect: 'Allow',
      subjects: [person('pat')],
      actions: ['depots:get'],
      resources: [{ names: ['^(a+)+$', '.*', ''] }],
    });

    assert.equal(world.can(user('pat'), 'get', 'depots', 'tn-acme', `${'a'.repeat(30)}!`), false);
    assert.equal(world.can(user('pat'), 'get', 'depots', 'tn-acme', '.*'), true);
  });

  it('H14 keeps no decision: a removed rule is gone with the next question', () => {
    const world = createWorld();
    for (let round = 0; round < 50; round += 1) {
      world.addPolicy('tn-acme', 'flip', {
        effect: 'Allow',
        subjects: [person('pat')],
        actions: ['depots:get'],
      });
      assert.equal(world.can(user('pat'), 'get', 'depots', 'tn-acme', 'pg'), true);
      world.remove(AccessPolicy, 'tn-acme', 'flip');
      assert.equal(world.can(user('pat'), 'get', 'depots', 'tn-acme', 'pg'), false);
    }
  });

  it('H15 keeps callers apart whose names and groups look alike when joined', () => {
    const world = createWorld();
    world.addPolicy('tn-acme', 'a', { effect: 'Allow', subjects: [group('b')], actions: ['depots:get'] });
    const asks = (name: string, groups: readonly string[]): boolean =>
      world.can({ name, groups, extra: {} }, 'get', 'depots', 'tn-acme', 'pg');

    assert.equal(asks('a', ['b']), true);
    for (const [name, ...groups] of [
      ['a,b'],
      ['a$$b'],
      ['a","b'],
      ['["a"', 'b"]'],
      ['a\u0000b'],
      ['a', 'b,'],
      ['a', 'B'],
    ]) {
      assert.equal(asks(name ?? '', groups), false, JSON.stringify([name, groups]));
    }
  });

  it('H17 takes commas, quotes and newlines in names as part of the name', () => {
    const world = createWorld();
    const name = 'x, uid-globex, polder/*, *, *, , allow, r\np, user:pat';
    world.addPolicy('tn-acme', 'csv', { effect: 'Allow', subjects: [person(name)], actions: ['depots:get'] });

    assert.equal(world.can(user('pat'), 'get', 'depots', 'tn-globex', 'pg'), false);
    assert.equal(world.can(user('pat'), 'get', 'depots', 'tn-acme', 'pg'), false);
    assert.equal(world.can(user(name), 'get', 'depots', 'tn-acme', 'pg'), true);
  });

  it('H19 answers from whole policies only while they are replaced a thousand times', () => {
    const world = createWorld();
    const both = user('bo', 'a');
    world.addPolicy('tn-acme', 'allow', { effect: 'Allow', subjects: [group('a')], actions: ['*'] });
    world.addPolicy('tn-acme', 'deny', {
      effect: 'Deny',
      subjects: [person('bo')],
      actions: ['credentials:*'],
    });
    const seen = new Set<string>();
    // Whoever listens asks in the middle of the change.
    const { visibility } = world.engine.authorizeList(
      both,
      attributesOf('list', 'depots', 'tn-acme'),
      KINDS[0]!,
    );
    visibility.onChange(() => ask());
    const ask = (): void =>
      void seen.add(
        [
          world.can(both, 'get', 'depots', 'tn-acme', 'pg'),
          world.can(both, 'get', 'credentials', 'tn-acme', 'pg'),
        ].join(),
      );

    for (let round = 0; round < 1000; round += 1) {
      world.addPolicy('tn-acme', 'deny', {
        effect: 'Deny',
        subjects: [person('bo')],
        actions: ['credentials:*', round % 2 === 0 ? 'depots:delete' : 'depots:update'],
      });
      ask();
    }

    assert.deepEqual([...seen], ['true,false']);
  });

  it('H20 goes on with the policies it has when it is told something it does not understand', () => {
    const world = createWorld();
    world.put(AccessPolicy, { metadata: { namespace: 'tn-acme', name: 'odd' }, spec: 7 });
    world.put(AccessPolicy, {
      metadata: { namespace: 'tn-acme', name: 'odder' },
      spec: { effect: 'Allow', subjects: 'all', actions: [7], resources: {} },
    });
    world.put(ClusterAccessPolicy, { metadata: { name: 'oddest' } });

    assert.equal(world.can(dev, 'get', 'depots', 'tn-acme', 'pg'), true);
    assert.equal(world.can(user('pat'), 'get', 'depots', 'tn-acme', 'pg'), false);
  });

  it('B37 H23 never takes a user or group for a role, a component or a service account', () => {
    const { can } = createWorld();
    const names = [
      'role:tenant-admin/allow',
      'role:polder-controllers/allow',
      'group:acme-admins',
      'sa:polder-system/controllers',
      'system:serviceaccount:polder-system',
      'system:serviceaccount:polder-system:',
      'system:serviceaccount:polder-system-x:controllers',
    ];
    for (const name of names) {
      assert.equal(can(user(name, name), 'get', 'depots', 'tn-acme', 'pg'), false, name);
    }
    assert.equal(can(user('eve', 'polder:agents'), 'get', 'secrets', 'tn-acme', 'x'), false);
  });

  it('B38 takes odd group names as they are', () => {
    const world = createWorld();
    const odd = ['a,b', 'a\nb', '*', '$$', '\u0000', '"', 'x'.repeat(10_000), '@platform', 'role:x'];
    for (const name of odd)
      assert.equal(world.can(user('pat', name), 'get', 'depots', 'tn-acme', 'pg'), false);
    world.addPolicy('tn-acme', 'odd', { effect: 'Allow', subjects: [group('a,b')], actions: ['depots:get'] });

    assert.equal(world.can(user('pat', 'a,b'), 'get', 'depots', 'tn-acme', 'pg'), true);
    assert.equal(world.can(user('pat', 'a', 'b'), 'get', 'depots', 'tn-acme', 'pg'), false);
  });

  it('H24 compares canonical strings only', () => {
    const world = createWorld();
    world.addPolicy('tn-acme', 'typed', {
      effect: 'Allow',
      subjects: [person('pat')],
      actions: ['depots:get'],
      condition: { eq: { attribute: 'spec.size', value: '0' } },
    });
    const stored = (size: unknown): void => {
      const object = { metadata: { namespace: 'tn-acme', name: 'pg' }, spec: { size } } as never;
      world.stored.set('data.polder.dev/depots/tn-acme/pg', object);
    };
    const cases: readonly (readonly [unknown, boolean])[] = [
      [0, true],
      ['0', true],
      [false, false],
      ['', false],
      [[0], false],
      [null, false],
      [{}, false],
    ];
    for (const [size, expected] of cases) {
      stored(size);
      assert.equal(world.can(user('pat'), 'get', 'depots', 'tn-acme', 'pg'), expected, JSON.stringify(size));
    }
  });

  it('H25 cannot be switched off', () => {
    const source = readFileSync(new URL('./casbin.ts', import.meta.url), 'utf8');
    assert.doesNotMatch(source, /enableEnforce/);
  });

  it('H26 asks once for the whole set of subjects', () => {
    const enforcer = createEnforcer();
    const subjects = new Set(['role:a', 'role:b']);
    const rows = [row(), row({ sub: 'role:b', eft: 'deny' })];

    for (const order of [rows, rows.toReversed()]) {
      assert.equal(enforcer.enforce(order, { ...question, subjects }).allowed, false);
      assert.equal(enforcer.enforce(order, question).allowed, true);
    }
  });

  it('H28 denies with ENGINE_ERROR and reports when an evaluation throws', () => {
    const errors: unknown[] = [];
    const world = createWorld();
    const engine = createCasbinEngine({
      kinds: KINDS,
      now: () => 0,
      after: () => () => undefined,
      find: () => {
        throw new Error('broken');
      },
      onError: (error) => errors.push(error),
    });
    for (const [key, object] of world.stored) {
      const [groupName = '', plural = '', namespace = '', name = ''] = key.split('/');
      const kind = KINDS.find((known) => known.group === groupName && known.plural === plural);
      if (kind !== undefined) engine.apply(kind, namespace, name, object);
    }
    engine.apply(ClusterAccessPolicy, '', 'conditional', {
      metadata: { name: 'conditional' },
      spec: {
        effect: 'Allow',
        subjects: [person('pat')],
        actions: ['tenants:get'],
        condition: { eq: { attribute: 'spec.x', value: 'y' } },
      },
    });

    const decision = engine.authorize(user('pat'), attributesOf('get', 'tenants', '', 'acme'));

    assert.equal(decision.allowed, false);
    assert.match(decision.reason, /ENGINE_ERROR/);
    assert.equal(errors.length, 1);
  });

  it('keeps its memory bounded whatever reviews ask', () => {
    const { engine } = createWorld();
    for (let index = 0; index < 20_000; index += 1) {
      engine.authorize(ann, attributesOf(`verb${index}`, `kind${index}`, 'tn-acme', `name${index}`));
      engine.authorize(user(`user${index}`), attributesOf('get', 'depots', 'tn-acme', 'pg'));
    }
    assert.equal(engine.authorize(ann, attributesOf('get', 'depots', 'tn-acme', 'pg')).allowed, true);
    assert.ok(engine.domains <= 4);
  });

  it('evaluates a condition only where a rule has one', () => {
    assert.equal(cond(PLAIN.one, '', 'allow'), true);
    assert.throws(() => cond(PLAIN.one, '{"eq":{}}', 'allow'), /without attributes/);
  });
});
