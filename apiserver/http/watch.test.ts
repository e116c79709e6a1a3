import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent } from 'node:https';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { TLSSocket } from 'node:tls';
import { WebSocket } from 'ws';
import { ADMIN, rawConnection, type CallOptions, type Json } from '../../test/support/http-client.ts';
import { ANN, GIL, NOBODY, startPlane, type Plane } from '../../test/support/http.ts';
import { box, widget } from '../../test/support/registry.ts';
import { createFakeClock, type FakeClock } from '../runtime/clock.ts';

const WIDGETS = '/apis/data.polder.dev/v1alpha1/namespaces/a/widgets';
const BOXES = '/apis/platform.polder.dev/v1alpha1/boxes';
const MERGE = { 'content-type': 'application/merge-patch+json' };

const start = async (): Promise<{ readonly plane: Plane; readonly clock: FakeClock }> => {
  const clock = createFakeClock(Date.now());
  const limits = { watchQueueBytes: 512 * 1024 };
  return { plane: await startPlane({ clock, limits, ring: { maxEvents: 10, maxBytes: 1_000_000 } }), clock };
};

describe('watch over HTTP', () => {
  let plane: Plane;
  let clock: FakeClock;
  before(async () => {
    ({ plane, clock } = await start());
  });
  after(async () => {
    await plane.close();
  });
  const revision = async (path = WIDGETS): Promise<string> =>
    (await plane.call('GET', path)).json().metadata.resourceVersion as string;
  const create = async (name: string, how: CallOptions = {}): Promise<void> => {
    assert.equal((await plane.call('POST', WIDGETS, { ...how, body: widget(name) })).status, 201);
  };
  const metric = async (pattern: RegExp): Promise<number> => {
    const text = (await plane.call('GET', '/metrics')).text;
    return Number(pattern.exec(text)?.[1] ?? '0');
  };
  const OPEN_WIDGETS = /^apiserver_longrunning_requests\{[^}]*resource="widgets"[^}]*\} (\d+)$/m;

  it('C78 sends its headers before the first event', async () => {
    const watch = await plane.watch(`${BOXES}?watch=1&resourceVersion=${await revision(BOXES)}`);
    assert.equal(watch.response.headers['content-type'], 'application/json');
    assert.equal(watch.response.headers['transfer-encoding'], 'chunked');
    watch.close();
  });

  it('C70 begins with what is there', async () => {
    await create('c70');
    for (const query of ['watch=1', 'watch=1&resourceVersion=0']) {
      const watch = await plane.watch(`${WIDGETS}?${query}`);
      const event = await watch.next();
      assert.deepEqual([event.type, event.object.metadata.name], ['ADDED', 'c70']);
      watch.close();
    }
  });

  it('C71 streams a list: ADDED, the marked BOOKMARK, then live', async () => {
    const query = 'watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';
    const watch = await plane.watch(`${WIDGETS}?${query}`);
    assert.equal((await watch.next()).type, 'ADDED');
    const bookmark = await watch.next();
    assert.equal(bookmark.type, 'BOOKMARK');
    assert.equal(bookmark.object.kind, 'Widget');
    assert.equal(bookmark.object.apiVersion, 'data.polder.dev/v1alpha1');
    assert.equal(bookmark.object.metadata.annotations['k8s.io/initial-events-end'], 'true');
    assert.ok(Number(bookmark.object.metadata.resourceVersion) > 0);

    await create('c71');
    assert.equal((await watch.next()).object.metadata.name, 'c71');
    watch.close();
  });

  it('C73 refuses options that contradict each other with 422', async () => {
    for (const query of [
      'watch=1&sendInitialEvents=true',
      'watch=1&sendInitialEvents=true&resourceVersionMatch=Exact',
      'watch=1&resourceVersionMatch=NotOlderThan',
      'sendInitialEvents=true',
    ]) {
      const answer = await plane.call('GET', `${WIDGETS}?${query}`);
      assert.equal(answer.status, 422, query);
      assert.match(answer.json().message, /^ListOptions\.meta\.k8s\.io "" is invalid: /);
      assert.equal(answer.json().details.kind, 'ListOptions');
    }
  });

  it('C77 ends with a clean end of the stream after timeoutSeconds, with a last bookmark when asked', async () => {
    const from = await revision();
    const plain = await plane.watch(`${WIDGETS}?watch=1&timeoutSeconds=5&resourceVersion=${from}`);
    const marked = await plane.watch(
      `${WIDGETS}?watch=1&timeoutSeconds=5&resourceVersion=${from}&allowWatchBookmarks=true`,
    );
    await plane.call('POST', BOXES, { body: box('elsewhere') });

    clock.advance(4900);
    await create('c77');
    assert.equal((await plain.next()).type, 'ADDED');
    assert.equal((await marked.next()).type, 'ADDED');
    clock.advance(200);

    assert.deepEqual(await plain.rest(), []);
    const rest = await marked.rest();
    assert.deepEqual(
      rest.map((event: Json) => event.type),
      ['BOOKMARK'],
    );
    assert.equal(rest[0].object.metadata.resourceVersion, await revision());
  });

  it('ends by itself after thirty to sixty minutes', async () => {
    const watch = await plane.watch(`${WIDGETS}?watch=1&resourceVersion=${await revision()}`);
    clock.advance(30 * 60_000 - 1);
    // Connections that were idle for so long are gone by now.
    await create('still-open', { agent: new Agent({ ca: plane.ca.cert, keepAlive: false }) });
    assert.equal((await watch.next()).object.metadata.name, 'still-open');
    const rest = watch.rest();
    // Step by step: a jump would also pass the time that a client has to read the end.
    const over = new AbortController();
    void rest.then(() => over.abort());
    for (let waitedMs = 0; !over.signal.aborted && waitedMs <= 30 * 60_000; waitedMs += 5000) {
      clock.advance(5000);
      await nextTurn();
    }
    assert.deepEqual(await rest, []);
  });

  it('keeps the connection for the next request after a clean end', async () => {
    const socket = await rawConnection(plane);
    const bytes = collect(socket);
    const query = `watch=1&timeoutSeconds=1&resourceVersion=${await revision()}`;
    socket.write(get(`${WIDGETS}?${query}`));
    await bytes.until('\r\n\r\n');
    clock.advance(1001);
    await bytes.until('0\r\n\r\n');
    socket.write(get('/version'));
    await bytes.until('gitVersion');
    socket.destroy();
  });

  it('C74 sends an expired revision as one ERROR inside a 200 stream, then ends', async () => {
    const from = await revision();
    for (let i = 0; i < 20; i += 1) await create(`c74-${i}`);
    await plane.store.compact(Number(await revision()));

    const watch = await plane.watch(`${WIDGETS}?watch=1&resourceVersion=${from}`);
    const events = await watch.rest();

    assert.deepEqual(
      events.map((event: Json) => [event.type, event.object.kind, event.object.code, event.object.reason]),
      [['ERROR', 'Status', 410, 'Expired']],
    );
  });

  it('C76 sends no bookmark that was not asked for', async () => {
    const watch = await plane.watch(
      `${WIDGETS}?watch=1&timeoutSeconds=300&resourceVersion=${await revision()}`,
    );
    clock.advance(200_000);
    clock.advance(200_000);
    assert.deepEqual(await watch.rest(), []);
  });

  it('C81 cuts a client that does not read, and only that one', async () => {
    await create('c81');
    const from = await revision();
    const slow = await rawConnection(plane);
    slow.pause();
    slow.write(get(`${WIDGETS}?watch=1&resourceVersion=${from}`));
    const fast = await plane.watch(`${WIDGETS}?watch=1&resourceVersion=${from}`);
    const cutBefore = await metric(/^apiserver_terminated_watchers_total\{[^}]*\} (\d+)$/m);

    // More than the queue and all buffers of both kernels' ends can take.
    const pad = 'x'.repeat(500_000);
    const rounds = 60;
    for (let i = 0; i < rounds; i += 1) {
      const body = { spec: { notes: { pad, round: String(i) } } };
      const answer = await plane.call('PATCH', `${WIDGETS}/c81`, { body, headers: MERGE });
      assert.equal(answer.status, 200, answer.text.slice(0, 300));
      const event = await fast.next();
      assert.equal(event.object.spec.notes.round, String(i));
    }

    assert.equal(await metric(/^apiserver_terminated_watchers_total\{[^}]*\} (\d+)$/m), cutBefore + 1);
    fast.close();
    slow.destroy();
    await plane.call('DELETE', `${WIDGETS}/c81`);
  });

  it('C82 forgets watches whose clients went away', async () => {
    await eventually(async () => (await metric(OPEN_WIDGETS)) === 0);
    const from = await revision();
    const watches = await Promise.all(
      Array.from({ length: 50 }, async () => plane.watch(`${WIDGETS}?watch=1&resourceVersion=${from}`)),
    );
    assert.equal(await metric(OPEN_WIDGETS), 50);

    for (const watch of watches) watch.close();
    await eventually(async () => (await metric(OPEN_WIDGETS)) === 0);
  });

  it('C67 shows a tenant only its own, in events too', async () => {
    await plane.addTenant('acme');
    await plane.addTenant('globex');
    const all = '/apis/data.polder.dev/v1alpha1/widgets';
    const watch = await plane.watch(`${all}?watch=1`, { token: ANN });
    for (const [name, token] of Object.entries({ globex: GIL, acme: ANN })) {
      const path = `/apis/data.polder.dev/v1alpha1/namespaces/tn-${name}/widgets`;
      const answer = await plane.call('POST', path, { body: widget(`of-${name}`), token });
      assert.equal(answer.status, 201, answer.text);
    }
    assert.equal((await watch.next()).object.metadata.name, 'of-acme');
    watch.close();
    assert.equal((await plane.call('GET', `${WIDGETS}?watch=1`, { token: NOBODY })).status, 403);
  });

  it('is written without chunks to a client of HTTP/1.0', async () => {
    const socket = await rawConnection(plane);
    const bytes = collect(socket);
    const query = `watch=1&timeoutSeconds=1&resourceVersion=0`;
    socket.write(get(`${BOXES}?${query}`).replace('HTTP/1.1', 'HTTP/1.0'));
    await bytes.until('"type":"ADDED"');
    assert.doesNotMatch(bytes.text(), /transfer-encoding/i);
    clock.advance(1001);
    await once(socket, 'close', { signal: AbortSignal.timeout(5000) });
    const body = bytes.text().split('\r\n\r\n')[1] ?? '';
    for (const line of body.trim().split('\n')) JSON.parse(line);
  });
});

describe('watch over WebSocket', () => {
  let plane: Plane;
  let clock: FakeClock;
  before(async () => {
    ({ plane, clock } = await start());
  });
  after(async () => {
    await plane.close();
  });
  const open = (path: string, token = ADMIN, protocols: readonly string[] = []): WebSocket =>
    new WebSocket(`${plane.url.replace('https', 'wss')}${path}`, [...protocols], {
      ca: plane.ca.cert,
      ...(token === '' ? {} : { headers: { authorization: `Bearer ${token}` } }),
    });
  const message = async (socket: WebSocket): Promise<Json> => {
    const [data, isBinary] = (await once(socket, 'message', { signal: AbortSignal.timeout(5000) })) as [
      Buffer,
      boolean,
    ];
    assert.equal(isBinary, false);
    return JSON.parse(data.toString());
  };

  it('C84 sends one text frame per event and closes with 1000 at the deadline', async () => {
    const socket = open(`${WIDGETS}?watch=true&resourceVersion=0&timeoutSeconds=10`);
    await once(socket, 'open');
    assert.equal(socket.extensions, '');
    const first = message(socket);
    await plane.call('POST', WIDGETS, { body: widget('ws1') });
    const event = await first;
    assert.deepEqual([event.type, event.object.kind, event.object.metadata.name], ['ADDED', 'Widget', 'ws1']);

    const closed = once(socket, 'close');
    clock.advance(10_001);
    assert.equal((await closed)[0], 1000);
  });

  it('C84 takes a token from the subprotocol and answers with the other one', async () => {
    const bearer = `base64url.bearer.authorization.k8s.io.${Buffer.from(ADMIN).toString('base64url')}`;
    const socket = open(`${WIDGETS}?watch=true&resourceVersion=0`, '', [bearer, 'base64.binary.k8s.io']);
    await once(socket, 'open');
    assert.equal(socket.protocol, 'base64.binary.k8s.io');
    socket.close();
    await once(socket, 'close');
  });

  it('C84 refuses as over HTTP, before the upgrade', async () => {
    const refusal = async (path: string, token: string): Promise<[number, Json]> => {
      const socket = open(path, token);
      socket.on('error', () => undefined);
      const [, response] = await once(socket, 'unexpected-response');
      let text = '';
      for await (const chunk of response) text += String(chunk);
      return [response.statusCode as number, JSON.parse(text)];
    };
    assert.equal((await refusal(`${WIDGETS}?watch=1`, ''))[0], 401);
    const [status, body] = await refusal(`${WIDGETS}?watch=1`, NOBODY);
    assert.deepEqual([status, body.reason], [403, 'Forbidden']);
    assert.equal((await refusal(WIDGETS, ADMIN))[0], 400);
    assert.equal((await refusal(`${WIDGETS}?watch=1&resourceVersion=abc`, ADMIN))[0], 400);
    assert.equal((await refusal('/apis/none/v1/things?watch=1', ADMIN))[0], 404);
  });

  it('is counted and audited like any other watch', () => {
    const record = plane.audit().find((one) => (one['responseStatus'] as Json).code === 101) as Json;
    assert.deepEqual([record.verb, record.objectRef.resource], ['watch', 'widgets']);
  });
});

const get = (path: string): string =>
  `GET ${path} HTTP/1.1\r\nHost: polder\r\nAuthorization: Bearer ${ADMIN}\r\n\r\n`;

function collect(socket: TLSSocket): { text(): string; until(part: string): Promise<void> } {
  let text = '';
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString();
    socket.emit('more');
  });
  return {
    text: () => text,
    until: async (part) => {
      const signal = AbortSignal.timeout(5000);
      while (!text.includes(part)) await once(socket, 'more', { signal });
    },
  };
}

/** Asks again, request by request, until it is so; fails after five seconds. */
async function eventually(isSo: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await isSo())) assert.ok(Date.now() < deadline, 'it did not become so within 20 s');
}
