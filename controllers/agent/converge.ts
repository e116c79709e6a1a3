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
export interface ConvergeDeps {
  readonly plane: Client;
  readonly store: BundleStore;
  /** Told what the plane holds after each apply, to tell our own writes from foreign ones. */
  readonly applied: (item: InventoryItem, resourceVersion: string) => void;
}

/** Never throws for what the plane or the bundle caused; `Nack` and `Progressing` are to be tried again. */
export async function converge(
  deps: ConvergeDeps,
  bundle: StoredBundle,
  signal: AbortSignal,
): Promise<Outcome> {
  const { claims } = bundle;
  if (claims.mode === 'orphan') return { state: 'Deleted', objects: [], error: '' };
  if (claims.typ === 'tombstone') return remove(deps, claims.uid, deps.store.inventory(claims.uid), signal);
  let objects: readonly PlaneObject[];
  try {
    objects = planeObjects(decodeBody(bundle.gzipped).manifests, claims.uid);
    await checkNamespaces(deps.plane, objects, claims.tenant);
  } catch (error) {
    return { state: 'Nack', objects: [], error: messageOf(error) };
  }
  return applyAll(deps, bundle, objects, signal);
}

async function applyAll(
  { plane, store, applied }: ConvergeDeps,
  bundle: StoredBundle,
  objects: readonly PlaneObject[],
  signal: AbortSignal,
): Promise<Outcome> {
  const { uid } = bundle.claims;
  const old = store.inventory(uid);
  const known = new Map(old.map((item) => [idOf(item), item]));
  const wanted = objects.map((object) => known.get(idOf(object)) ?? { ...identity(object), uid: '' });
  const wantedIds = new Set(wanted.map(idOf));
  const obsolete = old.filter((item) => !wantedIds.has(idOf(item)));
  await store.setInventory(uid, [...wanted, ...obsolete]);

  const results: ObjectResult[] = [];
  const made: InventoryItem[] = [];
  for (const object of objects) {
    const before = known.get(idOf(object)) ?? { ...identity(object), uid: '' };
    try {
      const live = await applyObject(plane, object, signal);
      const item = { ...before, uid: live.metadata.uid };
      made.push(item);
      applied(item, live.metadata.resourceVersion);
      results.push(resultOf(object, healthOf(object.kind.kind, live), ''));
    } catch (error) {
      made.push(before);
      results.push(resultOf(object, 'Degraded', messageOf(error)));
      // Without its namespace nothing else can be applied; other objects fail alone.
      if (object.kind.kind === 'Namespace') break;
    }
  }
  const left = await removeAll(plane, obsolete, signal);
  const tried = new Set(made.map(idOf));
  await store.setInventory(uid, [...made, ...wanted.filter((item) => !tried.has(idOf(item))), ...left.items]);
  const failed = results.find(({ health, message }) => health === 'Degraded' && message !== '');
  const error = failed === undefined ? left.error : `${failed.id}: ${failed.message}`;
  return {
    state: error !== '' ? 'Nack' : left.items.length > 0 ? 'Progressing' : 'Applied',
    objects: results,
    error,
  };
}

/** Everything of a bundle goes, in reverse order; done only when the plane says that nothing is left. */
async function remove(
  { plane, store }: ConvergeDeps,
  uid: string,
  items: readonly InventoryItem[],
  signal: AbortSignal,
): Promise<Outcome> {
  const left = await removeAll(plane, items, signal);
  await store.setInventory(uid, left.items);
  const objects = left.items.map((item): ObjectResult => ({
    ...withoutUid(item),
    id: idOf(item),
    health: 'Progressing',
    message: 'being removed',
  }));
  if (left.error !== '') return { state: 'Nack', objects, error: left.error };
  return { state: left.items.length === 0 ? 'Deleted' : 'Progressing', objects, error: '' };
}

/** Deletes with the UID as precondition, so that a namesake made by somebody else is never hit. */
async function removeAll(
  plane: Client,
  items: readonly InventoryItem[],
  signal: AbortSignal,
): Promise<{ readonly items: readonly InventoryItem[]; readonly error: string }> {
  const left: InventoryItem[] = [];
  let error = '';
  const backwards = [...items].sort((a, b) => rankOf(kindName(b.gvk)) - rankOf(kindName(a.gvk)));
  for (const item of backwards) {
    try {
      if (await isThere(plane, item, signal)) left.push(item);
    } catch (failure) {
      left.push(item);
      error = `${idOf(item)}: ${messageOf(failure)}`;
    }
  }
  return { items: left, error };
}

/** Asks for the deletion unless it is under way; true while the object is still there. */
async function isThere(plane: Client, item: InventoryItem, signal: AbortSignal): Promise<boolean> {
  const kind = kindOf(item.gvk);
  if (kind === undefined) return false;
  const ref = { namespace: item.namespace, name: item.name };
  const live = await plane.find<ApiObject>(kind, ref, { signal });
  if (live === undefined || (item.uid !== '' && live.metadata.uid !== item.uid)) return false;
  if (live.metadata.deletionTimestamp !== undefined) return true;
  try {
    await plane.delete(kind, ref, { uid: live.metadata.uid, propagationPolicy: 'Background', signal });
  } catch (error) {
    if (error instanceof ApiError && error.reason === 'NotFound') return false;
    throw error;
  }
  return (await plane.find(kind, ref, { signal })) !== undefined;
}

const identity = ({ gvk, namespace, name }: PlaneObject): Omit<InventoryItem, 'uid'> => ({
  gvk,
  namespace,
  name,
});
const withoutUid = ({ gvk, namespace, name }: InventoryItem): Omit<InventoryItem, 'uid'> => ({
  gvk,
  namespace,
  name,
});
const kindName = (gvk: string): string => gvk.slice(gvk.lastIndexOf('/') + 1);
const resultOf = (object: PlaneObject, health: ObjectResult['health'], message: string): ObjectResult => ({
  id: idOf(object),
  ...identity(object),
  health,
  message: message.slice(0, 512),
});

function messageOf(error: unknown): string {
  if (error instanceof ApiError || error instanceof RejectedBundleError) return error.message.slice(0, 512);
  return error instanceof Error ? `${error.name}: ${error.message}`.slice(0, 512) : 'unknown error';
}
