/** What every driver of `Store` must do, whatever it is made of. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFakeClock } from '../../apiserver/runtime/clock.ts';
import { appendConformance, subscribeConformance } from './store-appends.ts';
import type { StoreDriver } from './store-drivers.ts';
import {
  changesConformance,
  compactConformance,
  listConformance,
  revisionAtConformance,
} from './store-reads.ts';
import { history, put, show, written, type Subject } from './store-support.ts';

export function storeConformance(driver: StoreDriver): void {
  describe(`store conformance: ${driver.name}`, () => {
    driver.use?.();
    let directory = '';
    const subject = {} as Subject;

    beforeEach(async () => {
      directory = mkdtempSync(join(tmpdir(), 'polder-store-'));
      subject.clock = createFakeClock(1_700_000_000_000);
      subject.store = driver.create(directory, subject.clock);
      await subject.store.start();
    });
    afterEach(async () => {
      await subject.store.close();
      rmSync(directory, { recursive: true, force: true });
    });

    describe('an empty store', () => {
      it('is at revision 0, keeps from 1 on and lists nothing', async () => {
        assert.equal(subject.store.revision(), 0);
        assert.equal(subject.store.oldest(), 1);
        assert.deepEqual(await subject.store.list('', { limit: 10 }), {
          entries: [],
          more: false,
          revision: 0,
        });
        assert.deepEqual(await subject.store.list('', { limit: 10, revision: 0 }), {
          entries: [],
          more: false,
          revision: 0,
        });
        assert.deepEqual(await subject.store.changes(0, 10), []);
      });

      it('has nothing to compact', async () => {
        await subject.store.compact(10);
        assert.equal(subject.store.oldest(), 1);
      });
    });

    appendConformance(subject, driver);
    subscribeConformance(subject);
    listConformance(subject);
    changesConformance(subject);
    compactConformance(subject);
    revisionAtConformance(subject);

    describe('close', () => {
      it('ends pending commits first, rejects later ones, and may be called again', async () => {
        const pending = Array.from({ length: 10 }, (_, index) => subject.store.append(put(`/${index}`, '')));
        await subject.store.close();

        const revisions = await Promise.all(pending.map(written));
        const inOrder = driver.ordered ? revisions : revisions.toSorted((a, b) => a - b);
        assert.deepEqual(inOrder, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
        await assert.rejects(subject.store.append(put('/late', '')));
        await subject.store.close();
      });

      if (!driver.durable) return;

      it('leaves everything to the next start', async () => {
        for (const write of history()) await subject.store.append(write);
        await subject.store.compact(40);
        const before = {
          list: await show(subject.store, '/'),
          log: await subject.store.changes(40, 1000),
          at: subject.store.revision(),
        };
        await subject.store.close();

        subject.store = driver.create(directory, subject.clock);
        await subject.store.start();

        assert.equal(subject.store.revision(), before.at);
        assert.equal(subject.store.oldest(), 41);
        assert.deepEqual(await show(subject.store, '/'), before.list);
        assert.deepEqual(await subject.store.changes(40, 1000), before.log);
        const next = await written(subject.store.append(put('/next', '')));
        assert.ok(driver.gapless ? next === before.at + 1 : next > before.at, `${next} after ${before.at}`);
      });
    });
  });
}
