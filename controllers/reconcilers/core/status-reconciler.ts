/** A reconciler that only draws conclusions: its object's status follows from the object and what it refers to. */
import type { Condition, ObjectMeta } from '../../../apiserver/api/meta.ts';
import type { Informer } from '../../../apiserver/client/informer.ts';
import { refOf, type ApiObject, type ObjectRef } from '../../../apiserver/client/resource.ts';
import { commitStatus, type StatusDraft } from './commit.ts';
import { DONE, onSelf, requeueAfter } from './reconciler.ts';
import type { Reconciler, Trigger } from './reconciler.ts';

interface StatusBase {
  readonly observedGeneration?: number;
  readonly conditions?: readonly Condition[];
}

export interface Conclusion<S> extends StatusDraft<S> {
  /** When time alone changes the conclusion. */
  readonly looksAgainInMs?: number;
}

interface Definition<S, T> {
  readonly name: string;
  readonly objects: Informer<T>;
  /** Beside changes of the object itself. */
  readonly triggers: readonly Trigger[];
  /** Pure but for what it reads from shared copies. */
  readonly conclude: (object: T, nowMs: number) => Conclusion<S>;
}

export function createStatusReconciler<
  S extends StatusBase,
  T extends { readonly metadata: ObjectMeta; readonly status?: S },
>(definition: Definition<S, T>): Reconciler {
  const { name, objects, triggers, conclude } = definition;
  return {
    name,
    triggers: [onSelf(objects), ...triggers],
    reconcile: async (ref, run) => {
      const object = objects.get(ref);
      if (object === undefined) return DONE;
      const { looksAgainInMs, ...draft } = conclude(object, run.clock.now());
      await commitStatus(run, objects.resource, object, draft);
      return looksAgainInMs === undefined ? DONE : requeueAfter(looksAgainInMs);
    },
  };
}

/** A change of one wakes every object of the same namespace that `refers` to it. */
export function onReferenced<T extends ApiObject, R extends ApiObject>(
  objects: Informer<T>,
  targets: Informer<R>,
  refers: (object: T, name: string) => boolean,
): Trigger {
  return onExistence(targets, (target) =>
    objects
      .list(target.metadata.namespace)
      .filter((object) => refers(object, target.metadata.name))
      .map(refOf),
  );
}

/** As `onChange`, without the changes that leave spec, labels and deletion as they were, such as status writes. */
export function onExistence<T extends ApiObject>(
  informer: Informer<T>,
  concerns: (object: T) => readonly ObjectRef[],
): Trigger {
  const isSame = (a: T, b: T): boolean =>
    a.metadata.generation !== undefined &&
    a.metadata.generation === b.metadata.generation &&
    a.metadata.uid === b.metadata.uid;
  return (enqueue) =>
    informer.onChange((change) => {
      if (change.type === 'modified' && isSame(change.old, change.object)) return;
      for (const ref of concerns(change.object)) enqueue(ref);
    });
}
