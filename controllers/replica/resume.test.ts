import assert from 'node:assert/strict';
import { decideResume, type AgentPosition, type ResumeDecision } from './resume.ts';

const HUB = { epoch: 3, headRV: 200, digest: 'd' };
const at = (epoch: number, rv: number, over: Partial<AgentPosition> = {}): AgentPosition => ({
  cursor: { epoch, rv },
  epoch: 3,
  digest: 'd',
  ...over,
});
const DIFF = { mode: 'diff', freezeDeletes: false } as const;
const EPOCH_AHEAD = { mode: 'quarantine', reason: 'EpochAhead' } as const;
const ROWS: readonly (readonly [string, AgentPosition, ResumeDecision])[] = [
  ['resumes when nothing differs', at(3, 150), { mode: 'resume' }],
  ['resumes at the very head', at(3, 200), { mode: 'resume' }],
  ['compares when something differs', at(3, 150, { digest: 'x' }), DIFF],
  ['quarantines an agent ahead of us', at(3, 201), { mode: 'quarantine', reason: 'RevisionAhead' }],
  [
    'quarantines an agent ahead of us, whatever it holds',
    at(3, 201, { digest: 'x' }),
    { mode: 'quarantine', reason: 'RevisionAhead' },
  ],
  ['compares after a new registration', at(2, 999), DIFF],
  [
    'freezes deletes when the epoch was raised without the agent',
    at(2, 999, { epoch: 2 }),
    { mode: 'diff', freezeDeletes: true },
  ],
  ['quarantines a cursor of a later epoch', at(4, 1), EPOCH_AHEAD],
  ['quarantines an agent that registered in a later epoch', at(3, 1, { epoch: 4 }), EPOCH_AHEAD],
  ['gives a fresh agent everything', at(0, 0), DIFF],
  ['gives a fresh agent everything in an old identity, too', at(0, 0, { epoch: 2 }), DIFF],
];

describe('resume decision', () => {
  for (const [name, agent, expected] of ROWS) {
    it(name, () => assert.deepEqual(decideResume(agent, HUB), expected));
  }
});
