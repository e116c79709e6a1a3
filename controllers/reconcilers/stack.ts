/** Stack: how many products use it. Its content was checked when it was applied. */
import { refOf } from '../../apiserver/client/resource.ts';
import { DataProduct } from '../../apiserver/kinds/data-product.ts';
import { Stack } from '../../apiserver/kinds/stack.ts';
import { yes } from './core/conditions.ts';
import type { Reconciler, ReconcilerDeps } from './core/reconciler.ts';
import { createStatusReconciler, onExistence } from './core/status-reconciler.ts';

export function createStackReconciler({ informers }: ReconcilerDeps): Reconciler {
  const stacks = informers.of(Stack);
  const products = informers.of(DataProduct);
  const uses = (product: DataProduct, stack: string): boolean =>
    product.spec.resources.some((step) => step.stack.startsWith(`${stack}:`));
  return createStatusReconciler({
    name: 'stack',
    objects: stacks,
    // All of them: a product that stops using a stack no longer says which.
    triggers: [onExistence(products, () => stacks.list().map(refOf))],
    conclude: ({ metadata }) => ({
      conditions: { Valid: yes('Valid') },
      fields: { usedBy: products.list().filter((product) => uses(product, metadata.name)).length },
    }),
  });
}
