/** DataProduct: is everything there that it names, in which order do its steps start, and what was released of it? */
import { DataProduct } from '../../apiserver/kinds/data-product.ts';
import { stepOrder } from '../../apiserver/kinds/data-product-rules.ts';
import { Depot } from '../../apiserver/kinds/depot.ts';
import { Release } from '../../apiserver/kinds/release.ts';
import { ReleaseBinding } from '../../apiserver/kinds/release-binding.ts';
import { Stack } from '../../apiserver/kinds/stack.ts';
import { conditionOf } from '../../apiserver/kinds/status.ts';
import { refOf, type ObjectRef } from '../../apiserver/client/resource.ts';
import { no, summarise, yes, type Finding } from './core/conditions.ts';
import { onChange, type Reconciler, type ReconcilerDeps } from './core/reconciler.ts';
import {
  createStatusReconciler,
  onExistence,
  onReferenced,
  type Conclusion,
} from './core/status-reconciler.ts';

type Status = NonNullable<DataProduct['status']>;

export function createDataProductReconciler({ informers }: ReconcilerDeps): Reconciler {
  const products = informers.of(DataProduct);
  const depots = informers.of(Depot);
  const stacks = informers.of(Stack);
  const releases = informers.of(Release);
  const bindings = informers.of(ReleaseBinding);
  const ofProduct = (object: Release | ReleaseBinding): readonly ObjectRef[] => [
    { namespace: object.metadata.namespace, name: object.spec.productRef },
  ];
  return createStatusReconciler({
    name: 'data-product',
    objects: products,
    triggers: [
      onReferenced(products, depots, (product, name) => depotsOf(product).includes(name)),
      onExistence(stacks, ({ metadata }) =>
        products
          .list()
          .filter((product) => stacksOf(product).some((stack) => stack.startsWith(`${metadata.name}:`)))
          .map(refOf),
      ),
      onExistence(releases, ofProduct),
      onChange(bindings, ofProduct),
    ],
    conclude: (product) => {
      const { namespace, name } = product.metadata;
      const own = <T extends Release | ReleaseBinding>(objects: readonly T[]): readonly T[] =>
        objects.filter(({ spec }) => spec.productRef === name);
      const missing = [
        ...depotsOf(product).filter((depot) => depots.get({ namespace, name: depot }) === undefined),
        ...stacksOf(product).filter((stack) => !hasVersion(stacks.get({ name: nameOf(stack) }), stack)),
      ];
      return describeProduct(product, missing, own(releases.list(namespace)), own(bindings.list(namespace)));
    },
  });
}

export function describeProduct(
  product: DataProduct,
  missing: readonly string[],
  releases: readonly Release[],
  bindings: readonly ReleaseBinding[],
): Conclusion<Status> {
  const order = stepOrder(product.spec.resources);
  const valid =
    missing.length === 0 ? yes('Valid') : no('ReferenceNotFound', `does not exist: ${missing.join(', ')}`);
  const latest = latestOf(releases);
  const released =
    latest === undefined
      ? no('NotReleased', NOT_RELEASED)
      : yes('Released', `the newest release is "${latest.metadata.name}"`);
  return {
    conditions: {
      Valid: valid,
      Released: released,
      Ready: summarise({ Valid: valid, Released: released, Bound: bound(bindings) }),
    },
    fields: {
      order: order.ok ? order.order : undefined,
      latestRelease:
        latest === undefined ? undefined : { name: latest.metadata.name, hash: latest.spec.hash },
      environments: environmentsOf(bindings),
    },
  };
}

const NOT_RELEASED =
  'no Release of it exists; create one, then a ReleaseBinding that puts it into an environment (kubectl explain release.spec)';

function bound(bindings: readonly ReleaseBinding[]): Finding {
  if (bindings.length === 0)
    return no('NotBound', 'no ReleaseBinding puts it into an environment; create one that names the release');
  const waiting = bindings.filter((binding) => conditionOf(binding, 'Ready')?.status !== 'True');
  if (waiting.length === 0) return yes('Ready');
  const where = waiting.map(
    ({ spec, metadata }) => `${spec.environment} (ReleaseBinding "${metadata.name}")`,
  );
  return no('NotReady', `not ready in: ${where.join(', ')}; their conditions say why`);
}

function environmentsOf(bindings: readonly ReleaseBinding[]): Status['environments'] {
  if (bindings.length === 0) return undefined;
  return [...bindings]
    .sort((a, b) => (a.spec.environment < b.spec.environment ? -1 : 1))
    .map((binding) => ({
      name: binding.spec.environment,
      release: binding.spec.releaseName,
      ready: conditionOf(binding, 'Ready')?.status === 'True',
    }));
}

const latestOf = (releases: readonly Release[]): Release | undefined =>
  [...releases].sort((a, b) => (ageOf(a) < ageOf(b) ? 1 : -1))[0];
const ageOf = ({ metadata }: Release): string => `${metadata.creationTimestamp}/${metadata.name}`;

/** Depots of other tenants are decided by their policies; whether they exist is not for this tenant to see. */
function depotsOf({ spec }: DataProduct): readonly string[] {
  const ports = [...(spec.inputs ?? []), ...(spec.outputs ?? [])].map(({ depot }) => depot);
  const used = [...ports, ...spec.resources.flatMap(({ depots = [] }) => depots)];
  const names = used.flatMap((depot) =>
    depot === undefined || depot.tenant !== undefined ? [] : [depot.name],
  );
  return [...new Set(names)];
}

/** As written: `name:version`. */
const stacksOf = ({ spec }: DataProduct): readonly string[] => [
  ...new Set(spec.resources.map(({ stack }) => stack)),
];
const nameOf = (stack: string): string => stack.slice(0, stack.indexOf(':'));
const hasVersion = (stack: Stack | undefined, wanted: string): boolean =>
  stack?.spec.versions.some(({ name }) => wanted === `${stack.metadata.name}:${name}`) === true;
