import assert from 'node:assert/strict';
import { STORE_DRIVERS } from '../../test/conformance/store-drivers.ts';
import { body, on, refused, useWorld, Widget, widget, WRITE } from '../../test/support/registry.ts';
import type { ApiError } from '../api/errors.ts';
import type { JsonObject } from '../api/json.ts';
import type { Patch, StoredObject } from './registry.ts';

const spec = (stored: StoredObject): JsonObject => stored.read()['spec'] as JsonObject;
const causeOf = (error: ApiError): readonly (string | undefined)[] => {
  const [cause] = error.details?.causes ?? [];
  return [cause?.reason, cause?.field];
};

for (const driver of STORE_DRIVERS) {
  describe(`server-side apply on the ${driver.name} store`, () => {
    const world = useWorld(driver);

    it('C113 C115 C116 apply creates, is a no-op again, conflicts, moves and removes', async () => {
      const target = { ...on(Widget, 'a', 'ssa'), subresource: '' } as const;
      const apply = async (
        manager: string,
        value: JsonObject,
        force = false,
      ): ReturnType<typeof world.registry.patch> =>
        await world.registry.patch(
          world.context,
          target,
          { type: 'apply', body: body(value), force },
          { ...WRITE, fieldManager: manager },
        );
      const first = await apply('one', widget('ssa', { size: 2, notes: { a: '1' } }));
      world.clock.advance(60_000);
      const again = await apply('one', widget('ssa', { size: 2, notes: { a: '1' } }));
      assert.ok(first.created && !again.created);
      assert.deepEqual(again.object.bytes, first.object.bytes);

      const conflict = await refused(apply('two', widget('ssa', { size: 3 })), 'Conflict', 409);
      assert.deepEqual(causeOf(conflict), ['FieldManagerConflict', '.spec.size']);
      const forced = await apply('two', widget('ssa', { size: 3 }), true);
      const dropped = await apply('one', widget('ssa'));
      assert.deepEqual(spec(forced.object), { size: 3, notes: { a: '1' } });
      assert.deepEqual(spec(dropped.object), { size: 3 });
      await refused(apply('one', { ...widget('ssa'), apiVersion: 'data.polder.dev/v9' }), 'BadRequest', 400);
      await refused(apply('one', widget('ssa', {}, { resourceVersion: '1' })), 'Conflict', 409);
    });

    it('an apply of what is not there asks whether it may be created', async () => {
      const asked: string[] = [];
      const target = { ...on(Widget, 'a', 'guarded'), subresource: '' } as const;
      const sent = body(widget('guarded'));
      const patchWith = (answer: () => void): Patch => ({
        type: 'apply',
        body: sent,
        force: false,
        beforeCreate: answer,
      });
      const deny = patchWith(() => {
        throw new Error('no');
      });
      await assert.rejects(world.registry.patch(world.context, target, deny, WRITE), /no/);
      assert.equal(world.registry.peek(Widget, 'a', 'guarded'), undefined);
      const allow = patchWith(() => void asked.push('create'));
      await world.registry.patch(world.context, target, allow, WRITE);
      await world.registry.patch(world.context, target, allow, WRITE);
      assert.deepEqual(asked, ['create']);
    });
  });
}
