/** Who holds the word that names everything of a data cluster on its plane. */
import type { Informer } from '../../apiserver/client/informer.ts';
import { refOf, type ObjectRef } from '../../apiserver/client/resource.ts';
import type { DataCluster } from '../../apiserver/kinds/data-cluster.ts';
import type { PlaneWork } from '../../apiserver/kinds/plane-work.ts';
import { targetNamespace } from '../../apiserver/kinds/slug.ts';
import type { Trigger } from './core/reconciler.ts';

/**
 * Who holds which namespace on the planes. Two clusters must never be rendered into the same one, and a namespace
 * is free again only when its plane has confirmed that it is gone: until then the old PlaneWork exists and holds it.
 */
export interface SlugClaims {
  /** True when the cluster holds the slug, from now on or from before; else it is woken when the slug is free. */
  claim(slug: string, cluster: DataCluster): boolean;
  /** Gives up a claim that was not made visible by a PlaneWork. */
  release(cluster: DataCluster): void;
  /** Wakes those that were refused a slug which is free now. */
  readonly onFree: Trigger;
}

export function createSlugClaims(works: Informer<PlaneWork>): SlugClaims {
  /** Namespace to owner, as PlaneWorks say. */
  const held = new Map<string, { readonly owner: string; readonly work: string }>();
  /** Namespace to owner, for the moment until the PlaneWork just written arrives here. */
  const pending = new Map<string, string>();
  /** Namespace to those who were refused it, by UID. */
  const refused = new Map<string, Map<string, ObjectRef>>();
  let wake: (ref: ObjectRef) => void = () => undefined;
  const freed = (namespace: string): void => {
    const waiting = refused.get(namespace);
    refused.delete(namespace);
    for (const ref of waiting?.values() ?? []) wake(ref);
  };
  works.onChange((change) => {
    const { spec, metadata } = change.object;
    const namespace = spec.targetNamespace;
    if (namespace === undefined || spec.owner.kind !== 'DataCluster') return;
    pending.delete(namespace);
    if (change.type !== 'deleted') {
      held.set(namespace, { owner: spec.owner.uid, work: metadata.uid });
    } else if (held.get(namespace)?.work === metadata.uid) {
      held.delete(namespace);
      freed(namespace);
    }
  });
  return {
    claim: (slug, cluster) => {
      const namespace = targetNamespace(slug);
      const { uid } = cluster.metadata;
      const owner = held.get(namespace)?.owner ?? pending.get(namespace) ?? uid;
      if (owner === uid) {
        pending.set(namespace, uid);
        return true;
      }
      const waiting = refused.get(namespace) ?? new Map<string, ObjectRef>();
      refused.set(namespace, waiting.set(uid, refOf(cluster)));
      return false;
    },
    release: (cluster) => {
      for (const [namespace, owner] of pending) {
        if (owner !== cluster.metadata.uid) continue;
        pending.delete(namespace);
        freed(namespace);
      }
      for (const waiting of refused.values()) waiting.delete(cluster.metadata.uid);
    },
    onFree: (enqueue) => {
      wake = enqueue;
      return () => (wake = () => undefined);
    },
  };
}
