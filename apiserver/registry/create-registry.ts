/** Puts the registry together: one cache, one fan-out, and a file per verb. */
import type { Admission } from '../api/admission.ts';
import type { JsonObject } from '../api/json.ts';
import type { Kind } from '../api/kind.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import type { Metrics } from '../runtime/metrics.ts';
import type { Store } from '../store/store.ts';
import { createCache, type Cache } from './cache.ts';
import type { WriteDeps } from './commit.ts';
import { create } from './create.ts';
import { removeCollection } from './delete-collection.ts';
import { remove } from './delete.ts';
import { createFanout } from './fanout.ts';
import { isNamespace } from './finalizers.ts';
import { pathOf } from './keys.ts';
import { servedNamespaces, type Namespaces } from './namespace-lifecycle.ts';
import { list } from './list.ts';
import { observeCache, observeFanout } from './metrics.ts';
import { patch } from './patch.ts';
import { createQuotaLedger, type QuotaLedger, type Quotas } from './quota/ledger.ts';
import type { Context, Registry, StoredObject, Target, Written } from './registry.ts';
import { parseRevision, requireFresh } from './resource-version.ts';
import type { RingLimits } from './ring.ts';
import type { Stored } from './stored.ts';
import { rangeOf, walk } from './table.ts';
import { scaleOf } from './scale.ts';
import { apply } from './server-side-apply.ts';
import { ofRead } from './store-errors.ts';
import { createTurns } from './turns.ts';
import { existing, finalizeNamespace, update, type UpdateTarget } from './update.ts';
import { answer, type VirtualHandler } from './virtual.ts';
import { startWatch } from './watch.ts';

export interface RegistryDeps {
  /** Started. The registry never closes it. */
  readonly store: Store;
  /** Every kind that is served, own and native. */
  readonly kinds: readonly Kind[];
  /** Of the cluster that we are part of; default: those that are served here. */
  readonly hostNamespaces?: Namespaces;
  /** Of the cluster that we are part of; default: those that are served here. */
  readonly hostQuotas?: Quotas;
  readonly admission: Admission;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** By kind name; one for each kind with storage `virtual`. */
  readonly virtual: Readonly<Record<string, VirtualHandler>>;
  /**
   * Kinds whose changes may change what callers see. A filtered watch that resumes across such a change is told to
   * list again. Default none.
   */
  readonly visibilityKinds?: readonly Kind[];
  /** How far back watches resume without asking the store. */
  readonly ring?: RingLimits;
}

/** What the loops of the local plane need beside the verbs. */
export interface LocalRegistry extends Registry {
  /**
   * Replaces a namespace with its `spec.finalizers`, which every other way of writing leaves alone. When none is
   * left, and no other finalizer, the namespace is gone.
   */
  finalizeNamespace(context: Context, namespace: JsonObject): Promise<Written>;
  /** Undefined where ResourceQuotas are not served. */
  readonly quota: QuotaLedger | undefined;
}

export function createRegistry(deps: RegistryDeps): LocalRegistry {
  const { store, kinds, clock, log } = deps;
  const cache = createCache({
    store,
    kinds,
    clock,
    ...(deps.ring === undefined ? {} : { limits: deps.ring }),
  });
  const onDispatched = observeCache(deps.metrics, cache);
  const fanout = createFanout({ cache, clock, log, onDispatched });
  observeFanout(deps.metrics, fanout);
  const quota = createQuotaLedger(cache, kinds, deps.hostQuotas);
  const writes: WriteDeps = {
    cache,
    admission: deps.admission,
    clock,
    turns: createTurns(),
    namespaceKind: kinds.find(isNamespace),
    namespaces: deps.hostNamespaces ?? servedNamespaces(cache, kinds),
    quota,
  };
  const visibilityKinds = new Set((deps.visibilityKinds ?? []).map((kind) => cache.table(kind)));
  const watches = { cache, fanout, log, visibilityKinds };

  return {
    ...(store.sync === undefined ? {} : { sync: async () => await syncStore(store) }),
    ...readers(cache),
    watch: (context, collection, options, sink) =>
      startWatch(watches, { context, collection, options, sink }),
    create: async (context, target, body, options) => {
      const request = { context, target };
      if (target.kind.storage === 'stored') return await create(writes, request, body, options);
      return await answer(handlerOf(deps, target), request, body, options);
    },
    update: async (context, target, body, options) =>
      asAnswered(target, await update(writes, { context, target }, body, options)),
    patch: async (context, target, sent, options) => {
      const request = { context, target };
      const written =
        sent.type === 'apply'
          ? await apply(writes, request, sent, options)
          : await patch(writes, request, sent, options);
      return asAnswered(target, written);
    },
    delete: async (context, target, options) => await remove(writes, context, target, options),
    deleteCollection: async (context, collection, options) =>
      await removeCollection(writes, context, collection, options),
    quota,
    finalizeNamespace: async (context, namespace) => await finalizeNamespace(writes, context, namespace),
    start: async () => {
      await cache.start();
      fanout.start();
    },
    close: async () => {
      fanout.close();
      cache.close();
      await Promise.resolve();
    },
  };
}

async function syncStore(store: Store): Promise<void> {
  try {
    await store.sync?.();
  } catch (error) {
    throw ofRead(error);
  }
}

function handlerOf(deps: RegistryDeps, { kind }: Target): VirtualHandler {
  const handler = Object.hasOwn(deps.virtual, kind.kind) ? deps.virtual[kind.kind] : undefined;
  if (handler === undefined) throw new Error(`nobody answers for the virtual kind ${kind.kind}`);
  return handler;
}

const asAnswered = ({ kind, subresource }: UpdateTarget, written: Written): Written =>
  subresource === 'scale' ? { ...written, object: scaleOf(written.object, kind) } : written;

type Readers = Pick<Registry, 'get' | 'list' | 'revision' | 'peek' | 'peekAll' | 'observe'>;

function readers(cache: Cache): Readers {
  return {
    get: async (context, target, { resourceVersion }) => await get(cache, context, target, resourceVersion),
    list: async (context, collection, options) => await list(cache, context, collection, options),
    revision: () => cache.revision(),
    peek: (kind, namespace, name) => cache.table(kind).objects.get(pathOf(namespace, name)),
    peekAll: (kind, namespace = '') => {
      const found: Stored[] = [];
      walk(cache.table(kind), rangeOf(namespace), '', (object) => {
        found.push(object);
        return true;
      });
      return found;
    },
    observe: (kind, listener) => {
      const { observers } = cache.table(kind);
      observers.add(listener);
      return () => void observers.delete(listener);
    },
  };
}

/** Throws 404, 400 for a malformed resourceVersion and 504 for one that does not come. */
async function get(
  cache: Cache,
  context: Context,
  target: Target & { readonly subresource?: '' | 'status' | 'scale' },
  resourceVersion: string,
): Promise<StoredObject> {
  const revision = parseRevision(resourceVersion);
  if (revision !== undefined) await requireFresh(cache, revision, context.signal, resourceVersion);
  const found = existing({ cache }, target);
  return target.subresource === 'scale' ? scaleOf(found, target.kind) : found;
}
