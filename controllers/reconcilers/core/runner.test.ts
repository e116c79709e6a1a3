import assert from 'node:assert/strict';
import type { Client } from '../../../apiserver/client/client.ts';
import { silentObserver } from '../../../apiserver/client/workqueue-metrics.ts';
import { ApiError } from '../../../apiserver/api/errors.ts';
import { createFakeClock } from '../../../apiserver/runtime/clock.ts';
import { createLog } from '../../../apiserver/runtime/log.ts';
import { createMetrics } from '../../../apiserver/runtime/metrics.ts';
import { startCannedApi, type CannedApi } from '../../../test/support/canned-api.ts';
import { createClient } from '../../../apiserver/client/client.ts';
import { silentLog } from '../../../apiserver/runtime/log.ts';
import { DONE, type Outcome, type Reconciler, type Run } from './reconciler.ts';
import { createReconcileMetrics, createRunner } from './runner.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('runner', () => {
  const clock = createFakeClock();
  const metrics = createMetrics();
  const counts = createReconcileMetrics(metrics);
  let api: CannedApi;
  let apiClient: Client;
  let lines: string[];
  before(async () => {
    api = await startCannedApi((request) => request.answer(404, {}));
    apiClient = createClient({ server: api.server, ca: api.ca, log: silentLog });
  });
  after(async () => {
    await apiClient.close();
    await api.stop();
  });
  beforeEach(() => {
    lines = [];
  });
  const run = (name: string, reconcile: (ref: { name: string }, run: Run) => Promise<Outcome>) => {
    let wake = (_name: string): void => undefined;
    const reconciler: Reconciler = {
      name,
      triggers: [
        (enqueue) => {
          wake = (key) => enqueue({ name: key });
          return () => undefined;
        },
      ],
      reconcile,
    };
    const log = createLog({ write: (line) => lines.push(line) });
    const runner = createRunner(reconciler, {
      apiClient,
      clock,
      log,
      observer: silentObserver,
      metrics: counts,
    });
    runner.start(Promise.resolve());
    return { runner, wake: (key: string) => wake(key) };
  };

  it('B5 keeps a reconciler that throws and one that hangs away from the others', async () => {
    const done: string[] = [];
    const broken = run('throws', () => {
      throw new Error('always');
    });
    const stuck = run('hangs', () => new Promise<Outcome>(() => undefined));
    const fine = run('fine', async ({ name }) => (done.push(name), DONE));
    await turn();

    for (let i = 0; i < 20; i += 1) {
      for (const { wake } of [broken, stuck, fine]) wake(`o${i}`);
    }
    await turn();
    await turn();

    assert.equal(done.length, 20);
    clock.advance(60_000);
    await turn();
    const text = await metrics.scrape();
    assert.match(text, /controller_runtime_reconcile_total\{controller="fine",result="success"\} 20/);
    const failed = (controller: string): number =>
      Number(new RegExp(`reconcile_errors_total\\{controller="${controller}"\\} (\\d+)`).exec(text)?.[1]);
    assert.ok(failed('throws') >= 20);
    assert.equal(failed('hangs'), 4);
    await broken.runner.close();
    await fine.runner.close();
    void stuck.runner.close();
  });

  it('logs a failure with its object, and says nothing about a stale copy', async () => {
    const { runner, wake } = run('moody', ({ name }) =>
      Promise.reject(name === 'stale' ? new ApiError('Conflict', 'modified') : new Error('no such luck')),
    );
    await turn();

    wake('stale');
    wake('broken');
    await turn();
    await turn();

    assert.equal(lines.length, 1);
    assert.match(lines[0] ?? '', /"controller":"moody","key":"broken".*no such luck/);
    await runner.close();
  });

  it('ends the calls of a run whose time is up', async () => {
    const ended = Promise.withResolvers<unknown>();
    const { runner, wake } = run('late', async (_ref, { signal, apiClient: bounded }) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      const thing = {
        group: 'x.dev',
        version: 'v1',
        kind: 'Thing',
        plural: 'things',
        scope: 'Cluster',
      } as const;
      await bounded.get(thing, { name: 'a' }).catch(ended.resolve);
      return DONE;
    });
    await turn();

    wake('a');
    await turn();
    clock.advance(60_000);

    assert.match(String(await ended.promise), /no result for "a" within 60000 ms/);
    await runner.close();
  });

  it('stays idle, and says so, when its copies never come', async () => {
    const { runner } = run('unused', async () => DONE);
    const reconciler: Reconciler = { name: 'deaf', triggers: [], reconcile: async () => DONE };
    const log = createLog({ write: (line) => lines.push(line) });
    const deaf = createRunner(reconciler, {
      apiClient,
      clock,
      log,
      observer: silentObserver,
      metrics: counts,
    });

    deaf.start(Promise.reject(new Error('closed')));
    await turn();

    assert.match(lines[0] ?? '', /controller cannot start/);
    await deaf.close();
    await runner.close();
  });
});
