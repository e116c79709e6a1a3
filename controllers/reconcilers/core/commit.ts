/** The only two ways a reconciler changes the object it looks after: its status, or its finalizers; never both. */
import { ApiError } from '../../../apiserver/api/errors.ts';
import type { Condition, ObjectMeta } from '../../../apiserver/api/meta.ts';
import { refOf, type Resource } from '../../../apiserver/client/resource.ts';
import { mergeConditions, type Finding } from './conditions.ts';
import { mergeDiff } from './merge-diff.ts';
import type { Run } from './reconciler.ts';

interface StatusBase {
  readonly observedGeneration?: number;
  readonly conditions?: readonly Condition[];
}
interface WithStatus<S> {
  readonly metadata: ObjectMeta;
  readonly status?: S;
}

/** What a reconciler wants the status to say. Fields that are not mentioned stay as they are. */
export interface StatusDraft<S> {
  /** `undefined` removes a field. */
  readonly fields?: { readonly [K in keyof Omit<S, 'conditions' | 'observedGeneration'>]?: S[K] | undefined };
  readonly conditions: Readonly<Record<string, Finding | undefined>>;
}

/**
 * Writes the status when it differs from what the object says; resolves true when it wrote.
 * Throws Conflict when somebody changed the object since it was read: others write status fields too.
 */
export async function commitStatus<S extends StatusBase>(
  run: Run,
  resource: Resource<WithStatus<S>>,
  object: WithStatus<S>,
  draft: StatusDraft<S>,
): Promise<boolean> {
  const { generation, resourceVersion } = object.metadata;
  const known: StatusBase = object.status ?? {};
  const next = {
    ...known,
    ...draft.fields,
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    conditions: mergeConditions(known.conditions ?? [], draft.conditions, {
      nowMs: run.clock.now(),
      generation,
    }),
  };
  const patch = mergeDiff({ ...known }, next);
  if (patch === undefined) return false;
  const body = { metadata: { resourceVersion }, status: patch };
  await run.apiClient.patch(resource, refOf(object), body, { subresource: 'status' });
  return true;
}

export const hasFinalizer = (object: { readonly metadata: ObjectMeta }, finalizer: string): boolean =>
  object.metadata.finalizers?.includes(finalizer) === true;
export const isTerminating = (object: { readonly metadata: ObjectMeta }): boolean =>
  object.metadata.deletionTimestamp !== undefined;

/** Resolves with the object as it stands now: the next write needs its resourceVersion. */
export async function addFinalizer<T extends { readonly metadata: ObjectMeta }>(
  run: Run,
  resource: Resource<T>,
  object: T,
  finalizer: string,
): Promise<T> {
  if (hasFinalizer(object, finalizer)) return object;
  return setFinalizers(run, resource, object, [...(object.metadata.finalizers ?? []), finalizer]);
}

/** The object is gone afterwards when this was the last finalizer of a terminating one. */
export async function removeFinalizer<T extends { readonly metadata: ObjectMeta }>(
  run: Run,
  resource: Resource<T>,
  object: T,
  finalizer: string,
): Promise<void> {
  if (!hasFinalizer(object, finalizer)) return;
  const rest = (object.metadata.finalizers ?? []).filter((other) => other !== finalizer);
  try {
    await setFinalizers(run, resource, object, rest);
  } catch (error) {
    // Our copy was behind: the object went with its last finalizer already.
    if (!(error instanceof ApiError) || error.reason !== 'NotFound') throw error;
  }
}

function setFinalizers<T extends { readonly metadata: ObjectMeta }>(
  run: Run,
  resource: Resource<T>,
  object: T,
  finalizers: readonly string[],
): Promise<T> {
  const { resourceVersion } = object.metadata;
  return run.apiClient.patch(resource, refOf(object), { metadata: { resourceVersion, finalizers } });
}
