import assert from 'node:assert/strict';
import {
  all,
  createWidget,
  DELETE,
  LIST,
  names,
  on,
  replace,
  settled,
  startWorld,
  watch,
  Widget,
  type Recorded,
  type World,
} from '../../test/support/registry.ts';
import type { StoredObject } from './registry.ts';

const remove = async (world: World, name: string): Promise<number> => {
  await world.registry.delete(world.context, on(Widget, 'a', name), DELETE);
  return world.registry.revision();
};
const grow = async (world: World, stored: StoredObject, size: number): Promise<StoredObject> =>
  await replace(world, stored, (object) => ({ ...object, spec: { size } }));

describe('list and watch under 50 writers', () => {
  it('C55 a cache fed by list and watch equals the list, each write seen once, in order', async () => {
    const world = await startWorld();
    const { registry, context } = world;
    let isOver = false;
    const writer = async (id: number): Promise<void> => {
      for (let step = 0; step < 40; step += 1) {
        const name = `w${(id * 13 + step) % 30}`;
        const stored = registry.peek(Widget, 'a', name);
        const write =
          stored === undefined
            ? createWidget(world, name)
            : step % 3 === 0
              ? remove(world, name)
              : grow(world, stored, step + id * 100);
        // Losing a race is part of it.
        await write.catch(() => undefined);
      }
    };
    const follow = async (): Promise<{ readonly cache: Map<string, number>; readonly seen: Recorded }> => {
      const list = await registry.list(context, all(Widget, 'a'), LIST);
      const cache = new Map(list.items.map((item) => [item.name, item.revision]));
      const seen = watch(world, all(Widget, 'a'), { resourceVersion: String(list.revision) });
      while (!isOver) await settled();
      await settled();
      for (const { type, object, revision } of seen.events) {
        assert.ok(revision > list.revision);
        if (type === 'DELETED') assert.ok(cache.delete(object.name));
        else {
          assert.equal(cache.has(object.name), type === 'MODIFIED');
          cache.set(object.name, revision);
        }
      }
      return { cache, seen };
    };
    const followers: ReturnType<typeof follow>[] = [];
    const writers = Array.from({ length: 50 }, async (_, id) => {
      if (id % 5 === 0) followers.push(follow());
      await settled();
      await writer(id);
    });
    await Promise.all(writers);
    isOver = true;
    const { items } = await registry.list(context, all(Widget, 'a'), LIST);
    const expected = new Map(items.map((item) => [item.name, item.revision]));
    for (const { cache, seen } of await Promise.all(followers)) {
      assert.deepEqual(new Map([...cache].sort(([a], [b]) => (a < b ? -1 : 1))), expected);
      const revisions = seen.events.map(({ revision }) => revision);
      assert.ok(revisions.every((revision, index) => revision > (revisions[index - 1] ?? 0)));
      seen.handle.close();
    }
    assert.ok(names(items).length > 0);
    await world.close();
  });
});
