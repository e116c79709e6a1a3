/**
 * The access engine: keeps the policies it is fed as one immutable snapshot per tenant and answers every question
 * with one Casbin enforcement inside the domain the question belongs to.
 */
import { tenantNamespace, type Attributes, type Decision, type UserInfo } from '../api/identity.ts';
import type { JsonObject } from '../api/json.ts';
import type { Kind } from '../api/kind.ts';
import { createActionTable, kindOf, NAMESPACES, type ActionTable } from './actions.ts';
import { policyFacts } from './affected.ts';
import type { Subject } from './asking.ts';
import { Catalog } from './catalog.ts';
import { createDecider, denied, scopeOf, type Decide } from './decider.ts';
import { notGranted } from './denial.ts';
import { buildSnapshot, createCompiler, type Compile, type Sources } from './domain.ts';
import { parsePolicy, type Enforcement, type GrantRule, type Policy } from './grants.ts';
import { PLATFORM } from './model.ts';
import type { Authorizer, PolicyFeed, ResourceRule } from './policy.ts';
import type { Rule, Snapshot } from './snapshot.ts';
import { callerKey, tenantCaller, toCaller, type Caller } from './subjects.ts';
import { resourceRules, tenantRules } from './resource-rules.ts';
import { createTenantReach, type TenantReach } from './tenant-reach.ts';
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

export interface TenantIdentity {
  readonly uid: string;
  readonly name: string;
  /** Its control-plane namespace, where its objects live. */
  readonly namespace: string;
}

export interface Compiled {
  readonly rules: readonly GrantRule[];
  readonly unknownActions: readonly string[];
  readonly unknownKinds: readonly string[];
}

export interface Advice {
  readonly policy: string;
  readonly enforcement: Enforcement;
}

export interface Preview {
  /** Number of rules that the tenant would have. */
  readonly size: number;
  readonly decide: (user: UserInfo, attributes: ResourceAttributes) => Decision;
}

export interface Engine extends Authorizer, PolicyFeed {
  readonly engine: 'casbin';
  /** Number of domains that are compiled, for metrics. */
  readonly domains: number;
  /** Decides about an object that is at hand instead of the stored one. */
  authorizeObject(user: UserInfo, attributes: ResourceAttributes, subject: Subject): Decision;
  /** Refusals on trial that would have refused this write. */
  advise(user: UserInfo, attributes: ResourceAttributes, subject: Subject): readonly Advice[];
  /** Whether the tenant that owns `provider` shares the object with the tenant that owns `consumer`. */
  shared(consumer: string, provider: string, attributes: ResourceAttributes): Decision;
  /** The tenant a namespace belongs to; undefined for all others. */
  tenantOf(namespace: string): TenantIdentity | undefined;
  /** What the caller was granted and refused where the namespace belongs, `''` for the platform. */
  rulesOf(user: UserInfo, namespace: string): readonly Rule[];
  /** What a policy covers, and the words in it that mean nothing. */
  compile(policy: JsonObject): Compiled | undefined;
  /** Whether an AccessPolicy could grant the verb on the kind, as rules spell both. */
  grantable(kind: string, verb: string): boolean;
  /** Whether `depots:use` or the like names something. */
  knows(action: string): boolean;
  /** The tenant of the namespace as if the policy were stored there. */
  preview(namespace: string, name: string, policy: JsonObject): Preview;
  /** `depots:use` as a question; undefined when it names nothing. */
  question(action: string, namespace: string, name: string): ResourceAttributes | undefined;
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
  #compile: Compile;
  readonly #snapshots = new Map<string, Snapshot>();
  readonly #callers = new Map<string, Caller>();
  readonly #callerOf = new WeakMap<UserInfo, Caller>();
  readonly #listeners = new Set<(change: Change) => void>();
  readonly authorizeList: Authorizer['authorizeList'];
  #cancelTimer: () => void = () => undefined;
  #nextExpiryMs = Infinity;

  readonly #decide: Decide;
  readonly #reach: TenantReach;

  constructor(deps: EngineDeps) {
    this.#deps = deps;
    this.#decide = createDecider({
      now: deps.now,
      find: ({ group, resource, namespace, name }) => {
        const kind = this.#kinds.get(kindOf(group, resource));
        if (kind === undefined) return undefined;
        return deps.find(kind, kind.scope === 'Cluster' ? '' : namespace, name);
      },
      grantable: (kind, verb) => this.grantable(kind, verb),
      onError: deps.onError ?? ((): void => undefined),
    });
    this.#table = createActionTable(deps.kinds);
    this.#compile = createCompiler(this.#catalog, this.#table);
    this.#reach = createTenantReach((role) => this.#catalog.roleActions(role), this.#table);
    for (const kind of deps.kinds) this.#kinds.set(kindOf(kind.group, kind.plural), kind);
    this.authorizeList = createListDecisions({
      caller: (user) => this.#caller(user),
      view: (caller, domain) => this.#snapshot(domain).view(caller),
      domainOf: (namespace) => this.#catalog.domainOf(namespace),
      candidates: (caller) => this.#candidates(caller),
      facts: policyFacts(this.#catalog, this.#table),
      decide: this.#decide,
      onChange: (listener) => {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
      },
      now: deps.now,
      after: deps.after,
    });
  }

  get domains(): number {
    return this.#snapshots.size;
  }

  authorize(user: UserInfo, attributes: Attributes): Decision {
    if (isEmpty(user, attributes)) return denied(notGranted(attributes, true));
    const caller = this.#caller(user);
    const view = this.#snapshot(this.#domain(attributes)).view(caller);
    return this.#decide(view, { caller, attributes, scope: scopeOf(attributes), subject: undefined });
  }

  review(user: UserInfo, attributes: Attributes): Decision {
    if (attributes.is === 'path' || isEmpty(user, attributes)) return this.authorize(user, attributes);
    const { group, resource, subresource, verb, name } = attributes;
    const kind = this.#kinds.get(kindOf(group, resource));
    if (kind === undefined) return this.authorize(user, attributes);
    // Requests for cluster-scoped objects have no namespace, whatever the asker's default one is.
    const isAbove = kind.scope === 'Cluster' && kindOf(group, resource) !== NAMESPACES;
    const asked = isAbove ? { ...attributes, namespace: '' } : attributes;
    const isList = (verb === 'list' || verb === 'watch') && subresource === '' && name === '';
    if (!isList || asked.namespace !== '') return this.authorize(user, asked);
    return this.authorizeList(user, asked, kind).decision;
  }

  authorizeObject(user: UserInfo, attributes: ResourceAttributes, subject: Subject): Decision {
    if (isEmpty(user, attributes)) return denied(notGranted(attributes, true));
    const caller = this.#caller(user);
    const view = this.#snapshot(this.#domain(attributes)).view(caller);
    return this.#decide(view, { caller, attributes, scope: 'one', subject });
  }

  advise(user: UserInfo, attributes: ResourceAttributes, subject: Subject): readonly Advice[] {
    const { advisories } = this.#snapshot(this.#domain(attributes));
    if (advisories.length === 0) return advisories;
    const asked = { caller: this.#caller(user), attributes, scope: 'one', subject } as const;
    return advisories.filter(
      ({ snapshot }) => this.#decide(snapshot.view(asked.caller), asked).policies.length > 0,
    );
  }

  shared(consumer: string, provider: string, attributes: ResourceAttributes): Decision {
    const tenant = this.#catalog.tenant(this.#catalog.domainOf(consumer));
    const domain = this.#catalog.domainOf(provider);
    if (tenant === undefined || this.#catalog.tenant(domain) === undefined) return denied('');
    const caller = this.#known(JSON.stringify({ tenant: tenant.uid }), () =>
      tenantCaller(tenant.name, tenant.uid),
    );
    const view = this.#snapshot(domain).view(caller);
    return this.#decide(view, { caller, attributes, scope: 'one', subject: undefined });
  }

  grantable(kind: string, verb: string): boolean {
    return this.#reach.grantable(kind, verb);
  }

  tenantOf(namespace: string): TenantIdentity | undefined {
    const tenant = this.#catalog.tenant(this.#catalog.domainOf(namespace));
    if (tenant === undefined) return undefined;
    return { uid: tenant.uid, name: tenant.name, namespace: tenantNamespace(tenant.name) };
  }

  rulesOf(user: UserInfo, namespace: string): readonly Rule[] {
    return this.#snapshot(this.#catalog.domainOf(namespace)).view(this.#caller(user)).rules;
  }

  compile(object: JsonObject): Compiled | undefined {
    const policy = parsePolicy('draft', object);
    if (policy === undefined) return undefined;
    return {
      rules: this.#compile(policy).rules,
      unknownActions: policy.actions.filter((action) => !this.knows(action)),
      unknownKinds: policy.narrowings
        .flatMap((narrowing) => narrowing.kinds ?? [])
        .filter((kind) => this.#table.resource(kind) === undefined),
    };
  }

  knows(action: string): boolean {
    return this.#table.action(action) !== undefined;
  }

  preview(namespace: string, name: string, object: JsonObject): Preview {
    const domain = this.#catalog.domainOf(namespace);
    const policies = new Map(this.#catalog.policiesOf(domain));
    const policy = parsePolicy(`AccessPolicy ${namespace}/${name}`, object);
    if (policy !== undefined) policies.set(name, policy);
    const snapshot = buildSnapshot(domain, { ...this.#sources(), policies: policies.values() });
    return {
      size: snapshot.ownSize,
      decide: (user, attributes) => {
        const caller = toCaller(user);
        const scope = scopeOf(attributes);
        return this.#decide(snapshot.view(caller), { caller, attributes, scope, subject: undefined });
      },
    };
  }

  question(text: string, namespace: string, name: string): ResourceAttributes | undefined {
    const action = this.#table.action(text);
    const [pattern = '*'] = action?.kinds ?? [];
    if (action === undefined || pattern.includes('*')) return undefined;
    const [alias = '', resource = '', subresource = ''] = pattern.split('/');
    const kind = this.#kinds.get(`${alias}/${resource}`) ?? {
      group: alias,
      version: 'v1',
      scope: 'Namespaced',
    };
    return {
      is: 'resource',
      verb: action.verb,
      group: kind.group,
      version: kind.version,
      resource,
      subresource,
      namespace: kind.scope === 'Cluster' ? '' : namespace,
      name,
    };
  }

  rules(user: UserInfo, namespace: string): readonly ResourceRule[] {
    const here = this.rulesOf(user, namespace);
    const platform = this.rulesOf(user, '');
    if (here === platform) return resourceRules(here, this.#deps.kinds);
    // Inside a tenant the platform grants what has no namespace, and the tenant what has one.
    const beside = platform.filter(({ kind }) => this.#kinds.get(kind)?.scope !== 'Namespaced');
    return [...tenantRules(here, this.#deps.kinds), ...resourceRules(beside, this.#deps.kinds)];
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
        this.#reach.forget();
        this.#compile = createCompiler(this.#catalog, this.#table);
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
    const snapshot = buildSnapshot(domain, this.#sources());
    this.#snapshots.delete(domain);
    const [oldest] = this.#snapshots.size >= MAX_SNAPSHOTS ? this.#snapshots.keys() : [];
    if (oldest !== undefined) this.#snapshots.delete(oldest);
    this.#snapshots.set(domain, snapshot);
    return snapshot;
  }

  #sources(): Sources {
    return { catalog: this.#catalog, compile: this.#compile, nowMs: this.#deps.now() };
  }

  #caller(user: UserInfo): Caller {
    const known = this.#callerOf.get(user);
    if (known !== undefined) return known;
    const caller = this.#known(callerKey(user), () => toCaller(user));
    this.#callerOf.set(user, caller);
    return caller;
  }

  /** One object for each caller, because views are kept by it. */
  #known(key: string, make: () => Caller): Caller {
    const caller = this.#callers.get(key) ?? make();
    this.#callers.delete(key);
    const [oldest] = this.#callers.size >= MAX_CALLERS ? this.#callers.keys() : [];
    if (oldest !== undefined) this.#callers.delete(oldest);
    this.#callers.set(key, caller);
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
}

/** Empty words match empty defaults inside Casbin: they are refused before it sees them. */
function isEmpty(user: UserInfo, attributes: Attributes): boolean {
  if (user.name === '' || attributes.verb === '') return true;
  return attributes.is === 'path' ? attributes.path === '' : attributes.resource === '';
}
