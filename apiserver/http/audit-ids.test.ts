import assert from 'node:assert/strict';
import { createAuditIds } from './audit-ids.ts';

describe('audit IDs', () => {
  it('are UUIDs and never repeat, across blocks and servers', () => {
    const [one, other] = [createAuditIds(), createAuditIds()];
    const ids = new Set<string>();
    for (let i = 0; i < 70_000; i += 1) ids.add(one());
    for (let i = 0; i < 10; i += 1) ids.add(other());

    assert.equal(ids.size, 70_010);
    for (const id of ids) assert.match(id, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  });
});
