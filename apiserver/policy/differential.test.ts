/**
 * Random policies, callers and questions: the engine, an AccessReview, a filtered list and an independent reading of
 * the same policies must agree. The seed is printed; set POLDER_SEED to repeat a run.
 */
import assert from 'node:assert/strict';
import { reviewAccess } from '../admission/access-review.ts';
import type { UserInfo } from '../api/identity.ts';
import { at, type JsonObject } from '../api/json.ts';
import type { Kind } from '../api/kind.ts';
import { AccessPolicy } from '../kinds/access-policy.ts';
import { Credential } from '../kinds/credential.ts';
import { DataProduct } from '../kinds/data-product.ts';
import { Depot } from '../kinds/depot.ts';
import { ann, attributesOf, createWorld, user, type World } from '../../test/support/policy.ts';

const SEED = Number(process.env['POLDER_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const CASES = 1000;

/** source: Mulberry32, public domain. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), state | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Spec {
  readonly effect: 'Allow' | 'Deny';
  readonly subjects: readonly { readonly kind: string; readonly name: string }[];
  readonly actions: readonly string[];
  readonly resources?: readonly {
    readonly kinds?: readonly string[];
    readonly names?: readonly string[];
    readonly selector?: { readonly matchLabels: Readonly<Record<string, string>> };
  }[];
  readonly condition?: JsonObject;
}

const KINDS: readonly Kind[] = [Depot, Credential, DataProduct];
const VERBS = ['get', 'list', 'update', 'delete', 'use'];
const NAMES = ['a', 'ab', 'b', 'prod-1', 'prod-2'];
const PATTERNS = ['a', 'a*', 'prod-*', '*', 'b'];
const GROUPS = ['g1', 'g2', 'g3', 'g4'];
const USERS = ['u1', 'u2'];
const TEAMS = ['x', 'y'];

class Draw {
  readonly #next: () => number;
  constructor(seed: number) {
    this.#next = random(seed);
  }
  chance(share: number): boolean {
    return this.#next() < share;
  }
  one<T>(items: readonly T[]): T {
    return items[Math.floor(this.#next() * items.length)] as T;
  }
  some<T>(items: readonly T[], share: number): readonly T[] {
    return items.filter(() => this.chance(share));
  }
  spec(): Spec {
    const resources = Array.from({ length: this.chance(0.5) ? 1 + Math.floor(this.#next() * 2) : 0 }, () => ({
      ...(this.chance(0.5) ? { kinds: [this.one(KINDS).plural] } : {}),
      ...(this.chance(0.5) ? { names: [this.one(PATTERNS)] } : {}),
      ...(this.chance(0.3) ? { selector: { matchLabels: { team: this.one(TEAMS) } } } : {}),
    }));
    return {
      effect: this.chance(0.7) ? 'Allow' : 'Deny',
      subjects: [
        this.chance(0.8)
          ? { kind: 'Group', name: this.one([...GROUPS, '*']) }
          : { kind: 'User', name: this.one([...USERS, '*']) },
      ],
      actions: Array.from({ length: 1 + Math.floor(this.#next() * 3) }, () =>
        this.chance(0.1)
          ? '*'
          : `${this.one(['*', ...KINDS.map(({ plural }) => plural)])}:${this.one(['*', ...VERBS])}`,
      ),
      ...(resources.length === 0 ? {} : { resources }),
      ...(this.chance(0.25)
        ? {
            condition: {
              eq: { attribute: this.one(['labels.team', 'spec.owner']), value: this.one([...TEAMS, 'o']) },
            },
          }
        : {}),
    };
  }
}

// --- the independent reading: policy by policy, in plain words, without any of the engine's parts

const fits = (pattern: string, name: string): boolean =>
  pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : pattern === name;

function names(spec: Spec, who: UserInfo): boolean {
  return spec.subjects.some(({ kind, name }) => {
    if (name === '*') return true;
    return kind === 'User' ? who.name === name : who.groups.includes(name);
  });
}

/** undefined: something that the condition looks at is not there. */
function conditionHolds(spec: Spec, object: JsonObject): boolean | undefined {
  if (spec.condition === undefined) return true;
  const { attribute, value } = spec.condition['eq'] as { attribute: string; value: string };
  const found = attribute === 'labels.team' ? at(object, 'metadata.labels.team') : at(object, attribute);
  return found === undefined ? undefined : found === value;
}

function matches(spec: Spec, verb: string, kind: Kind, object: JsonObject): boolean {
  const isAction = spec.actions.some((action) => {
    const [plural = '', wanted = '*'] = action === '*' ? ['*'] : action.split(':');
    return (plural === '*' || plural === kind.plural) && (wanted === '*' || wanted === verb);
  });
  const name = String(at(object, 'metadata.name'));
  const isResource = (spec.resources ?? [{}]).some(
    (resource) =>
      (resource.kinds?.includes(kind.plural) ?? true) &&
      (resource.names?.some((pattern) => fits(pattern, name)) ?? true) &&
      (resource.selector === undefined ||
        at(object, 'metadata.labels.team') === resource.selector.matchLabels['team']),
  );
  return isAction && isResource && (conditionHolds(spec, object) ?? spec.effect === 'Deny');
}

function expected(
  specs: readonly Spec[],
  who: UserInfo,
  verb: string,
  [kind, object]: [Kind, JsonObject],
): boolean {
  const mine = specs.filter((spec) => names(spec, who) && matches(spec, verb, kind, object));
  return mine.some(({ effect }) => effect === 'Allow') && !mine.some(({ effect }) => effect === 'Deny');
}

// --- one case

interface Case {
  readonly world: World;
  readonly specs: readonly Spec[];
  readonly who: UserInfo;
  readonly verb: string;
  readonly kind: Kind;
  readonly object: JsonObject;
}

function setUp(seed: number): Case {
  const draw = new Draw(seed);
  const specs = Array.from({ length: 1 + Math.floor(draw.one([0, 1, 2, 3, 4, 5, 6, 7])) }, () => draw.spec());
  const world = createWorld();
  // The built-in policies of the test tenant would hide most differences.
  world.remove(AccessPolicy, 'tn-acme', 'developers');
  for (const [index, spec] of specs.entries())
    world.addPolicy('tn-acme', `p${index}`, spec as unknown as JsonObject);
  const kind = draw.one(KINDS);
  const object: JsonObject = {
    kind: kind.kind,
    metadata: {
      namespace: 'tn-acme',
      name: draw.one(NAMES),
      labels: draw.chance(0.7) ? { team: draw.one(TEAMS) } : {},
    },
    spec: draw.chance(0.5) ? { owner: 'o' } : {},
  };
  world.put(kind, object);
  const who = { ...user(draw.one(USERS)), groups: [...draw.some(GROUPS, 0.4), 'system:authenticated'] };
  return { world, specs, who, verb: draw.one(VERBS), kind, object };
}

describe('engine against an independent reading', () => {
  before(() => console.log(`      seed ${SEED}`));

  it(`O13 review, enforcement and list agree in ${CASES} random cases`, () => {
    let allowed = 0;
    for (let index = 0; index < CASES; index += 1) {
      const { world, specs, who, verb, kind, object } = setUp(SEED + index);
      const name = String(at(object, 'metadata.name'));
      const where = `seed ${SEED + index}: ${who.name} ${JSON.stringify(who.groups)} ${verb} ${kind.plural} ${JSON.stringify(object)} ${JSON.stringify(specs)}`;
      const wanted = expected(specs, who, verb, [kind, object]);
      allowed += Number(wanted);

      assert.equal(world.can(who, verb, kind.plural, 'tn-acme', name), wanted, where);
      const spec = {
        subject: { user: who.name, groups: who.groups },
        action: `${kind.plural}:${verb}`,
        resource: { name },
      };
      const review = reviewAccess(world.engine, ann, { namespace: 'tn-acme', name: 'r' }, {
        spec,
      } as unknown as JsonObject);
      assert.equal(at(review, 'status.allowed'), wanted, where);

      const seen = expected(specs, who, 'list', [kind, object]);
      for (const namespace of ['tn-acme', '']) {
        const { decision, visibility } = world.engine.authorizeList(
          who,
          attributesOf('list', kind.plural, namespace),
          kind,
        );
        const sees =
          decision.allowed && visibility.allows({ namespace: 'tn-acme', name, read: () => object });
        assert.equal(sees, seen, `list in "${namespace}", ${where}`);
      }
      assert.deepEqual(world.errors, []);
    }
    assert.ok(allowed > CASES / 20 && allowed < CASES, `a test of ${allowed} allowed cases says little`);
  });

  it('never allows more because of a deny, nor anything else because of the order of policies', () => {
    for (let index = 0; index < 200; index += 1) {
      const { world, specs, who, verb, kind, object } = setUp(SEED + 100_000 + index);
      const name = String(at(object, 'metadata.name'));
      const before = world.can(who, verb, kind.plural, 'tn-acme', name);

      const again = createWorld();
      again.remove(AccessPolicy, 'tn-acme', 'developers');
      again.put(kind, object);
      for (const [position, spec] of specs.toReversed().entries()) {
        again.addPolicy('tn-acme', `q${position}`, spec as unknown as JsonObject);
      }
      assert.equal(
        again.can(who, verb, kind.plural, 'tn-acme', name),
        before,
        `seed ${SEED + 100_000 + index}`,
      );

      const deny = { ...new Draw(SEED + index).spec(), effect: 'Deny' };
      world.addPolicy('tn-acme', 'more', deny as unknown as JsonObject);
      assert.ok(
        before || !world.can(who, verb, kind.plural, 'tn-acme', name),
        `seed ${SEED + 100_000 + index}`,
      );
    }
  });
});
