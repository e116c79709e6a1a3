/**
 * Which watches a change of policy concerns. The second half checks it against what callers see before and after
 * random changes; the seed is printed, POLDER_SEED repeats a run.
 */
import assert from 'node:assert/strict';
import type { UserInfo } from '../api/identity.ts';
import { at, type JsonObject } from '../api/json.ts';
import type { Kind } from '../api/kind.ts';
import { AccessPolicy } from '../kinds/access-policy.ts';
import { AccessRole } from '../kinds/access-role.ts';
import { ClusterAccessPolicy } from '../kinds/cluster-access-policy.ts';
import { Depot } from '../kinds/depot.ts';
import { ConfigMap } from '../kinds/native/config-map.ts';
import { Namespace } from '../kinds/native/namespace.ts';
import { Tenant } from '../kinds/tenant.ts';
import { random } from '../../test/integration/random.ts';
import {
  ann,
  attributesOf,
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
import type { PolicyChange } from './affected.ts';
import type { Visibility, VisibleObject } from './policy.ts';

const pat = user('pat');
const eve = user('eve', 'polder:break-glass');

const seen = (namespace: string, name: string, content: JsonObject = {}): VisibleObject => ({
  namespace,
  name,
  read: () => content,
});

const tied = (tenant: string, uid = `uid-${tenant}`): JsonObject => ({
  'polder.dev/tenant': tenant,
  'polder.dev/tenant-uid': uid,
});

/** Stores or removes one object and returns the change as the registry's history tells it. */
function change(world: World, kind: Kind, object: JsonObject, isGone = false): PolicyChange {
  const { namespace = '', name } = object['metadata'] as { namespace?: string; name: string };
  const key = `${kind.group}/${kind.plural}/${namespace}/${name}`;
  const view = (): VisibleObject | undefined => {
    const content = world.stored.get(key);
    return content === undefined ? undefined : seen(namespace, name, content);
  };
  const previous = view();
  if (isGone) world.remove(kind, namespace, name);
  else world.put(kind, object);
  return { kind, previous, object: view() };
}

const watchOf = (world: World, who: UserInfo, kind: Kind, namespace = ''): Visibility =>
  world.engine.authorizeList(who, attributesOf('watch', kind.plural, namespace), kind).visibility;

describe('watches that a change of policy concerns', () => {
  let world: World;
  beforeEach(() => {
    world = createWorld();
    world.put(Namespace, { metadata: { name: 'tenant-acme', labels: tied('acme') } });
  });
  const affects = (made: PolicyChange, who: UserInfo, kind: Kind, namespace = ''): boolean =>
    watchOf(world, who, kind, namespace).affectedBy(made);
  const policy = (namespace: string, spec: JsonObject, name = 'p'): JsonObject => ({
    metadata: { namespace, name },
    spec,
  });
  const allow = (who: string, ...actions: readonly string[]): JsonObject => ({
    effect: 'Allow',
    subjects: [person(who)],
    actions: [...actions],
  });

  it('are those of its subjects, for what it is about, where it reaches', () => {
    const made = change(world, AccessPolicy, policy('tn-acme', allow('pat', 'depots:*')));

    assert.equal(affects(made, pat, Depot), true);
    assert.equal(affects(made, pat, Depot, 'tn-acme'), true);
    assert.equal(affects(made, pat, Depot, 'tenant-acme'), true);
    assert.equal(affects(made, pat, Depot, 'tn-globex'), false);
    assert.equal(affects(made, pat, ConfigMap), false, 'another kind');
    assert.equal(affects(made, pat, Tenant), false, 'above tenants');
    for (const other of [ann, dev, gil, op, root])
      assert.equal(affects(made, other, Depot), false, other.name);
  });

  it('are not disturbed by what a tenant does among its own people', () => {
    const spec = { effect: 'Allow', subjects: [group('globex-team')], roleRef: { name: 'data-developer' } };
    const made = [
      change(world, AccessPolicy, policy('tn-globex', spec)),
      change(world, AccessPolicy, policy('tn-globex', { ...spec, effect: 'Deny' })),
      change(world, AccessPolicy, policy('tn-globex', spec), true),
    ];

    for (const each of made) {
      for (const who of [ann, dev, gil, op]) {
        for (const kind of [Depot, ConfigMap, Namespace])
          assert.equal(affects(each, who, kind), false, who.name);
      }
      assert.equal(affects(each, user('mia', 'globex-team'), Depot), true);
    }
  });

  it('are none for labels of a policy, a new tenant and its new namespace', () => {
    const spec = allow('pat', 'depots:*');
    change(world, AccessPolicy, policy('tn-acme', spec));
    const made = [
      change(world, AccessPolicy, {
        metadata: { namespace: 'tn-acme', name: 'p', labels: { a: 'b' } },
        spec,
      }),
      change(world, Tenant, { metadata: { name: 'newco', uid: 'uid-newco' }, spec: {} }),
      change(world, Namespace, { metadata: { name: 'tn-newco', labels: tied('newco') } }),
      change(world, Namespace, { metadata: { name: 'tn-newco', labels: { ...tied('newco'), a: 'b' } } }),
      change(world, Tenant, {
        metadata: { name: 'acme', uid: 'uid-acme', labels: { plan: 'gold' } },
        spec: {},
      }),
    ];

    for (const each of made) {
      for (const who of [pat, ann, gil, op, root]) {
        assert.equal(affects(each, who, Depot), false, `${each.kind.kind} ${who.name}`);
      }
    }
  });

  it('include those of its subjects when a policy is reported to be over, and for no other report', () => {
    const spec = allow('pat', 'depots:*');
    const reported = (reason: string): PolicyChange =>
      change(world, AccessPolicy, {
        ...policy('tn-acme', spec),
        status: { conditions: [{ type: 'Valid', status: reason === 'InForce' ? 'True' : 'False', reason }] },
      });
    change(world, AccessPolicy, policy('tn-acme', spec));

    const inForce = reported('InForce');
    const over = reported('Expired');

    assert.equal(affects(inForce, pat, Depot), false);
    assert.equal(affects(over, pat, Depot), true);
    assert.equal(affects(over, ann, Depot), false);
  });

  it('follow a role only where somebody bound it to them and it changed for the kind', () => {
    const role = (...actions: readonly string[]): JsonObject => ({
      metadata: { name: 'r' },
      spec: { actions: [...actions] },
    });
    change(world, AccessRole, role('depots:*'));
    const spec = { effect: 'Allow', subjects: [person('pat')], roleRef: { name: 'r' } };
    change(world, AccessPolicy, policy('tn-acme', spec));
    const made = change(world, AccessRole, role('depots:*', 'configmaps.core:watch'));

    assert.equal(affects(made, pat, ConfigMap), true);
    assert.equal(affects(made, pat, Depot), false);
    assert.equal(affects(made, ann, ConfigMap), false);
  });

  it('include those of a tenant whose namespace goes, moves, or whose Tenant goes', () => {
    const moved = change(world, Namespace, { metadata: { name: 'tenant-acme', labels: tied('globex') } });
    for (const who of [ann, gil]) assert.equal(affects(moved, who, ConfigMap), true, who.name);
    assert.equal(affects(moved, pat, ConfigMap), false);
    const gone = change(world, Tenant, { metadata: { name: 'acme', uid: 'uid-acme' } }, true);
    assert.equal(affects(gone, ann, Depot), true);
    assert.equal(affects(gone, gil, Depot), false);
  });

  it('include those of break-glass identities when a tenant is opened, and nobody else', () => {
    const annotations = { 'polder.dev/break-glass-reason': 'drill' };
    const made = change(world, Tenant, {
      metadata: { name: 'acme', uid: 'uid-acme', annotations },
      spec: {},
    });

    assert.equal(affects(made, eve, Depot), true);
    for (const who of [ann, gil, op]) assert.equal(affects(made, who, Depot), false, who.name);
  });
});

const SEED = Number(process.env['POLDER_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const ROUNDS = 200;
const NAMESPACES = ['tn-acme', 'tn-globex', 'tenant-acme', 'tenant-globex', 'default'];
const CALLERS = [ann, dev, gil, op, root, pat, eve, user('mia', 'team')];
const LISTS: readonly (readonly [Kind, string])[] = [
  [Depot, ''],
  [Depot, 'tn-acme'],
  [ConfigMap, ''],
  [ConfigMap, 'tenant-acme'],
  [Namespace, ''],
  [Tenant, ''],
];

describe('watches that random changes of policy concern', () => {
  let made = 0;

  it(`seed ${SEED}: include every one that shows something else afterwards`, () => {
    const draw = random(SEED);
    const one = <T>(items: readonly T[]): T => items[draw(items.length)] as T;
    let differing = 0;
    let undisturbed = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      const world = createWorld();
      for (const tenant of ['acme', 'globex']) {
        world.put(Namespace, { metadata: { name: `tenant-${tenant}`, labels: tied(tenant) } });
      }
      for (let before = 0; before < 3; before += 1) randomChange(world, one, draw);
      const there = NAMESPACES.filter(
        (name) => name === 'default' || world.stored.has(`/namespaces//${name}`),
      );
      const then = views(world, there);
      const changes = Array.from({ length: 1 + draw(3) }, () => randomChange(world, one, draw));
      const now = views(world, there);
      // A namespace goes with what is in it, and one that is made again under its name is empty.
      const remade = new Set(
        changes.map(({ kind, previous, object }) =>
          kind === Namespace && previous === undefined ? object?.name : undefined,
        ),
      );
      const told = (shown: readonly VisibleObject[] = []): string =>
        shown
          .filter(({ namespace, name }) => !remade.has(namespace === '' ? name : namespace))
          .map(({ namespace, name }) => `${namespace}/${name}`)
          .join(' ');
      for (const [index, { label, visibility, shown }] of now.entries()) {
        const isAffected = changes.some((each) => visibility.affectedBy(each));
        if (told(shown) !== told(then[index]?.shown)) {
          differing += 1;
          const names = changes.map(
            ({ kind, object, previous }) => `${kind.kind} ${(object ?? previous)?.name}`,
          );
          assert.ok(isAffected, `round ${round}: ${label} differs after ${names.join(', ')}`);
        } else if (!isAffected) undisturbed += 1;
      }
    }
    assert.ok(differing > ROUNDS / 4, `only ${differing} views differed`);
    assert.ok(undisturbed > ROUNDS * LISTS.length, `only ${undisturbed} views were left alone`);
  });

  function views(world: World, namespaces: readonly string[]) {
    return CALLERS.flatMap((who) =>
      LISTS.map(([kind, namespace]) => {
        const visibility = watchOf(world, who, kind, namespace);
        const objects = objectsOf(kind, namespace, namespaces);
        const shown = objects.filter((each) => visibility.allows(each));
        return { label: `${who.name}: ${kind.plural} ${namespace}`, visibility, shown };
      }),
    );
  }

  /** A tenant that is made again is another one. */
  function uidOf(world: World, tenant: string): string {
    const uid = at(world.stored.get(`${Tenant.group}/tenants//${tenant}`), 'metadata.uid');
    if (typeof uid === 'string') return uid;
    made += 1;
    return `uid-${tenant}-${made}`;
  }

  function objectsOf(kind: Kind, namespace: string, namespaces: readonly string[]): readonly VisibleObject[] {
    if (kind === Namespace) return namespaces.map((name) => seen('', name));
    if (kind === Tenant) return ['acme', 'globex'].map((name) => seen('', name));
    const places = namespaces.filter((name) => namespace === '' || name === namespace);
    return places.flatMap((place) => ['a', 'b'].map((name) => seen(place, name)));
  }

  function randomChange(
    world: World,
    one: <T>(items: readonly T[]) => T,
    draw: (below: number) => number,
  ): PolicyChange {
    const metadata = {
      namespace: one(['tn-acme', 'tn-globex']),
      name: one(['p', 'q', 'polder-tenant-admins']),
    };
    const actions = [
      one([
        'depots:watch',
        'depots:*',
        '*:*',
        'namespaces.core:watch',
        'configmaps.core:watch',
        'tenants:watch',
      ]),
    ];
    const granted = one<JsonObject>([
      { roleRef: { name: one(['r', 'tenant-admin', 'auditor']) } },
      { actions },
    ]);
    const subjects = [
      one([person('pat'), group('team'), group('*'), group('acme-admins'), group('globex-admins')]),
    ];
    const narrowed = draw(4) === 0 ? { resources: [{ names: ['a'] }] } : {};
    const spec = { effect: one(['Allow', 'Allow', 'Deny']), subjects, ...granted, ...narrowed };
    const tenant = one(['acme', 'globex']);
    const reason = one<JsonObject>([{}, { 'polder.dev/break-glass-reason': 'drill' }]);
    const isGone = draw(3) === 0;
    switch (one(['policy', 'policy', 'policy', 'cluster', 'role', 'namespace', 'tenant'])) {
      case 'policy':
        return change(world, AccessPolicy, { metadata, spec }, isGone);
      case 'cluster':
        return change(
          world,
          ClusterAccessPolicy,
          { metadata: { name: one(['c', 'polder-operators']) }, spec },
          isGone,
        );
      case 'role':
        return change(
          world,
          AccessRole,
          { metadata: { name: one(['r', 'tenant-admin']) }, spec: { actions } },
          isGone,
        );
      case 'namespace': {
        const labels = one<JsonObject>([
          {},
          tied('acme', uidOf(world, 'acme')),
          tied('globex', uidOf(world, 'globex')),
        ]);
        return change(world, Namespace, { metadata: { name: one(NAMESPACES.slice(0, 4)), labels } }, isGone);
      }
      default: {
        const uid = uidOf(world, tenant);
        return change(world, Tenant, { metadata: { name: tenant, uid, annotations: reason } }, isGone);
      }
    }
  }
});
