import assert from 'node:assert/strict';
import { differencesOf } from './difference.ts';
import { createNormaliser, type Comparable } from './normalise.ts';

const answer = (body: object, status = 200, headers: Record<string, string> = {}) => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  text: JSON.stringify(body),
});
const object = (resourceVersion: string, uid: string, more: object = {}): object => ({
  metadata: { name: 'a', uid, resourceVersion, creationTimestamp: '2026-01-01T00:00:00Z', ...more },
});

describe('comparison of answers', () => {
  const play = (...bodies: readonly object[]): readonly Comparable[] => {
    const { normalise } = createNormaliser();
    return bodies.map((body, index) => normalise(`step ${index}`, answer(body)));
  };

  it('takes two servers for equal whose numbers differ and whose relations do not', () => {
    const ours = play(object('5', 'x'), object('5', 'x'), object('9', 'x'));
    const twin = play(object('700', 'y'), object('700', 'y'), object('701', 'y'));

    assert.deepEqual(differencesOf(ours, twin), []);
  });

  it('sees that one server wrote where the other did not', () => {
    const ours = play(object('5', 'x'), object('6', 'x'));
    const twin = play(object('700', 'y'), object('700', 'y'));

    assert.deepEqual(
      differencesOf(ours, twin).map(({ path }) => path),
      ['[1].body.metadata.resourceVersion'],
    );
  });

  it('sees another object under the same name', () => {
    const paths = differencesOf(
      play(object('5', 'x'), object('5', 'z')),
      play(object('5', 'y'), object('5', 'y')),
    );

    assert.deepEqual(
      paths.map(({ path }) => path),
      ['[1].body.metadata.uid'],
    );
  });

  it('compares owners in managedFields whatever their order and time, and causes once each', () => {
    const entry = (manager: string, time: string): object => ({ manager, operation: 'Update', time });
    const cause = { field: 'spec', reason: 'FieldValueInvalid', message: 'bad' };
    const [one, other] = [
      play(
        object('1', 'x', {
          managedFields: [entry('a', '2026-01-01T00:00:00Z'), entry('b', '2026-01-01T00:00:01Z')],
        }),
        {
          kind: 'Status',
          message: 'm',
          details: { causes: [cause] },
        },
      ),
      play(
        object('1', 'x', {
          managedFields: [entry('b', '2026-01-01T00:00:02Z'), entry('a', '2026-01-01T00:00:02Z')],
        }),
        {
          kind: 'Status',
          message: 'm',
          details: { causes: [cause, cause] },
        },
      ),
    ];

    assert.deepEqual(differencesOf(one, other), []);
  });

  it('does not let a time with fractions, a missing field or a header pass', () => {
    const { normalise } = createNormaliser();
    const good = normalise('good', answer(object('1', 'x'), 200, { warning: '299' }));
    const odd = normalise(
      'good',
      answer(object('1', 'x', { creationTimestamp: '2026-01-01T00:00:00.5Z', name: undefined })),
    );

    assert.deepEqual(
      differencesOf(good, odd)
        .map(({ path }) => path)
        .toSorted(),
      ['body.metadata.creationTimestamp', 'body.metadata.name', 'headers.warning'],
    );
  });

  it('takes the table of one object by its version, that of many by being new, and both by their cells', () => {
    const table = (rv: string, cells: readonly unknown[]): object => ({
      kind: 'Table',
      metadata: { resourceVersion: rv },
      rows: [{ cells, object: object(rv, 'x') }],
    });
    const play = (rv: string, isList: boolean, ...cells: readonly unknown[]): Comparable[] => {
      const { normalise } = createNormaliser();
      return [normalise('a', answer(object('1', 'x'))), normalise('b', answer(table(rv, cells)), isList)];
    };
    const paths = (...both: readonly [Comparable[], Comparable[]]): readonly string[] =>
      differencesOf(...both).map(({ path }) => path);

    assert.deepEqual(paths(play('1', false, 'a', '5s'), play('1', false, 'a', '1m6s')), []);
    assert.deepEqual(paths(play('1', false, 'a', '5d'), play('2', false, 'b', null)), [
      '[1].body.metadata.resourceVersion',
      '[1].body.rows[0].cells[0]',
      '[1].body.rows[0].cells[1]',
      '[1].body.rows[0].object.metadata.resourceVersion',
    ]);
    assert.deepEqual(paths(play('1', true), play('2', true)), [
      '[1].body.rows[0].object.metadata.resourceVersion',
    ]);
  });

  it('reads YAML as Kubernetes does', () => {
    const { normalise } = createNormaliser();
    const { body } = normalise('y', {
      status: 200,
      headers: { 'content-type': 'application/yaml' },
      text: 'a: {.: {}}\nb: yes\nc: "yes"\nd: 1:20\ne: 1.5\n',
    });

    assert.deepEqual(body, { a: { '.': {} }, b: true, c: 'yes', d: '1:20', e: 1.5 });
  });

  it('reads a watch as its events', () => {
    const { normalise } = createNormaliser();
    const event = (type: string, of: object): string => JSON.stringify({ type, object: of });
    const text = `${event('ADDED', object('1', 'x'))}\n${event('BOOKMARK', { metadata: { resourceVersion: '12' } })}\n`;
    const { body } = normalise('watch', {
      status: 200,
      headers: { 'content-type': 'application/json' },
      text,
    });

    assert.deepEqual(
      (body as { object: { metadata: { resourceVersion: string } } }[]).map(
        (each) => each.object.metadata.resourceVersion,
      ),
      ['rv 2 of "watch"', 'a resource version'],
    );
  });
});
