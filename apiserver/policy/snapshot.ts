/**
 * Everything needed to decide inside one domain, immutable once built: who reaches which rules, indexed by caller,
 * verb and kind. A change of policy builds a new one; a decision never sees a half-loaded state.
 */
import { createEnforcer, type DomainEnforcer, type Outcome } from './casbin.ts';
import type { Condition } from './conditions.ts';
import type { Enforcement, Grant } from './grants.ts';
import { glob, named, type Attrs, type Effect, type Row } from './model.ts';
import type { Caller } from './subjects.ts';

/** A subject holds a grant because of one policy. */
export interface Link {
  readonly subject: string;
  readonly grant: string;
  readonly policy: string;
  /** `tenant`: made by the tenant itself; has no say about our components and break-glass identities. */
  readonly layer: 'tenant' | 'platform';
}

export interface Rule {
  readonly row: Row;
  readonly effect: Effect;
  readonly kind: string;
  readonly verb: string;
  readonly name: string;
  readonly condition: Condition | undefined;
}

/** The rules that can match one verb on one kind for one caller. */
export interface Bucket {
  readonly rows: readonly Row[];
  readonly rules: readonly Rule[];
  /** Conditions of the rules by their text, which is what a row holds of them; empty when there are none. */
  readonly conditions: ReadonlyMap<string, Condition>;
  /** Some rule is about objects of certain names. */
  readonly named: boolean;
  /** The answer depends on which object it is. */
  readonly perObject: boolean;
  readonly usesTime: boolean;
  /** Equal prints decide everything alike (as long as time plays no role). */
  readonly print: string;
}

export interface SnapshotInput {
  readonly domain: string;
  readonly links: readonly Link[];
  readonly grants: ReadonlyMap<string, Grant>;
  /** Some grant or refusal ends at this time; the snapshot must not be used after it. */
  readonly validUntilMs: number;
  /** Break-glass identities are admitted, and then only the platform's own rules hold for them. */
  readonly breakGlass: boolean;
  readonly advisories: readonly Advisory[];
}

/** A refusal that warns, records or is compared instead of refusing. */
export interface Advisory {
  readonly policy: string;
  readonly enforcement: Enforcement;
  /** Its rules alone. */
  readonly snapshot: Snapshot;
}

/** Callers whose view of one domain is kept; the oldest goes first. */
const MAX_VIEWS = 512;
const MAX_BUCKETS = 512;
const NO_BUCKET: Bucket = {
  rows: [],
  rules: [],
  conditions: new Map(),
  named: false,
  perObject: false,
  usesTime: false,
  print: '',
};

export class Snapshot {
  readonly domain: string;
  readonly validUntilMs: number;
  /** Number of rules that the tenant itself made, for limits. */
  readonly ownSize: number;
  readonly advisories: readonly Advisory[];
  /** Made when the first caller comes: most tenants are quiet most of the time. */
  #enforcer: DomainEnforcer | undefined;
  readonly #links = new Map<string, Link[]>();
  readonly #grants: ReadonlyMap<string, Grant>;
  /** Rows of the grants somebody reached; those of our components are many and rarely needed. */
  readonly #rules = new Map<string, readonly Rule[]>();
  readonly #views = new Map<Caller, View>();
  readonly #breakGlass: boolean;

  constructor(input: SnapshotInput) {
    this.domain = input.domain;
    this.validUntilMs = input.validUntilMs;
    this.advisories = input.advisories;
    this.#breakGlass = input.breakGlass;
    for (const link of input.links) {
      const links = this.#links.get(link.subject);
      if (links === undefined) this.#links.set(link.subject, [link]);
      else links.push(link);
    }
    this.#grants = input.grants;
    const own = new Set(input.links.flatMap((link) => (link.layer === 'tenant' ? [link.grant] : [])));
    this.ownSize = [...own].reduce((sum, key) => sum + (input.grants.get(key)?.rules.length ?? 0), 0);
  }

  view(caller: Caller): View {
    const known = this.#views.get(caller);
    if (known !== undefined) return known;
    const view = this.#build(caller);
    if (this.#views.size >= MAX_VIEWS) this.#views.delete(this.#views.keys().next().value ?? caller);
    this.#views.set(caller, view);
    return view;
  }

  #build(caller: Caller): View {
    const platformOnly = caller.component || (this.#breakGlass && caller.breakGlass);
    const policies = new Map<string, string[]>();
    let member = false;
    for (const subject of caller.subjects) {
      for (const link of this.#links.get(subject) ?? []) {
        if (platformOnly && link.layer === 'tenant') continue;
        policies.set(link.grant, [...(policies.get(link.grant) ?? []), link.policy]);
        member ||= link.layer === 'tenant' && link.grant.endsWith('/allow');
      }
    }
    const rules = [...policies.keys()].flatMap((key) => this.#rulesOf(key));
    this.#enforcer ??= createEnforcer();
    return new View({ domain: this.domain, enforcer: this.#enforcer, caller, rules, policies, member });
  }

  #rulesOf(key: string): readonly Rule[] {
    const known = this.#rules.get(key);
    if (known !== undefined) return known;
    const grant = this.#grants.get(key);
    const rules = grant === undefined ? [] : toRules(grant, this.domain);
    this.#rules.set(key, rules);
    return rules;
  }
}

function toRules(grant: Grant, domain: string): readonly Rule[] {
  return grant.rules.map(({ kind, verb, name, condition }, index) => ({
    row: [grant.key, domain, kind, name, verb, condition?.text ?? '', grant.effect, `${grant.key}#${index}`],
    effect: grant.effect,
    kind,
    verb,
    name,
    condition,
  }));
}

interface ViewInput {
  readonly domain: string;
  readonly enforcer: DomainEnforcer;
  readonly caller: Caller;
  readonly rules: readonly Rule[];
  readonly policies: ReadonlyMap<string, readonly string[]>;
  readonly member: boolean;
}

/** One caller inside one domain. */
export class View {
  readonly rules: readonly Rule[];
  /** The tenant itself granted this caller something, so its policies may be named in a denial. */
  readonly member: boolean;
  readonly #input: ViewInput;
  readonly #subjects: ReadonlySet<string>;
  /** By kind, then verb. */
  readonly #buckets = new Map<string, Map<string, Bucket>>();

  constructor(input: ViewInput) {
    this.#input = input;
    this.rules = input.rules;
    this.member = input.member;
    this.#subjects = new Set([...input.caller.subjects, ...input.policies.keys()]);
  }

  bucket(verb: string, kind: string): Bucket {
    const known = this.#buckets.get(kind)?.get(verb);
    if (known !== undefined) return known;
    const bucket = toBucket(this.rules.filter((rule) => glob(verb, rule.verb) && glob(kind, rule.kind)));
    // Verbs and kinds of a review are whatever the asker typed: forget everything before that fills the memory.
    const ofKind = this.#buckets.get(kind) ?? new Map<string, Bucket>();
    if (this.#buckets.size >= MAX_BUCKETS || ofKind.size >= MAX_BUCKETS) this.#buckets.clear();
    this.#buckets.set(kind, ofKind.set(verb, bucket));
    return bucket;
  }

  /** One enforcement over the whole subject set. */
  enforce(bucket: Bucket, question: Asked): Outcome {
    const { kind, name, verb, attrs } = question;
    // A thousand grants by name cost a look at the name each, not an enforcement each.
    const rows = bucket.named ? bucket.rows.filter((row) => named(attrs, name, row[3], row[6])) : bucket.rows;
    return this.#input.enforcer.enforce(rows, {
      subjects: this.#subjects,
      domain: this.#input.domain,
      kind,
      name,
      verb,
      attrs,
    });
  }

  /** Names of the policies by which the caller holds the rule. */
  policiesOf(rule: string): readonly string[] {
    return this.#input.policies.get(rule.slice(0, rule.lastIndexOf('#'))) ?? [];
  }
}

export interface Asked {
  readonly kind: string;
  readonly name: string;
  readonly verb: string;
  readonly attrs: Attrs;
}

function toBucket(matching: readonly Rule[]): Bucket {
  if (matching.length === 0) return NO_BUCKET;
  const rules = [...withoutNeedless(matching, 'deny'), ...withoutNeedless(matching, 'allow')];
  return {
    rows: rules.map((rule) => rule.row),
    rules,
    named: rules.some((rule) => rule.name !== '*'),
    conditions: new Map(
      rules.flatMap(({ condition }) => (condition === undefined ? [] : [[condition.text, condition]])),
    ),
    perObject: rules.some((rule) => rule.name !== '*' || rule.condition?.usesObject === true),
    usesTime: rules.some((rule) => rule.condition?.usesTime === true),
    print: [...new Set(rules.map(print))].sort().join('\n'),
  };
}

/** Beside a rule that always matches, others of the same effect change nothing. */
function withoutNeedless(rules: readonly Rule[], effect: Effect): readonly Rule[] {
  const own = rules.filter((rule) => rule.effect === effect);
  const plain = own.find((rule) => rule.name === '*' && rule.condition === undefined);
  return plain === undefined ? own : [plain];
}

const print = (rule: Rule): string => JSON.stringify([rule.effect, rule.name, rule.condition?.text ?? '']);
