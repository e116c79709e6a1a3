import assert from 'node:assert/strict';
import { STORE_DRIVERS } from '../../test/conformance/store-drivers.ts';
import {
  all,
  body,
  Box,
  box,
  createWidget,
  DELETE,
  EVERYTHING,
  fieldIs,
  labelled,
  LIST,
  meta,
  on,
  replace,
  settled,
  useWorld,
  watch,
  Widget,
  WRITE,
  type Recorded,
  type World,
} from '../../test/support/registry.ts';
import type { JsonObject } from '../api/json.ts';
import type { StoredObject, WatchOptions } from './registry.ts';

const remove = async (world: World, name: string, namespace = 'a'): Promise<number> => {
  await world.registry.delete(world.context, on(Widget, namespace, name), DELETE);
  return world.registry.revision();
};
const grow = async (world: World, stored: StoredObject, size: number): Promise<StoredObject> =>
  await replace(world, stored, (object) => ({ ...object, spec: { size } }));
const label = async (world: World, stored: StoredObject, labels: JsonObject): Promise<StoredObject> =>
  await replace(world, stored, (object) => ({
    ...object,
    metadata: { ...(object['metadata'] as JsonObject), labels },
  }));
const createBox = async (world: World, name: string): Promise<number> =>
  (await world.registry.create(world.context, on(Box), body(box(name)), WRITE)).object.revision;

for (const driver of STORE_DRIVERS) {
  describe(`watch on the ${driver.name} store`, () => {
    const world = useWorld(driver, { namespaces: ['a', 'b', 'c', 'd', 'e', 'f', 'g'] });

    it('C68 C69 from a list on shows what follows, a delete with a revision of its own', async () => {
      await createWidget(world, 'before');
      const { revision } = await world.registry.list(world.context, all(Widget, 'a'), LIST);
      const seen = watch(world, all(Widget, 'a'), { resourceVersion: String(revision) });
      const created = await createWidget(world, 'w');
      const changed = await grow(world, created, 2);
      const deleted = await remove(world, 'w');

      assert.deepEqual(await seen.upTo(3), [
        `ADDED w ${created.revision}`,
        `MODIFIED w ${changed.revision}`,
        `DELETED w ${deleted}`,
      ]);
      assert.ok(deleted > changed.revision);
      assert.deepEqual(seen.events[2]?.object.read()['spec'], { size: 2 });
      seen.handle.close();
    });

    it('C70 C72 begins as each of the 18 combinations of parameters says', async () => {
      const one = await createWidget(world, 'one', { namespace: 'b' });
      const two = await createWidget(world, 'two', { namespace: 'b' });
      const initial = [`ADDED one ${one.revision}`, `ADDED two ${two.revision}`];
      const later = [`ADDED two ${two.revision}`];
      const expectations: readonly (readonly [Partial<WatchOptions>, readonly string[], boolean])[] = [
        [{ sendInitialEvents: true, resourceVersion: '' }, initial, true],
        [{ sendInitialEvents: true, resourceVersion: '0' }, initial, true],
        [{ sendInitialEvents: true, resourceVersion: String(one.revision) }, initial, true],
        [{ sendInitialEvents: false, resourceVersion: '' }, [], false],
        [{ sendInitialEvents: false, resourceVersion: '0' }, [], false],
        [{ sendInitialEvents: false, resourceVersion: String(one.revision) }, later, false],
        [{ resourceVersion: '' }, initial, false],
        [{ resourceVersion: '0' }, initial, false],
        [{ resourceVersion: String(one.revision) }, later, false],
      ];
      const now = world.registry.revision();
      const rows: { readonly seen: Recorded; readonly expected: readonly string[] }[] = [];
      for (const allowBookmarks of [true, false]) {
        for (const [options, lines, marked] of expectations) {
          const resourceVersionMatch = options.sendInitialEvents === undefined ? '' : 'NotOlderThan';
          const seen = watch(world, all(Widget, 'b'), { ...options, allowBookmarks, resourceVersionMatch });
          const bookmark = marked && allowBookmarks ? [`BOOKMARK ${now} end`] : [];
          rows.push({ seen, expected: [...lines, ...bookmark] });
        }
      }
      await settled();
      const live = await createWidget(world, 'live', { namespace: 'b' });
      for (const { seen, expected } of rows) {
        const wanted = [...expected, `ADDED live ${live.revision}`];
        assert.deepEqual(await seen.upTo(wanted.length), wanted);
        seen.handle.close();
      }
      assert.equal(rows.length, 18);
    });

    it('C71 marks the end of an empty state too', async () => {
      const now = world.registry.revision();
      const seen = watch(world, all(Widget, 'g'), {
        sendInitialEvents: true,
        resourceVersionMatch: 'NotOlderThan',
        allowBookmarks: true,
      });

      assert.deepEqual(await seen.upTo(1), [`BOOKMARK ${now} end`]);
      seen.handle.close();
    });

    it('C71 waits for the revision, and answers 504 when it does not come', async () => {
      const ahead = world.registry.revision() + 1;
      const initial = {
        sendInitialEvents: true,
        resourceVersionMatch: 'NotOlderThan',
        allowBookmarks: true,
      } as const;
      const comes = watch(world, all(Widget, 'g'), { ...initial, resourceVersion: String(ahead) });
      const never = watch(world, all(Widget, 'g'), { ...initial, resourceVersion: String(ahead + 1000) });
      await settled();
      assert.deepEqual(comes.lines, []);
      await createBox(world, 'c71');

      assert.deepEqual(await comes.upTo(1), [`BOOKMARK ${ahead} end`]);
      world.clock.advance(3000);
      assert.deepEqual(await never.upTo(1), ['ERROR 504 Timeout']);
      assert.equal(never.errors[0]?.details?.causes?.[0]?.reason, 'ResourceVersionTooLarge');
      comes.handle.close();
    });

    it('from a revision of the future shows the first change after it', async () => {
      const ahead = world.registry.revision() + 1;
      const seen = watch(world, all(Widget, 'g'), { resourceVersion: String(ahead) });
      await createWidget(world, 'too-early', { namespace: 'g' });
      const shown = await createWidget(world, 'in-time', { namespace: 'g' });

      assert.deepEqual(await seen.upTo(1), [`ADDED in-time ${shown.revision}`]);
      seen.handle.close();
    });

    it('C75 C76 bookmarks advance with writes of other kinds, for those who asked', async () => {
      const asked = watch(world, all(Widget, 'c'), { allowBookmarks: true, sendInitialEvents: false });
      const silent = watch(world, all(Widget, 'c'), { sendInitialEvents: false });
      await settled();
      await createBox(world, 'c75');
      world.clock.advance(70_000);

      assert.deepEqual(asked.lines, [`BOOKMARK ${world.registry.revision()}`]);
      assert.deepEqual(silent.lines, []);
      asked.handle.bookmark();
      silent.handle.bookmark();
      assert.deepEqual(asked.lines.length, 2);
      assert.deepEqual(silent.lines, []);
      asked.handle.close();
      silent.handle.close();
    });

    it('C79 shows entering a selector as ADDED and leaving as DELETED with the state before, live and resumed', async () => {
      const start = world.registry.revision();
      const selectors = labelled('team', 'x');
      const live = watch(world, all(Widget, 'd'), { selectors, sendInitialEvents: false });
      await settled();
      const created = await createWidget(world, 's', { namespace: 'd' });
      const entered = await label(world, created, { team: 'x' });
      const changed = await grow(world, entered, 4);
      const left = await label(world, changed, { team: 'y' });
      const back = await label(world, left, { team: 'x' });
      const deleted = await remove(world, 's', 'd');
      const expected = [
        `ADDED s ${entered.revision}`,
        `MODIFIED s ${changed.revision}`,
        `DELETED s ${left.revision}`,
        `ADDED s ${back.revision}`,
        `DELETED s ${deleted}`,
      ];
      const resumed = watch(world, all(Widget, 'd'), { selectors, resourceVersion: String(start) });

      for (const seen of [live, resumed]) {
        assert.deepEqual(await seen.upTo(5), expected);
        const gone = seen.events[2]?.object;
        assert.ok(gone);
        assert.deepEqual(meta(gone).labels, { team: 'x' });
        assert.equal(gone.bytes.toString(), JSON.stringify(gone.read()));
        seen.handle.close();
      }
    });

    it('C80 by name shows that object only, through delete and creation', async () => {
      const seen = watch(world, all(Widget, 'e'), { selectors: fieldIs('metadata.name', 'me') });
      await createWidget(world, 'other', { namespace: 'e' });
      const first = await createWidget(world, 'me', { namespace: 'e' });
      const deleted = await remove(world, 'me', 'e');
      const second = await createWidget(world, 'me', { namespace: 'e' });

      assert.deepEqual(await seen.upTo(3), [
        `ADDED me ${first.revision}`,
        `DELETED me ${deleted}`,
        `ADDED me ${second.revision}`,
      ]);
      seen.handle.close();
    });

    it('C88 in a namespace shows that namespace only', async () => {
      const inF = watch(world, all(Widget, 'f'), { sendInitialEvents: false });
      const everywhere = watch(world, all(Widget), { sendInitialEvents: false });
      await settled();
      await createWidget(world, 'n', { namespace: 'g' });
      await createWidget(world, 'n', { namespace: 'f' });

      await everywhere.upTo(2);
      assert.equal((await inF.upTo(1)).length, 1);
      inF.handle.close();
      everywhere.handle.close();
    });

    it('C96 says nothing when nothing changed', async () => {
      const stored = await createWidget(world, 'c96w', { namespace: 'f' });
      const seen = watch(world, all(Widget, 'f'), { resourceVersion: String(stored.revision) });
      await grow(world, stored, 1);
      const changed = await grow(world, stored, 2);

      assert.deepEqual(await seen.upTo(1), [`MODIFIED c96w ${changed.revision}`]);
      seen.handle.close();
    });

    it('C82 leaves nothing behind when 1,000 watches are closed', async () => {
      const open = Array.from({ length: 1000 }, (_, index) =>
        watch(world, all(Widget), {
          selectors: index % 2 === 0 ? EVERYTHING : fieldIs('metadata.name', `n${index}`),
        }),
      );
      await settled();
      assert.match(await world.metrics.scrape(), /polder_watch_cache_watchers 1000/);
      for (const { handle } of open) handle.close();

      assert.match(await world.metrics.scrape(), /polder_watch_cache_watchers 0/);
      await createWidget(world, 'after-all');
      await settled();
      assert.ok(open.every(({ lines }) => !lines.some((line) => line.includes('after-all'))));
    });

    it('a sink that throws harms no other watch', async () => {
      const broken = {
        events: (): never => {
          throw new Error('gone');
        },
        bookmark: (): void => undefined,
        error: (): void => undefined,
      };
      const options = {
        selectors: EVERYTHING,
        visibility: { all: true, allows: () => true, onChange: () => () => undefined },
      };
      world.registry.watch(
        world.context,
        all(Widget),
        {
          ...options,
          resourceVersion: '',
          resourceVersionMatch: '',
          sendInitialEvents: false,
          allowBookmarks: false,
        },
        broken,
      );
      // A sendInitialEvents of false is fine here: transport checks the match.
      const healthy = watch(world, all(Widget), { sendInitialEvents: false });
      await settled();
      await createWidget(world, 'sound');

      assert.equal((await healthy.upTo(1)).length, 1);
      healthy.handle.close();
    });
  });

  describe(`watch from the past on the ${driver.name} store`, () => {
    const world = useWorld(driver, { ring: { maxEvents: 5, maxBytes: 1024 * 1024 } });

    it('C83 resumes beyond the ring from the log, with and without a selector, without gap or double', async () => {
      const start = world.registry.revision();
      const live = watch(world, all(Widget), { resourceVersion: String(start) });
      const liveRed = watch(world, all(Widget), {
        resourceVersion: String(start),
        selectors: labelled('c', 'red'),
      });
      await settled();
      for (let index = 0; index < 12; index += 1) {
        const stored = await createWidget(world, `r${index}`, { metadata: { labels: { c: 'red' } } });
        const blue = await label(world, stored, { c: 'blue' });
        if (index % 3 === 0) await label(world, blue, { c: 'red' });
        if (index % 4 === 0) await remove(world, `r${index}`);
      }
      const expected = await live.upTo(31);
      const expectedRed = await liveRed.upTo(29);

      const resumed = watch(world, all(Widget), { resourceVersion: String(start) });
      const resumedRed = watch(world, all(Widget), {
        resourceVersion: String(start),
        selectors: labelled('c', 'red'),
      });

      assert.deepEqual(await resumed.upTo(expected.length), expected);
      assert.deepEqual(await resumedRed.upTo(expectedRed.length), expectedRed);
      for (const { handle } of [live, liveRed, resumed, resumedRed]) handle.close();
    });

    it('C74 a compacted revision is one Expired error and the end', async () => {
      await createWidget(world, 'c74');
      await world.store.compact(world.registry.revision() - 1);
      for (let index = 0; index < 6; index += 1) await createBox(world, `c74-${index}`);
      const seen = watch(world, all(Widget), { resourceVersion: '3' });
      const filtered = watch(world, all(Widget), { resourceVersion: '3', selectors: labelled('c', 'red') });
      await filtered.upTo(1);
      await createWidget(world, 'c74-later');
      await settled();

      assert.deepEqual(seen.lines, ['ERROR 410 Expired']);
      assert.deepEqual(filtered.lines, ['ERROR 410 Expired']);
    });
  });
}
