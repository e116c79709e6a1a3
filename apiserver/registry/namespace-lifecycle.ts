/** Nothing is created in a namespace that is not there or on its way out. source: admission plugin NamespaceLifecycle. */
import { forbidden, notFound } from '../api/errors.ts';
import type { Kind } from '../api/kind.ts';
import { Namespace } from '../kinds/native/namespace.ts';
import type { Cache } from './cache.ts';
import { isNamespace, isTerminating } from './finalizers.ts';
import { pathOf } from './keys.ts';

export type NamespaceState = 'missing' | 'active' | 'terminating';

/** Where namespaces are. */
export interface Namespaces {
  /** A promise only where what is known is not enough and somebody has to be asked. */
  state(name: string): NamespaceState | Promise<NamespaceState>;
}

/** The namespaces that are served here; undefined where they live elsewhere. */
export function servedNamespaces(cache: Cache, kinds: readonly Kind[]): Namespaces | undefined {
  const kind = kinds.find(isNamespace);
  if (kind === undefined) return undefined;
  const { objects } = cache.table(kind);
  return {
    state: (name) => {
      const found = objects.get(pathOf('', name));
      if (found === undefined) return 'missing';
      return isTerminating(found.read()) ? 'terminating' : 'active';
    },
  };
}

interface Place {
  readonly namespace: string;
  readonly name: string;
}

/** Throws 404 for a missing and 403 for a terminating namespace; at once where the state is known. */
export function requireNamespace(
  { namespaces }: { readonly namespaces: Namespaces | undefined },
  kind: Kind,
  place: Place,
): Promise<void> | void {
  if (kind.scope !== 'Namespaced' || namespaces === undefined) return undefined;
  const state = namespaces.state(place.namespace);
  if (state instanceof Promise) return state.then((later) => requireActive(later, kind, place));
  return requireActive(state, kind, place);
}

function requireActive(state: NamespaceState, kind: Kind, { namespace, name }: Place): void {
  if (state === 'active') return;
  if (state === 'missing') throw notFound(Namespace, namespace);
  const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
  throw forbidden(kind, name, why, [
    {
      reason: 'NamespaceTerminating',
      message: `namespace ${namespace} is being terminated`,
      field: 'metadata.namespace',
    },
  ]);
}
