/**
 * One ResourceQuota and what is taken of it: every counted object with its usage, and what writes under way have
 * been promised. All in memory, so that concurrent creations cannot pass the bound together.
 */
import { formatQuantity, parseQuantity, type Quantity } from '../../api/quantity.ts';
import type { JsonObject } from '../../api/json.ts';
import type { Kind } from '../../api/kind.ts';
import type { Pod } from '../../kinds/native/pod.ts';
import type { ResourceQuota } from '../../kinds/native/resource-quota.ts';
import { isPod, missingAmounts } from './pod-usage.ts';
import { isInScope, scopesOf } from './scopes.ts';
import type { Usage } from './amounts.ts';
import { evaluatorOf, type Evaluator } from './usage.ts';

export interface Account {
  readonly name: string;
  readonly kinds: Iterable<Kind>;
  /** Takes in what is stored now; `read` undefined = deleted. True when something in use changed. */
  record(kind: Kind, name: string, read: (() => JsonObject) | undefined): boolean;
  /**
   * Sets aside what a write adds until it is recorded or released. Answers why it does not fit, in the words of
   * kube-apiserver, or how to give it back.
   */
  reserve(kind: Kind, name: string, object: JsonObject, isNew: boolean): Reservation;
  /** `status.used`: what is bounded and can be counted, in the notation of its bound. */
  used(): Readonly<Record<string, string>>;
}
export type Reservation =
  /** The write takes nothing that is bounded. */
  | { readonly is: 'free' }
  | { readonly is: 'reserved'; readonly release: () => void }
  | { readonly is: 'refused'; readonly why: string };

const NOTHING: Usage = new Map();
const FREE: Reservation = { is: 'free' };

export function createAccount(quota: ResourceQuota, kinds: readonly Kind[]): Account {
  return new QuotaAccount(quota, kinds);
}

class QuotaAccount implements Account {
  readonly name: string;
  readonly #hard: ReadonlyMap<string, Quantity>;
  readonly #scopes: ReturnType<typeof scopesOf>;
  readonly #evaluators: ReadonlyMap<Kind, Evaluator>;
  readonly #used = new Map<string, bigint>();
  readonly #byObject = new Map<string, Usage>();
  /** What is promised to writes under way, by object; one write is one entry of the set. */
  readonly #promised = new Map<string, Set<Usage>>();

  constructor(quota: ResourceQuota, kinds: readonly Kind[]) {
    this.name = quota.metadata.name;
    const bounds = Object.entries(quota.spec.hard ?? {}).map(
      ([name, value]) => [name, parseQuantity(value)] as const,
    );
    this.#hard = new Map(bounds.filter((bound): bound is [string, Quantity] => bound[1] !== undefined));
    this.#scopes = scopesOf(quota);
    const counted = this.#scopes.length === 0 ? kinds : kinds.filter(isPod);
    const covered = counted
      .map((kind) => [kind, evaluatorOf(kind)] as const)
      .filter(([, evaluator]) => [...this.#hard.keys()].some((name) => evaluator.covers(name)));
    this.#evaluators = new Map(covered);
    for (const name of this.#hard.keys()) {
      if (covered.some(([, evaluator]) => evaluator.covers(name))) this.#used.set(name, 0n);
    }
  }

  get kinds(): Iterable<Kind> {
    return this.#evaluators.keys();
  }

  record(kind: Kind, name: string, read: (() => JsonObject) | undefined): boolean {
    const evaluator = this.#evaluators.get(kind);
    if (evaluator === undefined) return false;
    const key = keyOf(kind, name);
    this.#promised.delete(key);
    const before = this.#byObject.get(key) ?? NOTHING;
    const now = read === undefined ? NOTHING : this.#usage(evaluator, read);
    if (now.size === 0) this.#byObject.delete(key);
    else this.#byObject.set(key, now);
    let hasChanged = false;
    for (const [resource, total] of this.#used) {
      const change = (now.get(resource) ?? 0n) - (before.get(resource) ?? 0n);
      if (change === 0n) continue;
      this.#used.set(resource, total + change);
      hasChanged = true;
    }
    return hasChanged;
  }

  reserve(kind: Kind, name: string, object: JsonObject, isNew: boolean): Reservation {
    const evaluator = this.#evaluators.get(kind);
    if (evaluator === undefined) return FREE;
    const now = this.#usage(evaluator, () => object);
    if (now.size === 0) return FREE;
    const missing = isNew && isPod(kind) ? missingAmounts(object as unknown as Pod, this.#hard.keys()) : '';
    if (missing !== '') return { is: 'refused', why: `failed quota: ${this.name}: must specify ${missing}` };
    const key = keyOf(kind, name);
    const wanted = this.#growth(this.#byObject.get(key) ?? NOTHING, now);
    if (wanted.size === 0) return FREE;
    const exceeded = [...wanted.keys()].filter((resource) => this.#exceeds(resource, wanted)).sort();
    if (exceeded.length > 0) return { is: 'refused', why: this.#refusal(exceeded, wanted) };
    const promises = this.#promised.get(key) ?? new Set();
    this.#promised.set(key, promises.add(wanted));
    return { is: 'reserved', release: () => this.#release(key, wanted) };
  }

  used(): Readonly<Record<string, string>> {
    return Object.fromEntries([...this.#used].map(([name, nano]) => [name, this.#text(name, nano)]));
  }

  #usage(evaluator: Evaluator, read: () => JsonObject): Usage {
    if (evaluator.constant !== undefined) return evaluator.constant;
    const object = read();
    // Only pods have an evaluator here when there are scopes.
    if (this.#scopes.length > 0 && !isInScope(this.#scopes, object as unknown as Pod)) return NOTHING;
    return evaluator.usage(object);
  }

  /** What a write takes beyond what its object takes already, of what is bounded. */
  #growth(before: Usage, now: Usage): Usage {
    const growth = [...now]
      .map(([name, value]) => [name, value - (before.get(name) ?? 0n)] as const)
      .filter(([name, value]) => value > 0n && this.#used.has(name));
    return new Map(growth);
  }

  #exceeds(resource: string, wanted: Usage): boolean {
    const limit = this.#hard.get(resource)?.nano ?? 0n;
    return this.#taken(resource) + (wanted.get(resource) ?? 0n) > limit;
  }

  #taken(resource: string): bigint {
    let total = this.#used.get(resource) ?? 0n;
    for (const promises of this.#promised.values()) {
      for (const promise of promises) total += promise.get(resource) ?? 0n;
    }
    return total;
  }

  /** source: kubernetes/apiserver resourcequota CheckRequest, prettyPrint. */
  #refusal(exceeded: readonly string[], wanted: Usage): string {
    const list = (amountOf: (name: string) => bigint): string =>
      exceeded.map((name) => `${name}=${this.#text(name, amountOf(name))}`).join(',');
    const requested = list((name) => wanted.get(name) ?? 0n);
    const used = list((name) => this.#taken(name));
    const limited = list((name) => this.#hard.get(name)?.nano ?? 0n);
    return `exceeded quota: ${this.name}, requested: ${requested}, used: ${used}, limited: ${limited}`;
  }

  #text(name: string, nano: bigint): string {
    return formatQuantity({ nano, format: this.#hard.get(name)?.format ?? 'decimal' });
  }

  #release(key: string, wanted: Usage): void {
    const promises = this.#promised.get(key);
    promises?.delete(wanted);
    if (promises?.size === 0) this.#promised.delete(key);
  }
}

const keyOf = ({ group, plural }: Kind, name: string): string => `${plural}.${group}/${name}`;
