/**
 * What the objects of namespaces with a ResourceQuota take, kept up to date with every change, and the bound that
 * creations and changes are held to. Namespaces without a quota cost one look-up per write.
 * source: kubernetes/apiserver pkg/admission/plugin/resourcequota, where the status is the ledger.
 */
import { forbidden } from '../../api/errors.ts';
import type { JsonObject } from '../../api/json.ts';
import type { Kind } from '../../api/kind.ts';
import type { ResourceQuota } from '../../kinds/native/resource-quota.ts';
import type { Cache } from '../cache.ts';
import type { StoredObject } from '../registry.ts';
import { rangeOf, walk } from '../table.ts';
import { equal, own } from '../tree.ts';
import { createAccount, type Account } from './account.ts';

export interface QuotaLedger {
  /**
   * Sets aside what a write takes. Throws 403 when a quota does not have it. Call the answer when the write is over,
   * whatever became of it. Undefined when it takes nothing that is bounded.
   */
  reserve(write: QuotaWrite): (() => void) | undefined;
  /** `status.used` of a quota; undefined when there is no such quota. */
  used(namespace: string, name: string): Readonly<Record<string, string>> | undefined;
  /** Told which quota may have another status now, from the first state on. */
  onChange(listener: (namespace: string, name: string) => void): () => void;
}
export interface QuotaWrite {
  readonly kind: Kind;
  readonly namespace: string;
  readonly name: string;
  readonly object: JsonObject;
  readonly isNew: boolean;
}

interface Entry {
  /** The spec that the account was made from. */
  readonly spec: unknown;
  readonly account: Account;
}

/** ResourceQuotas that are kept elsewhere. */
export interface Quotas {
  /** Told every quota in order, first those that are known already; `object` undefined = deleted. */
  follow(listener: (namespace: string, name: string, object: JsonObject | undefined) => void): void;
}

/**
 * Bounds the kinds that are served by the quotas that are served too, or by those of `elsewhere`. Undefined where
 * there are none. Reads the cache once it is loaded.
 */
export function createQuotaLedger(
  cache: Cache,
  kinds: readonly Kind[],
  elsewhere?: Quotas,
): QuotaLedger | undefined {
  const quotaKind = kinds.find(({ group, kind }) => group === '' && kind === 'ResourceQuota');
  const quotas = elsewhere ?? (quotaKind === undefined ? undefined : servedQuotas(cache, quotaKind));
  return quotas === undefined ? undefined : new CachedLedger(cache, kinds, quotas);
}

const servedQuotas = (cache: Cache, kind: Kind): Quotas => ({
  follow: (listener) => {
    const { objects, observers } = cache.table(kind);
    for (const quota of objects.values()) listener(quota.namespace, quota.name, quota.read());
    observers.add(({ namespace, name }, object) => listener(namespace, name, object?.read()));
  },
});

class CachedLedger implements QuotaLedger {
  readonly #cache: Cache;
  readonly #kinds: readonly Kind[];

  /** Namespace to quotas by name, in order of name as they are asked. */
  readonly #namespaces = new Map<string, Map<string, Entry>>();
  readonly #listeners = new Set<(namespace: string, name: string) => void>();

  constructor(cache: Cache, kinds: readonly Kind[], quotas: Quotas) {
    this.#cache = cache;

    this.#kinds = kinds.filter(({ scope, storage }) => scope === 'Namespaced' && storage === 'stored');
    for (const kind of this.#kinds) {
      cache.table(kind).observers.add(({ namespace, name }, object) => {
        if (this.#namespaces.has(namespace)) this.#record(kind, namespace, name, object);
      });
    }
    cache.onLoaded(() => {
      quotas.follow((namespace, name, object) => this.#follow(namespace, name, object));
    });
  }

  reserve({ kind, namespace, name, object, isNew }: QuotaWrite): (() => void) | undefined {
    const quotas = this.#namespaces.get(namespace);
    if (quotas === undefined) return undefined;
    let releases: (() => void)[] | undefined;
    const releaseAll = (): void => releases?.forEach((release) => release());
    for (const { account } of quotas.values()) {
      const reservation = account.reserve(kind, name, object, isNew);
      if (reservation.is === 'free') continue;
      if (reservation.is === 'refused') {
        releaseAll();
        throw forbidden(kind, name, reservation.why);
      }
      releases ??= [];
      releases.push(reservation.release);
    }
    return releases === undefined ? undefined : releaseAll;
  }

  used(namespace: string, name: string): Readonly<Record<string, string>> | undefined {
    return this.#namespaces.get(namespace)?.get(name)?.account.used();
  }

  onChange(listener: (namespace: string, name: string) => void): () => void {
    for (const [namespace, quotas] of this.#namespaces) {
      for (const name of quotas.keys()) listener(namespace, name);
    }
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #record(kind: Kind, namespace: string, name: string, object: StoredObject | undefined): void {
    const read = object === undefined ? undefined : (): JsonObject => object.read();
    for (const { account } of this.#namespaces.get(namespace)?.values() ?? []) {
      if (account.record(kind, name, read)) this.#tell(namespace, account.name);
    }
  }

  /** Opens, replaces and closes accounts. */
  #follow(namespace: string, name: string, object: JsonObject | undefined): void {
    const quotas = this.#namespaces.get(namespace) ?? new Map<string, Entry>();
    if (object === undefined) {
      quotas.delete(name);
      if (quotas.size === 0) this.#namespaces.delete(namespace);
      return;
    }
    const spec = own(object, 'spec');
    const known = quotas.get(name);
    if (known === undefined || !equal(known.spec as JsonObject, spec)) {
      const account = this.#open(namespace, object as unknown as ResourceQuota);
      quotas.set(name, { spec, account });
      this.#namespaces.set(namespace, sorted(quotas));
    }
    this.#tell(namespace, name);
  }

  /** A new account, with everything that is there counted. */
  #open(namespace: string, quota: ResourceQuota): Account {
    const account = createAccount(quota, this.#kinds);
    for (const kind of account.kinds) {
      walk(this.#cache.table(kind), rangeOf(namespace), '', (object) => {
        account.record(kind, object.name, () => object.read());
        return true;
      });
    }
    return account;
  }

  #tell(namespace: string, name: string): void {
    for (const listener of this.#listeners) listener(namespace, name);
  }
}

const sorted = (quotas: ReadonlyMap<string, Entry>): Map<string, Entry> =>
  new Map([...quotas].sort(([a], [b]) => (a < b ? -1 : 1)));
