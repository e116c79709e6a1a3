/** Against a real API server in memory, with a clock that the test moves. */
import assert from 'node:assert/strict';
import { startControlPlane, type ControlPlane } from '../../test/support/control-plane.ts';
import { Lease } from '../kinds/native/lease.ts';
import { createFakeClock, type FakeClock } from '../runtime/clock.ts';
import { createLog } from '../runtime/log.ts';
import { awaitLeadership, type Leadership } from './leader-election.ts';

const NAMESPACE = 'polder-system';

describe('leader election', function () {
  this.timeout(30_000);
  let plane: ControlPlane;
  let clock: FakeClock;
  let count = 0;
  let name: string;
  const stop = new AbortController();
  before(async () => {
    plane = await startControlPlane({ reconcilers: [] });
  });
  after(async () => {
    stop.abort(new Error('the test is over'));
    await plane.close();
  });
  beforeEach(() => {
    clock = createFakeClock(Date.now());
    name = `lease-${(count += 1)}`;
  });

  const seek = (identity: string, signal = stop.signal, at = clock): Promise<Leadership> =>
    awaitLeadership(
      {
        client: plane.admin,
        namespace: NAMESPACE,
        name,
        identity,
        clock: at,
        log: createLog({ write: () => undefined }),
        random: () => 0,
      },
      signal,
    );
  const lease = (): Promise<Lease> => plane.admin.get(Lease, { namespace: NAMESPACE, name });
  const holder = async (): Promise<string> => (await lease()).spec?.holderIdentity ?? '';
  /** Moves time on while requests of the election are answered in between. */
  const pass = async (done: () => boolean, at: FakeClock, stepMs = 500): Promise<number> => {
    const deadline = Date.now() + 15_000;
    const fromMs = at.now();
    while (!done()) {
      assert.ok(Date.now() < deadline, 'nothing happened');
      at.advance(stepMs);
      await lease();
    }
    return at.now() - fromMs;
  };

  it('leads at once when nobody does, and says so in the Lease', async () => {
    const leadership = await seek('a');
    const { spec } = await lease();
    assert.equal(spec?.holderIdentity, 'a');
    assert.equal(spec.leaseDurationSeconds, 15);
    assert.match(spec.renewTime ?? '', /\.\d{6}Z$/);
    await leadership.release();
  });

  it('waits while another one renews, and follows at once when it gives up the lead', async () => {
    const first = await seek('a');
    let second: Leadership | undefined;
    const following = seek('b').then((leadership) => (second = leadership));
    const fromMs = clock.now();
    await pass(() => clock.now() - fromMs > 60_000, clock);
    assert.equal(second, undefined);
    assert.equal(await holder(), 'a');
    await first.release();
    const tookMs = await pass(() => second !== undefined, clock);
    assert.ok(tookMs <= 5_000, `it took ${tookMs} ms`);
    assert.equal(await holder(), 'b');
    assert.equal((await lease()).spec?.leaseTransitions, 1);
    await (await following).release();
  });

  it('takes over from one that is gone, but not before its lease is over', async () => {
    const gone = new AbortController();
    await seek('a', gone.signal);
    gone.abort(new Error('killed'));
    let second: Leadership | undefined;
    void seek('b').then((leadership) => (second = leadership));
    const tookMs = await pass(() => second !== undefined, clock);
    assert.ok(tookMs >= 15_000, `it took only ${tookMs} ms`);
    assert.ok(tookMs <= 20_000, `it took ${tookMs} ms`);
    await second?.release();
  });

  it('stops leading before another one can begin when it cannot renew', async () => {
    const leadership = await seek('a');
    let isLost = false;
    void leadership.lost.then(() => (isLost = true));
    // Somebody else took it by force: renewals are refused from now on.
    const stolen = await lease();
    await plane.admin.update(Lease, { ...stolen, spec: { ...stolen.spec, holderIdentity: 'thief' } });
    const tookMs = await pass(() => isLost, clock);
    assert.ok(tookMs < 15_000, `it took ${tookMs} ms`);
    assert.equal(await holder(), 'thief');
  });

  it('lets one of many lead', async () => {
    const clocks = Array.from({ length: 5 }, () => createFakeClock(clock.now()));
    const leaders: string[] = [];
    const all = new AbortController();
    const seeking = clocks.map((at, index) =>
      seek(`r${index}`, all.signal, at).then(
        () => leaders.push(`r${index}`),
        () => 0,
      ),
    );
    await pass(() => leaders.length > 0, clock);
    for (let i = 0; i < 20; i += 1) {
      for (const at of clocks) at.advance(500);
      await lease();
    }
    assert.equal(leaders.length, 1);
    assert.equal(await holder(), leaders[0]);
    all.abort(new Error('the test is over'));
    await Promise.all(seeking);
  });
});
