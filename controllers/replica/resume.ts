/** How a session starts: the control plane's decision from where the agent stands. Pure; one row per test. */
import type { Cursor } from './messages.ts';

export type ResumeDecision =
  /** The plane holds what it should; only what changes from now on is sent. */
  | { readonly mode: 'resume' }
  /** Ask what the agent has and send the difference; `freezeDeletes` until a head of this epoch is complete. */
  | { readonly mode: 'diff'; readonly freezeDeletes: boolean }
  /** The agent knows more than we do: touch nothing. */
  | { readonly mode: 'quarantine'; readonly reason: 'RevisionAhead' | 'EpochAhead' };

/** Where the agent stands. */
export interface AgentPosition {
  readonly cursor: Cursor;
  /** Epoch it was registered in. */
  readonly epoch: number;
  /** Over what it holds. */
  readonly digest: string;
}
export interface HubPosition {
  readonly epoch: number;
  /** Newest revision of the store. */
  readonly headRV: number;
  /** Over what this plane should hold. */
  readonly digest: string;
}

/**
 * | agent's epoch | cursor's epoch | cursor's rv | digest  | decision                                       |
 * | ------------- | -------------- | ----------- | ------- | ---------------------------------------------- |
 * | higher        | any            | any         | any     | quarantine: we may be the stale twin           |
 * | any           | higher         | any         | any     | quarantine                                     |
 * | equal         | equal          | > head      | any     | quarantine: our store was rolled back          |
 * | equal         | equal          | <= head     | equal   | resume                                         |
 * | equal         | equal          | <= head     | differs | diff                                           |
 * | equal         | lower          | any         | any     | diff: it registered anew, with an operator's token |
 * | lower         | any            | any         | any     | diff, deletes frozen unless it is fresh (0, 0) |
 */
export function decideResume(agent: AgentPosition, hub: HubPosition): ResumeDecision {
  const { cursor } = agent;
  if (Math.max(agent.epoch, cursor.epoch) > hub.epoch) return { mode: 'quarantine', reason: 'EpochAhead' };
  if (agent.epoch < hub.epoch) return { mode: 'diff', freezeDeletes: cursor.epoch > 0 };
  if (cursor.epoch < hub.epoch) return { mode: 'diff', freezeDeletes: false };
  if (cursor.rv > hub.headRV) return { mode: 'quarantine', reason: 'RevisionAhead' };
  return agent.digest === hub.digest ? { mode: 'resume' } : { mode: 'diff', freezeDeletes: false };
}
