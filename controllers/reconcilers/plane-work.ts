/**
 * PlaneWork: one that is deleted stays until its plane has removed what it brought. Deletion becomes a tombstone,
 * which the hub replays; nothing on a plane is ever deleted because something is merely missing here (P6).
 */
import { refOf, type ObjectRef } from '../../apiserver/client/resource.ts';
import type { Informer } from '../../apiserver/client/informer.ts';
import { DataPlane } from '../../apiserver/kinds/data-plane.ts';
import { PlaneWork } from '../../apiserver/kinds/plane-work.ts';
import { hasFinalizer, isTerminating, removeFinalizer } from './core/commit.ts';
import { DONE, onChange, onSelf } from './core/reconciler.ts';
import type { Outcome, Reconciler, ReconcilerDeps } from './core/reconciler.ts';
import { isRegistered } from './data-plane.ts';
import { isRemoved, PLANE_WORK_FINALIZER } from './plane-work-state.ts';

export function createPlaneWorkReconciler({ informers }: ReconcilerDeps): Reconciler {
  const works = informers.of(PlaneWork);
  const planes = informers.of(DataPlane);
  return {
    name: 'plane-work',
    triggers: [onSelf(works), onChange(planes, (plane) => leaving(works, plane.metadata.name))],
    reconcile: async (ref, run): Promise<Outcome> => {
      const work = works.get(ref);
      if (work === undefined || !isTerminating(work) || !hasFinalizer(work, PLANE_WORK_FINALIZER))
        return DONE;
      const plane = planes.get({ name: work.spec.dataPlane });
      // A plane that never had an identity was never sent anything.
      if (isRemoved(work) || plane === undefined || !isRegistered(plane)) {
        await removeFinalizer(run, PlaneWork, work, PLANE_WORK_FINALIZER);
        return DONE;
      }
      if (work.spec.tombstone === undefined) {
        const { resourceVersion } = work.metadata;
        await run.apiClient.patch(PlaneWork, refOf(work), {
          metadata: { resourceVersion },
          spec: { tombstone: { mode: 'Delete' } },
        });
      }
      return DONE;
    },
  };
}

/** Only those that wait for the plane; the others do not care. */
const leaving = (works: Informer<PlaneWork>, plane: string): readonly ObjectRef[] =>
  works
    .list()
    .filter((work) => work.spec.dataPlane === plane && isTerminating(work))
    .map(refOf);
