import assert from 'node:assert/strict';
import { createFakeClock, type FakeClock } from '../../apiserver/runtime/clock.ts';
import type { Up, UpMessage } from '../replica/messages.ts';
import { createReports, type Reports } from './reports.ts';

const SECOND = 1_000;
const result = (uid: string, gen = 1): Up<'RESULT'> => ({
  type: 'RESULT',
  uid,
  gen,
  state: 'Applied',
  objects: [],
  error: '',
});

describe('reports of the agent', () => {
  let clock: FakeClock;
  let reports: Reports;
  let sent: { readonly atMs: number; readonly message: UpMessage }[];
  let isOpen: boolean;
  let chance: number;
  beforeEach(() => {
    clock = createFakeClock(0);
    sent = [];
    isOpen = true;
    chance = 0.5;
    reports = createReports({
      clock,
      send: (message) => {
        if (isOpen) sent.push({ atMs: clock.now(), message });
        return isOpen;
      },
      store: () => undefined,
      driftCorrected: () => 3,
      queued: () => 0,
      components: () => [],
      random: () => chance,
    });
  });
  afterEach(() => reports.close());

  const beats = (): readonly number[] =>
    sent.filter(({ message }) => message.type === 'HB').map(({ atMs }) => atMs);
  const results = (): readonly string[] =>
    sent.flatMap(({ message }) => (message.type === 'RESULT' ? [`${message.uid}${message.gen}`] : []));

  it('A4 beats at once, then every 60 s, 10 % earlier or later', () => {
    reports.up(60 * SECOND, true);

    chance = 0;
    clock.advance(60 * SECOND);
    chance = 0.999_999;
    clock.advance(54 * SECOND);
    clock.advance(66 * SECOND);

    const gaps = beats().map((atMs, index) => Math.round((atMs - (beats()[index - 1] ?? 0)) / SECOND));
    assert.deepEqual(gaps, [0, 60, 54, 66]);
  });

  it('keeps within 10 % over an hour of chance', () => {
    chance = Number.NaN;
    let seed = 7;
    reports.close();
    reports = createReports({
      clock,
      send: (message) => sent.push({ atMs: clock.now(), message }) > 0,
      store: () => undefined,
      driftCorrected: () => 0,
      queued: () => 0,
      components: () => [],
      random: () => {
        seed = (seed * 16_807) % 2_147_483_647;
        return seed / 2_147_483_647;
      },
    });
    reports.up(60 * SECOND, true);

    clock.advance(3_600 * SECOND);

    const gaps = beats()
      .slice(1)
      .map((atMs, index) => atMs - (beats()[index] ?? 0));
    assert.ok(gaps.length >= 54, `${gaps.length} beats`);
    assert.deepEqual(
      gaps.filter((gap) => gap < 54 * SECOND || gap > 66 * SECOND),
      [],
    );
    assert.ok(new Set(gaps).size > 10, 'no spread');
  });

  it('stops beating while the link is down, and has one beat running after many links', () => {
    reports.up(60 * SECOND, true);
    reports.down();
    clock.advance(600 * SECOND);
    assert.equal(beats().length, 1);

    for (let i = 0; i < 5; i += 1) reports.up(60 * SECOND, true);
    clock.advance(61 * SECOND);

    assert.equal(beats().length, 1 + 5 + 1);
  });

  it('holds the newest result of each bundle until there is a session that wants results', () => {
    reports.result(result('a', 1));
    reports.result(result('a', 2));
    reports.result(result('b'));
    reports.up(60 * SECOND, false);
    assert.deepEqual(results(), []);
    reports.down();

    reports.up(60 * SECOND, true);

    assert.deepEqual(results(), ['a2', 'b1']);
  });

  it('sends again what may have been lost with the link, but not what an answered ping has confirmed', () => {
    reports.up(60 * SECOND, true);
    reports.result(result('confirmed'));
    reports.pingSent();
    reports.pongReceived();
    reports.result(result('asked'));
    reports.pingSent();
    reports.result(result('sent', 1));
    reports.down();
    reports.result(result('sent', 2));
    sent = [];

    reports.up(60 * SECOND, true);

    assert.deepEqual([...results()].sort(), ['asked1', 'sent2']);
  });

  it('waits while the link takes no more, and goes on with the next beat', () => {
    reports.up(60 * SECOND, true);
    isOpen = false;
    reports.result(result('a'));
    isOpen = true;

    clock.advance(60 * SECOND);

    assert.deepEqual(results(), ['a1']);
  });
});
