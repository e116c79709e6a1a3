/**
 * The access engine: keeps the policies it is fed as one immutable snapshot per tenant and answers every question
 * with one Casbin enforcement inside the domain the question belongs to.
 */
import type { Attributes, Decision, UserInfo } from '../api/identity.ts';
import type { JsonObject } from '../api/json.ts';
import type { Kind } from '../api/kind.ts';
import { createActionTable, kindOf, NAMESPACES, requested, type ActionTable } from './actions.ts';
import type { Asking, Subject } from './asking.ts';
import { Catalog } from './catalog.ts';
import { holds, type Facts } from './conditions.ts';
import { nearest, notGranted, refused } from './denial.ts';
import { buildSnapshot } from './domain.ts';
import type { Policy } from './grants.ts';
import { PLAIN, PLATFORM, type Attrs, type Scope } from './model.ts';
import type { Authorizer, PolicyFeed, ResourceRule } from './policy.ts';
import type { Bucket, Snapshot, View } from './snapshot.ts';
import { callerKey, tenantCaller, toCaller, type Caller } from './subjects.ts';
import { resourceRules } from './resource-rules.ts';
import { createListDecisions, type Change } from './visibility.ts';

type ResourceAttributes = Attributes & { readonly is: 'resource' };

export interface EngineDeps {
  /** Every kind that is served: what actions may name. */
  readonly kinds: readonly Kind[];
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Runs a task once after a delay; the result cancels it. */
  readonly after: (delayMs: number, task: () => void) => () => void;
  /** The stored object, for conditions about it. */
  readonly find: (kind: Kind, namespace: string, name: string) => JsonObject | undefined;
  /** An enforcement that threw was answered with a denial; somebody must look. */
  readonly onError?: (error: unknown) => void;
}

export interface Engine extends Authorizer, PolicyFeed {
  readonly engine: 'casbin';
  /** Decides about an object that is at hand instead of the stored one. */
  authorizeObject(user: UserInfo, attributes: ResourceAttributes, subject: Subject): Decision;
  /** Whether the tenant that owns `provider` shares the object with the tenant that owns `consumer`. */
  shared(consumer: string, provider: string, attributes: ResourceAttributes): Decision;
  /** UID of the tenant a namespace belongs to; undefined for all others. */
  tenantOf(namespace: string): string | undefined;
  /** Everything the caller was granted or refused where the namespace belongs; for escalation checks. */
  view(user: UserInfo, namespace: string): View;
  /** Number of rules in the domain of the namespace, for limits. */
  size(namespace: string): number;
  close(): void;
}

/** Tenants whose snapshot is kept; the least recently used goes first and is rebuilt when it is needed again. */
const MAX_SNAPSHOTS = 4096;
const MAX_CALLERS = 4096;
/** Longest delay a timer takes. */
const MAX_DELAY_MS = 2 ** 31 - 1;
const EVERYWHERE: Change = { domains: 'all', moved: false };

export function createCasbinEngine(deps: EngineDeps): Engine {
  return new CasbinEngine(deps);
}

class CasbinEngine implements Engine {
  readonly engine = 'casbin';
  readonly #deps: EngineDeps;
  readonly #table: ActionTable;
  readonly #kinds = new Map<string, Kind>();
  readonly #catalog = new Catalog();
  readonly #snapshots = new Map<string, Snapshot>();
  readonly #callers = new Map<string, Caller>();
  readonly #callerOf = new WeakMap<UserInfo, Caller>();
  readonly #listeners = new Set<(change: Change) => void>();
  readonly authorizeList: Authorizer['authorizeList'];
  #cancelTimer: () => void = () => undefined;
  #nextExpiryMs = Infinity;

  constructor(deps: EngineDeps) {
    this.#deps = deps;
    this.#table = createActionTable(deps.kinds);
    for (const kind of deps.kinds) this.#kinds.set(kindOf(kind.group, kind.plural), kind);
    this.authorizeList = createListDecisions({
      caller: (user) => this.#caller(user),
      view: (caller, domain) => this.#snapshot(domain).view(caller),
      domainOf: (namespace) => this.#catalog.domainOf(namespace),
      candidates: (caller) => this.#candidates(caller),
      decide: (view, question) => this.#decide(view, question),
      onChange: (listener) => {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
      },
      now: deps.now,
      after: deps.after,
    });
  }

  authorize(user: UserInfo, attributes: Attributes): Decision {
    if (isEmpty(user, attributes)) return deny(notGranted(attributes));
    const caller = this.#caller(user);
    const view = this.#snapshot(this.#domain(attributes)).view(caller);
    return this.#decide(view, { caller, attributes, scope: scopeOf(attributes), subject: undefined });
  }

  authorizeObject(user: UserInfo, attributes: ResourceAttributes, subject: Subject): Decision {
    if (isEmpty(user, attributes)) return deny(notGranted(attributes));
    const caller = this.#caller(user);
    const view = this.#snapshot(this.#domain(attributes)).view(caller);
    return this.#decide(view, { caller, attributes, scope: 'one', subject });
  }

  shared(consumer: string, provider: string, attributes: ResourceAttributes): Decision {
    const tenant = this.#catalog.tenant(this.#catalog.domainOf(consumer));
    const domain = this.#catalog.domainOf(provider);
    if (tenant === undefined || this.#catalog.tenant(domain) === undefined) return deny('');
    const caller = tenantCaller(tenant.name, tenant.uid);
    // Not kept: a tenant asks rarely and would push callers out.
    const view = this.#snapshot(domain).view(caller);
    return this.#decide(view, { caller, attributes, scope: 'one', subject: undefined });
  }

  tenantOf(namespace: string): string | undefined {
    return this.#catalog.tenant(this.#catalog.domainOf(namespace))?.uid;
  }

  view(user: UserInfo, namespace: string): View {
    return this.#snapshot(this.#catalog.domainOf(namespace)).view(this.#caller(user));
  }

  size(namespace: string): number {
    return this.#snapshot(this.#catalog.domainOf(namespace)).size;
  }

  rules(user: UserInfo, namespace: string): readonly ResourceRule[] {
    const here = this.view(user, namespace).rules;
    const platform = this.view(user, '').rules;
    return resourceRules(here === platform ? here : [...here, ...platform]);
  }

  apply(kind: Kind, namespace: string, name: string, object: JsonObject | undefined): void {
    const change = this.#store(kind, namespace, name, object);
    if (change === undefined) return;
    if (change.domains === 'all') this.#snapshots.clear();
    else for (const domain of change.domains) this.#snapshots.delete(domain);
    this.#notify(change);
  }

  close(): void {
    this.#cancelTimer();
    this.#listeners.clear();
  }

  #store(kind: Kind, namespace: string, name: string, object: JsonObject | undefined): Change | undefined {
    switch (kindOf(kind.group, kind.plural)) {
      case 'polder/tenants': {
        const domains = this.#catalog.setTenant(name, object);
        // A tenant that comes or goes takes the namespaces that carry its labels along.
        return domains.length === 0 ? undefined : { domains, moved: domains === 'all' };
      }
      case NAMESPACES: {
        const domains = this.#catalog.setNamespace(name, object);
        return domains.length === 0 ? undefined : { domains, moved: true };
      }
      case 'polder/accessroles':
        this.#catalog.setRole(name, object);
        return EVERYWHERE;
      case 'polder/clusteraccesspolicies':
        this.#expects(this.#catalog.setClusterPolicy(name, object));
        return EVERYWHERE;
      case 'polder/accesspolicies':
        this.#expects(this.#catalog.setPolicy(namespace, name, object));
        return { domains: [this.#catalog.domainOf(namespace)], moved: false };
      default:
        return undefined;
    }
  }

  #notify(change: Change): void {
    for (const listener of this.#listeners) listener(change);
  }

  /** Policies end by the clock: decisions look at it themselves, open watches have to be told. */
  #expects(policy: Policy | undefined): void {
    if (policy === undefined || policy.expiresMs >= this.#nextExpiryMs) return;
    if (policy.expiresMs > this.#deps.now()) this.#arm(policy.expiresMs);
  }

  #arm(expiresMs: number): void {
    this.#cancelTimer();
    this.#nextExpiryMs = expiresMs;
    if (expiresMs === Infinity) return;
    const delayMs = Math.min(expiresMs - this.#deps.now(), MAX_DELAY_MS);
    this.#cancelTimer = this.#deps.after(delayMs, () => {
      this.#snapshots.clear();
      this.#arm(this.#catalog.nextExpiry(this.#deps.now()));
      this.#notify(EVERYWHERE);
    });
  }

  #domain(attributes: Attributes): string {
    if (attributes.is === 'path') return PLATFORM;
    if (attributes.resource === 'namespaces' && attributes.group === '') {
      return this.#catalog.domainOf(attributes.name === '' ? attributes.namespace : attributes.name);
    }
    return this.#catalog.domainOf(attributes.namespace);
  }

  #snapshot(domain: string): Snapshot {
    const known = this.#snapshots.get(domain);
    if (known !== undefined && known.validUntilMs > this.#deps.now()) return known;
    const snapshot = buildSnapshot(domain, this.#catalog, this.#table, this.#deps.now());
    this.#snapshots.delete(domain);
    const [oldest] = this.#snapshots.size >= MAX_SNAPSHOTS ? this.#snapshots.keys() : [];
    if (oldest !== undefined) this.#snapshots.delete(oldest);
    this.#snapshots.set(domain, snapshot);
    return snapshot;
  }

  #caller(user: UserInfo): Caller {
    const known = this.#callerOf.get(user);
    if (known !== undefined) return known;
    const key = callerKey(user);
    const caller = this.#callers.get(key) ?? toCaller(user);
    this.#callers.delete(key);
    const [oldest] = this.#callers.size >= MAX_CALLERS ? this.#callers.keys() : [];
    if (oldest !== undefined) this.#callers.delete(oldest);
    this.#callers.set(key, caller);
    this.#callerOf.set(user, caller);
    return caller;
  }

  /** Tenants in which the caller may have a say; a superset. */
  #candidates(caller: Caller): Iterable<string> {
    if (caller.component) return [...this.#catalog.tenants()].map((tenant) => tenant.uid);
    const found = new Set(this.#catalog.tenantsNaming(caller.subjects));
    if (caller.breakGlass) {
      for (const tenant of this.#catalog.tenants()) if (tenant.breakGlass !== '') found.add(tenant.uid);
    }
    return found;
  }

  #decide(view: View, asked: Asking): Decision {
    const { attributes } = asked;
    const { kind, verb } = requested(attributes);
    const bucket = view.bucket(verb, kind);
    if (bucket.rows.length === 0) return this.#default(view, asked);
    try {
      const name = attributes.is === 'path' ? attributes.path : attributes.name;
      const { scope, attrs } = this.#attrs(bucket, asked);
      const { allowed, rule } = view.enforce(bucket, { kind, name, verb, attrs: attrs ?? PLAIN[scope] });
      if (rule === undefined) return this.#default(view, asked);
      const policies = view.policiesOf(rule);
      if (allowed) return { allowed: true, reason: allowedBy(policies), policies };
      // Naming a refusal in a tenant the caller has nothing to do with would tell that the tenant exists.
      const visible = view.member || policies.every((policy) => !policy.startsWith('AccessPolicy '));
      const reason = visible ? refused(policies) : notGranted(attributes);
      return { allowed: false, reason, policies };
    } catch (error) {
      this.#deps.onError?.(error);
      return deny(`${notGranted(attributes)} (ENGINE_ERROR)`);
    }
  }

  #default(view: View, { attributes }: Asking): Decision {
    const hint = view.member ? nearest(view.rules, requested(attributes)) : '';
    return deny(notGranted(attributes) + hint);
  }

  /** What conditions see; nothing is looked up unless a rule needs it. */
  #attrs(bucket: Bucket, asked: Asking): { readonly scope: Scope; readonly attrs?: Attrs } {
    const { attributes, subject } = asked;
    if (bucket.conditions.size === 0 || attributes.is === 'path') return { scope: asked.scope };
    const { object, scope } = this.#object(asked);
    const facts: Facts = {
      user: asked.caller.name,
      verb: attributes.verb,
      resource: attributes.resource,
      subresource: attributes.subresource,
      namespace: attributes.namespace,
      name: attributes.name,
      nowMs: this.#deps.now(),
      object,
      mayChange: WRITES.has(attributes.verb) && subject === undefined,
      ...(subject?.replaces === undefined ? {} : { replaces: subject.replaces }),
      ...(subject?.assumed === undefined ? {} : { assumed: subject.assumed }),
    };
    const evaluate: Attrs['holds'] = (text, effect) => {
      const truth = bucket.conditions.get(text)?.evaluate(facts) ?? 'missing';
      if (truth === 'unknown' && scope === 'every') return effect === 'deny';
      return holds(truth, effect);
    };
    return { scope, attrs: { scope, holds: evaluate } };
  }

  #object({ attributes, scope, subject }: Asking): {
    readonly object: Facts['object'];
    readonly scope: Scope;
  } {
    if (subject !== undefined) return { object: subject.object, scope };
    if (scope !== 'one' || attributes.is === 'path') return { object: 'later', scope };
    const kind = this.#kinds.get(kindOf(attributes.group, attributes.resource));
    const found =
      kind === undefined ? undefined : this.#deps.find(kind, attributes.namespace, attributes.name);
    if (found !== undefined) return { object: found, scope };
    // An update or apply of what does not exist becomes a create, which is decided with the object at hand.
    return { object: WRITES.has(attributes.verb) ? 'later' : 'none', scope };
  }
}

const WRITES: ReadonlySet<string> = new Set(['create', 'update', 'patch']);

/** A question without a name is about some object (list, create) or all of them (deletecollection). */
function scopeOf(attributes: Attributes): Scope {
  if (attributes.is === 'path' || attributes.name !== '') return 'one';
  return attributes.verb === 'deletecollection' ? 'every' : 'some';
}

/** Empty words match empty defaults inside Casbin: they are refused before it sees them. */
function isEmpty(user: UserInfo, attributes: Attributes): boolean {
  if (user.name === '' || attributes.verb === '') return true;
  return attributes.is === 'path' ? attributes.path === '' : attributes.resource === '';
}

const deny = (reason: string): Decision => ({ allowed: false, reason, policies: [] });
const allowedBy = (policies: readonly string[]): string => `allowed by ${policies.slice(0, 3).join(', ')}`;
