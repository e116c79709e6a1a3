/** What the report of an agent on a PlaneWork means: the contract between reconcilers and hub. */
import { conditionOf } from '../../apiserver/kinds/status.ts';
import type { PlaneWork } from '../../apiserver/kinds/plane-work.ts';

/** Keeps a deleted PlaneWork until its plane has removed what it brought. */
export const PLANE_WORK_FINALIZER = 'polder.dev/plane-work';
/** Reason of condition Applied when the plane will not have the work. */
export const REJECTED = 'Nack';
/** Reason of condition Applied once a tombstone was carried out. */
export const REMOVED = 'Deleted';

/** Generation of the content, as bundles count it. */
export const revisionOf = (work: PlaneWork): number => work.spec.revision ?? work.metadata.generation ?? 1;

/** The plane holds exactly what the work says now. */
export const isApplied = (work: PlaneWork): boolean =>
  work.spec.tombstone === undefined &&
  conditionOf(work, 'Applied')?.status === 'True' &&
  (work.status?.appliedRevision ?? 0) >= revisionOf(work);

/** Why the plane refused the work as it is now, which only a change of the work can mend; undefined when it did not. */
export function rejection(work: PlaneWork): string | undefined {
  const applied = conditionOf(work, 'Applied');
  const isCurrent = (work.status?.observedGeneration ?? 0) >= revisionOf(work);
  return applied?.reason === REJECTED && isCurrent ? applied.message : undefined;
}

/** The plane has removed, or let go of, everything the work brought. A tombstone is never taken back. */
export function isRemoved(work: PlaneWork): boolean {
  const applied = conditionOf(work, 'Applied');
  return work.spec.tombstone !== undefined && applied?.status === 'True' && applied.reason === REMOVED;
}
