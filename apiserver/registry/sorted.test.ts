import assert from 'node:assert/strict';
import { Widget } from '../../test/support/registry.ts';
import { Block } from './blocks.ts';
import { createSorted } from './sorted.ts';
import { shapeOf, Stored } from './stored.ts';
import { countFrom, createTable, walk } from './table.ts';

const shape = shapeOf(Widget);
const at = (path: string, revision = 1): Stored => new Stored({ shape, path, revision }, new Block(0), 0, 0);

/** The same numbers in every run. */
function* numbers(seed: number): Generator<number> {
  for (let state = seed; ;) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    yield state;
  }
}

describe('sorted objects', () => {
  it('stay equal to a sorted array through 20,000 random inserts, replacements and deletes', () => {
    const sorted = createSorted();
    const model = new Map<string, Stored>();
    const random = numbers(7);
    const next = (): number => random.next().value ?? 0;
    for (let step = 0; step < 20_000; step += 1) {
      const path = `n${next() % 3}/o${next() % 4000}`;
      if (next() % 3 === 0) {
        sorted.delete(path);
        model.delete(path);
      } else {
        const object = at(path, step);
        sorted.set(object);
        model.set(path, object);
      }
    }
    const expected = [...model.keys()].sort();

    const seen: Stored[] = [];
    sorted.walk('', (object) => seen.push(object) > 0);

    assert.deepEqual(
      seen.map(({ path }) => path),
      expected,
    );
    assert.ok(seen.every((object) => model.get(object.path) === object));
    assert.equal(sorted.size, expected.length);
    for (const path of ['', 'n0/', 'n1/o77', 'n2/o9999', 'z']) {
      assert.equal(sorted.rank(path), expected.filter((one) => one < path).length);
    }
  });

  it('walk from a path and stop when told', () => {
    const sorted = createSorted();
    for (const path of ['/a', '/b', '/c', '/d']) sorted.set(at(path));
    const seen: string[] = [];
    sorted.walk('/b\u0000', ({ path }) => {
      seen.push(path);
      return path !== '/c';
    });

    assert.deepEqual(seen, ['/c']);
  });
});

describe('objects of one kind', () => {
  it('are walked and counted by namespace, also when names of namespaces share a beginning', () => {
    const table = createTable(Widget);
    for (const path of ['a/x', 'a/y', 'a-b/x', 'a0/x', 'ab/x', 'b/x']) table.sorted.set(at(path));
    const seen: string[] = [];
    walk(table, 'a/', '', ({ path }) => seen.push(path) > 0);

    assert.deepEqual(seen, ['a/x', 'a/y']);
    assert.equal(countFrom(table, 'a/', ''), 2);
    assert.equal(countFrom(table, 'a/', 'a/x\u0000'), 1);
    assert.equal(countFrom(table, '', 'ab/'), 2);
  });
});
