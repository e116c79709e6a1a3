/** `kill -9` at random moments: what a dead process acknowledged is there, and nothing it never tried. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { createSqliteStore } from '../../apiserver/store/sqlite/store.ts';
import type { Change, Revision, Store } from '../../apiserver/store/store.ts';
import { random } from './random.ts';

const ROUNDS = 100;
const WRITER = join(import.meta.dirname, 'store-kill-writer.ts');

/** What the killed process reported. */
interface Report {
  readonly tried: Map<string, string>;
  readonly acknowledged: Map<string, Revision>;
  readonly refused: Set<string>;
  readonly seen: { readonly revision: Revision; readonly id: string }[];
}

describe('a sqlite store whose process is killed', () => {
  let directory = '';
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'polder-kill-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it(`loses and invents nothing in ${ROUNDS} kills -9 under 32 writers`, async function () {
    this.timeout(240_000);
    const seed = Number(process.env['POLDER_SEED'] ?? Date.now() % 1_000_000);
    const file = join(directory, 'polder.db');
    const pick = random(seed);
    const check = new Check();
    console.log(`      seed ${seed}`);

    for (let round = 0; round < ROUNDS; round += 1) {
      const compact = round % 3 === 2;
      // One in five dies at any moment from its start on, the others once they write.
      const killAt =
        pick(5) === 0 ? { from: 'spawn', afterMs: pick(200) } : { from: 'writing', afterMs: pick(90) };
      const report = await runAndKill([file, String(seed + round), compact ? '1' : '0'], killAt);

      const store = createSqliteStore({ file });
      await store.start();
      await check.round(store, report);
      if (round % 20 === 19) await check.everything(store);
      await store.close();
    }

    const { kills, acknowledged, rows, unacknowledged, refused, compactedTo } = check;
    console.log(
      `      ${kills} kills: ${acknowledged} acknowledged and ${refused} refused writes, 0 lost, 0 invented; ` +
        `${rows} revisions without gap, ${unacknowledged} of them committed but not yet acknowledged; ` +
        `history compacted to ${compactedTo}`,
    );
    assert.ok(acknowledged > ROUNDS * 32, 'hardly anything was written');
  });
});

/** Holds what earlier rounds established and compares what a reopened store says with it and with the report. */
class Check {
  kills = 0;
  acknowledged = 0;
  refused = 0;
  unacknowledged = 0;
  rows = 0;
  compactedTo = 1;
  /** Key to `revision id` of what must be stored. */
  readonly #state = new Map<string, string>();

  async round(store: Store, report: Report): Promise<void> {
    const fresh = await store.changes(this.rows, 1_000_000);
    const log = new Map<string, Change>();
    for (const [index, change] of fresh.entries()) {
      assert.equal(change.revision, this.rows + 1 + index, 'a gap or a double');
      const id = idOf(change.value);
      const what = `${change.type} ${change.key} ${change.previous}`;
      assert.equal(report.tried.get(id), what, `revision ${change.revision} was never tried`);
      assert.equal(report.refused.has(id), false, `revision ${change.revision} was refused, yet stored`);
      assert.equal(log.has(id), false, `${id} is stored twice`);
      log.set(id, change);
      this.#apply(change);
    }
    assert.equal(store.revision(), this.rows + fresh.length);
    for (const [id, revision] of report.acknowledged) {
      assert.equal(log.get(id)?.revision, revision, `${id}, acknowledged as ${revision}, is lost`);
    }
    for (const [index, { revision, id }] of report.seen.entries()) {
      assert.equal(revision, this.rows + 1 + index, 'a subscriber saw a gap or a double');
      assert.equal(log.get(id)?.revision, revision, 'a subscriber saw what is not stored');
    }
    // A watch that had seen this much goes on from there.
    const lastSeen = report.seen.at(-1)?.revision ?? this.rows;
    const resumed = await store.changes(lastSeen, 1_000_000);
    assert.deepEqual(resumed, fresh.slice(lastSeen - this.rows));

    this.kills += 1;
    this.acknowledged += report.acknowledged.size;
    this.refused += report.refused.size;
    this.unacknowledged += fresh.length - report.acknowledged.size;
    this.rows += fresh.length;
    this.compactedTo = store.oldest();
  }

  /** The present, and the oldest kept past with every change since, are the same. */
  async everything(store: Store): Promise<void> {
    assert.deepEqual(await stateOf(store, store.revision()), sorted(this.#state));
    const oldest = store.oldest();
    const replayed = new Map(await stateOf(store, oldest));
    const log = await store.changes(oldest, 1_000_000);
    assert.equal(log.length, this.rows - oldest);
    for (const change of log) {
      if (change.type === 'delete') replayed.delete(change.key);
      else replayed.set(change.key, `${change.revision} ${idOf(change.value)}`);
    }
    assert.deepEqual(sorted(replayed), sorted(this.#state));
  }

  #apply(change: Change): void {
    const current = Number(this.#state.get(change.key)?.split(' ')[0] ?? 0);
    assert.equal(change.previous, current, `revision ${change.revision} replaced another than was stored`);
    if (change.type === 'delete') this.#state.delete(change.key);
    else this.#state.set(change.key, `${change.revision} ${idOf(change.value)}`);
  }
}

async function stateOf(store: Store, revision: Revision): Promise<readonly [string, string][]> {
  const { entries } = await store.list('', { revision, limit: 10_000 });
  return entries.map((entry) => [entry.key, `${entry.revision} ${idOf(entry.value)}`]);
}
const sorted = (state: ReadonlyMap<string, string>): readonly [string, string][] =>
  [...state].sort(([a], [b]) => (a < b ? -1 : 1));
const idOf = (value: Buffer): string => value.toString('latin1', 0, value.indexOf(' '));

/** Runs the writer, kills it, and returns all it reported before it died. */
async function runAndKill(
  args: readonly string[],
  killAt: { readonly from: string; readonly afterMs: number },
): Promise<Report> {
  const report: Report = { tried: new Map(), acknowledged: new Map(), refused: new Set(), seen: [] };
  const child = spawn(process.execPath, [WRITER, ...args], {
    stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
  });
  const ended = new Promise<NodeJS.Signals | null>((resolve) => {
    child.on('close', (_code, signal) => resolve(signal));
  });
  const writing = Promise.withResolvers<void>();
  const pipe = child.stdio[3] as Readable;
  let rest = '';
  pipe.setEncoding('latin1');
  pipe.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) note(report, line);
    if (report.acknowledged.size > 0) writing.resolve();
  });

  if (killAt.from === 'writing') await Promise.race([writing.promise, ended]);
  await delay(killAt.afterMs);
  child.kill('SIGKILL');

  assert.equal(await ended, 'SIGKILL', 'the writer died by itself');
  return report;
}

function note(report: Report, line: string): void {
  const [what = '', a = '', ...more] = line.split(' ');
  switch (what) {
    case 'tried':
      report.tried.set(a, more.join(' '));
      return;
    case 'acknowledged':
      report.acknowledged.set(a, Number(more[0]));
      return;
    case 'refused':
      report.refused.add(a);
      return;
    case 'seen':
      report.seen.push({ revision: Number(a), id: more[0] ?? '' });
      return;
    default:
      assert.fail(`the writer said ${line}`);
  }
}
