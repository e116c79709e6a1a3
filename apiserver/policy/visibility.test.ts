import assert from 'node:assert/strict';
import type { UserInfo } from '../api/identity.ts';
import type { JsonObject } from '../api/json.ts';
import { AccessPolicy } from '../kinds/access-policy.ts';
import { Credential } from '../kinds/credential.ts';
import { Depot } from '../kinds/depot.ts';
import { ConfigMap } from '../kinds/native/config-map.ts';
import { Namespace } from '../kinds/native/namespace.ts';
import { Tenant } from '../kinds/tenant.ts';
import type { Kind } from '../api/kind.ts';
import type { VisibleObject } from './policy.ts';
import {
  agent,
  ann,
  attributesOf,
  controllers,
  createWorld,
  dev,
  gil,
  group,
  op,
  person,
  root,
  user,
  type World,
} from '../../test/support/policy.ts';

const object = (namespace: string, name: string, content: JsonObject = {}): VisibleObject => ({
  namespace,
  name,
  read: () => ({ metadata: { namespace, name }, ...content }),
});
const ask = (
  world: World,
  who: UserInfo,
  kind: Kind,
  ...[namespace = '', verb = 'list']: readonly string[]
) => world.engine.authorizeList(who, attributesOf(verb, kind.plural, namespace), kind);
const tied = (tenant: string): JsonObject => ({
  'polder.dev/tenant': tenant,
  'polder.dev/tenant-uid': `uid-${tenant}`,
});

describe('lists and watches', () => {
  it('D4 shows a list over all namespaces only what the caller may see, tenant by tenant', () => {
    const world = createWorld();

    const { decision, visibility } = ask(world, dev, Depot);

    assert.equal(decision.allowed, true);
    assert.equal(visibility.all, false);
    assert.equal(visibility.allows(object('tn-acme', 'pg')), true);
    for (const namespace of ['tn-globex', 'default', 'tn-nothing', '']) {
      assert.equal(visibility.allows(object(namespace, 'pg')), false, namespace);
    }
  });

  it('D5 refuses the list over all namespaces to somebody without any grant, and shows a new tenant nothing', () => {
    const world = createWorld();
    assert.equal(ask(world, user('pat'), Depot).decision.allowed, false);
    // Operators read what stands outside tenants, where there is nothing of the kind.
    assert.equal(ask(world, op, Depot).visibility.allows(object('tn-acme', 'pg')), false);

    world.addTenant('newco');

    const { decision, visibility } = ask(world, user('nina', 'newco-admins'), Depot);
    assert.equal(decision.allowed, true);
    assert.equal(visibility.allows(object('tn-acme', 'pg')), false);
  });

  it('D2 shows operators native objects outside of tenants only', () => {
    const world = createWorld();
    world.put(Namespace, { metadata: { name: 'tenant-c1', labels: tied('acme') } });

    for (const who of [op, root]) {
      const { decision, visibility } = ask(world, who, ConfigMap);
      assert.equal(decision.allowed, true);
      assert.equal(visibility.all, false);
      assert.equal(visibility.allows(object('default', 'x')), true);
      assert.equal(visibility.allows(object('tn-acme', 'x')), false);
      assert.equal(visibility.allows(object('tenant-c1', 'x')), false);
    }
  });

  it('gives our components everything without asking object by object', () => {
    const world = createWorld();
    for (const verb of ['list', 'watch']) {
      assert.equal(ask(world, controllers, Depot, '', verb).visibility.all, true);
      assert.equal(ask(world, agent, ConfigMap, '', verb).visibility.all, true);
    }
    assert.equal(ask(world, agent, Depot).decision.allowed, false);
  });

  it('filters the list of namespaces to those the caller may get', () => {
    const world = createWorld();
    world.put(Namespace, { metadata: { name: 'tenant-c1', labels: tied('acme') } });
    const names = ['tn-acme', 'tn-globex', 'tenant-c1', 'default'];
    const seen = (who: UserInfo): readonly string[] => {
      const { decision, visibility } = ask(world, who, Namespace);
      return decision.allowed ? names.filter((name) => visibility.allows(object('', name))) : ['denied'];
    };

    assert.deepEqual(seen(ann), ['tn-acme', 'tenant-c1']);
    assert.deepEqual(seen(gil), ['tn-globex']);
    assert.deepEqual(seen(op), names);
    assert.deepEqual(seen(user('pat')), ['denied']);
  });

  it('filters within a namespace by names and labels, and says everything when there is nothing to filter', () => {
    const world = createWorld();
    world.addPolicy('tn-acme', 'narrow', {
      effect: 'Allow',
      subjects: [person('pat')],
      actions: ['depots:list'],
      resources: [{ names: ['a*'] }, { selector: { matchLabels: { team: 'x' } } }],
    });

    const { decision, visibility } = ask(world, user('pat'), Depot, 'tn-acme');

    assert.equal(decision.allowed, true);
    assert.equal(visibility.all, false);
    assert.equal(visibility.allows(object('tn-acme', 'abc')), true);
    assert.equal(visibility.allows(object('tn-acme', 'pg')), false);
    const labelled = object('tn-acme', 'pg', { metadata: { name: 'pg', labels: { team: 'x' } } });
    assert.equal(visibility.allows(labelled), true);
    assert.equal(ask(world, dev, Depot, 'tn-acme').visibility.all, true);
    assert.equal(ask(world, dev, Depot, 'tn-acme', 'watch').visibility.all, false);
    assert.equal(ask(world, dev, Depot, 'tn-acme', 'watch').visibility.allows(object('tn-acme', 'x')), true);
  });

  it('hides what a refusal is about and shows the rest', () => {
    const world = createWorld();
    world.addPolicy('tn-acme', 'hide', {
      effect: 'Deny',
      subjects: [group('acme-developers')],
      actions: ['credentials:*'],
      resources: [{ names: ['prod-*'] }],
    });

    for (const namespace of ['tn-acme', '']) {
      const { decision, visibility } = ask(world, dev, Credential, namespace);
      assert.equal(decision.allowed, true);
      assert.equal(visibility.all, false);
      assert.equal(visibility.allows(object('tn-acme', 'test-1')), true);
      assert.equal(visibility.allows(object('tn-acme', 'prod-1')), false);
    }
  });

  it('refuses a list when a refusal is about all of it', () => {
    const world = createWorld();
    world.addPolicy('tn-acme', 'hide', {
      effect: 'Deny',
      subjects: [person('dev')],
      actions: ['credentials:list'],
    });

    assert.equal(ask(world, dev, Credential, 'tn-acme').decision.allowed, false);
    assert.equal(ask(world, dev, Credential).decision.allowed, false);
  });

  describe('changes', () => {
    let world: World;
    let changes: string[];
    const follow = (
      label: string,
      who: UserInfo,
      kind: Kind,
      namespace = '',
    ): ((o: VisibleObject) => boolean) => {
      const { visibility } = ask(world, who, kind, namespace, 'watch');
      visibility.onChange(() => changes.push(label));
      return (o) => visibility.allows(o);
    };
    beforeEach(() => {
      world = createWorld();
      changes = [];
    });
    const grant = (namespace: string, name = 'grant', subject = 'pat'): void =>
      world.addPolicy(namespace, name, {
        effect: 'Allow',
        subjects: [person(subject)],
        actions: ['depots:watch'],
      });

    it('X6 tells open watches about a grant and its end before apply returns', () => {
      const sees = follow('all', user('pat'), Depot);
      const seesHome = follow('home', user('pat'), Depot, 'tn-acme');
      assert.equal(sees(object('tn-acme', 'pg')), false);

      grant('tn-acme');
      assert.deepEqual(changes, ['all', 'home']);
      assert.equal(sees(object('tn-acme', 'pg')), true);
      assert.equal(seesHome(object('tn-acme', 'pg')), true);
      assert.equal(sees(object('tn-globex', 'pg')), false);

      world.remove(AccessPolicy, 'tn-acme', 'grant');
      assert.deepEqual(changes, ['all', 'home', 'all', 'home']);
      assert.equal(sees(object('tn-acme', 'pg')), false);
      assert.equal(seesHome(object('tn-acme', 'pg')), false);
    });

    it('disturbs nobody whose view stays the same', () => {
      follow('dev', dev, Depot, 'tn-acme');
      follow('dev -A', dev, Depot);
      follow('gil', gil, Depot, 'tn-globex');
      follow('op', op, Tenant);

      grant('tn-acme');
      grant('tn-globex');
      world.addTenant('newco');
      world.addPolicy('tn-acme', 'same', {
        effect: 'Allow',
        subjects: [person('dev')],
        roleRef: { name: 'data-developer' },
      });

      // Namespaces that come with a tenant may hold what a watch over all of them sees.
      assert.deepEqual(
        changes.filter((label) => label !== 'dev -A'),
        [],
      );
    });

    it('hides a tenant from everybody when it is gone, and its namespace from its people when it moves', () => {
      const sees = follow('dev', dev, Depot);
      assert.equal(sees(object('tn-acme', 'pg')), true);

      world.remove(Tenant, '', 'acme');

      assert.deepEqual(changes, ['dev']);
      assert.equal(sees(object('tn-acme', 'pg')), false);
    });

    it('shows a plane’s namespace to the tenant once it is tied to it, and hides it from operators', () => {
      world.put(Namespace, { metadata: { name: 'tenant-c1' } });
      const annSees = follow('ann', ann, ConfigMap);
      const opSees = follow('op', op, ConfigMap);
      assert.equal(opSees(object('tenant-c1', 'x')), true);
      assert.equal(annSees(object('tenant-c1', 'x')), false);

      world.put(Namespace, { metadata: { name: 'tenant-c1', labels: tied('acme') } });

      assert.deepEqual(changes, ['ann', 'op']);
      assert.equal(opSees(object('tenant-c1', 'x')), false);
      assert.equal(annSees(object('tenant-c1', 'x')), true);
    });

    it('tells when a grant ends by the clock', () => {
      world.addPolicy('tn-acme', 'short', {
        effect: 'Allow',
        subjects: [person('pat')],
        actions: ['depots:watch'],
        expiresAt: new Date(world.clock.now() + 5000).toISOString(),
      });
      const sees = follow('pat', user('pat'), Depot);
      assert.equal(sees(object('tn-acme', 'pg')), true);

      world.clock.advance(5000);

      assert.deepEqual(changes, ['pat']);
      assert.equal(sees(object('tn-acme', 'pg')), false);
    });

    it('tells when a time window opens or closes', () => {
      world.addPolicy('tn-acme', 'window', {
        effect: 'Allow',
        subjects: [person('pat')],
        actions: ['depots:watch'],
        condition: { timeWindow: { from: '12:01', to: '12:02' } },
      });
      const sees = follow('pat', user('pat'), Depot, 'tn-acme');
      const states: boolean[] = [];
      for (let minute = 0; minute < 3; minute += 1) {
        states.push(sees(object('tn-acme', 'pg')));
        world.clock.advance(60_000);
      }

      assert.deepEqual(states, [false, true, false]);
      assert.ok(changes.length >= 2);
    });

    it('follows changes of a role and of the platform’s refusals', () => {
      const sees = follow('dev', dev, Depot, 'tn-acme');
      world.addClusterPolicy('freeze', {
        effect: 'Deny',
        subjects: [{ kind: 'Group', name: '*' }],
        actions: ['depots:watch'],
      });

      assert.deepEqual(changes, ['dev']);
      assert.equal(sees(object('tn-acme', 'pg')), false);
    });

    it('says nothing any more after it was told to stop', () => {
      const { visibility } = ask(world, user('pat'), Depot, '', 'watch');
      const stop = visibility.onChange(() => changes.push('pat'));
      stop();

      grant('tn-acme');

      assert.deepEqual(changes, []);
    });
  });
});
