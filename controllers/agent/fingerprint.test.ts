import assert from 'node:assert/strict';
import type { ApiObject } from '../../apiserver/client/resource.ts';
import { fingerprintOf } from './fingerprint.ts';

const object = (content: object, metadata: object = {}): ApiObject =>
  ({ metadata: { name: 'a', uid: 'u', resourceVersion: '1', ...metadata }, ...content }) as never;
const spec = { hard: { pods: '3' } };
const LEFT = fingerprintOf(object({ spec, status: { used: { pods: '0' } } }));

describe('what the drift watch takes for drift', () => {
  it('not a status that the plane reports, and not the bookkeeping of the server', () => {
    const metadata = { resourceVersion: '2', generation: 7, managedFields: [{ manager: 'quota' }] };

    assert.equal(fingerprintOf(object({ spec, status: { used: { pods: '1' } } }, metadata)), LEFT);
  });

  const FOREIGN: Readonly<Record<string, ApiObject>> = {
    content: object({ spec: { hard: { pods: '4' } } }),
    'content that was taken away': object({}),
    labels: object({ spec }, { labels: { a: 'b' } }),
    'a deletion that has begun': object({ spec }, { deletionTimestamp: '2026-01-01T00:00:00Z' }),
    'a namesake': object({ spec }, { uid: 'other' }),
  };
  for (const [what, changed] of Object.entries(FOREIGN)) {
    it(`every other change: ${what}`, () => assert.notEqual(fingerprintOf(changed), LEFT));
  }
});
