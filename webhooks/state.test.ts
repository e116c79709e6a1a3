import assert from 'node:assert/strict';
import { createClient, type Client } from '../apiserver/client/client.ts';
import { createFakeClock, systemClock, type Clock, type FakeClock } from '../apiserver/runtime/clock.ts';
import { silentLog } from '../apiserver/runtime/log.ts';
import { Tenant } from '../apiserver/kinds/tenant.ts';
import { startCannedApi, type CannedApi, type CannedRequest } from '../test/support/canned-api.ts';
import { until } from '../test/support/until.ts';
import { createState, STATE_KINDS, type State } from './state.ts';

const END = {
  type: 'BOOKMARK',
  object: { metadata: { resourceVersion: '10', annotations: { 'k8s.io/initial-events-end': 'true' } } },
};
const tenant = { metadata: { name: 'acme', uid: 'u-1', resourceVersion: '3' }, spec: {} };
const labels = { 'polder.dev/tenant': 'acme', 'polder.dev/tenant-uid': 'u-1' };
const namespace = { metadata: { name: 'tn-acme', resourceVersion: '4', labels } };

describe('state of the webhooks', () => {
  let api: CannedApi;
  let client: Client;
  let state: State;
  let time: FakeClock;
  let isDown = false;
  let isHung = false;
  /** Backoff passes at once; what else waits goes by the time of the test. */
  const clock: Clock = {
    now: () => time.now(),
    monotonic: () => time.monotonic(),
    after: (delayMs, task) => (delayMs < 9_000 ? systemClock.after(5, task) : time.after(delayMs, task)),
  };
  const open: CannedRequest[] = [];
  /** Asked again and again they would wait for longer than a test does: after two failures the server is silent. */
  const failures = new Map<string, number>();
  const waiting: CannedRequest[] = [];

  const serve = (request: CannedRequest): void => {
    open.push(request);
    const { pathname, searchParams } = request.url;
    if (!searchParams.has('sendInitialEvents')) {
      request.send({ ...END, object: { metadata: { resourceVersion: '11' } } });
      return;
    }
    if (pathname.endsWith('/tenants')) request.send({ type: 'ADDED', object: tenant });
    if (pathname.endsWith('/namespaces')) request.send({ type: 'ADDED', object: namespace });
    request.send(END);
  };
  const fail = (request: CannedRequest): void => {
    const { pathname } = request.url;
    const times = (failures.get(pathname) ?? 0) + 1;
    failures.set(pathname, times);
    if (times > 2) waiting.push(request);
    else request.answer(503, { kind: 'Status', status: 'Failure', reason: 'ServiceUnavailable', code: 503 });
  };

  beforeEach(async () => {
    isDown = false;
    isHung = false;
    time = createFakeClock(1_000_000);
    open.length = 0;
    failures.clear();
    waiting.length = 0;
    api = await startCannedApi((request) => {
      if (isHung) waiting.push(request);
      else if (isDown) fail(request);
      else serve(request);
    });
    client = createClient({ server: api.server, ca: api.ca, log: silentLog, clock });
    state = createState({ client, clock, log: silentLog });
  });
  afterEach(async () => {
    await state.close();
    await client.close();
    await api.stop();
  });

  it('is loading until every kind is in, and then knows what belongs to whom', async () => {
    assert.match(state.loading() ?? '', /^tenants, namespaces, .* are still being loaded$/);
    state.start();
    await until('everything is in', () => state.loading() === undefined);
    assert.equal(state.engine.tenantOf('tn-acme')?.uid, 'u-1');
    assert.equal(state.lookup.find(Tenant, '', 'acme') !== undefined, true);
    assert.deepEqual(
      state.lookup.findAll(Tenant).map(({ name }) => name),
      ['acme'],
    );
    const asked = new Set(api.requests.map(({ url }) => url.pathname.split('/').at(-1)));
    assert.deepEqual(asked, new Set(STATE_KINDS.map(({ plural }) => plural)));
    const namespaces = api.requests.find(({ url }) => url.pathname.endsWith('/namespaces'));
    assert.equal(namespaces?.url.searchParams.get('labelSelector'), 'polder.dev/tenant');
  });

  it('X6 is outdated when a watch has been lost for more than 30 s, and current again when it is back', async () => {
    state.start();
    await until('everything is in', () => state.loading() === undefined);
    isDown = true;
    const before = api.requests.length;
    for (const request of open.splice(0)) request.response.end();
    // Each of them has failed at least once when all have asked twice.
    await until('every watch is lost', () => api.requests.length >= before + 2 * STATE_KINDS.length);
    assert.equal(state.outdated(), undefined);
    time.setTime(time.now() + 31_000);
    await until('it is outdated', () => state.outdated() !== undefined);
    assert.match(state.outdated() ?? '', /cannot be followed$/);
    assert.equal(state.loading(), undefined);
    isDown = false;
    for (const request of waiting.splice(0)) serve(request);
    await until('it is current again', () => state.outdated() === undefined);
  });

  it('X6 is outdated 30 s after the last word of a server that hangs with its connections open', async () => {
    state.start();
    await until('everything is in', () => state.loading() === undefined);
    assert.deepEqual(
      api.requests.map(({ url }) => url.searchParams.get('timeoutSeconds')),
      STATE_KINDS.map(() => '10'),
    );
    isHung = true;
    time.advance(15_000);
    await until('every watch is given up and asked for again', () => waiting.length === STATE_KINDS.length);
    time.advance(14_999);
    assert.equal(state.outdated(), undefined);
    time.advance(2);
    assert.match(state.outdated() ?? '', /cannot be followed$/);
    isHung = false;
    await until('it is current again', () => state.outdated() === undefined);
  });

  it('X6 stays current while a server with nothing to say ends its watches in time', async () => {
    state.start();
    await until('everything is in', () => state.loading() === undefined);
    for (let round = 1; round <= 5; round += 1) {
      time.advance(10_000);
      const before = api.requests.length;
      for (const request of open.splice(0)) {
        request.send({ type: 'BOOKMARK', object: { metadata: { resourceVersion: `${10 + round}` } } });
        request.response.end();
      }
      await until('every watch is open again', () => api.requests.length === before + STATE_KINDS.length);
      await until('every watch was answered', () => open.length === STATE_KINDS.length);
      assert.equal(state.outdated(), undefined);
    }
  });
});
