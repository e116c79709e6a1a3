import assert from 'node:assert/strict';
import { STORE_DRIVERS } from '../../test/conformance/store-drivers.ts';
import {
  all,
  Box,
  createWidget,
  DELETE,
  labelled,
  LIST,
  meta,
  Namespace,
  names,
  on,
  refused,
  replace,
  useWorld,
  watch,
  Widget,
  type World,
} from '../../test/support/registry.ts';
import type { JsonObject } from '../api/json.ts';
import type { Deleted, DeleteOptions, StoredObject } from './registry.ts';

const remove = async (world: World, name: string, options: Partial<DeleteOptions> = {}): Promise<Deleted> =>
  await world.registry.delete(world.context, on(Widget, 'a', name), { ...DELETE, ...options });
const finalizers = async (
  world: World,
  stored: StoredObject,
  list: readonly string[],
): Promise<StoredObject> =>
  await replace(world, stored, (object) => ({
    ...object,
    metadata: { ...(object['metadata'] as JsonObject), finalizers: list },
  }));

for (const driver of STORE_DRIVERS) {
  describe(`delete on the ${driver.name} store`, () => {
    const world = useWorld(driver);

    it('C124 at once, with the uid in the answer', async () => {
      const stored = await createWidget(world, 'plain');
      const deleted = await remove(world, 'plain');

      assert.deepEqual(deleted, { object: undefined, uid: meta(stored).uid });
      await refused(remove(world, 'plain'), 'NotFound', 404);
    });

    it('C124 waits for finalizers: marked once, no new ones, gone with the last', async () => {
      const seen = watch(world, all(Widget, 'a'), { sendInitialEvents: false });
      const stored = await createWidget(world, 'held', { metadata: { finalizers: ['x.dev/a', 'x.dev/b'] } });
      const { object: marked } = await remove(world, 'held');
      assert.ok(marked);
      assert.equal(meta(marked).deletionTimestamp, '2023-11-14T22:13:20Z');
      assert.equal(meta(marked).deletionGracePeriodSeconds, 0);
      assert.equal(meta(marked).generation, 2);

      world.clock.advance(10_000);
      const { object: again } = await remove(world, 'held');
      assert.deepEqual(again?.bytes, marked.bytes);
      const added = await refused(
        finalizers(world, marked, ['x.dev/a', 'x.dev/b', 'x.dev/c']),
        'Invalid',
        422,
      );
      assert.deepEqual(added.details?.causes?.[0], {
        reason: 'FieldValueForbidden',
        field: 'metadata.finalizers',
        message:
          'Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"x.dev/c"}',
      });
      await refused(createWidget(world, 'held'), 'AlreadyExists').then(({ message }) =>
        assert.match(message, /^object is being deleted: /),
      );

      const one = await finalizers(world, marked, ['x.dev/b']);
      const last = await finalizers(world, one, []);
      assert.equal(world.registry.peek(Widget, 'a', 'held'), undefined);
      assert.equal(meta(last).finalizers, undefined);
      assert.deepEqual(await seen.upTo(4), [
        `ADDED held ${stored.revision}`,
        `MODIFIED held ${marked.revision}`,
        `MODIFIED held ${one.revision}`,
        `DELETED held ${last.revision}`,
      ]);
      seen.handle.close();
    });

    it('C125 preconditions that do not hold are 409', async () => {
      const stored = await createWidget(world, 'c125');
      await refused(remove(world, 'c125', { uid: 'other' }), 'Conflict', 409);
      await refused(remove(world, 'c125', { resourceVersion: '1' }), 'Conflict', 409);
      const held = { uid: meta(stored).uid, resourceVersion: meta(stored).resourceVersion };
      assert.equal((await remove(world, 'c125', held)).object, undefined);
    });

    it('C126 foreground and orphan are stored as finalizers, also when there is no other', async () => {
      for (const [propagationPolicy, finalizer] of [
        ['Foreground', 'foregroundDeletion'],
        ['Orphan', 'orphan'],
      ] as const) {
        await createWidget(world, 'cascade');
        const { object } = await remove(world, 'cascade', { propagationPolicy });
        assert.ok(object);
        assert.deepEqual(meta(object).finalizers, [finalizer]);
        assert.ok(meta(object).deletionTimestamp);
        await finalizers(world, object, []);
        assert.equal(world.registry.peek(Widget, 'a', 'cascade'), undefined);
      }
    });

    it('C105 a dry run says what would happen', async () => {
      await createWidget(world, 'dry', { metadata: { finalizers: ['x.dev/a'] } });
      const before = world.registry.revision();
      const { object } = await remove(world, 'dry', { dryRun: true });

      assert.ok(object && meta(object).deletionTimestamp);
      assert.equal(world.registry.revision(), before);
    });

    it('C127 a collection: only what is selected, as it was listed, in the limits asked for', async () => {
      for (let index = 0; index < 6; index += 1) {
        const labels = { parity: index % 2 === 0 ? 'even' : 'odd' };
        await createWidget(world, `c127-${index}`, { namespace: 'b', metadata: { labels } });
      }
      const even = { ...LIST, selectors: labelled('parity', 'even') };
      const dry = await world.registry.deleteCollection(world.context, all(Widget, 'b'), {
        ...DELETE,
        dryRun: true,
        list: even,
      });
      assert.deepEqual(names(dry.items), ['c127-0', 'c127-2', 'c127-4']);
      assert.equal(world.registry.peekAll(Widget, 'b').length, 6);
      const limited = await world.registry.deleteCollection(world.context, all(Widget, 'b'), {
        ...DELETE,
        list: { ...even, limit: 1 },
      });
      assert.deepEqual(names(limited.items), ['c127-0']);
      assert.notEqual(limited.continue, '');
      await world.registry.deleteCollection(world.context, all(Widget, 'b'), { ...DELETE, list: even });

      assert.deepEqual(names(world.registry.peekAll(Widget, 'b')), ['c127-1', 'c127-3', 'c127-5']);
    });

    it('C94 a namespace is Terminating first and then refuses new content', async () => {
      const { object } = await world.registry.delete(world.context, on(Namespace, '', 'b'), DELETE);
      assert.deepEqual(object?.read()['status'], { phase: 'Terminating' });
      const error = await refused(createWidget(world, 'late', { namespace: 'b' }), 'Forbidden', 403);

      assert.equal(error.details?.causes?.[0]?.reason, 'NamespaceTerminating');
      assert.equal(
        error.message,
        'widgets.data.polder.dev "late" is forbidden: unable to create new content in namespace b because it is being terminated',
      );
      const emptied = object!.read();
      await replace(world, object!, () => ({ ...emptied, spec: { finalizers: [] } }));
      assert.ok(world.registry.peek(Namespace, '', 'b'), 'only emptying finalises a namespace');
    });

    it('answers 404 for cluster-scoped objects that are not there', async () => {
      await refused(world.registry.delete(world.context, on(Box, '', 'none'), DELETE), 'NotFound', 404);
    });
  });
}
