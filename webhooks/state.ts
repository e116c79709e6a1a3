/**
 * What decisions are made from: policies, tenants, namespaces and what pods may ask for, kept current by watching.
 * Nothing is fetched while a question is being answered.
 */
import { TENANT_LABEL } from '../apiserver/api/identity.ts';
import type { JsonObject } from '../apiserver/api/json.ts';
import type { Kind } from '../apiserver/api/kind.ts';
import type { Client } from '../apiserver/client/client.ts';
import { createInformer, type Informer } from '../apiserver/client/informer.ts';
import type { ApiObject, Resource } from '../apiserver/client/resource.ts';
import { AccessPolicy } from '../apiserver/kinds/access-policy.ts';
import { AccessRole } from '../apiserver/kinds/access-role.ts';
import { ClusterAccessPolicy } from '../apiserver/kinds/cluster-access-policy.ts';
import { Compute } from '../apiserver/kinds/compute.ts';
import { Credential } from '../apiserver/kinds/credential.ts';
import { Depot } from '../apiserver/kinds/depot.ts';
import { KINDS } from '../apiserver/kinds/index.ts';
import { NATIVE_KINDS } from '../apiserver/kinds/native/index.ts';
import { Ingress } from '../apiserver/kinds/native/ingress.ts';
import { Namespace } from '../apiserver/kinds/native/namespace.ts';
import { Tenant } from '../apiserver/kinds/tenant.ts';
import { createCasbinEngine, type Engine } from '../apiserver/policy/engine.ts';
import type { Lookup, Stored } from '../apiserver/policy/rules/rule.ts';
import type { Clock } from '../apiserver/runtime/clock.ts';
import type { Log } from '../apiserver/runtime/log.ts';

/** Every kind that is watched, for the rights that the process needs: get, list and watch. */
export const STATE_KINDS: readonly Kind[] = [
  Tenant,
  Namespace,
  Ingress,
  AccessRole,
  AccessPolicy,
  ClusterAccessPolicy,
  Compute,
  Credential,
  Depot,
];

export interface State {
  readonly engine: Engine;
  readonly lookup: Lookup;
  /** Undefined once everything is in, else what is still missing. */
  loading(): string | undefined;
  /** What has not been followed for longer than decisions may rest on it; undefined when all is current. */
  outdated(): string | undefined;
  start(): void;
  close(): Promise<void>;
}

export interface StateDeps {
  readonly client: Pick<Client, 'list' | 'watch'>;
  readonly clock: Clock;
  readonly log: Log;
}

/** A lost watch counts from here on: a revoked right must not live longer. source: resource model X6. */
const MAX_LOST_MS = 30_000;
/** A server that hangs is found out in half of that time, counted from its last word: enough to try another one. */
const MAX_SILENCE_MS = 15_000;

export function createState(deps: StateDeps): State {
  return new WatchedState(deps);
}

class WatchedState implements State {
  readonly engine: Engine;
  readonly lookup: Lookup;
  readonly #clock: Clock;
  readonly #informers: ReadonlyMap<Kind, Informer<ApiObject>>;

  constructor({ client, clock, log }: StateDeps) {
    this.#clock = clock;
    const options = { client, clock, log, maxSilenceMs: MAX_SILENCE_MS };
    this.#informers = new Map(
      STATE_KINDS.map((kind) => {
        // Of all namespaces in the cluster, only those of tenants matter.
        const selected = kind === Namespace ? { labelSelector: TENANT_LABEL } : {};
        return [kind, createInformer(kind as Resource<ApiObject>, { ...options, ...selected })];
      }),
    );
    this.lookup = {
      find: (kind, namespace, name) => plain(this.#informers.get(kind)?.get({ namespace, name })),
      findAll: (kind, namespace) => (this.#informers.get(kind)?.list(namespace) ?? []).map(stored),
    };
    this.engine = createCasbinEngine({
      kinds: [...KINDS, ...NATIVE_KINDS],
      now: () => clock.now(),
      after: (delayMs, task) => clock.after(delayMs, task),
      find: (kind, namespace, name) => this.lookup.find(kind, namespace, name),
      onError: (error) => log.error('access decision failed and was denied', { error }),
    });
  }

  loading(): string | undefined {
    const missing = this.#plurals(({ hasSynced }) => !hasSynced);
    return missing === undefined ? undefined : `${missing} are still being loaded`;
  }

  outdated(): string | undefined {
    const oldest = this.#clock.now() - MAX_LOST_MS;
    const lost = this.#plurals(({ lostSinceMs }) => lostSinceMs !== undefined && lostSinceMs < oldest);
    return lost === undefined ? undefined : `${lost} cannot be followed`;
  }

  start(): void {
    for (const [kind, informer] of this.#informers) {
      informer.onChange(({ type, object }) => {
        const { namespace = '', name } = object.metadata;
        this.engine.apply(kind, namespace, name, type === 'deleted' ? undefined : plain(object));
      });
      informer.start();
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#informers.values()].map((informer) => informer.close()));
    this.engine.close();
  }

  #plurals(which: (informer: Informer<ApiObject>) => boolean): string | undefined {
    const found = [...this.#informers].filter(([, informer]) => which(informer)).map(([kind]) => kind.plural);
    return found.length === 0 ? undefined : found.join(', ');
  }
}

/** Objects of a watch are parsed JSON. */
function plain(object: ApiObject): JsonObject;
function plain(object: ApiObject | undefined): JsonObject | undefined;
function plain(object: ApiObject | undefined): JsonObject | undefined {
  return object as unknown as JsonObject | undefined;
}

/** The same one for the same object: rules remember what they made of it. */
const STORED = new WeakMap<ApiObject, Stored>();

function stored(object: ApiObject): Stored {
  const known = STORED.get(object);
  if (known !== undefined) return known;
  const made: Stored = {
    namespace: object.metadata.namespace ?? '',
    name: object.metadata.name,
    read: () => plain(object),
  };
  STORED.set(object, made);
  return made;
}
