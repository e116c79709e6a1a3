/**
 * Keeps the number of Update entries bounded: the oldest are merged into one entry per version.
 * source: apimachinery util/managedfields internal/capmanagers.go.
 */
import { ownerId, withSet, type Owner } from './owners.ts';
import { compareText } from './go-text.ts';

export const MAX_UPDATERS = 10;
const MERGED_NAME = 'ancient-changes';

export function capUpdaters(owners: Map<string, Owner>): void {
  const updaters = [...owners].filter(([, owner]) => owner.operation === 'Update');
  let excess = updaters.length - MAX_UPDATERS;
  if (excess <= 0) return;
  updaters.sort(([idA, a], [idB, b]) => compareText(a.time ?? '', b.time ?? '') || compareText(idA, idB));
  /** By version the oldest entry seen; it is merged only when a second one follows. */
  const oldest = new Map<string, string>();
  for (const [id, owner] of updaters) {
    if (excess === 0) return;
    const first = oldest.get(owner.apiVersion);
    if (first === undefined) {
      oldest.set(owner.apiVersion, id);
    } else {
      mergeInto(owners, first, id);
      excess -= 1;
    }
  }
}

/**
 * Merges an entry into the common one of its version, or into the oldest if there is none yet. The result has
 * the time of the newer. Kubernetes loses the common entry when an older one stands before it; here the older
 * one is merged into it.
 */
function mergeInto(owners: Map<string, Owner>, firstId: string, id: string): void {
  const owner = owners.get(id);
  if (owner === undefined) return;
  const name = {
    manager: MERGED_NAME,
    operation: 'Update',
    apiVersion: owner.apiVersion,
    subresource: '',
  } as const;
  const mergedId = ownerId(name);
  const otherId = owners.has(mergedId) && id !== mergedId ? mergedId : firstId;
  const other = owners.get(otherId);
  owners.delete(id);
  owners.delete(otherId);
  const set = other === undefined ? owner.set : owner.set.union(other.set);
  owners.set(mergedId, withSet({ ...owner, ...name }, set));
}
