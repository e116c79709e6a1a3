/**
 * What every plane should hold, kept current from PlaneWork objects: one entry per work, with the revision at
 * which its content last changed. Bodies are packed and hashed once per generation; sessions share them.
 */
import type { JsonObject } from '../../apiserver/api/json.ts';
import type { PlaneWork } from '../../apiserver/kinds/plane-work.ts';
import { digestOf } from '../replica/digest.ts';
import { encodeBody, hashOf } from '../replica/frame.ts';

export interface BundleEntry {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly dataPlane: string;
  /** Name of the tenant. */
  readonly tenant: string;
  readonly gen: number;
  /** Revision of the write that brought this generation, as far as this process saw it. */
  readonly rv: number;
  readonly tombstone: 'Delete' | 'Orphan' | undefined;
  /** Gzipped body; empty for a tombstone. */
  readonly gzipped: Buffer;
  readonly sha256: string;
}

export interface BundleLog {
  put(work: PlaneWork): void;
  remove(work: PlaneWork): void;
  find(uid: string): BundleEntry | undefined;
  /** Entries of one plane in revision order. */
  of(dataPlane: string): readonly BundleEntry[];
  /** Over everything but tombstones, as the agent computes it. */
  digest(dataPlane: string): string;
  /** Newest revision seen of any PlaneWork. */
  headRV(): number;
  /** Called with each entry whose content changed. */
  onChange(listener: (entry: BundleEntry) => void): () => void;
}

const NO_BODY = Buffer.alloc(0);

export function createBundleLog(): BundleLog {
  const entries = new Map<string, BundleEntry>();
  const listeners = new Set<(entry: BundleEntry) => void>();
  let headRV = 0;
  const seen = (work: PlaneWork): void => {
    headRV = Math.max(headRV, Number(work.metadata.resourceVersion));
  };
  const of = (dataPlane: string): readonly BundleEntry[] =>
    [...entries.values()].filter((entry) => entry.dataPlane === dataPlane).sort((a, b) => a.rv - b.rv);
  return {
    put: (work) => {
      seen(work);
      const known = entries.get(work.metadata.uid);
      // Status writes change the revision but not the generation: nothing to send.
      if (known !== undefined && known.gen === generationOf(work)) return;
      const entry = entryOf(work);
      entries.set(entry.uid, entry);
      for (const listener of listeners) listener(entry);
    },
    remove: (work) => {
      seen(work);
      entries.delete(work.metadata.uid);
    },
    find: (uid) => entries.get(uid),
    of,
    digest: (dataPlane) => digestOf(of(dataPlane).filter((entry) => entry.tombstone === undefined)),
    headRV: () => headRV,
    onChange: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

/** `spec.revision` where the renderer counts itself, else the object's own generation. */
const generationOf = (work: PlaneWork): number => work.spec.revision ?? work.metadata.generation ?? 1;

function entryOf(work: PlaneWork): BundleEntry {
  const tombstone = work.spec.tombstone?.mode;
  const gzipped =
    tombstone === undefined
      ? encodeBody({
          manifests: work.spec.manifests as readonly JsonObject[],
          sealed: (work.spec.sealed ?? []) as unknown as readonly JsonObject[],
        })
      : NO_BODY;
  return {
    uid: work.metadata.uid,
    namespace: work.metadata.namespace ?? '',
    name: work.metadata.name,
    dataPlane: work.spec.dataPlane,
    tenant: work.spec.tenant ?? '',
    gen: generationOf(work),
    rv: Number(work.metadata.resourceVersion),
    tombstone,
    gzipped,
    sha256: tombstone === undefined ? hashOf(gzipped) : '',
  };
}
