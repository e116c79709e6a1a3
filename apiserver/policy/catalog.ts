/** What the engine has been told: tenants, namespaces, roles and policies as they are stored, nothing derived. */
import {
  BREAK_GLASS_ANNOTATION,
  TENANT_LABEL,
  TENANT_UID_LABEL,
  tenantNamespace,
  PROTECTED_NAMESPACES,
} from '../api/identity.ts';
import { at, isObject, type JsonObject } from '../api/json.ts';
import { labelsOf } from './conditions.ts';
import { parsePolicy, timeOf, type Policy } from './grants.ts';
import { ORPHAN, PLATFORM } from './model.ts';

export interface TenantFacts {
  readonly uid: string;
  readonly name: string;
  readonly createdMs: number;
  /** The reason that opens the tenant to break-glass identities; empty when it is closed. */
  readonly breakGlass: string;
}

export interface NamespaceFacts {
  readonly tenant: string;
  readonly uid: string;
}

/** Labels of tenancy on them are somebody's mistake or attack. */
const PROTECTED: ReadonlySet<string> = new Set(PROTECTED_NAMESPACES);
const NO_POLICIES: ReadonlyMap<string, Policy> = new Map();

export class Catalog {
  readonly clusterPolicies = new Map<string, Policy>();
  readonly #tenants = new Map<string, TenantFacts>();
  readonly #tenantUids = new Map<string, string>();
  readonly #namespaces = new Map<string, NamespaceFacts>();
  readonly #policies = new Map<string, Map<string, Policy>>();
  readonly #roles = new Map<string, readonly string[]>();
  /** subject -> namespaces with a policy that names it; answers "which tenants could this caller see". */
  readonly #bySubject = new Map<string, Map<string, number>>();

  /** Domain of a namespace that exists or not. */
  domainOf(namespace: string): string {
    const labels = this.#namespaces.get(namespace);
    return this.domainOfLabels(labels);
  }

  /** Domain of a namespace whose labels say this; undefined: they say nothing of a tenant. */
  domainOfLabels(labels: NamespaceFacts | undefined): string {
    if (labels === undefined) return PLATFORM;
    const tenant = this.#tenants.get(labels.uid);
    return tenant?.name === labels.tenant ? tenant.uid : ORPHAN;
  }

  /** Some policy hands the role out to one of the subjects. */
  isBound(subjects: ReadonlySet<string>, role: string): boolean {
    const binds = (policy: Policy): boolean =>
      policy.role === role &&
      policy.subjects.some((entry) => entry.is === 'caller' && subjects.has(entry.subject));
    if ([...this.clusterPolicies.values()].some(binds)) return true;
    const namespaces = new Set(
      [...subjects].flatMap((each) => [...(this.#bySubject.get(each)?.keys() ?? [])]),
    );
    return [...namespaces].some((each) => [...(this.#policies.get(each)?.values() ?? [])].some(binds));
  }

  /** Some policy in the namespace names one of the subjects. */
  isNamed(subjects: ReadonlySet<string>, namespace: string): boolean {
    return [...subjects].some((subject) => this.#bySubject.get(subject)?.has(namespace) === true);
  }

  tenant(uid: string): TenantFacts | undefined {
    return this.#tenants.get(uid);
  }

  tenantNamed(name: string): TenantFacts | undefined {
    const uid = this.#tenantUids.get(name);
    return uid === undefined ? undefined : this.#tenants.get(uid);
  }

  tenants(): Iterable<TenantFacts> {
    return this.#tenants.values();
  }

  roleActions(name: string): readonly string[] {
    return this.#roles.get(name) ?? [];
  }

  /** Policies of a tenant: those in its control-plane namespace, nowhere else. */
  policiesOf(uid: string): ReadonlyMap<string, Policy> {
    const tenant = this.#tenants.get(uid);
    if (tenant === undefined) return NO_POLICIES;
    const home = tenantNamespace(tenant.name);
    return this.domainOf(home) === uid ? (this.#policies.get(home) ?? NO_POLICIES) : NO_POLICIES;
  }

  /** Tenants whose own policies name one of the subjects. */
  tenantsNaming(subjects: Iterable<string>): ReadonlySet<string> {
    const found = new Set<string>();
    for (const subject of subjects) {
      for (const namespace of this.#bySubject.get(subject)?.keys() ?? []) {
        const domain = this.domainOf(namespace);
        if (domain !== PLATFORM && domain !== ORPHAN) found.add(domain);
      }
    }
    return found;
  }

  /** Earliest time after `nowMs` at which a policy ends by itself; Infinity when none does. */
  nextExpiry(nowMs: number): number {
    let next = Infinity;
    for (const policies of [this.clusterPolicies, ...this.#policies.values()]) {
      for (const { expiresMs } of policies.values()) if (expiresMs > nowMs) next = Math.min(next, expiresMs);
    }
    return next;
  }

  /** Domains that were touched, or `all`. */
  setTenant(name: string, object: JsonObject | undefined): readonly string[] | 'all' {
    const before = this.tenantNamed(name);
    const after = object === undefined ? undefined : tenantFacts(name, object);
    if (before !== undefined) this.#tenants.delete(before.uid);
    if (after === undefined) this.#tenantUids.delete(name);
    else {
      this.#tenants.set(after.uid, after);
      this.#tenantUids.set(name, after.uid);
    }
    // A tenant that comes or goes changes what namespaces belong to and which grants to a tenant are in force.
    if (before?.uid !== after?.uid) return 'all';
    return before?.breakGlass === after?.breakGlass || after === undefined ? [] : [after.uid];
  }

  setNamespace(name: string, object: JsonObject | undefined): readonly string[] {
    const before = this.domainOf(name);
    const facts = PROTECTED.has(name) ? undefined : namespaceFacts(object);
    if (facts === undefined) this.#namespaces.delete(name);
    else this.#namespaces.set(name, facts);
    const after = this.domainOf(name);
    return before === after ? [] : [before, after];
  }

  setRole(name: string, object: JsonObject | undefined): void {
    const actions: unknown = at(object, 'spec.actions');
    if (!Array.isArray(actions)) this.#roles.delete(name);
    else
      this.#roles.set(
        name,
        actions.filter((action): action is string => typeof action === 'string'),
      );
  }

  setClusterPolicy(name: string, object: JsonObject | undefined): Policy | undefined {
    const policy = object === undefined ? undefined : parsePolicy(`ClusterAccessPolicy ${name}`, object);
    if (policy === undefined) this.clusterPolicies.delete(name);
    else this.clusterPolicies.set(name, policy);
    return policy;
  }

  setPolicy(namespace: string, name: string, object: JsonObject | undefined): Policy | undefined {
    const policies = this.#policies.get(namespace) ?? new Map<string, Policy>();
    const before = policies.get(name);
    const after = object === undefined ? undefined : parsePolicy(`AccessPolicy ${namespace}/${name}`, object);
    if (before !== undefined) this.#index(namespace, before, -1);
    if (after === undefined) policies.delete(name);
    else {
      policies.set(name, after);
      this.#index(namespace, after, 1);
    }
    if (policies.size === 0) this.#policies.delete(namespace);
    else this.#policies.set(namespace, policies);
    return after;
  }

  #index(namespace: string, policy: Policy, by: 1 | -1): void {
    for (const entry of policy.subjects) {
      if (entry.is !== 'caller') continue;
      const namespaces = this.#bySubject.get(entry.subject) ?? new Map<string, number>();
      const count = (namespaces.get(namespace) ?? 0) + by;
      if (count > 0) namespaces.set(namespace, count);
      else namespaces.delete(namespace);
      if (namespaces.size === 0) this.#bySubject.delete(entry.subject);
      else this.#bySubject.set(entry.subject, namespaces);
    }
  }
}

/** What the labels say; undefined when they say nothing of a tenant. */
export function namespaceFacts(namespace: JsonObject | undefined): NamespaceFacts | undefined {
  const { [TENANT_LABEL]: tenant, [TENANT_UID_LABEL]: uid } = labelsOf(namespace);
  return tenant === undefined && uid === undefined ? undefined : { tenant: text(tenant), uid: text(uid) };
}

function tenantFacts(name: string, object: JsonObject): TenantFacts | undefined {
  const uid = at(object, 'metadata.uid');
  if (typeof uid !== 'string' || uid === '' || uid.startsWith('@')) return undefined;
  const annotations = at(object, 'metadata.annotations');
  const reason =
    isObject(annotations) && Object.hasOwn(annotations, BREAK_GLASS_ANNOTATION)
      ? annotations[BREAK_GLASS_ANNOTATION]
      : undefined;
  return {
    uid,
    name,
    createdMs: timeOf(at(object, 'metadata.creationTimestamp'), Infinity),
    breakGlass: typeof reason === 'string' ? reason.trim() : '',
  };
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
