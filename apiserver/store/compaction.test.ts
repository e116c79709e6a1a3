import assert from 'node:assert/strict';
import { createFakeClock } from '../runtime/clock.ts';
import { createLog, silentLog } from '../runtime/log.ts';
import { createCompactor } from './compaction.ts';
import { createMemoryStore } from './memory/store.ts';
import { createSqliteStore } from './sqlite/store.ts';
import type { Store } from './store.ts';

const HOUR_MS = 3_600_000;

/** Writes `count` changes of one key. */
async function write(store: Store, count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) {
    const { entries } = await store.list('/a', { limit: 1 });
    await store.append({
      key: '/a',
      type: 'put',
      value: Buffer.from('v'),
      expected: entries[0]?.revision ?? 0,
    });
  }
}

describe('automatic compaction', () => {
  it('drops what is older than the window and keeps the rest', async () => {
    const clock = createFakeClock(HOUR_MS);
    const store = createMemoryStore({ clock });
    await write(store, 10);
    clock.advance(2 * HOUR_MS);
    await write(store, 5);
    const compactor = createCompactor({ store, clock, log: silentLog, keepMs: HOUR_MS });

    compactor.start();
    await compactor.close();
    assert.equal(store.oldest(), 1, 'the ten became old only when the eleventh was written');

    clock.advance(HOUR_MS);
    const later = createCompactor({ store, clock, log: silentLog, keepMs: HOUR_MS });
    later.start();
    await later.close();
    assert.equal(store.oldest(), 11);
  });

  it('keeps at most the wanted number of revisions, at every check', async () => {
    const clock = createFakeClock();
    const store = createMemoryStore({ clock });
    await write(store, 20);
    const logged = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;
    let lines = 0;
    const log = createLog({
      write: () => {
        logged[lines]?.resolve();
        lines += 1;
      },
    });
    const compactor = createCompactor({ store, clock, log, keepRevisions: 8 });
    compactor.start();
    await logged[0].promise;
    assert.equal(store.oldest(), 13);

    await write(store, 4);
    clock.advance(5 * 60_000);
    await logged[1].promise;

    assert.equal(store.oldest(), 17);
    await compactor.close();
    assert.equal((await store.changes(16, 100)).length, 8);
  });

  it('logs a failure instead of throwing', async () => {
    const lines: string[] = [];
    const log = createLog({ write: (line) => lines.push(line) });
    const neverStarted = createSqliteStore({ file: 'nowhere.db' });
    const compactor = createCompactor({ store: neverStarted, clock: createFakeClock(), log });

    compactor.start();
    await compactor.close();

    assert.match(lines.join(''), /"level":"error".*"msg":"compaction failed".*nowhere\.db is not open/);
  });
});
