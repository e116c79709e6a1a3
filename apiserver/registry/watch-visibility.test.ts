import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  all,
  body,
  Box,
  box,
  createWidget,
  DELETE,
  labelled,
  on,
  replace,
  settled,
  startWorld,
  watch,
  WATCH,
  Widget,
  WRITE,
  type World,
} from '../../test/support/registry.ts';
import { createSqliteStore } from '../store/sqlite/store.ts';
import type { StoredObject, Visibility, WatchSink } from './registry.ts';
import { RING_LIMITS } from './ring.ts';

const remove = async (world: World, name: string): Promise<number> => {
  await world.registry.delete(world.context, on(Widget, 'a', name), DELETE);
  return world.registry.revision();
};
const grow = async (world: World, stored: StoredObject, size: number): Promise<StoredObject> =>
  await replace(world, stored, (object) => ({ ...object, spec: { size } }));

describe('watch of a caller who sees some objects', () => {
  let world: World;
  before(async () => {
    world = await startWorld({ visibilityKinds: [Box] });
  });
  after(async () => await world.close());

  /** Sees what is in `grants`; `change` is what policy does after it took a change in. */
  const visibilityOf = (grants: Set<string>): Visibility & { change(): void } => {
    const listeners = new Set<() => void>();
    return {
      all: false,
      allows: ({ name }) => grants.has(name),
      onChange: (listener) => {
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
      change: () => {
        for (const listener of listeners) listener();
      },
    };
  };

  it('C67 never shows another object, not even that it went', async () => {
    const visibility = visibilityOf(new Set(['mine']));
    const seen = watch(world, all(Widget), { visibility, sendInitialEvents: false });
    await settled();
    const other = await createWidget(world, 'other');
    await grow(world, other, 2);
    await remove(world, 'other');
    const mine = await createWidget(world, 'mine');

    assert.deepEqual(await seen.upTo(1), [`ADDED mine ${mine.revision}`]);
    seen.handle.close();
  });

  it('shows a grant as ADDED and a revocation as DELETED, then a bookmark that leads back to now', async () => {
    const grants = new Set(['mine']);
    const visibility = visibilityOf(grants);
    const secret = await createWidget(world, 'shared');
    const seen = watch(world, all(Widget), { visibility, sendInitialEvents: false, allowBookmarks: true });
    await settled();

    grants.add('shared');
    visibility.change();
    visibility.change();
    await seen.upTo(2);
    const changed = await grow(world, secret, 3);
    await seen.upTo(3);
    grants.delete('shared');
    visibility.change();
    await seen.upTo(5);
    await grow(world, changed, 4);
    await settled();

    const now = changed.revision;
    assert.deepEqual(seen.lines, [
      `ADDED shared ${secret.revision}`,
      `BOOKMARK ${secret.revision}`,
      `MODIFIED shared ${changed.revision}`,
      `DELETED shared ${now}`,
      `BOOKMARK ${now}`,
    ]);
    seen.handle.close();
  });

  it('a change between revocation and delivery is not shown', async () => {
    const grants = new Set(['leak']);
    const visibility = visibilityOf(grants);
    const stored = await createWidget(world, 'leak');
    const seen = watch(world, all(Widget), { visibility, sendInitialEvents: false });
    await settled();

    grants.delete('leak');
    visibility.change();
    await grow(world, stored, 99);
    await seen.upTo(1);
    await settled();

    assert.equal(seen.lines.length, 1);
    assert.equal(seen.events[0]?.type, 'DELETED');
    assert.deepEqual(seen.events[0].object.read()['spec'], { size: 1 });
    seen.handle.close();
  });

  it('has to list again when grants may have changed while it was away', async () => {
    const visibility = visibilityOf(new Set(['mine']));
    const before = world.registry.revision();
    const quiet = watch(world, all(Widget), { visibility, resourceVersion: String(before) });
    const grant = await world.registry.create(world.context, on(Box), body(box('a-grant')), WRITE);
    const between = world.registry.revision();
    await replace(world, grant.object, (object) => ({ ...object, status: { phase: 'Seen' } }), 'status');
    const reported = watch(world, all(Widget), { visibility, resourceVersion: String(between) });
    const changed = watch(world, all(Widget), { visibility, resourceVersion: String(before) });
    await changed.upTo(1);
    await settled();

    assert.deepEqual(quiet.lines, []);
    assert.deepEqual(reported.lines, [], 'a status decides nothing');
    assert.deepEqual(changed.lines, ['ERROR 410 Expired']);
    quiet.handle.close();
    reported.handle.close();
  });

  for (const [from, ring] of [
    ['memory', RING_LIMITS],
    ['the log of the store', { maxEvents: 1, maxBytes: 1 }],
  ] as const) {
    it(`goes on over grants that are none of its business, as ${from} tells them`, async () => {
      const place = await startWorld({ visibilityKinds: [Box], ring });
      const told: string[] = [];
      const visibility: Visibility = {
        ...visibilityOf(new Set(['mine'])),
        affectedBy: ({ kind, object, previous }) => {
          told.push(`${kind.kind} ${previous?.name ?? '-'} ${object?.name ?? '-'}`);
          return (object ?? previous)?.name === 'about-me';
        },
      };
      const before = place.registry.revision();
      const other = await place.registry.create(place.context, on(Box), body(box('others')), WRITE);
      await replace(place, other.object, (object) => ({ ...object, spec: { label: 'x' } }));
      await place.registry.delete(place.context, on(Box, '', 'others'), DELETE);
      const mine = await createWidget(place, 'mine');
      const seen = watch(place, all(Widget), { visibility, resourceVersion: String(before) });

      assert.deepEqual(await seen.upTo(1), [`ADDED mine ${mine.revision}`]);
      assert.deepEqual(told, ['Box - others', 'Box others others', 'Box others -']);
      seen.handle.close();

      await place.registry.create(place.context, on(Box), body(box('about-me')), WRITE);
      const again = watch(place, all(Widget), { visibility, resourceVersion: String(mine.revision) });
      assert.deepEqual(await again.upTo(1), ['ERROR 410 Expired']);
      await place.close();
    });
  }

  /** Sees everything until it is told what. */
  const everythingUntilTold = (): Visibility & {
    tell(grants: Set<string> | undefined): void;
    listeners(): number;
  } => {
    const listeners = new Set<() => void>();
    let grants: Set<string> | undefined;
    return {
      all: false,
      get allForNow() {
        return grants === undefined;
      },
      allows: ({ name }) => grants === undefined || grants.has(name),
      onChange: (listener) => {
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
      listeners: () => listeners.size,
      tell: (now) => {
        grants = now;
        for (const listener of listeners) listener();
      },
    };
  };

  it('who sees everything is told at once when that ends, and when it comes back', async () => {
    const place = await startWorld({ visibilityKinds: [Box] });
    const kept = await createWidget(place, 'kept');
    const lost = await createWidget(place, 'lost');
    const visibility = everythingUntilTold();
    const seen = watch(place, all(Widget), { visibility, sendInitialEvents: false });
    const other = everythingUntilTold();
    const untouched = watch(place, all(Widget), { visibility: other, sendInitialEvents: false });
    await settled();

    const grown = await grow(place, lost, 2);
    await seen.upTo(1);
    visibility.tell(undefined);
    visibility.tell(new Set(['kept']));
    const hidden = await grow(place, grown, 3);
    const after = await grow(place, kept, 2);
    await seen.upTo(3);
    visibility.tell(undefined);
    await seen.upTo(4);
    await untouched.upTo(3);
    await settled();

    assert.deepEqual(seen.lines, [
      `MODIFIED lost ${grown.revision}`,
      `DELETED lost ${hidden.revision}`,
      `MODIFIED kept ${after.revision}`,
      `ADDED lost ${hidden.revision}`,
    ]);
    assert.deepEqual(seen.events[1]?.object.read()['spec'], { size: 2 }, 'the change after it is not shown');
    assert.deepEqual(untouched.lines, [
      `MODIFIED lost ${grown.revision}`,
      `MODIFIED lost ${hidden.revision}`,
      `MODIFIED kept ${after.revision}`,
    ]);
    seen.handle.close();
    untouched.handle.close();
    await place.close();
  });

  it('a revocation leaves a selector what it is', async () => {
    const place = await startWorld({ visibilityKinds: [Box] });
    await createWidget(place, 'inside', { metadata: { labels: { team: 'x' } } });
    await createWidget(place, 'outside');
    const visibility = everythingUntilTold();
    const selectors = labelled('team', 'x');
    const seen = watch(place, all(Widget), { visibility, selectors, sendInitialEvents: false });
    await settled();

    visibility.tell(new Set());
    await seen.upTo(1);
    await settled();

    assert.equal(seen.lines.length, 1);
    assert.match(seen.lines[0] ?? '', /^DELETED inside /);
    seen.handle.close();
    await place.close();
  });

  it('what is committed together with the end of it is neither lost nor told twice', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'polder-watch-'));
    const store = createSqliteStore({ file: join(folder, 'polder.db') });
    const place = await startWorld({ visibilityKinds: [Box], store });
    const { registry, context } = place;
    await createWidget(place, 'kept');
    await createWidget(place, 'gone');
    await createWidget(place, 'hidden');
    const visibility = everythingUntilTold();
    registry.observe(Box, () => visibility.tell(new Set(['kept', 'gone'])));
    const seen = watch(place, all(Widget), { visibility, sendInitialEvents: false });
    await settled();

    // All in one turn of the event loop, so in one transaction.
    const together = Promise.all([
      createWidget(place, 'fresh'),
      registry.delete(context, on(Widget, 'a', 'gone'), DELETE),
      nextMicrotasks().then(() => registry.create(context, on(Box), body(box('a-revocation')), WRITE)),
    ]);
    const [fresh, , revocation] = await together;
    await seen.upTo(2);
    await settled();

    const last = revocation.object.revision;
    assert.ok(last > fresh.revision && last === registry.revision(), 'the revocation is the last of them');
    const [gone = '', hidden, ...more] = [...seen.lines].sort();
    assert.match(gone, /^DELETED gone \d+$/);
    assert.deepEqual([hidden, ...more], [`DELETED hidden ${last}`]);
    seen.handle.close();
    await place.close();
    await store.close();
    rmSync(folder, { recursive: true });
  });

  it('a watch that is closed by what it is told at the end of it is told no more', async () => {
    const place = await startWorld({ visibilityKinds: [Box] });
    const kept = await createWidget(place, 'kept');
    const visibility = everythingUntilTold();
    const told: string[] = [];
    const sink: WatchSink = {
      events: (batch) => {
        told.push(...batch.map(({ type }) => type));
        handle.close();
      },
      bookmark: () => undefined,
      error: () => undefined,
    };
    const options = { ...WATCH, visibility, sendInitialEvents: false };
    const handle = place.registry.watch(place.context, all(Widget), options, sink);
    await settled();
    // The change is committed and pending when the visibility changes: telling of it closes the watch.
    const stop = place.registry.observe(Widget, () =>
      queueMicrotask(() => visibility.tell(new Set(['kept']))),
    );

    const grown = await grow(place, kept, 2);
    stop();
    await grow(place, grown, 3);
    await settled();

    assert.deepEqual(told, ['MODIFIED']);
    assert.equal(visibility.listeners(), 0);
    await place.close();
  });
});

/** Long enough for a write that has begun to reach the store, and shorter than a turn of the event loop. */
async function nextMicrotasks(): Promise<void> {
  for (let count = 0; count < 100; count += 1) await Promise.resolve();
}
