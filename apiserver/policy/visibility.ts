/**
 * Lists and watches: whether the caller may ask at all, which objects they then see, and when that changes. Over all
 * namespaces the answer is taken tenant by tenant, so nobody sees a tenant they have no rule in.
 */
import type { Attributes, Decision, UserInfo } from '../api/identity.ts';
import type { Kind } from '../api/kind.ts';
import { kindOf, NAMESPACES, requested } from './actions.ts';
import { ORPHAN, PLATFORM } from './model.ts';
import { isAffected, type PolicyChange, type PolicyFacts, type Watched } from './affected.ts';
import type { Asking } from './asking.ts';
import type { Authorizer, Visibility, VisibleObject } from './policy.ts';
import type { View } from './snapshot.ts';
import type { Caller } from './subjects.ts';

type ResourceAttributes = Attributes & { readonly is: 'resource' };

/** What changed: rules of some domains, and whether namespaces went from one domain to another. */
export interface Change {
  readonly domains: readonly string[] | 'all';
  readonly moved: boolean;
}

export interface ListDeps {
  readonly caller: (user: UserInfo) => Caller;
  readonly view: (caller: Caller, domain: string) => View;
  readonly domainOf: (namespace: string) => string;
  /** Tenants in which the caller may have a say; a superset. */
  readonly candidates: (caller: Caller) => Iterable<string>;
  readonly facts: PolicyFacts;
  readonly decide: (view: View, asking: Asking) => Decision;
  readonly onChange: (listener: (change: Change) => void) => () => void;
  readonly now: () => number;
  readonly after: (delayMs: number, task: () => void) => () => void;
}

export function createListDecisions(deps: ListDeps): Authorizer['authorizeList'] {
  return (user, attributes, kind) => {
    const caller = deps.caller(user);
    const list = new ListVisibility(deps, caller, attributes, kind);
    return { decision: list.decision(), visibility: list };
  };
}

/** What one domain means for one list. */
interface Verdict {
  readonly view: View;
  /** `each`: objects have to be asked about one by one. */
  readonly sees: 'all' | 'none' | 'each';
  readonly readsObject: boolean;
  readonly usesTime: boolean;
  readonly print: string;
}

const MINUTE_MS = 60_000;

class ListVisibility implements Visibility {
  readonly #deps: ListDeps;
  readonly #caller: Caller;
  readonly #attributes: ResourceAttributes;
  readonly #isNamespaces: boolean;
  /** Over several domains; otherwise everything is in one. */
  readonly #spread: boolean;
  readonly #watched: Watched;
  readonly #asked: { readonly kind: string; readonly verb: string };
  readonly #verdicts = new Map<string, Verdict>();
  readonly #listeners = new Set<() => void>();
  #unsubscribe: () => void = () => undefined;
  #cancelTick: (() => void) | undefined;
  /** Domain and rules of a list within one namespace, to notice when it moved. */
  #last: string;

  constructor(deps: ListDeps, caller: Caller, attributes: ResourceAttributes, kind: Kind) {
    this.#deps = deps;
    this.#caller = caller;
    this.#attributes = attributes;
    this.#asked = requested(attributes);
    this.#isNamespaces = kindOf(kind.group, kind.plural) === NAMESPACES;
    this.#spread = this.#isNamespaces || (kind.scope === 'Namespaced' && attributes.namespace === '');
    const { namespace } = attributes;
    this.#watched = {
      caller,
      asked: this.#asked,
      reach: this.#spread ? 'spread' : kind.scope === 'Cluster' ? 'above' : { namespace },
      sees: (domain) => this.#verdict(domain).sees !== 'none',
    };
    this.#last = this.#spread ? '' : this.#fingerprint(this.#ownDomain());
  }

  get all(): boolean {
    // An open watch has to notice a revocation; only our own components are beyond that.
    if (this.#attributes.verb === 'watch' && !this.#caller.component) return false;
    if (!this.#spread) return this.#verdict(this.#ownDomain()).sees === 'all';
    // Tenants have no say about components, so an unknown tenant stands for all of them.
    return [PLATFORM, ORPHAN].every(
      (domain) => this.#caller.component && this.#verdict(domain).sees === 'all',
    );
  }

  get allForNow(): boolean {
    return !this.#spread && this.#verdict(this.#ownDomain()).sees === 'all';
  }

  decision(): Decision {
    const own = this.#ask(this.#deps.view(this.#caller, this.#ownDomain()));
    if (own.allowed || !this.#spread) return own;
    for (const domain of this.#deps.candidates(this.#caller)) {
      const decision = this.#ask(this.#deps.view(this.#caller, domain));
      if (decision.allowed) return decision;
    }
    return own;
  }

  allows(object: VisibleObject): boolean {
    const namespace = this.#isNamespaces ? object.name : object.namespace;
    const verdict = this.#verdict(this.#spread ? this.#deps.domainOf(namespace) : this.#ownDomain());
    if (verdict.sees !== 'each') return verdict.sees === 'all';
    const attributes = { ...this.#attributes, namespace: object.namespace, name: object.name };
    const subject = verdict.readsObject ? { object: object.read() } : undefined;
    return this.#deps.decide(verdict.view, { caller: this.#caller, attributes, scope: 'one', subject })
      .allowed;
  }

  affectedBy(change: PolicyChange): boolean {
    return isAffected(this.#deps.facts, this.#watched, change);
  }

  onChange(listener: () => void): () => void {
    if (this.#listeners.size === 0)
      this.#unsubscribe = this.#deps.onChange((change) => this.#changed(change));
    this.#listeners.add(listener);
    this.#tick();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      this.#unsubscribe();
      this.#cancelTick?.();
      this.#cancelTick = undefined;
    };
  }

  #ownDomain(): string {
    return this.#spread ? PLATFORM : this.#deps.domainOf(this.#attributes.namespace);
  }

  #ask(view: View): Decision {
    const scope = this.#attributes.name === '' ? 'some' : 'one';
    return this.#deps.decide(view, {
      caller: this.#caller,
      attributes: this.#attributes,
      scope,
      subject: undefined,
    });
  }

  #verdict(domain: string): Verdict {
    const known = this.#verdicts.get(domain);
    if (known !== undefined) return known;
    const view = this.#deps.view(this.#caller, domain);
    const bucket = view.bucket(this.#asked.verb, this.#asked.kind);
    const allowed = bucket.rows.length > 0 && this.#ask(view).allowed;
    const verdict: Verdict = {
      view,
      sees: bucket.perObject || bucket.usesTime ? 'each' : allowed ? 'all' : 'none',
      readsObject: bucket.conditions.size > 0,
      usesTime: bucket.usesTime,
      print: bucket.print,
    };
    this.#verdicts.set(domain, verdict);
    this.#tick();
    return verdict;
  }

  #fingerprint(domain: string): string {
    return `${domain} ${this.#verdict(domain).print}`;
  }

  #changed({ domains, moved }: Change): void {
    const isDifferent = this.#spread ? this.#spreadChanged(domains) || moved : this.#ownChanged(domains);
    if (isDifferent) this.#emit();
  }

  #ownChanged(domains: Change['domains']): boolean {
    const domain = this.#ownDomain();
    if (domains !== 'all' && !domains.includes(domain) && this.#last.startsWith(`${domain} `)) return false;
    this.#verdicts.clear();
    const before = this.#last;
    this.#last = this.#fingerprint(domain);
    return this.#last !== before;
  }

  #spreadChanged(domains: Change['domains']): boolean {
    const touched =
      domains === 'all'
        ? new Set([...this.#verdicts.keys(), ...this.#deps.candidates(this.#caller)])
        : domains;
    let isDifferent = false;
    for (const domain of touched) {
      const before = this.#verdicts.get(domain)?.print ?? '';
      this.#verdicts.delete(domain);
      isDifferent ||= this.#verdict(domain).print !== before;
    }
    return isDifferent;
  }

  #emit(): void {
    for (const listener of this.#listeners) listener();
  }

  /** Time windows open and close at full minutes without anybody changing a policy. */
  #tick(): void {
    if (this.#cancelTick !== undefined || this.#listeners.size === 0) return;
    if (![...this.#verdicts.values()].some((verdict) => verdict.usesTime)) return;
    this.#cancelTick = this.#deps.after(MINUTE_MS - (this.#deps.now() % MINUTE_MS), () => {
      this.#cancelTick = undefined;
      this.#emit();
      this.#tick();
    });
  }
}
