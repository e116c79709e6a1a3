import assert from 'node:assert/strict';
import { startCannedApi, type CannedApi, type CannedRequest } from '../../test/support/canned-api.ts';
import { createFakeClock, systemClock, type Clock } from '../runtime/clock.ts';
import { silentLog } from '../runtime/log.ts';
import { createClient, type Client } from './client.ts';
import type { ApiObject, Resource } from './resource.ts';

interface Thing extends ApiObject {
  readonly spec?: { readonly size?: number };
}
const Thing: Resource<Thing> = {
  group: 'example.dev',
  version: 'v1',
  kind: 'Thing',
  plural: 'things',
  scope: 'Namespaced',
};
const status = (code: number, reason: string, details: object = {}): object => ({
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Failure',
  message: `because ${reason}`,
  reason,
  details,
  code,
});

describe('client', () => {
  let api: CannedApi;
  let client: Client;
  let handle: (request: CannedRequest) => void;
  let waits: number[];
  /** Runs short waits at once and writes them down; leaves request timeouts alone. */
  const impatient: Clock = {
    now: () => 0,
    monotonic: () => performance.now(),
    after: (delayMs, task) => {
      if (delayMs >= 30_000) return () => undefined;
      waits.push(delayMs);
      return systemClock.after(0, task);
    },
  };
  const connect = (options: { clock?: Clock; token?: string } = {}): Client => {
    const { server, ca } = api;
    const credentials = { token: options.token ?? 'secret' };
    return createClient({
      server,
      ca,
      credentials,
      log: silentLog,
      clock: options.clock ?? impatient,
      random: () => 0,
      fieldManager: 'tester',
    });
  };
  before(async () => {
    api = await startCannedApi((request) => handle(request));
  });
  beforeEach(() => {
    waits = [];
    api.requests.length = 0;
    client = connect();
  });
  afterEach(() => client.close());
  after(() => api.stop());

  it('addresses objects by group, namespace and name, and says who it is', async () => {
    handle = (request) => request.answer(200, { metadata: { name: 'a/b' } });

    await client.get(Thing, { namespace: 'n', name: 'a/b' });

    const request = api.requests[0];
    assert.equal(request?.url.pathname, '/apis/example.dev/v1/namespaces/n/things/a%2Fb');
    assert.equal(request.headers.authorization, 'Bearer secret');
    assert.match(request.headers['user-agent'] ?? '', /^tester\//);
  });

  it('refuses to address a namespaced object without its namespace', async () => {
    await assert.rejects(client.get(Thing, { name: 'a' }), /Thing "a" needs a namespace/);
  });

  it('throws the reason, code and causes the server gave', async () => {
    const causes = [{ reason: 'FieldValueInvalid', message: 'too small', field: 'spec.size' }];
    handle = (request) => request.answer(422, status(422, 'Invalid', { name: 'a', kind: 'Thing', causes }));

    const rejection = client.create(Thing, { metadata: { namespace: 'n', name: 'a' } });

    await assert.rejects(rejection, { reason: 'Invalid', code: 422, message: 'because Invalid' });
    await assert.rejects(client.get(Thing, { namespace: 'n', name: 'a' }), {
      details: { name: 'a', kind: 'Thing', causes },
    });
  });

  it('makes an error of an answer that is no Status, and repeats nothing of its text', async () => {
    handle = (request) => request.answer(502, '<html>secret</html>');

    await assert.rejects(client.get(Thing, { namespace: 'n', name: 'a' }), {
      reason: 'InternalError',
      code: 502,
      message: 'the server answered 502 without saying why',
    });
  });

  it('finds nothing where get throws NotFound', async () => {
    handle = (request) => request.answer(404, status(404, 'NotFound'));

    assert.equal(await client.find(Thing, { namespace: 'n', name: 'a' }), undefined);
  });

  it('waits as long as Retry-After asks and then tries again, writes too', async () => {
    let calls = 0;
    handle = (request) => {
      calls += 1;
      if (calls < 3) request.answer(429, status(429, 'TooManyRequests'), { 'retry-after': '7' });
      else request.answer(201, { metadata: { name: 'a' } });
    };

    await client.create(Thing, { metadata: { namespace: 'n', name: 'a' } });

    assert.equal(calls, 3);
    assert.deepEqual(waits, [7_000, 7_000]);
  });

  it('gives up after five attempts, and at once when asked for more than half a minute', async () => {
    handle = (request) => request.answer(503, status(503, 'ServiceUnavailable'));
    await assert.rejects(client.get(Thing, { namespace: 'n', name: 'a' }), { reason: 'ServiceUnavailable' });
    assert.equal(api.requests.length, 5);

    api.requests.length = 0;
    handle = (request) => request.answer(429, status(429, 'TooManyRequests'), { 'retry-after': '600' });
    await assert.rejects(client.get(Thing, { namespace: 'n', name: 'a' }), { reason: 'TooManyRequests' });
    assert.equal(api.requests.length, 1);
  });

  it('reads again after a broken connection, but does not write again: it may have landed', async () => {
    let broken = 0;
    handle = (request) => {
      if (broken < 1) {
        broken += 1;
        request.response.destroy();
      } else {
        request.answer(200, { metadata: { name: 'a' } });
      }
    };
    await client.get(Thing, { namespace: 'n', name: 'a' });
    assert.equal(api.requests.length, 2);

    broken = 0;
    api.requests.length = 0;
    await assert.rejects(client.patch(Thing, { namespace: 'n', name: 'a' }, { spec: {} }), {
      reason: 'ServiceUnavailable',
    });
    assert.equal(api.requests.length, 1);
  });

  it('ends a request that is not answered in time', async () => {
    const clock = createFakeClock();
    const patient = connect({ clock });
    handle = () => undefined;

    const rejection = assert.rejects(patient.patch(Thing, { namespace: 'n', name: 'slow' }, {}), {
      reason: 'Timeout',
    });
    await api.seen((request) => request.method === 'PATCH');
    clock.advance(30_000);

    await rejection;
    await patient.close();
  });

  it('ends a request whose signal is aborted, with the reason of the signal', async () => {
    const abort = new AbortController();
    handle = () => abort.abort(new Error('no longer needed'));

    await assert.rejects(
      client.get(Thing, { namespace: 'n', name: 'a' }, { signal: abort.signal }),
      /no longer needed/,
    );
  });

  it('uses one connection for a row of requests', async () => {
    handle = (request) => request.answer(200, { metadata: { name: 'a' } });
    const before = api.connections();

    for (let i = 0; i < 10; i += 1) await client.get(Thing, { namespace: 'n', name: 'a' });

    assert.equal(api.connections() - before, 1);
  });

  it('sends each kind of write as the API expects it', async () => {
    handle = (request) => request.answer(200, {});
    const metadata = { namespace: 'n', name: 'a' };
    const object: Thing = {
      metadata: { ...metadata, uid: 'u', resourceVersion: '1', creationTimestamp: '' },
    };

    await client.create(Thing, { metadata }, { dryRun: true });
    await client.updateStatus(Thing, object);
    await client.patch(Thing, metadata, { spec: null }, { subresource: 'status' });
    await client.apply(Thing, { metadata, spec: { size: 3 } }, { force: true, fieldManager: 'other' });
    await client.delete(Thing, metadata, { uid: 'u', propagationPolicy: 'Foreground' });

    const path = '/apis/example.dev/v1/namespaces/n/things';
    assert.deepEqual(
      api.requests.map(({ method, url, headers }) => [
        method,
        url.pathname + url.search,
        headers['content-type'],
      ]),
      [
        ['POST', `${path}?fieldManager=tester&dryRun=All`, 'application/json'],
        ['PUT', `${path}/a/status?fieldManager=tester`, 'application/json'],
        ['PATCH', `${path}/a/status?fieldManager=tester`, 'application/merge-patch+json'],
        ['PATCH', `${path}/a?fieldManager=other&force=true`, 'application/apply-patch+yaml'],
        ['DELETE', `${path}/a`, 'application/json'],
      ],
    );
    assert.deepEqual(JSON.parse(api.requests[3]?.body ?? ''), {
      apiVersion: 'example.dev/v1',
      kind: 'Thing',
      metadata,
      spec: { size: 3 },
    });
    assert.deepEqual(JSON.parse(api.requests[4]?.body ?? ''), {
      kind: 'DeleteOptions',
      apiVersion: 'v1',
      preconditions: { uid: 'u' },
      propagationPolicy: 'Foreground',
    });
  });

  it('lists page by page, and everything at once when the first page has expired', async () => {
    let expired = false;
    const page = (names: readonly string[], next?: string): object => ({
      metadata: { resourceVersion: '9', ...(next === undefined ? {} : { continue: next }) },
      items: names.map((name) => ({ metadata: { name } })),
    });
    handle = (request) => {
      const token = request.url.searchParams.get('continue');
      if (request.url.searchParams.get('limit') === null) request.answer(200, page(['a', 'b', 'c']));
      else if (token === null) request.answer(200, page(['a', 'b'], 'more'));
      else if (expired) request.answer(410, status(410, 'Expired'));
      else request.answer(200, page(['c']));
    };

    const whole = await client.list(Thing, { namespace: 'n', limit: 2 });
    expired = true;
    const again = await client.list(Thing, { namespace: 'n', limit: 2 });

    for (const list of [whole, again]) {
      assert.equal(list.resourceVersion, '9');
      assert.deepEqual(
        list.items.map((item) => item.metadata.name),
        ['a', 'b', 'c'],
      );
    }
  });

  it('streams watch events and ends with the server', async () => {
    handle = (request) => {
      request.send({ type: 'ADDED', object: { metadata: { name: 'a', resourceVersion: '1' } } });
      request.send({ type: 'BOOKMARK', object: { metadata: { resourceVersion: '5' } } });
      request.response.end();
    };

    const events: string[] = [];
    for await (const event of client.watch(Thing, { namespace: 'n', resourceVersion: '0' })) {
      events.push(`${event.type} ${event.resourceVersion}`);
    }

    assert.deepEqual(events, ['ADDED 1', 'BOOKMARK 5']);
    assert.equal(api.requests[0]?.url.search, '?watch=true&allowWatchBookmarks=true&resourceVersion=0');
  });

  it('throws what an ERROR event says', async () => {
    handle = (request) => request.send({ type: 'ERROR', object: status(410, 'Expired') });

    await assert.rejects(client.watch(Thing, { namespace: 'n' }).next(), { reason: 'Expired', code: 410 });
  });

  it('gives up a watch that stays silent', async () => {
    const clock = createFakeClock();
    const patient = connect({ clock });
    handle = (request) => request.send({ type: 'BOOKMARK', object: { metadata: { resourceVersion: '5' } } });

    const events = patient.watch(Thing, { namespace: 'n', idleMs: 90_000 });
    await events.next();
    const rejection = assert.rejects(events.next(), { reason: 'Timeout' });
    clock.advance(90_000);

    await rejection;
    await patient.close();
  });
});
