/** How a session starts: the control plane's decision from where the agent stands. Pure; one row per test. */
import type { Cursor } from './messages.ts';

export type ResumeDecision =
  /** Send what changed after the cursor. */
  | { readonly mode: 'resume'; readonly after: number }
  /** Ask what the agent has and send the difference; `freezeDeletes` until a head of this epoch is complete. */
  | { readonly mode: 'diff'; readonly freezeDeletes: boolean }
  /** The agent knows more than we do: touch nothing. */
  | { readonly mode: 'quarantine'; readonly reason: 'RevisionAhead' | 'EpochAhead' };

/**
 * | agent epoch | agent rv                | decision                                        |
 * | ----------- | ----------------------- | ----------------------------------------------- |
 * | equal       | oldest <= rv <= head    | resume                                          |
 * | equal       | rv < oldest             | diff                                            |
 * | equal       | rv > head               | quarantine: our store was rolled back           |
 * | lower       | any                     | diff, deletes frozen                            |
 * | higher      | any                     | quarantine: we may be the stale twin            |
 *
 * A fresh agent has cursor (0, 0): a lower epoch with nothing to protect, so nothing is frozen.
 */
export function decideResume(
  agent: Cursor,
  server: { readonly epoch: number; readonly oldestRV: number; readonly headRV: number },
): ResumeDecision {
  if (agent.epoch > server.epoch) return { mode: 'quarantine', reason: 'EpochAhead' };
  if (agent.epoch < server.epoch) return { mode: 'diff', freezeDeletes: agent.epoch > 0 };
  if (agent.rv > server.headRV) return { mode: 'quarantine', reason: 'RevisionAhead' };
  return agent.rv < server.oldestRV
    ? { mode: 'diff', freezeDeletes: false }
    : { mode: 'resume', after: agent.rv };
}
