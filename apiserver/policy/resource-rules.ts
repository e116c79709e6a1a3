/** The rules of one caller in the shape of a SelfSubjectRulesReview. */
import type { Kind } from '../api/kind.ts';
import { groupsOf, kindOf, NAMESPACES, VERBS } from './actions.ts';
import { glob } from './model.ts';
import type { ResourceRule } from './policy.ts';
import type { Rule } from './snapshot.ts';

/** Grants that a refusal does not take away as a whole; what a refusal narrows is still listed. */
export function resourceRules(rules: readonly Rule[], kinds: readonly Kind[]): readonly ResourceRule[] {
  const refusals = rules.filter(
    (rule) => rule.effect === 'deny' && rule.name === '*' && rule.condition === undefined,
  );
  const merged = new Map<
    string,
    { readonly rule: Omit<ResourceRule, 'verbs'>; readonly verbs: Set<string> }
  >();
  for (const rule of rules) {
    if (rule.effect === 'deny' || rule.kind.startsWith('path/')) continue;
    if (refusals.some((refusal) => glob(rule.kind, refusal.kind) && glob(rule.verb, refusal.verb))) continue;
    const key = JSON.stringify([rule.kind, rule.name]);
    const entry = merged.get(key) ?? { rule: describe(rule, kinds), verbs: new Set<string>() };
    merged.set(key, entry);
    entry.verbs.add(rule.verb);
  }
  return [...merged.values()].map(({ rule, verbs }) => ({
    ...rule,
    verbs: verbs.has('*') ? ['*'] : [...VERBS].filter((verb) => verbs.has(verb)),
  }));
}

/**
 * Rules that a tenant made: they hold for what is in its namespaces, so whatever they say about cluster-scoped kinds
 * is left out. The Namespace itself is decided by its tenant.
 */
export function tenantRules(rules: readonly Rule[], kinds: readonly Kind[]): readonly ResourceRule[] {
  const above = new Set(
    kinds.filter(({ scope }) => scope === 'Cluster').map(({ group, plural }) => kindOf(group, plural)),
  );
  const namespaced = kinds.filter(({ scope }) => scope === 'Namespaced');
  const held = new Set(namespaced.map(({ group }) => group));
  const isHere = ({ kind }: Rule): boolean => {
    const [alias = '', plural = ''] = kind.split('/');
    const whole = `${alias}/${plural}`;
    return whole === NAMESPACES || !above.has(whole);
  };
  return resourceRules(rules.filter(isHere), kinds).map((rule) =>
    rule.apiGroups.length < 2
      ? rule
      : { ...rule, apiGroups: rule.apiGroups.filter((group) => held.has(group)) },
  );
}

function describe(rule: Rule, kinds: readonly Kind[]): Omit<ResourceRule, 'verbs'> {
  const everywhere = rule.kind === '*';
  return {
    apiGroups: everywhere ? ['*'] : groupsOf(rule.kind, kinds),
    resources: [everywhere ? '*' : rule.kind.slice(rule.kind.indexOf('/') + 1)],
    resourceNames: rule.name === '*' ? [] : [rule.name],
  };
}
