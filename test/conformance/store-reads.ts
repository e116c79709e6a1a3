/** Conformance of `Store`: lists and changes of the present and the past, and what compaction leaves of them. */
import assert from 'node:assert/strict';
import { CompactedError, type Revision } from '../../apiserver/store/store.ts';
import { history, put, remove, show, showChange, written, type Subject } from './store-support.ts';

export function listConformance(subject: Subject): void {
  describe('list', () => {
    it('sorts by the bytes of the key, whatever they are', async () => {
      const keys = [
        "/'",
        '/%',
        '/ ',
        '/\0',
        '/\u0001',
        '/a\0b',
        '/é',
        '/\uE000',
        '/\u{1F600}',
        '/"; DROP TABLE log',
      ];
      for (const key of keys) await subject.store.append(put(key, key));

      const { entries } = await subject.store.list('/', { limit: 100 });

      const sorted = keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      assert.deepEqual(
        entries.map((entry) => entry.key),
        sorted,
      );
      assert.deepEqual(
        entries.map((entry) => entry.value.toString()),
        sorted,
      );
      assert.deepEqual(
        (await subject.store.changes(0, 100)).map((change) => change.key),
        keys,
      );
    });

    it('takes the prefix literally and nothing beside it', async () => {
      for (const key of ['/a', '/a/', '/a/x', '/a/y', '/a0', '/b', '/a_x', '/aax'])
        await subject.store.append(put(key, ''));

      const keys = async (prefix: string): Promise<readonly string[]> =>
        (await subject.store.list(prefix, { limit: 100 })).entries.map((entry) => entry.key);

      assert.deepEqual(await keys('/a/'), ['/a/', '/a/x', '/a/y']);
      assert.deepEqual(await keys('/a_'), ['/a_x']);
      assert.deepEqual(await keys('/a%'), []);
      assert.deepEqual(await keys('/b'), ['/b']);
      assert.deepEqual(await keys('/c'), []);
      assert.equal((await keys('')).length, 8);
    });

    it('finds keys under a prefix that ends in the last character there is', async () => {
      for (const key of ['/z\u{10FFFF}', '/z\u{10FFFF}b', '/z', '\u{10FFFF}a'])
        await subject.store.append(put(key, ''));

      const { entries } = await subject.store.list('/z\u{10FFFF}', { limit: 10 });
      const top = await subject.store.list('\u{10FFFF}', { limit: 10 });

      assert.deepEqual(
        entries.map((entry) => entry.key),
        ['/z\u{10FFFF}', '/z\u{10FFFF}b'],
      );
      assert.deepEqual(
        top.entries.map((entry) => entry.key),
        ['\u{10FFFF}a'],
      );
    });

    it('pages through one snapshot while it changes', async () => {
      for (let i = 0; i < 10; i += 1) await subject.store.append(put(`/k${i}`, 'old'));
      const first = await subject.store.list('/', { limit: 4 });
      await subject.store.append(remove('/k5', 'old', 6));
      await subject.store.append(put('/k6', 'new', 7));
      await subject.store.append(put('/k45', 'new'));
      await subject.store.append(put('/k5', 'back'));

      const { revision } = first;
      const second = await subject.store.list('/', { limit: 4, revision, after: '/k3' });
      const third = await subject.store.list('/', { limit: 4, revision, after: '/k7' });

      assert.equal(revision, 10);
      assert.deepEqual(
        [first, second, third].map((page) => page.entries.map((entry) => entry.key).join(' ')),
        ['/k0 /k1 /k2 /k3', '/k4 /k5 /k6 /k7', '/k8 /k9'],
      );
      assert.deepEqual([first.more, second.more, third.more], [true, true, false]);
      assert.ok(second.entries.every((entry) => entry.value.toString() === 'old'));
    });

    it('says there is no more when a page ends exactly at the last key', async () => {
      for (let i = 0; i < 4; i += 1) await subject.store.append(put(`/k${i}`, ''));
      assert.equal((await subject.store.list('/', { limit: 4 })).more, false);
      assert.equal((await subject.store.list('/', { limit: 3 })).more, true);
      assert.deepEqual(await subject.store.list('/', { limit: 4, after: '/k3' }), {
        entries: [],
        more: false,
        revision: 4,
      });
      assert.equal((await subject.store.list('/k', { limit: 9, after: '/a' })).entries.length, 4);
      assert.equal((await subject.store.list('/a', { limit: 9, after: '/k' })).entries.length, 0);
    });

    it('answers at every revision exactly what was true then', async () => {
      const snapshots = new Map<Revision, readonly string[]>();
      for (const write of history()) {
        await subject.store.append(write);
        snapshots.set(subject.store.revision(), await show(subject.store, '/'));
      }
      assert.ok(snapshots.size > 100);
      for (const [revision, expected] of snapshots) {
        assert.deepEqual(await show(subject.store, '/', revision), expected, `at revision ${revision}`);
      }
    });

    it('refuses a revision that is not written yet', async () => {
      await subject.store.append(put('/a', ''));
      await assert.rejects(subject.store.list('/', { limit: 1, revision: 2 }), RangeError);
    });
  });
}

export function changesConformance(subject: Subject): void {
  describe('changes', () => {
    it('answers in pages from any revision, and nothing after the newest', async () => {
      for (let i = 1; i <= 10; i += 1) await subject.store.append(put(`/k${i}`, ''));

      const revisions = async (after: Revision, limit: number): Promise<readonly Revision[]> =>
        (await subject.store.changes(after, limit)).map((change) => change.revision);

      assert.deepEqual(await revisions(0, 3), [1, 2, 3]);
      assert.deepEqual(await revisions(3, 3), [4, 5, 6]);
      assert.deepEqual(await revisions(8, 100), [9, 10]);
      assert.deepEqual(await revisions(10, 100), []);
      assert.deepEqual(await revisions(99, 100), []);
    });
  });
}

export function compactConformance(subject: Subject): void {
  describe('compact', () => {
    it('keeps every list and change from the next revision on and answers CompactedError before', async () => {
      const snapshots = new Map<Revision, readonly string[]>();
      for (const write of history()) {
        await subject.store.append(write);
        snapshots.set(subject.store.revision(), await show(subject.store, '/'));
      }
      const log = await subject.store.changes(0, 1000);

      for (const at of [1, 17, 18, 80, 119]) {
        await subject.store.compact(at);

        assert.equal(subject.store.oldest(), at + 1);
        for (const [revision, expected] of snapshots) {
          if (revision > at)
            assert.deepEqual(await show(subject.store, '/', revision), expected, `at ${revision}`);
        }
        assert.deepEqual(await subject.store.changes(at, 1000), log.slice(at));
        const lists = subject.store.list('/', { limit: 1, revision: at });
        await assert.rejects(lists, new CompactedError(at, at + 1));
        await assert.rejects(subject.store.changes(at - 1, 1), new CompactedError(at - 1, at + 1));
      }
    });

    it('never goes past the newest revision nor back', async () => {
      await subject.store.append(put('/a', 'one'));
      await subject.store.append(remove('/a', 'one', 1));

      await subject.store.compact(100);
      assert.equal(subject.store.oldest(), 2);
      await subject.store.compact(1);
      assert.equal(subject.store.oldest(), 2);

      assert.deepEqual(await show(subject.store, '/'), []);
      assert.deepEqual((await subject.store.changes(1, 10)).map(showChange), ['2 delete /a=one previous 1']);
      assert.deepEqual(await subject.store.append(put('/a', 'again')), { ok: true, revision: 3 });
    });

    it('goes on beside 32 writers without disturbing them', async () => {
      for (let i = 0; i < 300; i += 1) await subject.store.append(put('/hot', String(i), i));
      const writer = async (id: number): Promise<void> => {
        for (let i = 0; i < 20; i += 1) await written(subject.store.append(put(`/w${id}/${i}`, 'x')));
      };

      await Promise.all([subject.store.compact(299), ...Array.from({ length: 32 }, (_, id) => writer(id))]);

      assert.equal(subject.store.oldest(), 300);
      assert.equal(subject.store.revision(), 300 + 640);
      assert.equal((await subject.store.changes(299, 1000)).length, 641);
      assert.deepEqual((await show(subject.store, '/hot', 300)).length, 1);
    });
  });
}

export function revisionAtConformance(subject: Subject): void {
  describe('revisionAt', () => {
    it('names a revision committed by then, never a newer one, to a minute', async () => {
      const start = subject.clock.now();
      assert.equal(await subject.store.revisionAt(start), 0);
      await subject.store.append(put('/a', ''));
      subject.clock.advance(30_000);
      await subject.store.append(put('/b', ''));
      subject.clock.advance(60_000);
      await subject.store.append(put('/c', ''));

      assert.equal(await subject.store.revisionAt(start - 1), 0);
      assert.ok((await subject.store.revisionAt(start + 89_999)) <= 2);
      assert.equal(await subject.store.revisionAt(start + 90_000), 2);
      assert.equal(await subject.store.revisionAt(start + 1e9), 2);
    });
  });
}
