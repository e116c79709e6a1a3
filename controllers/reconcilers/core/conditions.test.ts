import assert from 'node:assert/strict';
import { mergeConditions, no, summarise, unknown, yes } from './conditions.ts';

const at = (nowMs: number) => ({ nowMs, generation: 3 });

describe('conditions', () => {
  it('keep the time of the last transition while the status stays', () => {
    const first = mergeConditions([], { Ready: no('Starting') }, at(1_000));
    const second = mergeConditions(first, { Ready: no('StillStarting', 'soon') }, at(60_000));
    const third = mergeConditions(second, { Ready: yes('Ready') }, at(90_000));

    assert.equal(second[0]?.lastTransitionTime, '1970-01-01T00:00:01Z');
    assert.equal(second[0].reason, 'StillStarting');
    assert.equal(third[0]?.lastTransitionTime, '1970-01-01T00:01:30Z');
    assert.equal(third[0].observedGeneration, 3);
  });

  it('leave types alone that nobody mentions, and remove those found undefined', () => {
    const known = mergeConditions([], { Theirs: yes('Theirs'), Ours: yes('Ours') }, at(0));

    const merged = mergeConditions(known, { Ours: undefined, Fresh: unknown('Asking') }, at(0));

    assert.deepEqual(
      merged.map(({ type }) => type),
      ['Theirs', 'Fresh'],
    );
  });

  it('are summarised by the first that is not True', () => {
    const findings = { A: yes('Fine'), B: no('Broken', 'it broke'), C: unknown('Asking') };

    assert.deepEqual(summarise(findings), {
      status: 'False',
      reason: 'Broken',
      message: 'B is False: it broke',
    });
    assert.equal(summarise({ A: yes('Fine'), B: undefined }).status, 'True');
  });
});
