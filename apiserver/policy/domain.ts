/** Builds the snapshot of one domain from the catalogue: which policies reach into it, and with which rules. */
import { BREAK_GLASS_GROUP } from '../api/identity.ts';
import { NAMESPACES, type ActionTable } from './actions.ts';
import type { Catalog, TenantFacts } from './catalog.ts';
import { compileGrant, isComponentSubject, type Grant, type Policy } from './grants.ts';
import { glob, PLATFORM } from './model.ts';
import { Snapshot, type Link } from './snapshot.ts';
import { groupSubject, SUPERUSERS_GROUP, tenantSubject } from './subjects.ts';

const EVERYTHING = { kind: '*', verb: '*', name: '*', condition: undefined };
export const SUPERUSERS = `group ${SUPERUSERS_GROUP}`;

interface Draft {
  readonly domain: string;
  readonly nowMs: number;
  readonly links: Link[];
  readonly grants: Map<string, Grant>;
  validUntilMs: number;
}

/** Where the rules of a domain come from. */
export interface Sources {
  readonly catalog: Catalog;
  readonly table: ActionTable;
  readonly nowMs: number;
  /** Policies of the tenant instead of those that are stored, to see what they would do. */
  readonly policies?: Iterable<Policy>;
}

export function buildSnapshot(domain: string, sources: Sources): Snapshot {
  const { catalog, nowMs } = sources;
  const draft: Draft = { domain, nowMs, links: [], grants: new Map(), validUntilMs: Infinity };
  const tenant = catalog.tenant(domain);
  if (domain === PLATFORM) addPlatform(draft, sources);
  else addTenant(draft, sources, tenant);
  return new Snapshot({
    domain,
    links: draft.links,
    grants: draft.grants.values(),
    validUntilMs: draft.validUntilMs,
    breakGlass: tenant !== undefined && tenant.breakGlass !== '',
  });
}

function addPlatform(draft: Draft, { catalog, table }: Sources): void {
  addBuiltIn(draft, [SUPERUSERS_GROUP], SUPERUSERS);
  for (const policy of inForce(draft, catalog.clusterPolicies.values())) {
    addPolicy(draft, policy, compileGrant(policy, actionsOf(policy, catalog), table), { layer: 'platform' });
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
  const { catalog, table } = sources;
  for (const policy of inForce(draft, catalog.clusterPolicies.values())) {
    const grant = compileGrant(policy, actionsOf(policy, catalog), table);
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
    addPolicy(draft, policy, compileGrant(policy, actionsOf(policy, catalog), table), {
      layer: 'tenant',
      tenant: (name) => sharesWith(policy, catalog.tenantNamed(name)),
    });
  }
}

/** A grant to a tenant is for the tenant that existed when it was made, not for a later one of the same name. */
function sharesWith(policy: Policy, tenant: TenantFacts | undefined): string | undefined {
  return tenant !== undefined && tenant.createdMs <= policy.createdMs ? tenantSubject(tenant.uid) : undefined;
}

const actionsOf = (policy: Policy, catalog: Catalog): readonly string[] =>
  policy.role === undefined ? [] : catalog.roleActions(policy.role);

function* inForce(draft: Draft, policies: Iterable<Policy>): Iterable<Policy> {
  for (const policy of policies) {
    if (!policy.enforced || policy.expiresMs <= draft.nowMs) continue;
    draft.validUntilMs = Math.min(draft.validUntilMs, policy.expiresMs);
    yield policy;
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
