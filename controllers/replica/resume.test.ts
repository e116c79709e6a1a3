import assert from 'node:assert/strict';
import { decideResume, type ResumeDecision } from './resume.ts';

const SERVER = { epoch: 3, oldestRV: 100, headRV: 200 };
const ROWS: readonly (readonly [string, { epoch: number; rv: number }, ResumeDecision])[] = [
  ['resumes inside the log', { epoch: 3, rv: 150 }, { mode: 'resume', after: 150 }],
  ['resumes at the very head', { epoch: 3, rv: 200 }, { mode: 'resume', after: 200 }],
  ['compares when the cursor left the log', { epoch: 3, rv: 99 }, { mode: 'diff', freezeDeletes: false }],
  [
    'quarantines an agent ahead of us',
    { epoch: 3, rv: 201 },
    { mode: 'quarantine', reason: 'RevisionAhead' },
  ],
  ['freezes deletes for an older epoch', { epoch: 2, rv: 999 }, { mode: 'diff', freezeDeletes: true }],
  [
    'quarantines an agent of a later epoch',
    { epoch: 4, rv: 1 },
    { mode: 'quarantine', reason: 'EpochAhead' },
  ],
  ['gives a fresh agent everything', { epoch: 0, rv: 0 }, { mode: 'diff', freezeDeletes: false }],
];

describe('resume decision', () => {
  for (const [name, cursor, expected] of ROWS) {
    it(name, () => assert.deepEqual(decideResume(cursor, SERVER), expected));
  }
});
