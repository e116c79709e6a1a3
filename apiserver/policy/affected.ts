/**
 * Whether one change of what policy is made of can have changed what a caller sees in a list. A watch that comes back
 * after such a change must list anew; every other one goes on, and learns nothing of what other tenants do. The answer
 * may be "yes" too often, never too seldom.
 */
import { BREAK_GLASS_ANNOTATION, tenantNamespace } from '../api/identity.ts';
import { at, isObject, type JsonObject } from '../api/json.ts';
import type { Kind } from '../api/kind.ts';
import { kindOf, NAMESPACES, type ActionTable } from './actions.ts';
import { namespaceFacts, type Catalog, type NamespaceFacts } from './catalog.ts';
import { parsePolicy, POLICY_OVER, type Policy } from './grants.ts';
import { ORPHAN } from './model.ts';
import type { VisibleObject } from './policy.ts';
import type { Caller } from './subjects.ts';

/** `previous` undefined: created; `object` undefined: deleted. */
export interface PolicyChange {
  readonly kind: Kind;
  readonly object: VisibleObject | undefined;
  readonly previous: VisibleObject | undefined;
}

/** What the engine knows now. */
export interface PolicyFacts {
  readonly domainOf: (namespace: string) => string;
  readonly domainOfLabels: (labels: NamespaceFacts | undefined) => string;
  /** Namespace of the policies that rule the domain; undefined for domains of no tenant. */
  readonly homeOf: (domain: string) => string | undefined;
  /** Some policy hands the role out to the caller. */
  readonly isBound: (caller: Caller, role: string) => boolean;
  /** Some policy of the namespace names the caller. */
  readonly isNamed: (caller: Caller, namespace: string) => boolean;
  readonly covers: (actions: readonly string[], asked: Asked) => boolean;
}
interface Asked {
  readonly kind: string;
  readonly verb: string;
}

export const policyFacts = (catalog: Catalog, table: ActionTable): PolicyFacts => ({
  domainOf: (namespace) => catalog.domainOf(namespace),
  domainOfLabels: (labels) => catalog.domainOfLabels(labels),
  homeOf: (domain) => {
    const tenant = catalog.tenant(domain);
    return tenant === undefined ? undefined : tenantNamespace(tenant.name);
  },
  isBound: ({ subjects }, role) => catalog.isBound(subjects, role),
  isNamed: ({ subjects }, namespace) => catalog.isNamed(subjects, namespace),
  covers: (actions, asked) => table.covers(actions, asked),
});

/** One list as somebody watches it. */
export interface Watched {
  readonly caller: Caller;
  readonly asked: Asked;
  /** `above`: objects that belong to no namespace; `spread`: over all domains. */
  readonly reach: 'above' | 'spread' | { readonly namespace: string };
  /** Whether the caller sees anything of the domain now. */
  readonly sees: (domain: string) => boolean;
}

export function isAffected(facts: PolicyFacts, watched: Watched, change: PolicyChange): boolean {
  switch (kindOf(change.kind.group, change.kind.plural)) {
    case 'polder/accesspolicies':
      return isInReach(facts, watched, namespaceOf(change)) && policyMatters(facts, watched, change);
    case 'polder/clusteraccesspolicies':
      return policyMatters(facts, watched, change);
    case 'polder/accessroles':
      return roleMatters(facts, watched, change);
    case NAMESPACES:
      return namespaceMatters(facts, watched, change);
    case 'polder/tenants':
      return tenantMatters(facts, watched, change);
    default:
      return true;
  }
}

const eitherOf = ({ object, previous }: PolicyChange): VisibleObject | undefined => object ?? previous;
const namespaceOf = (change: PolicyChange): string => eitherOf(change)?.namespace ?? '';
const nameOf = (change: PolicyChange): string => eitherOf(change)?.name ?? '';

/** A tenant's policies rule its own namespaces, and are made in one of them. */
function isInReach(facts: PolicyFacts, { reach }: Watched, home: string): boolean {
  if (reach === 'above') return false;
  if (reach === 'spread' || reach.namespace === home) return true;
  const domain = facts.domainOf(reach.namespace);
  return domain === ORPHAN || facts.homeOf(domain) === home;
}

interface Read {
  readonly policy: Policy | undefined;
  readonly spec: string;
  /** Its end is in the log because a controller says it in the status: nobody wrote the policy at that moment. */
  readonly isOver: boolean;
}
/** Many watches come back at once and ask about the same changes. */
const read = new WeakMap<VisibleObject, Read>();

function readPolicy(stored: VisibleObject | undefined): Read | undefined {
  if (stored === undefined) return undefined;
  const known = read.get(stored);
  if (known !== undefined) return known;
  const object = stored.read();
  const fresh = {
    policy: parsePolicy('', object),
    spec: JSON.stringify(at(object, 'spec')),
    isOver: isReportedOver(object),
  };
  read.set(stored, fresh);
  return fresh;
}

function isReportedOver(object: JsonObject): boolean {
  const conditions = at(object, 'status.conditions');
  return (
    Array.isArray(conditions) &&
    conditions.some((each) => at(each, 'type') === 'Valid' && at(each, 'reason') === POLICY_OVER)
  );
}

function policyMatters(facts: PolicyFacts, watched: Watched, change: PolicyChange): boolean {
  const now = readPolicy(change.object);
  const before = readPolicy(change.previous);
  if (now?.spec === before?.spec && now?.isOver === before?.isOver) return false;
  return [now, before].some((each) => each?.policy !== undefined && matters(facts, watched, each.policy));
}

function matters(facts: PolicyFacts, { caller, asked }: Watched, policy: Policy): boolean {
  const isMeant = policy.subjects.some(
    (entry) => entry.is === 'caller' && caller.subjects.has(entry.subject),
  );
  // What a role held at the time is not known any more.
  return isMeant && (policy.role !== undefined || facts.covers(policy.actions, asked));
}

function roleMatters(facts: PolicyFacts, { caller, asked }: Watched, change: PolicyChange): boolean {
  const covered = [change.object, change.previous].map((each) =>
    facts.covers(actionsOf(each?.read()), asked),
  );
  return covered[0] !== covered[1] && facts.isBound(caller, nameOf(change));
}

function actionsOf(role: JsonObject | undefined): readonly string[] {
  const actions = at(role, 'spec.actions');
  return Array.isArray(actions)
    ? actions.filter((action): action is string => typeof action === 'string')
    : [];
}

/**
 * A new namespace is empty, so nothing in it was or was not seen; one that went or moved took its objects along, and
 * the policies in it are in force only while it is the home of their tenant.
 */
function namespaceMatters(facts: PolicyFacts, watched: Watched, change: PolicyChange): boolean {
  const { caller, reach } = watched;
  if (reach === 'above') return false;
  const before = namespaceFacts(change.previous?.read());
  const now = namespaceFacts(change.object?.read());
  if (isSame(before, now)) return false;
  const name = nameOf(change);
  if (reach !== 'spread') return reach.namespace === name || isInReach(facts, watched, name);
  if (facts.isNamed(caller, name)) return true;
  if (change.previous === undefined) return false;
  return [before, now].some((labels) => watched.sees(facts.domainOfLabels(labels)));
}

const isSame = (a: NamespaceFacts | undefined, b: NamespaceFacts | undefined): boolean =>
  a?.tenant === b?.tenant && a?.uid === b?.uid;

/** A new tenant has nothing yet. One that went, or that was opened or closed, matters to those who could act in it. */
function tenantMatters(facts: PolicyFacts, { caller, reach }: Watched, change: PolicyChange): boolean {
  const { object, previous } = change;
  if (reach === 'above' || previous === undefined) return false;
  const isGone = object === undefined;
  const isTurned = reasonOf(previous) !== (object === undefined ? '' : reasonOf(object));
  if (!isGone && !isTurned) return false;
  const home = tenantNamespace(nameOf(change));
  if (reach === 'spread') return caller.breakGlass || (isGone && facts.isNamed(caller, home));
  const domain = facts.domainOf(reach.namespace);
  return domain === ORPHAN || reach.namespace === home || facts.homeOf(domain) === home;
}

function reasonOf(tenant: VisibleObject): string {
  const annotations = at(tenant.read(), 'metadata.annotations');
  const reason = isObject(annotations) ? annotations[BREAK_GLASS_ANNOTATION] : undefined;
  return typeof reason === 'string' ? reason.trim() : '';
}
