/** Nothing is created in a namespace that is not there or on its way out. source: admission plugin NamespaceLifecycle. */
import { forbidden, notFound } from '../api/errors.ts';
import type { Kind } from '../api/kind.ts';
import type { Cache } from './cache.ts';
import { isTerminating } from './finalizers.ts';
import { pathOf } from './keys.ts';

/** Throws 404 for a missing and 403 for a terminating namespace. */
export function requireNamespace(
  deps: { readonly cache: Cache; readonly namespaceKind: Kind | undefined },
  kind: Kind,
  place: { readonly namespace: string; readonly name: string },
): void {
  const { namespaceKind } = deps;
  if (kind.scope !== 'Namespaced' || namespaceKind === undefined) return;
  const { namespace, name } = place;
  const found = deps.cache.table(namespaceKind).objects.get(pathOf('', namespace));
  if (found === undefined) throw notFound(namespaceKind, namespace);
  if (!isTerminating(found.read())) return;
  const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
  throw forbidden(kind, name, why, [
    {
      reason: 'NamespaceTerminating',
      message: `namespace ${namespace} is being terminated`,
      field: 'metadata.namespace',
    },
  ]);
}
