/** What a controller is: the objects it looks after, what wakes it, and one step towards the desired state. */
import type { Client } from '../../../apiserver/client/client.ts';
import type { Informer } from '../../../apiserver/client/informer.ts';
import { keyOf, refOf, type ApiObject, type ObjectRef } from '../../../apiserver/client/resource.ts';
import type { Outcome } from '../../../apiserver/client/workqueue.ts';
import type { Clock } from '../../../apiserver/runtime/clock.ts';
import type { Log } from '../../../apiserver/runtime/log.ts';
import type { Informers } from './informers.ts';

export type { Outcome };

/** What every reconciler is made with. */
export interface ReconcilerDeps {
  /** Shared copies of what the API holds; may lag behind a write just made. */
  readonly informers: Informers;
  readonly clock: Clock;
  readonly log: Log;
}

/** What one run of a reconciler works with. */
export interface Run {
  /** The control plane's API; its calls end when the run's time is up. */
  readonly apiClient: Client;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * One controller. `reconcile` compares what is with what should be and makes one pass towards it; it must be
 * idempotent, because it runs again after every change, failure and restart.
 *
 * | `reconcile` ...            | the runner                                                             |
 * | -------------------------- | ---------------------------------------------------------------------- |
 * | resolves `DONE`            | waits for the next trigger                                             |
 * | resolves `requeueAfter(n)` | runs it again after n ms, or at the next trigger                       |
 * | throws                     | runs it again after full-jitter backoff (500 ms doubling to 5 min)     |
 * | throws ApiError Conflict   | the same, without a word in the log: the copy it worked from was stale |
 * | takes longer than 60 s     | aborts its signal, counts an error, backs off; other keys go on        |
 *
 * A reconciler that always throws or hangs harms nobody else: every one has its own queue and slots.
 * Spec and status never change in the same write; status goes through `commitStatus` only.
 */
export interface Reconciler {
  /** Label of logs and metrics; kebab-case, unique. */
  readonly name: string;
  /** Objects at work at once. Default 4. */
  readonly concurrency?: number;
  readonly triggers: readonly Trigger[];
  reconcile(ref: ObjectRef, run: Run): Promise<Outcome>;
}
export type ReconcilerFactory = (deps: ReconcilerDeps) => Reconciler;

/** Subscribes to something that happens; the returned function ends the subscription. */
export type Trigger = (enqueue: (ref: ObjectRef) => void) => () => void;

export const DONE: Outcome = { is: 'done' };
export const requeueAfter = (afterMs: number): Outcome => ({ is: 'requeue', afterMs });

/** Every change of an object wakes the object itself. */
export const onSelf = <T extends ApiObject>(informer: Informer<T>): Trigger =>
  onChange(informer, (object) => [refOf(object)]);

/** Every change of an object wakes those it concerns, before and after the change. */
export function onChange<T extends ApiObject>(
  informer: Informer<T>,
  concerns: (object: T) => readonly ObjectRef[],
): Trigger {
  return (enqueue) =>
    informer.onChange((change) => {
      const refs = new Map(concerns(change.object).map((ref) => [keyOf(ref), ref]));
      if (change.type === 'modified') {
        for (const ref of concerns(change.old)) refs.set(keyOf(ref), ref);
      }
      for (const ref of refs.values()) enqueue(ref);
    });
}
