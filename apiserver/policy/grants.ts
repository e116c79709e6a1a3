/** One stored policy as the engine keeps it: parsed once, and compiled to rules when a domain is built. */
import { SYSTEM_NAMESPACE } from '../api/identity.ts';
import { at, isObject, type JsonObject } from '../api/json.ts';
import { narrower, type ActionTable } from './actions.ts';
import { both, compileCondition, environmentOf, type Condition } from './conditions.ts';
import { glob, type Effect } from './model.ts';
import { DERIVED_GROUPS, groupSubject, serviceAccountSubject, userSubject } from './subjects.ts';

/** A subject that is known now, or a tenant that is looked up when a domain is built. */
export type Subject =
  { readonly is: 'caller'; readonly subject: string } | { readonly is: 'tenant'; readonly name: string };

export type Enforcement = 'Deny' | 'Warn' | 'Audit' | 'Shadow';
const SOFT: ReadonlySet<unknown> = new Set<Enforcement>(['Warn', 'Audit', 'Shadow']);

export interface Policy {
  /** How decisions name it, such as `AccessPolicy tn-acme/readers`. */
  readonly ref: string;
  readonly effect: Effect;
  /** What a refusal does; a grant always has `Deny`, which means that it counts. */
  readonly enforcement: Enforcement;
  readonly subjects: readonly Subject[];
  readonly role: string | undefined;
  readonly actions: readonly string[];
  readonly narrowings: readonly Narrowing[];
  readonly condition: Condition | undefined;
  /** Milliseconds since the epoch; Infinity when it never ends. */
  readonly expiresMs: number;
  readonly createdMs: number;
}

/** Reason of the condition `Valid` once `expiresAt` has passed. */
export const POLICY_OVER = 'Expired';

interface Narrowing {
  /** As written; undefined means every kind. */
  readonly kinds: readonly string[] | undefined;
  readonly names: readonly string[];
  readonly condition: Condition | undefined;
}

/** What a grant covers, one row each. */
export interface GrantRule {
  readonly kind: string;
  readonly verb: string;
  readonly name: string;
  readonly condition: Condition | undefined;
}

/** Rows under one role name. Policies that hand out the same role unchanged share them. */
export interface Grant {
  readonly key: string;
  readonly effect: Effect;
  readonly rules: readonly GrantRule[];
}

const EVERYTHING: readonly Narrowing[] = [{ kinds: undefined, names: ['*'], condition: undefined }];

/** undefined: not a policy at all (a damaged object), which grants nothing. */
export function parsePolicy(ref: string, object: JsonObject): Policy | undefined {
  const { spec } = object;
  if (!isObject(spec)) return undefined;
  // Only the two words of the schema count: any other spelling of "deny" must not silently become an allow.
  const effect = spec['effect'] === 'Allow' ? 'allow' : spec['effect'] === 'Deny' ? 'deny' : undefined;
  if (effect === undefined) return undefined;
  const role = at(spec, 'roleRef.name');
  const expires = spec['expiresAt'];
  return {
    ref,
    effect,
    enforcement: effect === 'deny' ? enforcementOf(spec['enforcement']) : 'Deny',
    subjects: objects(spec['subjects']).flatMap(parseSubject),
    role: typeof role === 'string' ? role : undefined,
    actions: strings(spec['actions']) ?? [],
    narrowings: parseNarrowings(spec['resources']),
    condition: spec['condition'] === undefined ? undefined : compileCondition(spec['condition']),
    // A time that cannot be read has passed for a grant and never comes for a refusal.
    expiresMs: expires === undefined ? Infinity : timeOf(expires, effect === 'allow' ? 0 : Infinity),
    createdMs: timeOf(at(object, 'metadata.creationTimestamp'), Infinity),
  };
}

/** Anything but the words of the schema is taken as a refusal. */
const enforcementOf = (value: unknown): Enforcement => (SOFT.has(value) ? (value as Enforcement) : 'Deny');

export function timeOf(value: unknown, otherwise: number): number {
  const ms = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(ms) ? otherwise : ms;
}

function parseSubject(subject: JsonObject): readonly Subject[] {
  const { kind, name, namespace } = subject;
  if (typeof name !== 'string' || name === '' || typeof kind !== 'string') return [];
  switch (kind) {
    case 'User':
      return [{ is: 'caller', subject: userSubject(name) }];
    case 'Group':
      return [{ is: 'caller', subject: groupSubject(name) }];
    case 'ServiceAccount':
      if (typeof namespace !== 'string' || namespace === '') return [];
      return [{ is: 'caller', subject: serviceAccountSubject(namespace, name) }];
    case 'Tenant':
      return [{ is: 'tenant', name }];
    default:
      return [];
  }
}

/** Subjects that only our own components can be. */
export const isComponentSubject = (subject: string): boolean =>
  subject.startsWith(serviceAccountSubject(SYSTEM_NAMESPACE, '')) || COMPONENT_GROUPS.has(subject);
const COMPONENT_GROUPS: ReadonlySet<string> = new Set([...DERIVED_GROUPS].map(groupSubject));

function parseNarrowings(value: unknown): readonly Narrowing[] {
  if (value === undefined) return EVERYTHING;
  const list = objects(value);
  if (list.length === 0) return EVERYTHING;
  return list.map((entry) => ({
    kinds: strings(entry['kinds']),
    names: strings(entry['names']) ?? ['*'],
    condition: both(
      entry['selector'] === undefined ? undefined : compileCondition({ labelSelector: entry['selector'] }),
      environments(strings(entry['environments'])),
    ),
  }));
}

/** Objects that have no environment are outside the pattern; that is no missing attribute. */
function environments(names: readonly string[] | undefined): Condition | undefined {
  if (names === undefined) return undefined;
  return {
    text: JSON.stringify({ environments: names }),
    usesObject: true,
    usesTime: false,
    evaluate: (facts) => {
      const assumed = facts.assumed?.['environment'];
      if (facts.object === 'later') return assumed === undefined ? 'unknown' : names.includes(assumed);
      const environment = facts.object === 'none' ? assumed : (environmentOf(facts.object) ?? assumed);
      return typeof environment === 'string' && names.includes(environment);
    },
  };
}

/** The policy hands out a role as it is. */
export const sharesRole = (policy: Policy): boolean =>
  policy.role !== undefined && policy.narrowings === EVERYTHING && policy.condition === undefined;

/** `role:` keys are subjects too: the prefix keeps them apart from users and groups. */
export const grantKey = (policy: Policy): string =>
  `role:${sharesRole(policy) ? policy.role : policy.ref}/${policy.effect}`;

/**
 * The rules of a policy. Actions and kinds that do not exist give no rule: writing them is refused, and what a
 * later version no longer knows cannot be asked for.
 */
export function compileGrant(policy: Policy, roleActions: readonly string[], table: ActionTable): Grant {
  const actions = (policy.role === undefined ? policy.actions : roleActions).flatMap((text) => {
    const action = table.action(text);
    return action === undefined ? [] : [action];
  });
  const rules = policy.narrowings.flatMap((narrowing) => {
    const condition = both(policy.condition, narrowing.condition);
    const wanted = narrowing.kinds?.flatMap((kind) => table.resource(kind) ?? []);
    return actions.flatMap(({ kinds, verb }) =>
      kinds
        .flatMap((pattern) => narrowed(pattern, wanted))
        .flatMap((kind) => narrowing.names.map((name) => ({ kind, verb, name, condition }))),
    );
  });
  const distinct = new Map(rules.map((rule) => [ruleKey(rule), rule]));
  return { key: grantKey(policy), effect: policy.effect, rules: [...distinct.values()] };
}

const ruleKey = ({ kind, verb, name, condition }: GrantRule): string =>
  JSON.stringify([kind, verb, name, condition?.text]);

function narrowed(pattern: string, wanted: readonly string[] | undefined): readonly string[] {
  if (wanted === undefined) return [pattern];
  return wanted.flatMap((kind) => narrower(pattern, kind, glob) ?? []);
}

function objects(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

function strings(value: unknown): readonly string[] | undefined {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : undefined;
}
