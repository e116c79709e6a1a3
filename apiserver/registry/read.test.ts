import assert from 'node:assert/strict';
import { STORE_DRIVERS } from '../../test/conformance/store-drivers.ts';
import {
  all,
  body,
  Box,
  box,
  contextFor,
  createWidget,
  DELETE,
  fieldIs,
  labelled,
  LIST,
  meta,
  names,
  on,
  refused,
  replace,
  SEES_ALL,
  startWorld,
  useWorld,
  watch,
  Widget,
  WRITE,
  type World,
} from '../../test/support/registry.ts';
import type { ListOptions, ListResult, StoredObject } from './registry.ts';

const listWidgets = async (
  world: World,
  options: Partial<ListOptions> = {},
  namespace = 'a',
): Promise<ListResult> =>
  await world.registry.list(world.context, all(Widget, namespace), { ...LIST, ...options });

async function pages(
  world: World,
  options: Partial<ListOptions>,
  namespace = 'a',
): Promise<readonly ListResult[]> {
  const found = [await listWidgets(world, options, namespace)];
  for (let last = found.at(-1); last !== undefined && last.continue !== ''; last = found.at(-1)) {
    found.push(
      await listWidgets(world, { ...options, resourceVersion: '', continue: last.continue }, namespace),
    );
  }
  return found;
}
const remove = async (world: World, name: string): Promise<unknown> =>
  await world.registry.delete(world.context, on(Widget, 'a', name), DELETE);

for (const driver of STORE_DRIVERS) {
  describe(`reads on the ${driver.name} store`, () => {
    const world = useWorld(driver);

    it('C53 an empty list has no items and a revision', async () => {
      const list = await world.registry.list(world.context, all(Box), LIST);

      assert.deepEqual(list.items, []);
      assert.ok(list.revision > 0);
      assert.equal(list.continue, '');
      assert.equal(list.remaining, undefined);
    });

    it('C66 names group, plural and name of an object that is not there', async () => {
      const error = await refused(
        world.registry.get(world.context, on(Widget, 'a', 'x'), { resourceVersion: '' }),
        'NotFound',
        404,
      );
      assert.equal(error.message, 'widgets.data.polder.dev "x" not found');
      assert.deepEqual(error.details, { name: 'x', group: 'data.polder.dev', kind: 'widgets' });
    });

    it('C65 lists all namespaces in order of namespace, then name', async () => {
      for (const [namespace, name] of [
        ['b', 'x'],
        ['a', 'y'],
        ['b', 'a'],
        ['a', 'x'],
      ] as const) {
        await createWidget(world, name, { namespace });
      }
      const { items } = await listWidgets(world, {}, '');

      assert.deepEqual(
        items.map(({ namespace, name }) => `${namespace}/${name}`),
        ['a/x', 'a/y', 'b/a', 'b/x'],
      );
    });

    it('C56 pages show one snapshot while objects come, change and go, and count what is left', async () => {
      for (const name of ['p1', 'p2', 'p3', 'p4', 'p5']) await createWidget(world, name, { namespace: 'b' });
      const first = await listWidgets(world, { limit: 3 }, 'b');
      await createWidget(world, 'p35', { namespace: 'b' });
      await world.registry.delete(world.context, on(Widget, 'b', 'p4'), DELETE);
      const p5 = world.registry.peek(Widget, 'b', 'p5');
      assert.ok(p5);
      await replace(world, p5, (object) => ({ ...object, spec: { size: 5 } }));

      const second = await listWidgets(world, { limit: 3, continue: first.continue }, 'b');
      const third = await listWidgets(world, { limit: 3, continue: second.continue }, 'b');

      assert.deepEqual(names(first.items), ['a', 'p1', 'p2']);
      assert.deepEqual(names(second.items), ['p3', 'p4', 'p5']);
      assert.deepEqual(names(third.items), ['x']);
      assert.deepEqual(second.items[2]?.read()['spec'], { size: 1 });
      assert.deepEqual([first.remaining, second.remaining, third.remaining], [4, 1, undefined]);
      assert.deepEqual([first.revision, second.revision, third.revision], Array(3).fill(first.revision));
      assert.equal(third.continue, '');
    });

    it('C57 fills pages of a selection and counts nothing', async () => {
      for (let index = 0; index < 10; index += 1) {
        const labels = { even: String(index % 2 === 0) };
        await createWidget(world, `c57-${index}`, { metadata: { labels } });
      }
      const found = await pages(world, { limit: 2, selectors: labelled('even', 'true') });

      assert.deepEqual(
        found.map(({ items }) => items.length),
        [2, 2, 1],
      );
      assert.ok(found.every(({ remaining }) => remaining === undefined));
    });

    it('C59 refuses a continue token that is none, and one with a resourceVersion', async () => {
      await refused(listWidgets(world, { continue: 'garbage' }), 'BadRequest', 400);
      const empty = Buffer.from('{"v":"meta.k8s.io/v1","rv":3,"start":""}').toString('base64url');
      await refused(listWidgets(world, { continue: empty }), 'BadRequest', 400);
      const { continue: token } = await listWidgets(world, { limit: 1 });
      await refused(listWidgets(world, { continue: token, resourceVersion: '5' }), 'BadRequest', 400);
    });

    it('C60 shows the newest, an exact or a not older state as asked', async () => {
      const old = await createWidget(world, 'c60', { spec: { size: 1 } });
      await replace(world, old, (object) => ({ ...object, spec: { size: 2 } }));
      const now = world.registry.revision();
      const rv = String(old.revision);
      const size = ({ items }: ListResult): unknown =>
        (items.find(({ name }) => name === 'c60')?.read()['spec'] as { size: number } | undefined)?.size;
      const cases: readonly (readonly [Partial<ListOptions>, number, number])[] = [
        [{}, now, 2],
        [{ resourceVersion: '0' }, now, 2],
        [{ resourceVersion: '0', resourceVersionMatch: 'NotOlderThan' }, now, 2],
        [{ resourceVersion: rv }, now, 2],
        [{ resourceVersion: rv, resourceVersionMatch: 'NotOlderThan' }, now, 2],
        [{ resourceVersion: rv, resourceVersionMatch: 'Exact' }, old.revision, 1],
        [{ resourceVersion: rv, limit: 500 }, old.revision, 1],
        [{ resourceVersion: rv, limit: 500, resourceVersionMatch: 'NotOlderThan' }, now, 2],
        [{ resourceVersion: '0', limit: 500 }, now, 2],
      ];
      for (const [options, revision, expected] of cases) {
        const list = await listWidgets(world, options);
        assert.equal(list.revision, revision, JSON.stringify(options));
        assert.equal(size(list), expected, JSON.stringify(options));
      }
    });

    it('C60 an exact list at each revision of the past equals what was there then', async () => {
      const states = new Map<number, readonly string[]>();
      for (let step = 0; step < 30; step += 1) {
        const name = `e${(step * 7) % 11}`;
        if (world.registry.peek(Widget, 'a', name) === undefined) await createWidget(world, name);
        else await remove(world, name);
        states.set(world.registry.revision(), names((await listWidgets(world)).items));
      }
      for (const [revision, expected] of states) {
        const options = { resourceVersion: String(revision), resourceVersionMatch: 'Exact' } as const;
        assert.deepEqual(names((await listWidgets(world, options)).items), expected);
        const paged = await pages(world, { ...options, limit: 2, resourceVersionMatch: 'Exact' });
        assert.deepEqual(names(paged.flatMap(({ items }) => items)), expected);
      }
    });

    it('C61 waits for a revision from the future, then answers 504 with the cause reflectors look for', async () => {
      const asked = [
        listWidgets(world, { resourceVersion: '999999999', resourceVersionMatch: 'NotOlderThan' }),
        listWidgets(world, { resourceVersion: '18446744073709551615', resourceVersionMatch: 'Exact' }),
        world.registry.get(world.context, on(Widget, 'a', 'x'), { resourceVersion: '999999999' }),
      ].map(async (promise) => await refused(promise, 'Timeout', 504));
      await Promise.resolve();
      world.clock.advance(3000);

      const errors = await Promise.all(asked);
      const sent = errors.map(({ message }) => /version: ([0-9]+), current/.exec(message)?.[1]);
      assert.deepEqual(sent, ['999999999', '18446744073709551615', '999999999']);
      for (const error of errors) {
        assert.equal(error.details?.causes?.[0]?.reason, 'ResourceVersionTooLarge');
        assert.equal(error.details.retryAfterSeconds, 1);
      }
    });

    it('C61 answers as soon as the revision is there', async () => {
      const next = String(world.registry.revision() + 1);
      const waiting = listWidgets(world, { resourceVersion: next, resourceVersionMatch: 'NotOlderThan' });
      await createWidget(world, 'c61');

      assert.ok(names((await waiting).items).includes('c61'));
    });

    it('C62 refuses a resourceVersion that is no number', async () => {
      for (const resourceVersion of ['abc', '-1', '1.5', '99999999999999999999', '1e3', ' 1']) {
        await refused(listWidgets(world, { resourceVersion }), 'BadRequest', 400);
      }
    });

    it('C64 selects by name, namespace and declared fields', async () => {
      await createWidget(world, 'red', { spec: { color: 'red', size: 3 } });
      const select = async (path: string, value: string, not = false): Promise<readonly string[]> =>
        names((await listWidgets(world, { selectors: fieldIs(path, value, not) })).items);

      assert.deepEqual(await select('metadata.name', 'red'), ['red']);
      assert.deepEqual(await select('spec.color', 'red'), ['red']);
      assert.deepEqual(await select('spec.size', '3'), ['red']);
      assert.deepEqual(await select('metadata.namespace', 'b'), []);
      assert.ok(!(await select('spec.color', 'red', true)).includes('red'));
      assert.ok((await select('spec.color', '')).includes('x'));
    });

    it('C67 leaves out what the caller may not see, from lists, pages and counts', async () => {
      const visibility = {
        ...SEES_ALL,
        all: false,
        allows: ({ name }: StoredObject) => name.startsWith('c57-'),
      };
      const found = await pages(world, { visibility, limit: 4 });

      assert.deepEqual(
        found.map(({ items }) => items.length),
        [4, 4, 2],
      );
      assert.ok(found.every(({ remaining }) => remaining === undefined));
    });

    it('C54 1,000 writes by 20 writers get unique, increasing revisions, which every object carries', async () => {
      const seen = watch(world, all(Widget, 'a'), { sendInitialEvents: false });
      const answered: number[] = [];
      const write = async (writer: number): Promise<void> => {
        for (let step = 0; step < 25; step += 1) {
          const name = `c54-${writer}-${step}`;
          answered.push((await createWidget(world, name)).revision);
          await remove(world, name);
        }
      };
      await Promise.all(Array.from({ length: 20 }, async (_, writer) => await write(writer)));
      await seen.upTo(1000);
      const revisions = seen.events.map(({ revision }) => revision);

      assert.equal(new Set(answered).size, 500);
      assert.equal(revisions.length, 1000);
      assert.ok(revisions.every((revision, index) => revision > (revisions[index - 1] ?? 0)));
      assert.ok(
        seen.events.every(({ object, revision }) => meta(object).resourceVersion === String(revision)),
      );
      assert.ok(answered.every((revision) => revisions.includes(revision)));
      seen.handle.close();
    });
  });

  describe(`reads after compaction on the ${driver.name} store`, () => {
    const world = useWorld(driver, { ring: { maxEvents: 4, maxBytes: 1024 * 1024 } });

    it('C58 an expired token is exchanged for one that goes on with the newest state', async () => {
      for (const name of ['k1', 'k2', 'k3', 'k4']) await createWidget(world, name);
      const first = await listWidgets(world, { limit: 2 });
      for (let index = 0; index < 10; index += 1) {
        await world.registry.create(world.context, on(Box), body(box(`filler-${index}`)), WRITE);
      }
      await createWidget(world, 'k5');
      const beyondRing = await listWidgets(world, { limit: 1, continue: first.continue });
      await world.store.compact(world.registry.revision() - 1);
      const error = await refused(listWidgets(world, { continue: first.continue }), 'Expired', 410);
      const rest = await listWidgets(world, { continue: error.continueToken ?? '' });

      assert.deepEqual(names(first.items), ['k1', 'k2']);
      assert.deepEqual(names(beyondRing.items), ['k3']);
      assert.deepEqual(names(rest.items), ['k3', 'k4', 'k5']);
      assert.equal(rest.revision, world.registry.revision());
    });

    it('C58 an exact list at a compacted revision is 410 without a token', async () => {
      const error = await refused(
        listWidgets(world, { resourceVersion: '2', resourceVersionMatch: 'Exact' }),
        'Expired',
        410,
      );
      assert.equal(error.continueToken, undefined);
    });
  });
}

describe('a registry that starts on what is there', () => {
  it('serves the same bytes and revisions as before', async () => {
    const first = await startWorld();
    const stored = await createWidget(first, 'kept');
    await first.registry.close();
    const second = await startWorld({ store: first.store });

    const found = await second.registry.get(contextFor('x'), on(Widget, 'a', 'kept'), {
      resourceVersion: '',
    });

    assert.deepEqual(found.bytes, stored.bytes);
    assert.equal(second.registry.revision(), first.store.revision());
    await second.close();
  });

  it('misses nothing that is written while it loads', async () => {
    const first = await startWorld();
    await Promise.all(Array.from({ length: 1500 }, async (_, index) => createWidget(first, `i${index}`)));
    let isLoading = true;
    const keepWriting = async (): Promise<void> => {
      for (let step = 0; isLoading; step += 1) {
        const name = `i${(step * 7) % 1600}`;
        if (first.registry.peek(Widget, 'a', name) === undefined) await createWidget(first, name);
        else await remove(first, name);
      }
    };
    const writing = keepWriting();
    const second = await startWorld({ store: first.store, namespaces: [] });
    isLoading = false;
    await writing;

    const state = (world: World): readonly string[] =>
      world.registry
        .peekAll(Widget)
        .map(({ path, revision }: StoredObject & { path?: string }) => `${path} ${revision}`);
    assert.ok(second.registry.revision() > 1502);
    assert.deepEqual(state(second), state(first));
    assert.equal(second.registry.revision(), first.registry.revision());
    await first.registry.close();
    await second.close();
  });
});
