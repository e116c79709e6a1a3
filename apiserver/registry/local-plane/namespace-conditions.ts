/** What keeps a namespace that is being deleted, as the conditions people and tools know. */
import { isObject, type Json, type JsonObject } from '../../api/json.ts';
import { resourceName, type Kind } from '../../api/kind.ts';
import { finalizersOf } from '../finalizers.ts';
import type { StoredObject } from '../registry.ts';

export interface Leftover {
  readonly kind: Kind;
  readonly objects: readonly StoredObject[];
}

interface Finding {
  readonly type: string;
  readonly isTrue: boolean;
  readonly reason: string;
  readonly message: string;
}

/** source: kubernetes/pkg/controller/namespace/deletion/status_condition_utils.go. */
function findings(leftovers: readonly Leftover[], failures: readonly string[]): readonly Finding[] {
  const counts = leftovers.map(
    ({ kind, objects }) => `${resourceName(kind)} has ${objects.length} resource instances`,
  );
  const finalizers = countFinalizers(leftovers).map(
    ([name, count]) => `${name} in ${count} resource instances`,
  );
  return [
    {
      type: 'NamespaceDeletionContentFailure',
      isTrue: failures.length > 0,
      reason: failures.length > 0 ? 'ContentDeletionFailed' : 'ContentDeleted',
      message:
        failures.length > 0
          ? `Failed to delete all resource types, ${failures.length} remaining: ${failures.join('; ')}`
          : 'All content successfully deleted, may be waiting on finalization',
    },
    {
      type: 'NamespaceContentRemaining',
      isTrue: counts.length > 0,
      reason: counts.length > 0 ? 'SomeResourcesRemain' : 'ContentRemoved',
      message:
        counts.length > 0
          ? `Some resources are remaining: ${counts.join(', ')}`
          : 'All content successfully removed',
    },
    {
      type: 'NamespaceFinalizersRemaining',
      isTrue: finalizers.length > 0,
      reason: finalizers.length > 0 ? 'SomeFinalizersRemain' : 'ContentHasNoFinalizers',
      message:
        finalizers.length > 0
          ? `Some content in the namespace has finalizers remaining: ${finalizers.join(', ')}`
          : 'All content-preserving finalizers finished',
    },
  ];
}

function countFinalizers(leftovers: readonly Leftover[]): readonly (readonly [string, number])[] {
  const counts = new Map<string, number>();
  for (const object of leftovers.flatMap(({ objects }) => objects)) {
    for (const name of finalizersOf(object.read())) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** The namespace with its conditions; transition times change with the status of a condition only. */
export function withConditions(
  namespace: JsonObject,
  state: {
    readonly leftovers: readonly Leftover[];
    readonly failures: readonly string[];
    readonly now: string;
  },
): JsonObject {
  const status = isObject(namespace['status']) ? namespace['status'] : {};
  const old = Array.isArray(status['conditions']) ? (status['conditions'] as readonly Json[]) : [];
  const conditions = findings(state.leftovers, state.failures).map(({ type, isTrue, reason, message }) => {
    const value = isTrue ? 'True' : 'False';
    const before = old.filter(isObject).find((one) => one['type'] === type);
    const since = before?.['status'] === value ? before['lastTransitionTime'] : undefined;
    return { type, status: value, lastTransitionTime: since ?? state.now, reason, message };
  });
  return { ...namespace, status: { ...status, conditions } };
}
