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
  /** The one namespace of the plane that the bundle may touch; empty: any of its tenant. */
  readonly targetNamespace: string;
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
  /** Over everything but tombstones, as the agent computes it, and how many those are. */
  summary(dataPlane: string): Summary;
  /** Newest revision heard of. */
  headRV(): number;
  /** The store is known to have reached this revision. */
  reached(rv: number): void;
  /** Called when the content of a plane changed, with the entry unless one went away. */
  onChange(listener: (dataPlane: string, entry: BundleEntry | undefined) => void): () => void;
}
export interface Summary {
  readonly count: number;
  readonly digest: string;
}

/** One plane; what is computed from the entries is forgotten when they change. */
interface Shelf {
  readonly entries: Map<string, BundleEntry>;
  sorted: readonly BundleEntry[] | undefined;
  summary: Summary | undefined;
}

const NO_BODY = Buffer.alloc(0);

export function createBundleLog(): BundleLog {
  const entries = new Map<string, BundleEntry>();
  const shelves = new Map<string, Shelf>();
  const listeners = new Set<Parameters<BundleLog['onChange']>[0]>();
  let headRV = 0;
  const reached = (rv: number): void => {
    headRV = Math.max(headRV, rv);
  };
  const changed = (dataPlane: string, entry?: BundleEntry): void => {
    const shelf = shelves.get(dataPlane);
    if (shelf !== undefined) shelf.sorted = shelf.summary = undefined;
    for (const listener of listeners) listener(dataPlane, entry);
  };
  return {
    put: (work) => {
      reached(revisionOf(work));
      const known = entries.get(work.metadata.uid);
      // Status writes change the revision but not the generation: nothing to send.
      if (known !== undefined && isCurrent(known, work)) return;
      const entry = entryOf(work);
      entries.set(entry.uid, entry);
      shelfOf(shelves, entry.dataPlane).entries.set(entry.uid, entry);
      changed(entry.dataPlane, entry);
    },
    remove: (work) => {
      reached(revisionOf(work));
      if (!entries.delete(work.metadata.uid)) return;
      shelves.get(work.spec.dataPlane)?.entries.delete(work.metadata.uid);
      changed(work.spec.dataPlane);
    },
    find: (uid) => entries.get(uid),
    of: (dataPlane) => {
      const shelf = shelves.get(dataPlane);
      if (shelf === undefined) return [];
      shelf.sorted ??= [...shelf.entries.values()].sort((a, b) => a.rv - b.rv);
      return shelf.sorted;
    },
    summary: (dataPlane) => {
      const shelf = shelfOf(shelves, dataPlane);
      shelf.summary ??= summaryOf(shelf.entries.values());
      return shelf.summary;
    },
    headRV: () => headRV,
    reached,
    onChange: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

function shelfOf(shelves: Map<string, Shelf>, dataPlane: string): Shelf {
  const known = shelves.get(dataPlane);
  if (known !== undefined) return known;
  const shelf = { entries: new Map<string, BundleEntry>(), sorted: undefined, summary: undefined };
  shelves.set(dataPlane, shelf);
  return shelf;
}

function summaryOf(entries: Iterable<BundleEntry>): Summary {
  const held = [...entries].filter((entry) => entry.tombstone === undefined);
  return { count: held.length, digest: digestOf(held) };
}

/** `spec.revision` where the renderer counts itself, else the object's own generation. */
const generationOf = (work: PlaneWork): number => work.spec.revision ?? work.metadata.generation ?? 1;
const revisionOf = (work: PlaneWork): number => Number(work.metadata.resourceVersion);

const isCurrent = (entry: BundleEntry, work: PlaneWork): boolean =>
  entry.gen === generationOf(work) && entry.tombstone === work.spec.tombstone?.mode;

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
    targetNamespace: work.spec.targetNamespace ?? '',
    gen: generationOf(work),
    rv: revisionOf(work),
    tombstone,
    gzipped,
    sha256: tombstone === undefined ? hashOf(gzipped) : '',
  };
}
