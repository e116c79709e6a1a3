import assert from 'node:assert/strict';
import { STORE_DRIVERS } from '../../test/conformance/store-drivers.ts';
import {
  body,
  Box,
  box,
  createWidget,
  Echo,
  meta,
  on,
  refused,
  useWorld,
  Widget,
  widget,
  WRITE,
} from '../../test/support/registry.ts';

for (const driver of STORE_DRIVERS) {
  describe(`create on the ${driver.name} store`, () => {
    const world = useWorld(driver);

    it('C89 sets uid, resourceVersion, generation 1, a time in whole seconds, defaults and an owner', async () => {
      const created = await createWidget(world, 'c89');

      const { uid, generation, resourceVersion, creationTimestamp, managedFields } = meta(created);
      assert.match(uid, /^[0-9a-f-]{36}$/);
      assert.equal(generation, 1);
      assert.equal(resourceVersion, String(created.revision));
      assert.equal(creationTimestamp, '2023-11-14T22:13:20Z');
      assert.deepEqual(created.read()['spec'], { size: 1 });
      assert.deepEqual(
        managedFields?.map(({ manager, operation }) => [manager, operation]),
        [['test', 'Update']],
      );
      assert.equal(created.bytes.toString(), JSON.stringify(created.read()));
    });

    it('C90 ignores what only the server sets and drops status', async () => {
      const sent = widget(
        'c90',
        {},
        {
          uid: 'mine',
          generation: 9,
          creationTimestamp: '2001-01-01T00:00:00Z',
          deletionTimestamp: '2001-01-01T00:00:00Z',
        },
      );
      const { object } = await world.registry.create(
        world.context,
        on(Widget, 'a'),
        body({ ...sent, status: { phase: 'Ready' } }),
        WRITE,
      );

      assert.notEqual(meta(object).uid, 'mine');
      assert.equal(meta(object).generation, 1);
      assert.equal(meta(object).creationTimestamp, '2023-11-14T22:13:20Z');
      assert.equal(meta(object).deletionTimestamp, undefined);
      assert.equal(object.read()['status'], undefined);
    });

    it('C90 refuses a resourceVersion', async () => {
      const sent = body(widget('c90-rv', {}, { resourceVersion: '5' }));
      await refused(world.registry.create(world.context, on(Widget, 'a'), sent, WRITE), 'BadRequest');
    });

    it('C91 answers 409 AlreadyExists the second time', async () => {
      await createWidget(world, 'c91');
      const error = await refused(createWidget(world, 'c91'), 'AlreadyExists', 409);

      assert.equal(error.message, 'widgets.data.polder.dev "c91" already exists');
      assert.equal(error.details?.kind, 'widgets');
    });

    it('C91 lets one of 20 parallel creations win', async () => {
      const tries = await Promise.allSettled(Array.from({ length: 20 }, () => createWidget(world, 'race')));
      assert.equal(tries.filter(({ status }) => status === 'fulfilled').length, 1);
    });

    it('C92 makes 100 unique names of at most 63 characters from generateName', async () => {
      const made = await Promise.all(
        Array.from({ length: 100 }, async () => {
          const sent = body({ ...box(''), metadata: { generateName: `t-${'x'.repeat(80)}` } });
          return (await world.registry.create(world.context, on(Box), sent, WRITE)).object.name;
        }),
      );

      assert.equal(new Set(made).size, 100);
      assert.ok(
        made.every((name) => name.length === 63 && /^t-x{56}[bcdfghjklmnpqrstvwxz2456789]{5}$/.test(name)),
      );
    });

    it('C93 refuses another namespace, apiVersion or kind than the URL names', async () => {
      const wrong = [
        widget('c93', {}, { namespace: 'b' }),
        { ...widget('c93'), apiVersion: 'v2' },
        { ...widget('c93'), kind: 'Box' },
        { metadata: { name: 'c93' }, spec: {} },
        [],
        'text',
      ];
      for (const value of wrong) {
        await refused(
          world.registry.create(world.context, on(Widget, 'a'), body(value), WRITE),
          'BadRequest',
          400,
        );
      }
    });

    it('C94 answers 404 for a namespace that is not there', async () => {
      const error = await refused(createWidget(world, 'c94', { namespace: 'nowhere' }), 'NotFound', 404);
      assert.equal(error.message, 'namespaces "nowhere" not found');
    });

    it('C105 answers a dry run with the object and stores nothing', async () => {
      const before = world.registry.revision();
      const { object } = await world.registry.create(world.context, on(Widget, 'a'), body(widget('c105')), {
        ...WRITE,
        dryRun: true,
      });

      assert.deepEqual(object.read()['spec'], { size: 1 });
      assert.equal(meta(object).resourceVersion, undefined);
      assert.equal(world.registry.revision(), before);
      assert.equal(world.registry.peek(Widget, 'a', 'c105'), undefined);
    });

    it('answers virtual kinds without storing them', async () => {
      const before = world.registry.revision();
      const sent = { apiVersion: 'platform.polder.dev/v1alpha1', kind: 'Echo', spec: { text: 'hello' } };
      const { object, created } = await world.registry.create(world.context, on(Echo), body(sent), WRITE);

      assert.deepEqual(object.read()['status'], { text: 'hello' });
      assert.ok(created);
      assert.equal(world.registry.revision(), before);
    });
  });
}
