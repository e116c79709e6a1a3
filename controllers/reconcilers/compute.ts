/** Compute: ready when its data plane is there; how many products use the pool. */
import { refOf } from '../../apiserver/client/resource.ts';
import { Compute } from '../../apiserver/kinds/compute.ts';
import { DataPlane } from '../../apiserver/kinds/data-plane.ts';
import { DataProduct } from '../../apiserver/kinds/data-product.ts';
import { no, yes } from './core/conditions.ts';
import type { Reconciler, ReconcilerDeps } from './core/reconciler.ts';
import { createStatusReconciler, onExistence } from './core/status-reconciler.ts';

export function createComputeReconciler({ informers }: ReconcilerDeps): Reconciler {
  const pools = informers.of(Compute);
  const planes = informers.of(DataPlane);
  const products = informers.of(DataProduct);
  const all = (): ReturnType<typeof refOf>[] => pools.list().map(refOf);
  return createStatusReconciler({
    name: 'compute',
    objects: pools,
    triggers: [onExistence(planes, all), onExistence(products, all)],
    conclude: ({ metadata, spec }) => ({
      conditions: {
        Ready:
          planes.get({ name: spec.dataPlaneRef }) === undefined
            ? no('DataPlaneNotFound', `data plane "${spec.dataPlaneRef}" does not exist`)
            : yes('DataPlaneFound'),
      },
      fields: {
        usedBy: products
          .list()
          .filter((product) => product.spec.resources.some((step) => step.compute === metadata.name)).length,
      },
    }),
  });
}
