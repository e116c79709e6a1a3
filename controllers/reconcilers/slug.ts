/** The word that names everything of a data cluster on its plane, and who holds it. */
import { createHash } from 'node:crypto';
import type { Informer } from '../../apiserver/client/informer.ts';
import { MAX_SLUG } from '../../apiserver/kinds/names.ts';
import type { PlaneWork } from '../../apiserver/kinds/plane-work.ts';

/** Namespace of a data cluster on its plane. */
export const targetNamespace = (slug: string): string => `tenant-${slug}`;

/** `<tenant>-<name>`, dots turned into dashes; cut and ended with a hash where it would be too long. */
export function defaultSlug(tenant: string, cluster: string): string {
  const whole = `${tenant}-${cluster.replaceAll('.', '-')}`;
  if (whole.length <= MAX_SLUG && !cluster.includes('.')) return whole;
  // Cutting and replacing lose what told two names apart; the hash keeps them apart.
  const hash = createHash('sha256').update(`${tenant}/${cluster}`).digest('hex').slice(0, 8);
  return `${whole.slice(0, MAX_SLUG - hash.length - 1).replace(/-+$/, '')}-${hash}`;
}

/**
 * Who holds which namespace on the planes. Two clusters must never be rendered into the same one, and a namespace
 * is free again only when its plane has confirmed that it is gone: until then the old PlaneWork exists and holds it.
 */
export interface SlugClaims {
  /** True when the cluster holds the slug, from now on or from before. */
  claim(slug: string, clusterUid: string): boolean;
  /** Gives up a claim that was not made visible by a PlaneWork. */
  release(clusterUid: string): void;
}

export function createSlugClaims(works: Informer<PlaneWork>): SlugClaims {
  /** Namespace to owner, as PlaneWorks say. */
  const held = new Map<string, { readonly owner: string; readonly work: string }>();
  /** Namespace to owner, for the moment until the PlaneWork just written arrives here. */
  const pending = new Map<string, string>();
  works.onChange((change) => {
    const { spec, metadata } = change.object;
    const namespace = spec.targetNamespace;
    if (namespace === undefined || spec.owner.kind !== 'DataCluster') return;
    pending.delete(namespace);
    if (change.type !== 'deleted') held.set(namespace, { owner: spec.owner.uid, work: metadata.uid });
    else if (held.get(namespace)?.work === metadata.uid) held.delete(namespace);
  });
  return {
    claim: (slug, clusterUid) => {
      const namespace = targetNamespace(slug);
      const owner = held.get(namespace)?.owner ?? pending.get(namespace) ?? clusterUid;
      if (owner !== clusterUid) return false;
      pending.set(namespace, clusterUid);
      return true;
    },
    release: (clusterUid) => {
      for (const [namespace, owner] of pending) {
        if (owner === clusterUid) pending.delete(namespace);
      }
    },
  };
}
