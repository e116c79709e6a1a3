/**
 * Deletes what lost all its owners and carries out foreground and orphan deletion.
 *
 * | the owners of an object are                 | what happens to it                                      |
 * | ------------------------------------------- | ------------------------------------------------------- |
 * | some there                                  | stays; references to the others are taken off           |
 * | all gone, or being deleted in the foreground | deleted                                                 |
 * | of a kind that is not served here           | count as there: nothing is known about them             |
 *
 * source: kubernetes/pkg/controller/garbagecollector.
 */
import { ApiError } from '../../api/errors.ts';
import type { Kind } from '../../api/kind.ts';
import type { Json, JsonObject } from '../../api/json.ts';
import type { Fields } from '../../runtime/log.ts';
import { FOREGROUND_FINALIZER, ORPHAN_FINALIZER } from '../../api/validate-meta.ts';
import { createWorkqueue, type Workqueue } from '../../client/workqueue.ts';
import { metaText } from '../body.ts';
import { finalizersOf, isTerminating } from '../finalizers.ts';
import { pathOf, prefixInKey, prefixOf } from '../keys.ts';
import { ownersOf } from '../owner-references.ts';
import type { Context, StoredObject, Target } from '../registry.ts';
import { actor, writeAs } from './actor.ts';
import { createDependents, type Dependents, type Owner } from './dependents.ts';
import type { LocalPlaneDeps, Loop } from './namespace-emptying.ts';

const MANAGER = 'garbage-collector';

export const createGarbageCollection = (deps: LocalPlaneDeps): Loop => new GarbageCollection(deps);

class GarbageCollection implements Loop {
  readonly #deps: LocalPlaneDeps;
  readonly #kinds: ReadonlyMap<string, Kind>;
  readonly #dependents: Dependents;
  readonly #queue: Workqueue;
  #stops: readonly (() => void)[] = [];

  constructor(deps: LocalPlaneDeps) {
    this.#deps = deps;
    const stored = deps.kinds.filter(({ storage }) => storage === 'stored');
    this.#kinds = new Map(stored.map((kind) => [prefixOf(kind), kind]));
    this.#dependents = createDependents(stored);
    this.#queue = createWorkqueue({
      name: 'garbage-collection',
      log: deps.log,
      clock: deps.clock,
      work: async (key, signal) => {
        await this.#process(key, actor(signal));
        return { is: 'done' };
      },
    });
  }

  start(): void {
    const { registry } = this.#deps;
    this.#stops = [...this.#kinds].map(([prefix, kind]) =>
      registry.observe(kind, ({ namespace, name }, object) => {
        this.#follow(prefix + pathOf(namespace, name), object);
      }),
    );
    for (const kind of this.#kinds.values()) {
      for (const object of registry.peekAll(kind)) this.#follow(object.key, object);
    }
  }

  async close(): Promise<void> {
    for (const stop of this.#stops) stop();
    await this.#queue.close();
  }

  #follow(key: string, object: StoredObject | undefined): void {
    const before = this.#dependents.placesOf(key);
    this.#dependents.set(key, object);
    const now = this.#dependents.placesOf(key);
    // An owner may be waiting for this one to go or to let go.
    for (const place of before) if (!now.includes(place)) this.#queue.add(place);
    if (object === undefined) for (const dependent of this.#dependents.of(key)) this.#queue.add(dependent);
    else if (now.length > 0 || mayWait(object)) this.#queue.add(key);
  }

  #peek(key: string): StoredObject | undefined {
    const kind = this.#kinds.get(prefixInKey(key));
    if (kind === undefined) return undefined;
    const path = key.slice(prefixOf(kind).length);
    const slash = path.indexOf('/');
    return this.#deps.registry.peek(kind, path.slice(0, slash), path.slice(slash + 1));
  }

  async #process(key: string, context: Context): Promise<void> {
    const object = this.#peek(key);
    if (object === undefined) return;
    try {
      if (!isTerminating(object.read())) await this.#checkOwners(object, context);
      else if (finalizersOf(object.read()).includes(ORPHAN_FINALIZER)) await this.#orphan(object, context);
      else if (isDeletingDependents(object)) await this.#deleteDependents(object, context);
    } catch (error) {
      // Gone already is what was wanted.
      if (!(error instanceof ApiError && error.reason === 'NotFound')) throw error;
    }
  }

  async #checkOwners(object: StoredObject, context: Context): Promise<void> {
    const owners = this.#dependents.ownersOf(object);
    const lost = owners.filter((owner) => !this.#holds(owner));
    if (lost.length === 0) return;
    if (lost.length < owners.length) {
      const uids = new Set(lost.map(({ reference }) => reference.uid));
      await this.#letGo(object, uids, context);
      return;
    }
    const uid = metaText(object.read(), 'uid');
    const resourceVersion = String(object.revision);
    const propagationPolicy = this.#policyFor(object, lost);
    this.#deps.log.debug('deleting an object whose owners are gone', named(object));
    await this.#deps.registry.delete(context, this.#target(object), {
      dryRun: false,
      uid,
      resourceVersion,
      propagationPolicy,
    });
  }

  /** True while the owner is there and not waiting for its dependents to go. */
  #holds({ reference, key }: Owner): boolean {
    if (key === undefined) return true;
    const owner = this.#peek(key);
    if (owner === undefined || metaText(owner.read(), 'uid') !== reference.uid) return false;
    return !(isTerminating(owner.read()) && isDeletingDependents(owner));
  }

  /** Foreground goes on downwards, but not around a circle of owners. */
  #policyFor(object: StoredObject, lost: readonly Owner[]): 'Foreground' | 'Background' | 'Orphan' {
    if (finalizersOf(object.read()).includes(ORPHAN_FINALIZER)) return 'Orphan';
    const isWaitedFor = lost.some(({ key }) => {
      const owner = key === undefined ? undefined : this.#peek(key);
      return owner !== undefined && isDeletingDependents(owner);
    });
    const dependents = this.#dependentsOf(object);
    const isCircle = dependents.some((one) => isTerminating(one.read()) && isDeletingDependents(one));
    return isWaitedFor && dependents.length > 0 && !isCircle ? 'Foreground' : 'Background';
  }

  async #orphan(owner: StoredObject, context: Context): Promise<void> {
    const uids = new Set([metaText(owner.read(), 'uid')]);
    for (const dependent of this.#dependentsOf(owner)) await this.#letGo(dependent, uids, context);
    await this.#dropFinalizer(owner, ORPHAN_FINALIZER, context);
  }

  async #deleteDependents(owner: StoredObject, context: Context): Promise<void> {
    const uid = metaText(owner.read(), 'uid');
    const dependents = this.#dependentsOf(owner);
    for (const dependent of dependents) if (!isTerminating(dependent.read())) this.#queue.add(dependent.key);
    const isBlocked = dependents.some((dependent) =>
      ownersOf(dependent.read()).some((one) => one.uid === uid && one.blockOwnerDeletion === true),
    );
    if (!isBlocked) await this.#dropFinalizer(owner, FOREGROUND_FINALIZER, context);
  }

  #dependentsOf(owner: StoredObject): readonly StoredObject[] {
    const uid = metaText(owner.read(), 'uid');
    return this.#dependents
      .of(owner.key)
      .flatMap((key) => this.#peek(key) ?? [])
      .filter(
        (one) => one.key !== owner.key && ownersOf(one.read()).some((reference) => reference.uid === uid),
      );
  }

  /** Takes references to these owners off. */
  async #letGo(object: StoredObject, uids: ReadonlySet<string>, context: Context): Promise<void> {
    const ownerReferences = ownersOf(object.read()).filter(({ uid }) => !uids.has(uid));
    await this.#patch(object, { ownerReferences: ownerReferences as unknown as Json }, context);
  }

  async #dropFinalizer(object: StoredObject, finalizer: string, context: Context): Promise<void> {
    const finalizers = finalizersOf(object.read()).filter((one) => one !== finalizer);
    await this.#patch(object, { finalizers }, context);
  }

  /** Changes metadata of exactly this version; a conflict is tried again by the queue. */
  async #patch(object: StoredObject, metadata: JsonObject, context: Context): Promise<void> {
    const value = { metadata: { resourceVersion: String(object.revision), ...metadata } };
    const body = { value, duplicates: [], lossy: [] };
    const target = { ...this.#target(object), subresource: '' } as const;
    await this.#deps.registry.patch(context, target, { type: 'merge', body }, writeAs(MANAGER));
  }

  #target(object: StoredObject): Target {
    const kind = this.#kinds.get(prefixInKey(object.key));
    if (kind === undefined) throw new Error(`no kind for ${object.key}`);
    return { kind, namespace: object.namespace, name: object.name };
  }
}

/** Only objects that hold one of these finalizers have something to be done while they are deleted. */
const LEAVING = [FOREGROUND_FINALIZER, ORPHAN_FINALIZER].map((name) => Buffer.from(JSON.stringify(name)));
const FINALIZERS = Buffer.from('"finalizers":[');

/** Most objects have no finalizer at all: one look at the bytes, instead of one for each. */
function mayWait({ bytes }: StoredObject): boolean {
  return bytes.includes(FINALIZERS) && LEAVING.some((mark) => bytes.includes(mark));
}

const isDeletingDependents = (object: StoredObject): boolean =>
  finalizersOf(object.read()).includes(FOREGROUND_FINALIZER);

const named = ({ key, namespace, name }: StoredObject): Fields => ({
  kind: prefixInKey(key),
  namespace,
  name,
});
