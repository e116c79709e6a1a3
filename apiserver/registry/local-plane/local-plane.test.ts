import assert from 'node:assert/strict';
import { STORE_DRIVERS } from '../../../test/conformance/store-drivers.ts';
import {
  body,
  Box,
  box,
  ConfigMap,
  createWidget,
  DELETE,
  KINDS,
  meta,
  Namespace,
  on,
  replace,
  useWorld,
  Widget,
  WRITE,
  type World,
} from '../../../test/support/registry.ts';
import { at, type JsonObject } from '../../api/json.ts';
import type { Kind } from '../../api/kind.ts';
import { systemClock } from '../../runtime/clock.ts';
import { silentLog } from '../../runtime/log.ts';
import type { DeleteOptions, StoredObject } from '../registry.ts';
import { createLocalPlane } from './local-plane.ts';
import type { Loop } from './namespace-emptying.ts';

const owner = (kind: Kind, object: StoredObject, more: JsonObject = {}): JsonObject => ({
  apiVersion: kind.group === '' ? kind.version : `${kind.group}/${kind.version}`,
  kind: kind.kind,
  name: object.name,
  uid: meta(object).uid,
  ...more,
});
const configMap = async (
  world: World,
  name: string,
  owners: readonly JsonObject[],
  namespace = 'a',
): Promise<StoredObject> => {
  const sent = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ownerReferences: owners } };
  return (await world.registry.create(world.context, on(ConfigMap, namespace), body(sent), WRITE)).object;
};
const createBox = async (world: World, name: string, metadata: JsonObject = {}): Promise<StoredObject> =>
  (await world.registry.create(world.context, on(Box), body(box(name, metadata)), WRITE)).object;
const remove = async (
  world: World,
  kind: Kind,
  object: { readonly namespace: string; readonly name: string },
  propagationPolicy: DeleteOptions['propagationPolicy'] = 'Background',
): Promise<unknown> =>
  await world.registry.delete(world.context, on(kind, object.namespace, object.name), {
    ...DELETE,
    propagationPolicy,
  });

/** Resolves when the question is answered with yes, asked after every change of the kind; fails after 5 s. */
async function until(
  world: World,
  { kind, namespace, name }: { readonly kind: Kind; readonly namespace: string; readonly name: string },
  isTrue: (object: StoredObject | undefined) => boolean,
): Promise<StoredObject | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<StoredObject | undefined>();
  const ask = (): void => {
    const object = world.registry.peek(kind, namespace, name);
    if (isTrue(object)) resolve(object);
  };
  const stop = world.registry.observe(kind, ask);
  AbortSignal.timeout(5000).onabort = (): void => {
    reject(
      new Error(`${name}: ${world.registry.peek(kind, namespace, name)?.bytes.toString() ?? 'is gone'}`),
    );
  };
  ask();
  try {
    return await promise;
  } finally {
    stop();
  }
}
const isGone = (object: StoredObject | undefined): boolean => object === undefined;

for (const driver of STORE_DRIVERS) {
  describe(`local plane on the ${driver.name} store`, () => {
    const world = useWorld(driver, { namespaces: ['a', 'b', 'full', 'plain'] });
    let plane: Loop;
    before(() => {
      const { registry } = world;
      plane = createLocalPlane({ registry, kinds: KINDS, clock: systemClock, log: silentLog });
      plane.start();
    });
    after(async () => await plane.close());

    it('C128 empties a namespace of 500 objects, says what holds it, and lets it go when that is done', async () => {
      const held = await createWidget(world, 'held', {
        namespace: 'full',
        metadata: { finalizers: ['x.dev/wait'] },
      });
      await Promise.all(
        Array.from({ length: 250 }, async (_, index) => {
          await createWidget(world, `w${index}`, { namespace: 'full' });
          await configMap(world, `c${index}`, [], 'full');
        }),
      );
      await remove(world, Namespace, { namespace: '', name: 'full' });
      const full = { kind: Namespace, namespace: '', name: 'full' };
      const condition = (object: StoredObject | undefined, type: string): JsonObject | undefined =>
        (at(object?.read(), 'status.conditions') as JsonObject[] | undefined)?.find(
          (one) => one['type'] === type,
        );
      const waiting = await until(
        world,
        full,
        (object) => condition(object, 'NamespaceFinalizersRemaining')?.['status'] === 'True',
      );
      assert.equal(
        condition(waiting, 'NamespaceFinalizersRemaining')?.['message'],
        'Some content in the namespace has finalizers remaining: x.dev/wait in 1 resource instances',
      );
      assert.equal(world.registry.peekAll(ConfigMap, 'full').length, 0);
      assert.equal(world.registry.peekAll(Widget, 'full').length, 1);

      const marked = world.registry.peek(Widget, 'full', held.name);
      assert.ok(marked);
      await replace(world, marked, (object) => ({
        ...object,
        metadata: { ...(object['metadata'] as JsonObject), finalizers: [] },
      }));
      await until(world, full, isGone);
    });

    it('lets an empty namespace go at once, and the name can be used again', async () => {
      await remove(world, Namespace, { namespace: '', name: 'plain' });
      await until(world, { kind: Namespace, namespace: '', name: 'plain' }, isGone);
      await world.registry.create(world.context, on(Namespace), body({ metadata: { name: 'plain' } }), WRITE);
      await createWidget(world, 'new', { namespace: 'plain' });
    });

    it('C126 background: dependents go after their owner, over kinds and scopes, all the way down', async () => {
      const top = await createBox(world, 'top');
      const middle = await createWidget(world, 'middle', {
        metadata: { ownerReferences: [owner(Box, top)] },
      });
      await configMap(world, 'leaf', [owner(Widget, middle)]);
      await remove(world, Box, top);

      await until(world, { kind: ConfigMap, namespace: 'a', name: 'leaf' }, isGone);
      assert.equal(world.registry.peek(Widget, 'a', 'middle'), undefined);
    });

    it('C126 own kinds owned by native ones go too', async () => {
      const top = await configMap(world, 'native-top', []);
      await createWidget(world, 'owned', { metadata: { ownerReferences: [owner(ConfigMap, top)] } });
      await remove(world, ConfigMap, top);

      await until(world, { kind: Widget, namespace: 'a', name: 'owned' }, isGone);
    });

    it('C126 foreground: the owner waits for dependents that block it', async () => {
      const top = await createBox(world, 'fg');
      const dependent = await createWidget(world, 'fg-dep', {
        metadata: {
          ownerReferences: [owner(Box, top, { blockOwnerDeletion: true })],
          finalizers: ['x.dev/wait'],
        },
      });
      await remove(world, Box, top, 'Foreground');
      const leaving = await until(
        world,
        { kind: Widget, namespace: 'a', name: 'fg-dep' },
        (object) => object !== undefined && meta(object).deletionTimestamp !== undefined,
      );
      assert.ok(world.registry.peek(Box, '', 'fg'));
      assert.ok(leaving);
      assert.equal(leaving.name, dependent.name);

      await replace(world, leaving, (object) => ({
        ...object,
        metadata: { ...(object['metadata'] as JsonObject), finalizers: [] },
      }));
      await until(world, { kind: Box, namespace: '', name: 'fg' }, isGone);
    });

    it('C126 foreground goes through a circle of owners', async () => {
      const one = await createWidget(world, 'circle-1');
      const two = await createWidget(world, 'circle-2', {
        metadata: { ownerReferences: [owner(Widget, one, { blockOwnerDeletion: true })] },
      });
      await replace(world, one, (object) => ({
        ...object,
        metadata: {
          ...(object['metadata'] as JsonObject),
          ownerReferences: [owner(Widget, two, { blockOwnerDeletion: true })],
        },
      }));
      await remove(world, Widget, one, 'Foreground');

      await until(world, { kind: Widget, namespace: 'a', name: 'circle-1' }, isGone);
      await until(world, { kind: Widget, namespace: 'a', name: 'circle-2' }, isGone);
    });

    it('C126 orphan: dependents stay and forget their owner', async () => {
      const top = await createBox(world, 'orphaned');
      await configMap(world, 'kept', [owner(Box, top)]);
      await remove(world, Box, top, 'Orphan');
      await until(world, { kind: Box, namespace: '', name: 'orphaned' }, isGone);

      const kept = world.registry.peek(ConfigMap, 'a', 'kept');
      assert.ok(kept);
      assert.equal(meta(kept).ownerReferences, undefined);
    });

    it('an object stays while one of its owners is there, and forgets the other', async () => {
      const first = await createBox(world, 'first');
      const second = await createBox(world, 'second');
      await configMap(world, 'shared', [owner(Box, first), owner(Box, second)]);
      await remove(world, Box, first);
      const shared = await until(
        world,
        { kind: ConfigMap, namespace: 'a', name: 'shared' },
        (object) => object !== undefined && meta(object).ownerReferences?.length === 1,
      );

      assert.ok(shared);
      assert.deepEqual(meta(shared).ownerReferences, [owner(Box, second)]);
    });

    it('an owner of the same name with another uid owns nothing; unknown kinds are left alone', async () => {
      const top = await createBox(world, 'again');
      await configMap(world, 'stranger', [owner(Box, top, { uid: 'of-another-life' })]);
      await configMap(world, 'foreign', [{ apiVersion: 'other.dev/v1', kind: 'Thing', name: 'x', uid: 'u' }]);
      await until(world, { kind: ConfigMap, namespace: 'a', name: 'stranger' }, isGone);

      assert.ok(world.registry.peek(ConfigMap, 'a', 'foreign'));
    });
  });
}
