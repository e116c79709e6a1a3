/** A Release is a frozen product: its spec and the stacks it uses, named by the digest of both. */
import { cause } from '../api/causes.ts';
import type { Cause } from '../api/errors.ts';
import { defineKind, type ObjectFor } from '../api/kind.ts';
import { anyObject, embedded, int, list, listMap, obj, opt, str, time } from '../api/schema.ts';
import { objectName, prose } from './names.ts';
import { conditions, conditionStatus, observedGeneration } from './status.ts';

const stack = obj('One version of a stack, as it was.', {
  name: objectName('Name of the Stack.'),
  version: str('Name of the version.', { minLength: 1, maxLength: 32 }),
  kind: str('How the version runs.', { enum: ['Service', 'Job', 'Infra'] }),
  schema: opt(anyObject('JSON Schema of its input.')),
  manifests: list('Objects that a step becomes.', embedded('One object.'), { maxItems: 100 }),
});

const spec = obj('Frozen content; nothing of it ever changes.', {
  productRef: objectName('DataProduct that was released.'),
  hash: str('SHA-256 over the frozen content, in hexadecimal.', { pattern: '^[0-9a-f]{64}$', maxLength: 64 }),
  version: opt(str('Version that the team gave the product.', { maxLength: 64 })),
  product: anyObject('Spec of the product.'),
  stacks: listMap('Stacks that the product uses.', ['name', 'version'], stack, {
    maxItems: 128,
    default: [],
  }),
  releasedBy: opt(str('User who released it.', { maxLength: 256 })),
  notes: opt(prose('What is new.', 4096)),
});

const status = obj('Observed state, written by controllers only.', {
  observedGeneration,
  boundBy: opt(int('Number of bindings that refer to the release.', { minimum: 0 })),
  firstReadyAt: opt(time('When it was first ready in any environment.')),
  conditions: conditions('DeletionBlocked'),
});

export const Release = defineKind({
  kind: 'Release',
  plural: 'releases',
  shortNames: ['rel'],
  categories: ['all'],
  scope: 'Namespaced',
  doc: 'A frozen data product with the stacks it uses, named by the digest of its content.',
  spec,
  status,
  immutable: ['spec'],
  references: [
    { field: 'spec.productRef', to: 'DataProduct', verb: 'use', required: false, protects: false },
  ],
  selectableFields: ['spec.productRef', 'spec.hash'],
  columns: [
    { name: 'Product', type: 'string', cell: (release) => release.spec.productRef },
    { name: 'Version', type: 'string', cell: (release) => release.spec.version },
    { name: 'Bound By', type: 'integer', cell: (release) => release.status?.boundBy },
    { name: 'By', type: 'string', wide: true, cell: (release) => release.spec.releasedBy },
    {
      name: 'Blocked',
      type: 'string',
      wide: true,
      cell: (release) => conditionStatus(release, 'DeletionBlocked'),
    },
  ],
  check: (release) => checkName(release.metadata.name, release.spec.productRef, release.spec.hash),
});
export type Release = ObjectFor<typeof Release>;

const SHORT_HASH = 8;

/** The only name a release of this content may have. */
export const releaseName = (product: string, hash: string): string =>
  `${product}-${hash.slice(0, SHORT_HASH)}`;

function checkName(name: string, product: string, hash: string): readonly Cause[] {
  const wanted = releaseName(product, hash);
  if (name === wanted) return [];
  return [cause.invalid('metadata.name', name, `a release is named by product and digest: ${wanted}`)];
}
