/** What the parts of the store conformance suite share. */
import assert from 'node:assert/strict';
import type { FakeClock } from '../../apiserver/runtime/clock.ts';
import type { Change, Revision, Store, Write, WriteResult } from '../../apiserver/store/store.ts';

/** The store under test, a new one for each test. */
export interface Subject {
  store: Store;
  clock: FakeClock;
}

export const put = (key: string, text: string, expected: Revision = 0): Write => ({
  key,
  type: 'put',
  value: Buffer.from(text),
  expected,
});
export const remove = (key: string, text: string, expected: Revision): Write => ({
  ...put(key, text, expected),
  type: 'delete',
});

export async function written(result: Promise<WriteResult>): Promise<Revision> {
  const outcome = await result;
  assert.ok(outcome.ok, `refused: ${JSON.stringify(outcome)}`);
  return outcome.revision;
}

/** `key=value@revision` of one page, to compare at a glance. */
export async function show(store: Store, prefix: string, revision?: Revision): Promise<readonly string[]> {
  const page = await store.list(prefix, { limit: 1000, ...(revision === undefined ? {} : { revision }) });
  return page.entries.map((entry) => `${entry.key}=${entry.value.toString()}@${entry.revision}`);
}
export const showChange = (change: Change): string =>
  `${change.revision} ${change.type} ${change.key}=${change.value.toString()} previous ${change.previous}`;

/** 120 writes over few keys: creations, updates, deletions and creations again, the same in every run. */
export function* history(): Generator<Write> {
  const stored = new Map<string, Revision>();
  for (let revision = 1; revision <= 120; revision += 1) {
    const key = `/k${(revision * 7 + (revision >> 3)) % 13}`;
    const expected = stored.get(key) ?? 0;
    const gone = expected > 0 && revision % 3 === 0;
    yield gone ? remove(key, `last ${expected}`, expected) : put(key, `v${revision}`, expected);
    if (gone) stored.delete(key);
    else stored.set(key, revision);
  }
}
