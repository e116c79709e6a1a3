/** What the status of every own kind has in common: conditions and the generation they speak about. */
import type { Condition } from '../api/meta.ts';
import { int, listMap, obj, opt, str, time, type OptionalNode } from '../api/schema.ts';

/** `status.conditions`, merged by type. `known` lists the types that our controllers write. */
export function conditions(known: string): OptionalNode<readonly Condition[]> {
  const condition = obj('One aspect of the state.', {
    type: str('Aspect that is reported, unique in the list.', {
      minLength: 1,
      maxLength: 316,
      pattern: '^[A-Za-z]([A-Za-z0-9./_-]*[A-Za-z0-9])?$',
    }),
    status: str('Whether the aspect holds.', { enum: ['True', 'False', 'Unknown'] }),
    reason: str('Machine-readable cause of the last transition, in CamelCase.', {
      minLength: 1,
      maxLength: 256,
      pattern: '^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$',
    }),
    message: str('Explanation for people; may be empty.', { maxLength: 4096 }),
    lastTransitionTime: time('When the status last changed.'),
    observedGeneration: opt(
      int('metadata.generation the condition was computed for.', { format: 'int64', minimum: 0 }),
    ),
  });
  return opt(listMap(`Aspects of the state: ${known}.`, 'type', condition, { maxItems: 32 }));
}

export const observedGeneration: OptionalNode<number> = opt(
  int('metadata.generation that the controllers acted on last.', { format: 'int64', minimum: 0 }),
);

interface WithConditions {
  readonly status?: { readonly conditions?: readonly Condition[] };
}

export const conditionOf = (object: WithConditions, type: string): Condition | undefined =>
  object.status?.conditions?.find((condition) => condition.type === type);

/** A cell: True, False, Unknown, or nothing when the condition was never reported. */
export const conditionStatus = (object: WithConditions, type: string): string | undefined =>
  conditionOf(object, type)?.status;

/** A cell: why the condition is as it is. */
export const conditionReason = (object: WithConditions, type: string): string | undefined =>
  conditionOf(object, type)?.reason;
