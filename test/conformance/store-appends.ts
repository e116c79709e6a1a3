/** Conformance of `Store`: writes and who hears of them. */
import assert from 'node:assert/strict';
import type { Change, Revision } from '../../apiserver/store/store.ts';
import type { StoreDriver } from './store-drivers.ts';
import { put, remove, show, showChange, written, type Subject } from './store-support.ts';

export function appendConformance(subject: Subject, driver: StoreDriver): void {
  describe('append', () => {
    it('creates, updates, deletes and creates again with one revision each', async () => {
      assert.deepEqual(await subject.store.append(put('/a', 'one')), { ok: true, revision: 1 });
      assert.deepEqual(await subject.store.append(put('/a', 'two', 1)), { ok: true, revision: 2 });
      assert.deepEqual(await subject.store.append(remove('/a', 'two', 2)), { ok: true, revision: 3 });
      assert.deepEqual(await subject.store.append(put('/a', 'three')), { ok: true, revision: 4 });
      assert.equal(subject.store.revision(), 4);
      assert.deepEqual(await show(subject.store, '/'), ['/a=three@4']);
    });

    for (const type of ['put', 'delete'] as const) {
      for (const [stored, expected, current] of [
        ['none', 7, 0],
        ['deleted', 2, 0],
        ['stored', 0, 4],
        ['stored', 3, 4],
        ['stored', 5, 4],
      ] as const) {
        it(`refuses a ${type} of a ${stored} key with expected ${expected} and writes nothing`, async () => {
          await subject.store.append(put('/other', 'x'));
          await subject.store.append(put('/deleted', 'x'));
          await subject.store.append(remove('/deleted', 'x', 2));
          await subject.store.append(put('/stored', 'x'));

          const result = await subject.store.append({ ...put(`/${stored}`, 'y', expected), type });

          assert.deepEqual(result, { ok: false, current });
          assert.equal(subject.store.revision(), 4);
          assert.deepEqual(await show(subject.store, '/'), ['/other=x@1', '/stored=x@4']);
        });
      }
    }

    it('refuses to delete what does not exist', async () => {
      assert.deepEqual(await subject.store.append(remove('/a', '', 0)), { ok: false, current: 0 });
      assert.equal(subject.store.revision(), 0);
    });

    it('lets each write of one group see the writes before it', async () => {
      const results = await Promise.all([
        subject.store.append(put('/a', 'one')),
        subject.store.append(put('/a', 'lost race')),
        subject.store.append(put('/a', 'two', 1)),
        subject.store.append(remove('/a', 'two', 2)),
        subject.store.append(remove('/a', 'two', 2)),
        subject.store.append(put('/a', 'three')),
      ]);

      assert.deepEqual(results, [
        { ok: true, revision: 1 },
        { ok: false, current: 1 },
        { ok: true, revision: 2 },
        { ok: true, revision: 3 },
        { ok: false, current: 0 },
        { ok: true, revision: 4 },
      ]);
      assert.deepEqual((await subject.store.changes(0, 10)).map(showChange), [
        '1 put /a=one previous 0',
        '2 put /a=two previous 1',
        '3 delete /a=two previous 2',
        '4 put /a=three previous 0',
      ]);
    });

    it('gives 32 concurrent writers revisions without gap or double, in call order for each', async () => {
      const seen: Revision[] = [];
      subject.store.subscribe((changes) => seen.push(...changes.map((change) => change.revision)));
      const writer = async (id: number): Promise<readonly Revision[]> => {
        const own: Revision[] = [];
        for (let i = 0; i < 50; i += 1)
          own.push(await written(subject.store.append(put(`/w${id}/${i}`, `${id}.${i}`))));
        return own;
      };

      const all = await Promise.all(Array.from({ length: 32 }, (_, id) => writer(id)));

      const expected = Array.from({ length: 1600 }, (_, index) => index + 1);
      assert.deepEqual(
        all.flat().sort((a, b) => a - b),
        expected,
      );
      assert.deepEqual(seen, expected);
      for (const own of all)
        assert.deepEqual(
          own,
          own.toSorted((a, b) => a - b),
        );
      assert.equal((await subject.store.changes(0, 2000)).length, 1600);
      assert.equal((await subject.store.list('/', { limit: 2000 })).entries.length, 1600);
    });

    it('lets exactly one of 32 racing writers win each revision of one key', async () => {
      await written(subject.store.append(put('/counter', '0')));
      const increment = async (): Promise<void> => {
        for (;;) {
          const entry = (await subject.store.list('/counter', { limit: 1 })).entries[0];
          assert.ok(entry);
          const next = put('/counter', String(Number(entry.value.toString()) + 1), entry.revision);
          if ((await subject.store.append(next)).ok) return;
        }
      };

      await Promise.all(Array.from({ length: 32 }, increment));

      assert.deepEqual(await show(subject.store, '/'), ['/counter=32@33']);
    });

    it('keeps an empty value and one of 1 MiB byte for byte', async () => {
      const large = Buffer.alloc(
        1024 * 1024,
        Uint8Array.from({ length: 251 }, (_, index) => index),
      );
      await subject.store.append({ key: '/large', type: 'put', value: large, expected: 0 });
      await subject.store.append({ key: '/empty', type: 'put', value: Buffer.alloc(0), expected: 0 });

      const { entries } = await subject.store.list('/', { limit: 10 });

      assert.deepEqual(
        entries.map((entry) => entry.key),
        ['/empty', '/large'],
      );
      assert.equal(entries[0]?.value.length, 0);
      assert.equal(entries[1]?.value.equals(large), true);
    });

    it('takes a group larger than one transaction', async () => {
      const value = Buffer.alloc(1024 * 1024, 'v');
      const results = await Promise.all(
        Array.from({ length: 40 }, (_, index) =>
          subject.store.append({ key: `/${index}`, type: 'put', value, expected: 0 }),
        ),
      );
      assert.ok(results.every((result) => result.ok));
      assert.equal(subject.store.revision(), 40);
      if (driver.ordered) assert.deepEqual(results.at(-1), { ok: true, revision: 40 });
    });

    it('rejects keys no driver could give back', async () => {
      await assert.rejects(subject.store.append(put('', 'x')), TypeError);
      await assert.rejects(subject.store.append(put('/\uD800', 'x')), TypeError);
      await assert.rejects(subject.store.append(put('/'.repeat(4097), 'x')), TypeError);
      assert.equal(subject.store.revision(), 0);
    });
  });
}

export function subscribeConformance(subject: Subject): void {
  describe('subscribe', () => {
    it('delivers a change before its append resolves and after revision() shows it', async () => {
      const order: string[] = [];
      subject.store.subscribe((changes) =>
        order.push(`seen ${changes.map(showChange).join()} at ${subject.store.revision()}`),
      );

      await subject.store.append(put('/a', 'one')).then(() => order.push('resolved'));

      assert.deepEqual(order, ['seen 1 put /a=one previous 0 at 1', 'resolved']);
    });

    it('delivers what the log holds, once and in order, deletions with their last state', async () => {
      const seen: Change[] = [];
      subject.store.subscribe((changes) => seen.push(...changes));
      await subject.store.append(put('/a', 'one'));
      await subject.store.append(put('/b', 'one'));
      await subject.store.append(put('/a', 'two', 1));
      await subject.store.append(remove('/a', 'last', 3));

      assert.deepEqual(seen.map(showChange), [
        '1 put /a=one previous 0',
        '2 put /b=one previous 0',
        '3 put /a=two previous 1',
        '4 delete /a=last previous 3',
      ]);
      assert.deepEqual(await subject.store.changes(0, 10), seen);
    });

    it('tells nobody about a refused write and an ended subscription about nothing', async () => {
      let calls = 0;
      const end = subject.store.subscribe(() => {
        calls += 1;
      });
      await subject.store.append(put('/a', 'one', 5));
      assert.equal(calls, 0);

      end();
      await subject.store.append(put('/a', 'one'));
      assert.equal(calls, 0);
    });
  });
}
