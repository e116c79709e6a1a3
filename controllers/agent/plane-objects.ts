/**
 * What a bundle means in objects of the plane: which it may contain, in which order they go, and that none of
 * them leaves its tenant. A forged or buggy bundle must not reach beyond the namespaces of its own tenant.
 */
import { TENANT_UID_LABEL } from '../../apiserver/api/identity.ts';
import { at, isObject, type JsonObject } from '../../apiserver/api/json.ts';
import type { Client } from '../../apiserver/client/client.ts';
import type { ApiObject, InputFor } from '../../apiserver/client/resource.ts';
import type { Kind } from '../../apiserver/api/kind.ts';
import { Namespace } from '../../apiserver/kinds/native/namespace.ts';
import { gvkOf, rankOf, replayableKinds } from '../replica/kind-order.ts';
import type { BundleClaims } from '../replica/signature.ts';
import type { InventoryItem } from './bundle-store.ts';

/** Every object the agent made carries the uid of its bundle: drift watches and audits select by it. */
export const BUNDLE_LABEL = 'polder.dev/bundle';
export const FIELD_MANAGER = 'polder-agent';

export interface PlaneObject {
  readonly kind: Kind;
  readonly gvk: string;
  readonly namespace: string;
  readonly name: string;
  /** Complete, with the bundle's label. */
  readonly object: JsonObject;
}

/** A bundle that must not be applied; the message is reported to the control plane. */
export class RejectedBundleError extends Error {
  override readonly name = 'RejectedBundleError';
}

const KINDS = replayableKinds();

/** Parses the manifests of one bundle and puts them in apply order. Throws `RejectedBundleError`. */
export function planeObjects(
  manifests: readonly JsonObject[],
  bundle: Pick<BundleClaims, 'uid' | 'ns'>,
): readonly PlaneObject[] {
  const objects = manifests.map((manifest) => toPlaneObject(manifest, bundle.uid));
  const ids = new Set<string>();
  for (const object of objects) {
    const id = idOf(object);
    if (ids.has(id)) throw new RejectedBundleError(`${id} is in the bundle twice`);
    ids.add(id);
    const touched = object.kind.kind === 'Namespace' ? object.name : object.namespace;
    if (bundle.ns !== '' && touched !== bundle.ns) {
      throw new RejectedBundleError(`${id} is outside of the bundle's namespace "${bundle.ns}"`);
    }
  }
  return objects
    .map((object, index) => ({ object, index, rank: rankOf(object.kind.kind) }))
    .sort((a, b) => a.rank - b.rank || a.index - b.index)
    .map(({ object }) => object);
}

function toPlaneObject(manifest: JsonObject, bundleUid: string): PlaneObject {
  const [apiVersion, kindName] = [manifest['apiVersion'], manifest['kind']];
  const gvk =
    typeof apiVersion === 'string' && typeof kindName === 'string' ? gvkOf(apiVersion, kindName) : '';
  const kind = KINDS.get(gvk);
  if (kind === undefined)
    throw new RejectedBundleError(`${gvk || 'an object without kind'} may not be replayed`);
  const metadata = manifest['metadata'];
  const name = at(metadata, 'name');
  const namespace = at(metadata, 'namespace') ?? '';
  if (!isObject(metadata) || typeof name !== 'string' || typeof namespace !== 'string') {
    throw new RejectedBundleError(`${gvk} without metadata.name`);
  }
  if ((kind.scope === 'Namespaced') !== (namespace !== '')) {
    throw new RejectedBundleError(`${gvk} "${name}": metadata.namespace does not fit the kind's scope`);
  }
  const labels = isObject(metadata['labels']) ? metadata['labels'] : {};
  const object = { ...manifest, metadata: { ...metadata, labels: { ...labels, [BUNDLE_LABEL]: bundleUid } } };
  return { kind, gvk, namespace, name, object };
}

/**
 * Checks every namespace the bundle touches: one it brings itself must carry the tenant's UID and, when it is
 * there already, must belong to that tenant; any other must be there and belong to it.
 */
export async function checkNamespaces(
  plane: Client,
  objects: readonly PlaneObject[],
  bundle: { readonly tenantUid: string; readonly signal: AbortSignal },
): Promise<void> {
  const { tenantUid, signal } = bundle;
  const brought = new Map<string, JsonObject>();
  for (const { kind, name, object } of objects) if (kind.kind === 'Namespace') brought.set(name, object);
  const touched = new Set(objects.map(({ namespace }) => namespace).filter((namespace) => namespace !== ''));
  for (const [name, object] of brought) {
    touched.add(name);
    if (tenantOf(object) !== tenantUid) {
      throw new RejectedBundleError(`Namespace "${name}" does not carry the UID of the bundle's tenant`);
    }
  }
  for (const name of touched) {
    const live = await plane.find(Namespace, { name }, { signal });
    if (live === undefined && brought.has(name)) continue;
    if (live === undefined || tenantOf(live) !== tenantUid) {
      throw new RejectedBundleError(`namespace "${name}" does not belong to the bundle's tenant`);
    }
  }
}

const tenantOf = (object: unknown): unknown => {
  const labels = at(object, 'metadata.labels');
  return isObject(labels) && Object.hasOwn(labels, TENANT_UID_LABEL) ? labels[TENANT_UID_LABEL] : undefined;
};

/** Applies one object as the agent; the answer is what the plane holds now. */
export const applyObject = (
  plane: Client,
  { kind, object }: PlaneObject,
  signal: AbortSignal,
): Promise<ApiObject> =>
  plane.apply<ApiObject>(kind, object as unknown as InputFor<ApiObject>, {
    force: true,
    fieldManager: FIELD_MANAGER,
    signal,
  });

/** Group, kind, namespace and name in one word. */
export const idOf = (item: Pick<InventoryItem, 'gvk' | 'namespace' | 'name'>): string =>
  `${item.gvk}/${item.namespace}/${item.name}`;

/** The inverse: only the group and version may have a slash in them. */
export function itemOf(id: string): Omit<InventoryItem, 'uid'> {
  const parts = id.split('/');
  const name = parts.pop() ?? '';
  const namespace = parts.pop() ?? '';
  return { gvk: parts.join('/'), namespace, name };
}

export const kindOf = (gvk: string): Kind | undefined => KINDS.get(gvk);
