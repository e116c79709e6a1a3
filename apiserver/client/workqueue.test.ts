import assert from 'node:assert/strict';
import { createFakeClock, type FakeClock } from '../runtime/clock.ts';
import { silentLog } from '../runtime/log.ts';
import { createMetrics } from '../runtime/metrics.ts';
import { createWorkqueueMetrics } from './workqueue-metrics.ts';
import { createWorkqueue, type Outcome, type Workqueue, type WorkqueueOptions } from './workqueue.ts';

const DONE: Outcome = { is: 'done' };
/** Lets every promise that is already settled run its continuations. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('work queue', () => {
  let clock: FakeClock;
  let queue: Workqueue;
  const start = (options: Partial<WorkqueueOptions> & Pick<WorkqueueOptions, 'work'>): Workqueue => {
    queue = createWorkqueue({ name: 'test', log: silentLog, clock, random: () => 0.999, ...options });
    return queue;
  };
  beforeEach(() => {
    clock = createFakeClock(1_000);
  });
  afterEach(() => queue.close());

  it('runs a key once however often it was added while it waited', async () => {
    const ran: string[] = [];
    start({ work: async (key) => (ran.push(key), DONE) });

    for (const key of ['a', 'b', 'a', 'a']) queue.add(key);
    await turn();

    assert.deepEqual(ran, ['a', 'b']);
    assert.equal(queue.isIdle, true);
  });

  it('runs a key again after it was added while at work, and never twice at the same time', async () => {
    let atOnce = 0;
    let most = 0;
    let runs = 0;
    const gate = Promise.withResolvers<void>();
    start({
      work: async (key) => {
        most = Math.max(most, (atOnce += 1));
        runs += 1;
        if (runs === 1) queue.add(key);
        await gate.promise;
        atOnce -= 1;
        return DONE;
      },
    });

    queue.add('a');
    await turn();
    queue.add('a');
    gate.resolve();
    await turn();

    assert.deepEqual({ runs, most }, { runs: 2, most: 1 });
  });

  it('keeps to its concurrency and works through the rest in order', async () => {
    const begun: string[] = [];
    const gates = new Map<string, () => void>();
    start({
      concurrency: 2,
      work: async (key) => {
        begun.push(key);
        await new Promise<void>((resolve) => gates.set(key, resolve));
        return DONE;
      },
    });

    for (const key of ['a', 'b', 'c']) queue.add(key);
    await turn();
    assert.deepEqual(begun, ['a', 'b']);

    gates.get('b')?.();
    await turn();
    assert.deepEqual(begun, ['a', 'b', 'c']);
    for (const open of gates.values()) open();
  });

  it('backs off exponentially on failure and forgets failures after a success', async () => {
    const at: number[] = [];
    let fail = true;
    start({
      baseDelayMs: 1_000,
      work: async () => {
        at.push(clock.now());
        if (fail) throw new Error('not yet');
        return DONE;
      },
    });

    queue.add('a');
    for (let i = 0; i < 8; i += 1) {
      await turn();
      if (at.length === 4) fail = false;
      clock.advance(1_000);
    }
    await turn();
    const waits = at.slice(1).map((time, index) => time - (at[index] ?? 0));

    assert.deepEqual(
      waits.map((wait) => Math.round(wait / 1_000)),
      [1, 2, 4],
    );
  });

  it('runs a key again after the time its outcome asks for, and earlier when added', async () => {
    const at: number[] = [];
    start({ work: async () => (at.push(clock.now()), { is: 'requeue', afterMs: 5_000 }) });

    queue.add('a');
    await turn();
    clock.advance(5_000);
    await turn();
    clock.advance(1_000);
    queue.add('a');
    await turn();
    clock.advance(4_999);
    await turn();

    assert.deepEqual(at, [1_000, 6_000, 7_000]);
  });

  it('B5 leaves a run that ignores its deadline behind and gives its slot to the next key', async () => {
    const begun: string[] = [];
    let aborted = false;
    const never = Promise.withResolvers<Outcome>();
    start({
      concurrency: 1,
      deadlineMs: 10_000,
      work: (key, signal) => {
        begun.push(key);
        if (key !== 'hangs') return Promise.resolve(DONE);
        signal.addEventListener('abort', () => (aborted = true));
        return never.promise;
      },
    });

    queue.add('hangs');
    queue.add('fine');
    await turn();
    assert.deepEqual(begun, ['hangs']);
    clock.advance(10_000);
    await turn();

    assert.deepEqual(begun, ['hangs', 'fine']);
    assert.equal(aborted, true);
    never.resolve(DONE);
  });

  it('does not let runs that ignore their deadline pile up without limit', async () => {
    let begun = 0;
    let hangs = true;
    const gates: (() => void)[] = [];
    start({
      concurrency: 1,
      deadlineMs: 1_000,
      work: async () => {
        begun += 1;
        if (hangs) await new Promise<void>((resolve) => gates.push(resolve));
        return DONE;
      },
    });

    for (let i = 0; i < 40; i += 1) queue.add(`k${i}`);
    for (let i = 0; i < 40; i += 1) {
      await turn();
      clock.advance(1_000);
    }

    assert.equal(begun, 17);
    hangs = false;
    for (const open of gates) open();
  });

  it('aborts what runs and takes nothing more when closed', async () => {
    let runs = 0;
    start({
      work: async (_key, signal) => {
        runs += 1;
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
        queue.add('late');
        return { is: 'requeue', afterMs: 1 };
      },
    });

    queue.add('a');
    await turn();
    await queue.close();
    clock.advance(10_000);
    await turn();

    assert.equal(runs, 1);
  });

  it('counts under the names of client-go', async () => {
    const metrics = createMetrics();
    start({ observer: createWorkqueueMetrics(metrics)('tenant'), work: async () => DONE });

    queue.add('a');
    queue.add('b');
    await turn();
    const text = await metrics.scrape();

    assert.match(text, /^workqueue_adds_total\{name="tenant"\} 2$/m);
    assert.match(text, /^workqueue_depth\{name="tenant"\} 0$/m);
    assert.match(text, /^workqueue_work_duration_seconds_count\{name="tenant"\} 2$/m);
  });
});
