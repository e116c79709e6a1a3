/** Writing conditions: the time of a transition changes only when the status does. */
import type { Condition } from '../../../apiserver/api/meta.ts';
import { timestamp } from '../../../apiserver/runtime/clock.ts';

/** What a reconciler found out about one aspect. */
export interface Finding {
  readonly status: 'True' | 'False' | 'Unknown';
  /** CamelCase, stable, for machines. */
  readonly reason: string;
  /** A sentence for people; no secrets. */
  readonly message?: string;
}

export const yes = (reason: string, message = ''): Finding => ({ status: 'True', reason, message });
export const no = (reason: string, message = ''): Finding => ({ status: 'False', reason, message });
export const unknown = (reason: string, message = ''): Finding => ({ status: 'Unknown', reason, message });

/** What a reconciler says about itself when it could not do its work. */
export const failure = (error: unknown): Finding =>
  no('ReconcileError', error instanceof Error ? error.message : 'unknown failure');

const MAX_MESSAGE = 4096;

/**
 * `known` with `findings` merged in by type. Order is kept, new types come last, types that nobody mentions stay
 * as they are; a finding of `undefined` removes its type.
 * source: meta/v1 SetStatusCondition.
 */
export function mergeConditions(
  known: readonly Condition[],
  findings: Readonly<Record<string, Finding | undefined>>,
  at: { readonly nowMs: number; readonly generation: number | undefined },
): readonly Condition[] {
  const merged = new Map(known.map((condition) => [condition.type, condition]));
  for (const [type, finding] of Object.entries(findings)) {
    if (finding === undefined) {
      merged.delete(type);
      continue;
    }
    const old = merged.get(type);
    const lastTransitionTime = old?.status === finding.status ? old.lastTransitionTime : timestamp(at.nowMs);
    merged.set(type, {
      type,
      status: finding.status,
      reason: finding.reason,
      message: (finding.message ?? '').slice(0, MAX_MESSAGE),
      lastTransitionTime,
      ...(at.generation === undefined ? {} : { observedGeneration: at.generation }),
    });
  }
  return [...merged.values()];
}

/** True when every named condition is True; the first that is not says why. */
export function summarise(findings: Readonly<Record<string, Finding | undefined>>): Finding {
  for (const [type, finding] of Object.entries(findings)) {
    if (finding === undefined || finding.status === 'True') continue;
    const message = finding.message === undefined || finding.message === '' ? '' : `: ${finding.message}`;
    return no(finding.reason, `${type} is ${finding.status}${message}`);
  }
  return yes('Ready');
}
