/**
 * Makes the plane equal one stored bundle: inventory first, objects in kind order, prune, inventory again. Every
 * step can be repeated after a crash; the inventory is a superset of what exists at every instant (P7).
 */
import { ApiError } from '../../apiserver/api/errors.ts';
import type { Client } from '../../apiserver/client/client.ts';
import type { ApiObject } from '../../apiserver/client/resource.ts';
import { decodeBody } from '../replica/frame.ts';
import { rankOf } from '../replica/kind-order.ts';
import type { ObjectResult, ResultState } from '../replica/messages.ts';
import type { BundleStore, InventoryItem, StoredBundle } from './bundle-store.ts';
import { healthOf } from './health.ts';
import {
  BUNDLE_LABEL,
  RejectedBundleError,
  applyObject,
  checkNamespaces,
  idOf,
  kindOf,
  planeObjects,
  type PlaneObject,
} from './plane-objects.ts';

export interface Outcome {
  readonly state: ResultState;
  readonly objects: readonly ObjectResult[];
  readonly error: string;
}
type Identity = Omit<InventoryItem, 'uid'>;
export interface ConvergeDeps {
  readonly plane: Client;
  readonly store: BundleStore;
  /** What the plane holds after an apply, to tell our own writes from foreign ones. */
  readonly applied: (bundle: string, item: Identity, live: ApiObject) => void;
  /** About to be removed by us. */
  readonly released: (item: Identity) => void;
  /** Another bundle brings it too: it is handed over instead of being removed. */
  readonly wantedElsewhere: (bundle: string, item: Identity) => boolean;
  /** Why an object is not to be written now; undefined when it is. */
  readonly restrains: (bundle: string, item: Identity) => string | undefined;
}

/** Never throws for what the plane or the bundle caused; `Nack` and `Progressing` are to be tried again. */
export async function converge(
  deps: ConvergeDeps,
  bundle: StoredBundle,
  signal: AbortSignal,
): Promise<Outcome> {
  const { claims } = bundle;
  if (claims.mode === 'orphan') {
    await deps.store.setInventory(claims.uid, []);
    return { state: 'Deleted', objects: [], error: '' };
  }
  if (claims.typ === 'tombstone') return remove(deps, claims.uid, signal);
  let objects: readonly PlaneObject[];
  try {
    objects = planeObjects(decodeBody(bundle.gzipped).manifests, claims);
    await checkNamespaces(deps.plane, objects, { tenantUid: claims.tenant, signal });
  } catch (error) {
    return { state: 'Nack', objects: [], error: messageOf(error) };
  }
  return applyAll(deps, bundle, objects, signal);
}

async function applyAll(
  deps: ConvergeDeps,
  bundle: StoredBundle,
  objects: readonly PlaneObject[],
  signal: AbortSignal,
): Promise<Outcome> {
  const { uid } = bundle.claims;
  const { store } = deps;
  const inventory = new Map(store.inventory(uid).map((item) => [idOf(item), item]));
  const wanted = new Set(objects.map(idOf));
  for (const object of objects) {
    if (!inventory.has(idOf(object))) inventory.set(idOf(object), { ...identity(object), uid: '' });
  }
  await store.setInventory(uid, [...inventory.values()]);

  const results: ObjectResult[] = [];
  for (const object of objects) {
    const { result, made } = await applyOne(deps, uid, object, signal);
    results.push(result);
    if (made !== '') inventory.set(idOf(object), { ...identity(object), uid: made });
    // Without its namespace nothing else can be applied; other objects fail alone.
    if (signal.aborted || (object.kind.kind === 'Namespace' && result.message !== '')) break;
  }
  const obsolete = [...inventory.values()].filter((item) => !wanted.has(idOf(item)));
  const left = await removeAll(deps, uid, obsolete, signal);
  const kept = [...inventory.values()].filter((item) => wanted.has(idOf(item)));
  await store.setInventory(uid, [...kept, ...left.items]);
  return conclude(results, left, results.length < objects.length);
}

/** In front of the message of an object that rests because somebody else keeps changing it. */
export const CONTENDED = 'contended: ';

/** `made` is the UID of what the plane holds now, empty when it did not answer. */
async function applyOne(
  deps: ConvergeDeps,
  uid: string,
  object: PlaneObject,
  signal: AbortSignal,
): Promise<{ readonly result: ObjectResult; readonly made: string }> {
  const restraint = deps.restrains(uid, object);
  if (restraint !== undefined) return { result: resultOf(object, 'Degraded', restraint), made: '' };
  try {
    const live = await applyObject(deps.plane, object, signal);
    deps.applied(uid, object, live);
    return { result: resultOf(object, healthOf(object.kind.kind, live), ''), made: live.metadata.uid };
  } catch (error) {
    return { result: resultOf(object, 'Degraded', messageOf(error)), made: '' };
  }
}

interface Left {
  readonly items: readonly InventoryItem[];
  readonly error: string;
}

function conclude(results: readonly ObjectResult[], left: Left, cutShort: boolean): Outcome {
  const failed = results.filter(({ message }) => message !== '');
  const isContended = failed.length > 0 && failed.every(({ message }) => message.startsWith(CONTENDED));
  const first = failed[0];
  const error = (first === undefined ? left.error : `${first.id}: ${first.message}`).slice(0, 1_024);
  if (isContended && left.error === '') return { state: 'Contended', objects: results, error };
  if (error !== '' || cutShort) return { state: 'Nack', objects: results, error: error || 'stopped' };
  return { state: left.items.length > 0 ? 'Progressing' : 'Applied', objects: results, error };
}

/** Everything of a bundle goes, in reverse order; done only when the plane says that nothing is left. */
async function remove(deps: ConvergeDeps, uid: string, signal: AbortSignal): Promise<Outcome> {
  const { store } = deps;
  const left = await removeAll(deps, uid, store.inventory(uid), signal);
  await store.setInventory(uid, left.items);
  const objects = left.items.map((item): ObjectResult => ({
    ...identity(item),
    id: idOf(item).slice(0, 512),
    health: 'Progressing',
    message: 'being removed',
  }));
  if (left.error !== '') return { state: 'Nack', objects, error: left.error };
  return { state: left.items.length === 0 ? 'Deleted' : 'Progressing', objects, error: '' };
}

/** Deletes with the UID as precondition, so that a namesake made by somebody else is never hit. */
async function removeAll(
  deps: ConvergeDeps,
  bundle: string,
  items: readonly InventoryItem[],
  signal: AbortSignal,
): Promise<Left> {
  const left: InventoryItem[] = [];
  let error = '';
  const backwards = [...items].sort((a, b) => rankOf(kindName(b.gvk)) - rankOf(kindName(a.gvk)));
  for (const item of backwards) {
    if (deps.wantedElsewhere(bundle, item)) continue;
    try {
      deps.released(item);
      if (await isThere(deps.plane, bundle, item, signal)) left.push(item);
    } catch (failure) {
      left.push(item);
      error = `${idOf(item)}: ${messageOf(failure)}`.slice(0, 1_024);
    }
  }
  return { items: left, error };
}

/** Asks for the deletion unless it is under way; true while the object is still there and ours. */
async function isThere(
  plane: Client,
  bundle: string,
  item: InventoryItem,
  signal: AbortSignal,
): Promise<boolean> {
  const kind = kindOf(item.gvk);
  if (kind === undefined) return false;
  const ref = { namespace: item.namespace, name: item.name };
  const live = await plane.find<ApiObject>(kind, ref, { signal });
  if (live === undefined || !isOurs(live, bundle, item)) return false;
  const { uid, deletionTimestamp } = live.metadata;
  if (deletionTimestamp !== undefined) return true;
  try {
    await plane.delete(kind, ref, { uid, propagationPolicy: 'Background', signal });
  } catch (error) {
    if (error instanceof ApiError && error.reason === 'NotFound') return false;
    throw error;
  }
  const after = await plane.find<ApiObject>(kind, ref, { signal });
  return after?.metadata.uid === uid;
}

/**
 * | label on the object | its UID is the one we made | it has another UID, or we never learnt it |
 * | ------------------- | -------------------------- | ----------------------------------------- |
 * | this bundle         | ours                       | ours: made by a run that died before it noted the UID |
 * | none                | ours                       | a namesake                                |
 * | another bundle      | was handed over            | a namesake                                |
 */
function isOurs(live: ApiObject, bundle: string, item: InventoryItem): boolean {
  const label = live.metadata.labels?.[BUNDLE_LABEL];
  return label === bundle || (label === undefined && live.metadata.uid === item.uid);
}

const identity = ({ gvk, namespace, name }: Identity): Identity => ({ gvk, namespace, name });
const kindName = (gvk: string): string => gvk.slice(gvk.lastIndexOf('/') + 1);
const resultOf = (object: PlaneObject, health: ObjectResult['health'], message: string): ObjectResult => ({
  id: idOf(object).slice(0, 512),
  ...identity(object),
  health,
  message: message.slice(0, 512),
});

function messageOf(error: unknown): string {
  if (error instanceof ApiError || error instanceof RejectedBundleError) return error.message.slice(0, 512);
  return error instanceof Error ? `${error.name}: ${error.message}`.slice(0, 512) : 'unknown error';
}
