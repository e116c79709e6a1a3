/** Builds the snapshot of one domain from the catalogue: which policies reach into it, and with which rules. */
import { BREAK_GLASS_GROUP } from '../api/identity.ts';
import { NAMESPACES, type ActionTable } from './actions.ts';
import type { Catalog, TenantFacts } from './catalog.ts';
import { compileGrant, grantKey, isComponentSubject, sharesRole, type Grant, type Policy } from './grants.ts';
import { glob, PLATFORM } from './model.ts';
import { Snapshot, type Advisory, type Link } from './snapshot.ts';
import { groupSubject, SUPERUSERS_GROUP, tenantSubject } from './subjects.ts';

const EVERYTHING = { kind: '*', verb: '*', name: '*', condition: undefined };
export const SUPERUSERS = `group ${SUPERUSERS_GROUP}`;

interface Draft {
  readonly domain: string;
  readonly nowMs: number;
  readonly links: Link[];
  readonly grants: Map<string, Grant>;
  /** Refusals that are not enforced. */
  readonly soft: Policy[];
  validUntilMs: number;
}

export type Compile = (policy: Policy) => Grant;

/**
 * Compiles each policy once, and each role once for all policies that hand it out unchanged: thousands of tenants
 * share a few roles. Must be made anew when a role changes.
 */
export function createCompiler(catalog: Catalog, table: ActionTable): Compile {
  const byPolicy = new WeakMap<Policy, Grant>();
  const byRole = new Map<string, Grant>();
  return (policy) => {
    const known = byPolicy.get(policy) ?? (sharesRole(policy) ? byRole.get(grantKey(policy)) : undefined);
    if (known !== undefined) return known;
    const actions = policy.role === undefined ? [] : catalog.roleActions(policy.role);
    const grant = compileGrant(policy, actions, table);
    if (sharesRole(policy)) byRole.set(grant.key, grant);
    else byPolicy.set(policy, grant);
    return grant;
  };
}

/** Where the rules of a domain come from. */
export interface Sources {
  readonly catalog: Catalog;
  readonly compile: Compile;
  readonly nowMs: number;
  /** Policies of the tenant instead of those that are stored, to see what they would do. */
  readonly policies?: Iterable<Policy>;
}

export function buildSnapshot(domain: string, sources: Sources): Snapshot {
  const { catalog, nowMs } = sources;
  const draft: Draft = { domain, nowMs, links: [], grants: new Map(), soft: [], validUntilMs: Infinity };
  const tenant = catalog.tenant(domain);
  if (domain === PLATFORM) addPlatform(draft, sources);
  else addTenant(draft, sources, tenant);
  return new Snapshot({
    domain,
    links: draft.links,
    grants: draft.grants,
    validUntilMs: draft.validUntilMs,
    breakGlass: tenant !== undefined && tenant.breakGlass !== '',
    advisories: draft.soft.map((policy) => advisory(policy, sources, domain)),
  });
}

/** A refusal on trial stands alone, so that every one that would have refused is known. */
function advisory(policy: Policy, { compile, nowMs }: Sources, domain: string): Advisory {
  const draft: Draft = { domain, nowMs, links: [], grants: new Map(), soft: [], validUntilMs: Infinity };
  addPolicy(draft, policy, compile(policy), { layer: 'platform' });
  const { links, grants } = draft;
  const snapshot = new Snapshot({
    domain,
    links,
    grants,
    validUntilMs: Infinity,
    breakGlass: false,
    advisories: [],
  });
  return { policy: policy.ref, enforcement: policy.enforcement, snapshot };
}

function addPlatform(draft: Draft, { catalog, compile }: Sources): void {
  addBuiltIn(draft, [SUPERUSERS_GROUP], SUPERUSERS);
  for (const policy of inForce(draft, catalog.clusterPolicies.values())) {
    addPolicy(draft, policy, compile(policy), { layer: 'platform' });
  }
}

/**
 * | cluster policy | subject           | holds inside a tenant                                          |
 * | -------------- | ----------------- | -------------------------------------------------------------- |
 * | Deny           | anyone            | yes, and nothing in the tenant overrides it                     |
 * | Allow          | our components    | yes                                                            |
 * | Allow          | anyone else       | only for reading the Namespace object                           |
 */
function addTenant(draft: Draft, sources: Sources, tenant: TenantFacts | undefined): void {
  const { catalog, compile } = sources;
  for (const policy of inForce(draft, catalog.clusterPolicies.values())) {
    const grant = compile(policy);
    if (policy.effect === 'deny') {
      addPolicy(draft, policy, grant, { layer: 'platform' });
      continue;
    }
    addPolicy(draft, policy, grant, { layer: 'platform', only: isComponentSubject });
    addPolicy(draft, policy, onlyNamespaces(grant), {
      layer: 'platform',
      only: (subject) => !isComponentSubject(subject),
    });
  }
  if (tenant === undefined) return;
  addBuiltIn(draft, [SUPERUSERS_GROUP], SUPERUSERS, NAMESPACES);
  if (tenant.breakGlass !== '') {
    addBuiltIn(draft, [SUPERUSERS_GROUP, BREAK_GLASS_GROUP], `break-glass: ${tenant.breakGlass}`);
  }
  for (const policy of inForce(draft, sources.policies ?? catalog.policiesOf(tenant.uid).values())) {
    addPolicy(draft, policy, compile(policy), {
      layer: 'tenant',
      tenant: (name) => sharesWith(policy, catalog.tenantNamed(name)),
    });
  }
}

/** A grant to a tenant is for the tenant that existed when it was made, not for a later one of the same name. */
function sharesWith(policy: Policy, tenant: TenantFacts | undefined): string | undefined {
  return tenant !== undefined && tenant.createdMs <= policy.createdMs ? tenantSubject(tenant.uid) : undefined;
}

function* inForce(draft: Draft, policies: Iterable<Policy>): Iterable<Policy> {
  for (const policy of policies) {
    if (policy.expiresMs <= draft.nowMs) continue;
    draft.validUntilMs = Math.min(draft.validUntilMs, policy.expiresMs);
    if (policy.enforcement === 'Deny') yield policy;
    else draft.soft.push(policy);
  }
}

interface Reach {
  readonly layer: Link['layer'];
  readonly only?: (subject: string) => boolean;
  readonly tenant?: (name: string) => string | undefined;
}

function addPolicy(draft: Draft, policy: Policy, grant: Grant, reach: Reach): void {
  if (grant.rules.length === 0) return;
  for (const entry of policy.subjects) {
    const subject = entry.is === 'caller' ? entry.subject : reach.tenant?.(entry.name);
    if (subject === undefined || reach.only?.(subject) === false) continue;
    draft.links.push({ subject, grant: grant.key, policy: policy.ref, layer: reach.layer });
    draft.grants.set(grant.key, grant);
  }
}

function addBuiltIn(draft: Draft, groups: readonly string[], policy: string, kind = '*'): void {
  const key = `role:${policy}/${kind}/allow`;
  draft.grants.set(key, { key, effect: 'allow', rules: [{ ...EVERYTHING, kind }] });
  for (const group of groups) {
    draft.links.push({ subject: groupSubject(group), grant: key, policy, layer: 'platform' });
  }
}

/** Reading the Namespace object, which is cluster-scoped; changing or deleting it would reach into the tenant. */
function onlyNamespaces(grant: Grant): Grant {
  const rules = grant.rules.filter((rule) => glob(NAMESPACES, rule.kind));
  return {
    key: grant.key.replace(/\/allow$/, '/namespaces/allow'),
    effect: grant.effect,
    rules: READ.flatMap((verb) =>
      rules.filter((rule) => glob(verb, rule.verb)).map((rule) => ({ ...rule, verb, kind: NAMESPACES })),
    ),
  };
}
const READ = ['get', 'list', 'watch'];
