/**
 * Taking a data cluster down: its PlaneWork goes first, and goes only when the plane has confirmed. With Retain
 * the namespace and its data stay on the plane, without identity, access or anything running.
 * source: resource model 4.4, A16.
 */
import { refOf } from '../../apiserver/client/resource.ts';
import { isNotFound } from '../../apiserver/client/status.ts';
import { DataCluster } from '../../apiserver/kinds/data-cluster.ts';
import { PlaneWork } from '../../apiserver/kinds/plane-work.ts';
import { commitStatus, hasFinalizer, isTerminating, removeFinalizer } from './core/commit.ts';
import { no, yes, type Finding } from './core/conditions.ts';
import { DONE, type Outcome, type Run } from './core/reconciler.ts';
import { isApplied, isRemoved } from './plane-work-state.ts';

export const DATA_CLUSTER_FINALIZER = 'polder.dev/data-cluster';
/** Reason of condition Deleting while the plane cannot be reached. */
export const WAITING_FOR_DATA_PLANE = 'WaitingForDataPlane';

interface Leaving {
  readonly cluster: DataCluster;
  readonly retain: boolean;
  /** A plane that never had an identity holds nothing. */
  readonly planeRegistered: boolean;
  readonly planeConnected: boolean;
  /** Renders what stays on the plane with Retain, and resolves with the work as it stands then. */
  readonly reduce: () => Promise<PlaneWork>;
  /** Called when the cluster is about to be gone. */
  readonly released: () => void;
}

export async function finalizeDataCluster(
  run: Run,
  work: PlaneWork | undefined,
  leaving: Leaving,
): Promise<Outcome> {
  const { cluster } = leaving;
  if (!hasFinalizer(cluster, DATA_CLUSTER_FINALIZER)) return DONE;
  const waitsFor = work === undefined ? undefined : await advance(run, work, leaving);
  if (waitsFor === undefined) {
    leaving.released();
    await removeFinalizer(run, DataCluster, cluster, DATA_CLUSTER_FINALIZER);
    return DONE;
  }
  const deleting: Finding = leaving.planeConnected
    ? yes('Removing', waitsFor)
    : yes(
        WAITING_FOR_DATA_PLANE,
        `data plane "${cluster.spec.dataPlaneRef ?? ''}" is not connected; ${waitsFor}`,
      );
  await commitStatus(run, DataCluster, cluster, {
    conditions: { Deleting: deleting, Ready: no('Deleting', 'it is being deleted') },
    fields: { phase: 'Deleting', ...(leaving.retain ? { retained: retained(cluster) } : {}) },
  });
  return DONE;
}

/** One step towards the work being gone; what is waited for, or undefined when it is. */
async function advance(run: Run, work: PlaneWork, leaving: Leaving): Promise<string | undefined> {
  if (isTerminating(work)) return 'waiting for the plane to confirm the removal';
  if (leaving.retain && leaving.planeRegistered && work.spec.tombstone === undefined) {
    const reduced = await leaving.reduce();
    if (!isApplied(reduced)) return 'waiting for the plane to take access away and stop what runs';
    await letGo(run, reduced);
    return 'waiting for the plane to let go of what is kept';
  }
  if (work.spec.tombstone?.mode === 'Orphan' && !isRemoved(work))
    return 'waiting for the plane to let go of what is kept';
  await remove(run, work);
  return 'waiting for the plane to remove everything';
}

/** Objects stay where they are and belong to nobody from then on. */
async function letGo(run: Run, work: PlaneWork): Promise<void> {
  const { resourceVersion } = work.metadata;
  const body = { metadata: { resourceVersion }, spec: { tombstone: { mode: 'Orphan' } } };
  await run.apiClient.patch(PlaneWork, refOf(work), body);
}

async function remove(run: Run, work: PlaneWork): Promise<void> {
  try {
    await run.apiClient.delete(PlaneWork, refOf(work), { uid: work.metadata.uid });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

const retained = (cluster: DataCluster): readonly string[] => [
  `Namespace ${cluster.status?.namespace ?? ''} on data plane ${cluster.spec.dataPlaneRef ?? ''}`,
];
