/** What counts as a path to a review; how it changes is tested with who writes it, in apiserver/host/injection.test.ts. */
import assert from 'node:assert/strict';
import { startControlPlane, type ControlPlane } from '../test/support/control-plane.ts';
import { until } from '../test/support/until.ts';
import { ensureWebhookPath, WEBHOOK_PATH_NAME } from '../apiserver/client/webhook-path.ts';
import { Secret } from '../apiserver/kinds/native/secret.ts';
import { createFakeClock } from '../apiserver/runtime/clock.ts';
import { silentLog } from '../apiserver/runtime/log.ts';
import { createReviewPaths, type ReviewPaths } from './review-paths.ts';

const namespace = 'default';

describe('paths to reviews', function () {
  this.timeout(30_000);
  let plane: ControlPlane;
  let paths: ReviewPaths;
  const clock = createFakeClock(Date.now());
  before(async () => {
    plane = await startControlPlane({ reconcilers: [] });
    paths = createReviewPaths({ client: plane.admin, namespace, clock, log: silentLog });
    paths.start();
  });
  after(async () => {
    await paths.close();
    await plane.close();
  });

  it('are none until the Secret was read, and that is told without telling them', () => {
    assert.equal(paths.entryOf(`/${'0'.repeat(64)}/mutate.polder.dev`), undefined);
    assert.equal(paths.missing(), `Secret ${WEBHOOK_PATH_NAME} has not been read or is empty`);
  });

  it('begin with the whole part that cannot be guessed, and nothing else does', async () => {
    const { signal } = new AbortController();
    const deps = { client: plane.admin, namespace, now: clock.now(), signal };
    const { current } = await ensureWebhookPath(deps, undefined);
    await until('the Secret was read', () => paths.missing() === undefined);
    assert.equal(paths.entryOf(`/${current}/mutate.polder.dev`), 'mutate.polder.dev');
    assert.equal(paths.entryOf(`/${current}/`), '');
    const last = current.endsWith('0') ? '1' : '0';
    const wrong = [
      '',
      '/',
      '/mutate',
      '/mutate.polder.dev',
      `/${current}`,
      `/${current}x/mutate.polder.dev`,
      `//${current}/mutate.polder.dev`,
      `x${current}/mutate.polder.dev`,
      `/${current.slice(0, 63)}/mutate.polder.dev`,
      `/${current.slice(0, 63)}${last}/mutate.polder.dev`,
      `/${current.toUpperCase()}/mutate.polder.dev`,
      `/${'\u{1f511}'.repeat(32)}/mutate.polder.dev`,
    ];
    for (const path of wrong) assert.equal(paths.entryOf(path), undefined, path);
    assert.match(current, /[a-f]/, 'upper case differs');
  });

  const ref = { namespace, name: WEBHOOK_PATH_NAME };
  const current = async (): Promise<string> =>
    Buffer.from((await plane.admin.get(Secret, ref)).data?.['current'] ?? '', 'base64').toString();
  const write = async (path: {
    readonly current: string;
    previous?: string;
    madeMs: number;
  }): Promise<void> => {
    const base64 = (text: string): string => Buffer.from(text).toString('base64');
    const { madeMs, previous = '' } = path;
    const made = base64(new Date(madeMs).toISOString());
    const data = { current: base64(path.current), previous: base64(previous), made };
    await plane.admin.patch(Secret, ref, { data });
  };

  it('are the old one too until ten minutes after the new one was made, however late that was read', async () => {
    const old = await current();
    const renewed = 'b'.repeat(64);
    await write({ current: renewed, previous: old, madeMs: clock.now() - 9 * 60_000 });
    await until('it was read', () => paths.entryOf(`/${renewed}/x`) === 'x');
    assert.equal(paths.entryOf(`/${old}/x`), 'x');
    clock.advance(60_000);
    assert.equal(paths.entryOf(`/${old}/x`), undefined);
    assert.equal(paths.entryOf(`/${renewed}/x`), 'x');
  });

  it('are both for ten minutes when the Secret is replaced by who did not know the old one', async () => {
    const before = await current();
    const restored = 'c'.repeat(64);
    await write({ current: restored, madeMs: clock.now() });
    await until('it was read', () => paths.entryOf(`/${restored}/x`) === 'x');
    assert.equal(paths.entryOf(`/${before}/x`), 'x');
    clock.advance(10 * 60_000);
    assert.equal(paths.entryOf(`/${before}/x`), undefined);
    assert.equal(paths.entryOf(`/${restored}/x`), 'x');
  });
});
