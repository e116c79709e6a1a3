import assert from 'node:assert/strict';
import { STORE_DRIVERS } from '../../test/conformance/store-drivers.ts';
import {
  body,
  ConfigMap,
  createWidget,
  DELETE,
  meta,
  on,
  refused,
  replace,
  settled,
  useWorld,
  watch,
  all,
  Widget,
  widget,
  WRITE,
  type World,
} from '../../test/support/registry.ts';
import type { ApiError } from '../api/errors.ts';
import type { JsonObject } from '../api/json.ts';
import type { Patch, StoredObject, WriteOptions } from './registry.ts';

const spec = (stored: StoredObject): JsonObject => stored.read()['spec'] as JsonObject;
const withMeta = (object: JsonObject, fields: JsonObject): JsonObject => ({
  ...object,
  metadata: { ...(object['metadata'] as JsonObject), ...fields },
});
const put = async (
  world: World,
  object: JsonObject,
  options: Partial<WriteOptions> = {},
): Promise<StoredObject> => {
  const name = (object['metadata'] as JsonObject)['name'] as string;
  const target = { ...on(Widget, 'a', name), subresource: '' } as const;
  return (await world.registry.update(world.context, target, body(object), { ...WRITE, ...options })).object;
};
const patch = async (
  world: World,
  name: string,
  sent: { readonly merge: unknown } | { readonly json: unknown },
  subresource: '' | 'status' | 'scale' = '',
): Promise<StoredObject> => {
  const target = { ...on(Widget, 'a', name), subresource };
  const patched: Patch =
    'merge' in sent ? { type: 'merge', body: body(sent.merge) } : { type: 'json', body: body(sent.json) };
  return (await world.registry.patch(world.context, target, patched, WRITE)).object;
};
const causeOf = (error: ApiError): readonly (string | undefined)[] => {
  const [cause] = error.details?.causes ?? [];
  return [cause?.reason, cause?.field];
};

for (const driver of STORE_DRIVERS) {
  describe(`update on the ${driver.name} store`, () => {
    const world = useWorld(driver);

    it('C95 needs the current resourceVersion and uid of an object that is there', async () => {
      const stored = await createWidget(world, 'c95');
      const object = stored.read();
      const unversioned = withMeta(object, { resourceVersion: '' });

      assert.deepEqual(causeOf(await refused(put(world, unversioned), 'Invalid', 422)), [
        'FieldValueInvalid',
        'metadata.resourceVersion',
      ]);
      const stale = await refused(put(world, withMeta(object, { resourceVersion: '1' })), 'Conflict', 409);
      assert.equal(
        stale.message,
        'Operation cannot be fulfilled on widgets.data.polder.dev "c95": the object has been modified; ' +
          'please apply your changes to the latest version and try again',
      );
      await refused(put(world, withMeta(object, { uid: 'other' })), 'Conflict', 409);
      const other = withMeta(object, { uid: 'other', resourceVersion: '' });
      assert.match(
        String(await put(world, other).catch(String)),
        /Precondition failed: UID in precondition: other/,
      );
      await refused(put(world, withMeta(object, { name: 'c95-missing' })), 'NotFound', 404);
    });

    it('C93 refuses an object of another name or namespace than the URL', async () => {
      const stored = await createWidget(world, 'c93');
      const target = { ...on(Widget, 'a', 'other'), subresource: '' } as const;
      await refused(world.registry.update(world.context, target, body(stored.read()), WRITE), 'BadRequest');
      await refused(put(world, withMeta(stored.read(), { namespace: 'b' })), 'BadRequest');
    });

    it('C95 native kinds may be replaced without a resourceVersion, as on a cluster', async () => {
      const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'free' }, data: { a: '1' } };
      await world.registry.create(world.context, on(ConfigMap, 'a'), body(object), WRITE);
      const target = { ...on(ConfigMap, 'a', 'free'), subresource: '' } as const;
      const changed = { ...object, data: { a: '2' } };
      const written = await world.registry.update(world.context, target, body(changed), WRITE);

      assert.deepEqual(written.object.read()['data'], { a: '2' });
      assert.equal(meta(written.object).generation, undefined);
    });

    it('C96 changes nothing when nothing changed, not even by time or by dropping a default', async () => {
      const stored = await createWidget(world, 'c96', { spec: { color: 'red' } });
      world.clock.advance(5000);
      const again = await put(world, { ...stored.read(), spec: { color: 'red' } });
      const merged = await patch(world, 'c96', { merge: { spec: { color: 'red' } } });
      const json = await patch(world, 'c96', { json: [{ op: 'test', path: '/spec/color', value: 'red' }] });
      const other = { ...WRITE, fieldManager: 'somebody-else' };
      const foreign = await put(world, stored.read(), other);

      for (const same of [again, merged, json, foreign]) {
        assert.deepEqual(same.bytes, stored.bytes);
        assert.equal(same.revision, stored.revision);
      }
    });

    it('C97 counts generations for the spec only', async () => {
      const stored = await createWidget(world, 'c97');
      const labelled = await replace(world, stored, (object) => withMeta(object, { labels: { a: 'b' } }));
      const changed = await replace(world, labelled, (object) => ({ ...object, spec: { size: 2 } }));
      const observed = await replace(
        world,
        changed,
        (object) => ({ ...object, status: { phase: 'Up' } }),
        'status',
      );

      assert.deepEqual(
        [stored, labelled, changed, observed].map((one) => meta(one).generation),
        [1, 1, 2, 2],
      );
    });

    it('C98 the object keeps its status, /status keeps everything else', async () => {
      const stored = await createWidget(world, 'c98');
      const up = await replace(world, stored, (object) => ({ ...object, status: { phase: 'Up' } }), 'status');
      const main = await replace(world, up, (object) => ({
        ...object,
        spec: { size: 3 },
        status: { phase: 'No' },
      }));
      const status = await replace(
        world,
        main,
        (object) => ({
          ...withMeta(object, { labels: { x: 'y' } }),
          spec: { size: 9 },
          status: { phase: 'Down' },
        }),
        'status',
      );

      assert.deepEqual(main.read()['status'], { phase: 'Up' });
      assert.deepEqual(status.read()['status'], { phase: 'Down' });
      assert.equal(spec(status)['size'], 3);
      assert.equal(meta(status).labels, undefined);
      const stale = replace(world, main, (object) => ({ ...object, status: { phase: 'Late' } }), 'status');
      await refused(stale, 'Conflict', 409);
    });

    it('restores what only the server sets and refuses a deletionTimestamp', async () => {
      const stored = await createWidget(world, 'server-fields');
      const claimed = withMeta(stored.read(), {
        generation: 77,
        creationTimestamp: '1999-01-01T00:00:00Z',
        selfLink: '/x',
        labels: { a: 'b' },
      });
      const written = await put(world, claimed);

      assert.equal(meta(written).generation, 1);
      assert.equal(meta(written).creationTimestamp, meta(stored).creationTimestamp);
      assert.ok(!Object.hasOwn(meta(written), 'selfLink'));
      const leaving = withMeta(written.read(), { deletionTimestamp: '2024-01-01T00:00:00Z' });
      assert.deepEqual(causeOf(await refused(put(world, leaving), 'Invalid', 422)), [
        'FieldValueInvalid',
        'metadata.deletionTimestamp',
      ]);
    });

    it('refuses a change of an immutable field in the wording of Kubernetes, without showing secrets', async () => {
      const stored = await createWidget(world, 'fixed', { spec: { color: 'red', secret: 'SENTINEL1' } });
      const repaint = put(world, { ...stored.read(), spec: { color: 'blue', secret: 'SENTINEL2' } });
      const error = await refused(repaint, 'Invalid', 422);

      assert.deepEqual(
        error.details?.causes?.map(({ field, message }) => `${field}: ${message}`),
        [
          'spec.color: Invalid value: "blue": field is immutable',
          'spec.secret: Invalid value: field is immutable',
        ],
      );
      assert.ok(!JSON.stringify(error.status()).includes('SENTINEL'));
    });

    it('C99 scale is read, replaced and patched as autoscaling/v1, with its resourceVersion checked', async () => {
      await createWidget(world, 'c99', { spec: { replicas: 1 } });
      const target = { ...on(Widget, 'a', 'c99'), subresource: 'scale' } as const;
      const scale = await world.registry.get(world.context, target, { resourceVersion: '' });
      assert.equal(scale.read()['apiVersion'], 'autoscaling/v1');
      assert.deepEqual(scale.read()['spec'], { replicas: 1 });

      const patched = await patch(world, 'c99', { merge: { spec: { replicas: 3 } } }, 'scale');
      assert.equal(patched.read()['kind'], 'Scale');
      assert.deepEqual(patched.read()['spec'], { replicas: 3 });
      assert.equal(world.registry.peek(Widget, 'a', 'c99')?.revision, patched.revision);
      const stale = { ...scale.read(), spec: { replicas: 9 } };
      await refused(world.registry.update(world.context, target, body(stale), WRITE), 'Conflict', 409);
      await refused(
        patch(
          world,
          'c99',
          { merge: { metadata: { resourceVersion: '1' }, spec: { replicas: 9 } } },
          'scale',
        ),
        'Conflict',
      );
      await refused(patch(world, 'c99', { merge: { spec: { replicas: -1 } } }, 'scale'), 'Invalid', 422);
      const put3 = { ...patched.read(), spec: { replicas: 5 } };
      const { object } = await world.registry.update(world.context, target, body(put3), WRITE);
      assert.deepEqual(object.read()['spec'], { replicas: 5 });
    });

    it('C100 merge and JSON patches change what they say', async () => {
      await createWidget(world, 'c100', { spec: { notes: { a: '1', b: '2' }, parts: [{ name: 'x' }] } });
      const merged = await patch(world, 'c100', {
        merge: { spec: { notes: { a: null, c: '3' }, parts: [] } },
      });
      assert.deepEqual(spec(merged), { size: 1, notes: { b: '2', c: '3' }, parts: [] });
      const json = await patch(world, 'c100', {
        json: [
          { op: 'add', path: '/spec/parts/-', value: { name: 'y' } },
          { op: 'test', path: '/spec/notes/b', value: '2' },
          { op: 'remove', path: '/spec/notes/c' },
        ],
      });
      assert.deepEqual(spec(json), { size: 1, notes: { b: '2' }, parts: [{ name: 'y' }] });
      await refused(
        patch(world, 'c100', { json: [{ op: 'test', path: '/spec/size', value: 9 }] }),
        'Invalid',
        422,
      );
      await refused(patch(world, 'c100', { json: { op: 'test' } }), 'BadRequest', 400);
      await refused(patch(world, 'c100', { merge: [1] }), 'BadRequest', 400);
      await refused(patch(world, 'c100-missing', { merge: {} }), 'NotFound', 404);
    });

    it('a patch changes neither name, uid, kind nor apiVersion', async () => {
      await createWidget(world, 'same');
      await refused(patch(world, 'same', { merge: { metadata: { name: 'other' } } }), 'BadRequest', 400);
      await refused(patch(world, 'same', { merge: { metadata: { uid: 'other' } } }), 'Invalid', 422);
      await refused(patch(world, 'same', { merge: { kind: 'Box' } }), 'BadRequest', 400);
      await refused(patch(world, 'same', { merge: { apiVersion: null } }), 'BadRequest', 400);
    });

    it('C102 50 parallel merge patches without resourceVersion all succeed and none is lost', async () => {
      await createWidget(world, 'c102');
      await Promise.all(
        Array.from({ length: 50 }, async (_, index) =>
          patch(world, 'c102', { merge: { spec: { notes: { [`k${index}`]: String(index) } } } }),
        ),
      );

      const notes = spec(world.registry.peek(Widget, 'a', 'c102')!)['notes'] as JsonObject;
      assert.equal(Object.keys(notes).length, 50);
    });

    it('C103 100 parallel increments by read, change and PUT with retry add up to 100', async () => {
      await createWidget(world, 'c103', { spec: { size: 0 } });
      const increment = async (): Promise<void> => {
        for (;;) {
          const stored = world.registry.peek(Widget, 'a', 'c103')!;
          const next = { ...stored.read(), spec: { size: (spec(stored)['size'] as number) + 1 } };
          const outcome = await put(world, next).catch((error: ApiError) => error.reason);
          if (outcome !== 'Conflict') return;
        }
      };
      await Promise.all(Array.from({ length: 100 }, increment));

      assert.equal(spec(world.registry.peek(Widget, 'a', 'c103')!)['size'], 100);
    });

    it('C104 a patch with a stale resourceVersion is 409, with the current one it is applied', async () => {
      const stored = await createWidget(world, 'c104');
      const rv = meta(stored).resourceVersion;
      await patch(world, 'c104', { merge: { metadata: { resourceVersion: rv }, spec: { size: 2 } } });
      const stale = { metadata: { resourceVersion: rv }, spec: { size: 3 } };
      await refused(patch(world, 'c104', { merge: stale }), 'Conflict', 409);
      const operations = [{ op: 'replace', path: '/metadata/resourceVersion', value: rv }];
      await refused(patch(world, 'c104', { json: operations }), 'Conflict', 409);
    });

    it('C105 dry runs answer realistically, store nothing and are not seen', async () => {
      const stored = await createWidget(world, 'c105');
      const before = world.registry.revision();
      const seen = watch(world, all(Widget), { resourceVersion: String(before) });
      const dry = { ...WRITE, dryRun: true };
      const target = { ...on(Widget, 'a', 'c105'), subresource: '' } as const;
      const sent = body({ ...stored.read(), spec: { size: 7 } });
      const { object } = await world.registry.update(world.context, target, sent, dry);
      const merge: Patch = { type: 'merge', body: body({ spec: { size: 8 } }) };
      const patched = await world.registry.patch(world.context, target, merge, dry);
      await world.registry.delete(world.context, target, { ...DELETE, dryRun: true });
      await settled();

      assert.equal(spec(object)['size'], 7);
      assert.equal(meta(object).generation, 2);
      assert.equal(meta(object).resourceVersion, meta(stored).resourceVersion);
      assert.equal(spec(patched.object)['size'], 8);
      assert.equal(world.registry.revision(), before);
      assert.deepEqual(seen.lines, []);
      seen.handle.close();
    });

    it('C106 C111 unknown and duplicate fields: refused, warned about or ignored; numbers are never rounded', async () => {
      const flaws = { duplicates: ['spec.size'] };
      const sent = body({ ...widget('c106', { nope: 1 }), stray: true }, flaws);
      const create = async (
        fieldValidation: WriteOptions['fieldValidation'],
        dryRun = true,
      ): Promise<StoredObject> =>
        (
          await world.registry.create(world.context, on(Widget, 'a'), sent, {
            ...WRITE,
            fieldValidation,
            dryRun,
          })
        ).object;
      world.warnings.length = 0;

      const strict = await refused(create('Strict'), 'BadRequest', 400);
      assert.match(
        strict.message,
        /strict decoding error: duplicate field "spec.size", unknown field "spec.nope", unknown field "stray"$/,
      );
      await create('Ignore');
      assert.deepEqual(world.warnings, []);
      assert.deepEqual(spec(await create('Warn', false)), { size: 1 });
      assert.deepEqual(world.warnings, [
        'duplicate field "spec.size"',
        'unknown field "spec.nope"',
        'unknown field "stray"',
      ]);
      const target = { ...on(Widget, 'a', 'c106'), subresource: '' } as const;
      const merge: Patch = { type: 'merge', body: body({ spec: { nope: 1 } }) };
      const strictPatch = world.registry.patch(world.context, target, merge, {
        ...WRITE,
        fieldValidation: 'Strict',
      });
      assert.deepEqual(causeOf(await refused(strictPatch, 'Invalid', 422)), ['FieldValueInvalid', 'patch']);

      const lossy = body(widget('c111', { size: 9007199254740992 }), {
        lossy: [{ field: 'spec.size', literal: '9007199254740993' }],
      });
      const refusal = refused(
        world.registry.create(world.context, on(Widget, 'a'), lossy, WRITE),
        'Invalid',
        422,
      );
      assert.deepEqual(causeOf(await refusal), ['FieldValueInvalid', 'spec.size']);
    });

    it('C107 C108 answers every problem with its field', async () => {
      const metadata = {
        labels: { ok: 'x'.repeat(64) },
        finalizers: ['x'],
        annotations: { a: 'y'.repeat(257 * 1024) },
      };
      const error = await refused(
        createWidget(world, 'Bad_Name', { spec: { size: -1 }, metadata }),
        'Invalid',
        422,
      );
      const fields = error.details?.causes?.map(({ field }) => field) ?? [];

      for (const field of ['metadata.name', 'metadata.labels', 'metadata.annotations', 'spec.size']) {
        assert.ok(fields.includes(field), `${field} in ${fields.join(', ')}`);
      }
      assert.match(error.message, /^Widget\.data\.polder\.dev "Bad_Name" is invalid: \[/);
    });

    it('C109 drops repeated owner references with a warning', async () => {
      const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'o', uid: 'u-1' };
      world.warnings.length = 0;
      const stored = await createWidget(world, 'c109', { metadata: { ownerReferences: [owner, owner] } });

      assert.deepEqual(meta(stored).ownerReferences, [owner]);
      assert.equal(world.warnings.length, 1);
      assert.match(world.warnings[0] ?? '', /duplicate.*u-1/);
    });

    it('C110 refuses to store more than 1.5 MiB', async () => {
      const big = createWidget(world, 'c110', { spec: { extra: 'x'.repeat(1.5 * 1024 * 1024) } });
      await refused(big, 'RequestEntityTooLarge', 413);
    });
  });
}
