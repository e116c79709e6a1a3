import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { ClientRequest } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import { ADMIN, everything, rawConnection, type Answer } from '../../test/support/http-client.ts';
import { ANN, startPlane, type Plane } from '../../test/support/http.ts';
import { widget } from '../../test/support/registry.ts';
import { createFakeClock, type FakeClock } from '../runtime/clock.ts';

const WIDGETS = '/apis/data.polder.dev/v1alpha1/namespaces/a/widgets';

describe('limits and deadlines', () => {
  let plane: Plane;
  let clock: FakeClock;
  before(async () => {
    clock = createFakeClock(Date.now());
    plane = await startPlane({ clock, limits: { inFlightReads: 3, inFlightWrites: 2 } });
    await plane.call('POST', WIDGETS, { body: widget('w') });
  });
  after(async () => {
    await plane.close();
  });
  /** A list that waits: its resourceVersion has not been reached. */
  const waiting = (query = '', token = ADMIN): Promise<Answer> =>
    plane.call('GET', `${WIDGETS}?resourceVersionMatch=NotOlderThan&resourceVersion=99999${query}`, {
      token,
    });

  /** A create whose body is still to be written. */
  const post = (bytes: number): ClientRequest => {
    const request = httpsRequest(`${plane.url}${WIDGETS}`, {
      method: 'POST',
      ca: plane.ca.cert,
      headers: {
        authorization: `Bearer ${ADMIN}`,
        'content-type': 'application/json',
        'content-length': bytes,
      },
    });
    request.on('error', () => undefined);
    return request;
  };

  it('C132 answers 429 with Retry-After above the limit, but not to administrators', async () => {
    await plane.addTenant('acme');
    const path = '/apis/data.polder.dev/v1alpha1/namespaces/tn-acme/widgets';
    const held = Array.from({ length: 3 }, async () =>
      plane.call('GET', `${path}?resourceVersionMatch=NotOlderThan&resourceVersion=99999`, { token: ANN }),
    );
    let refused = await plane.call('GET', path, { token: ANN });
    for (const deadline = Date.now() + 20_000; refused.status !== 429 && Date.now() < deadline;) {
      refused = await plane.call('GET', path, { token: ANN });
    }
    const allowed = await plane.call('GET', WIDGETS);

    assert.deepEqual([refused.status, refused.headers['retry-after'], allowed.status], [429, '1', 200]);
    assert.equal(refused.json().details.retryAfterSeconds, 1);
    const watch = await plane.watch(`${path}?watch=1`, { token: ANN });
    watch.close();
    clock.advance(5000);
    await Promise.all(held);
    assert.equal((await plane.call('GET', path, { token: ANN })).status, 200);
  });

  it('C132 answers 504 when the time the client gave is over', async () => {
    const answer = waiting('&timeout=1s');
    await untilRead();
    clock.advance(1001);
    const late = await answer;
    assert.deepEqual([late.status, late.json().reason, late.json().code], [504, 'Timeout', 504]);
    assert.equal((await plane.call('GET', `${WIDGETS}?timeout=soon`)).status, 400);
  });

  it('counts the time that passes, not the time that somebody sets', async () => {
    const body = JSON.stringify(widget('set'));
    const request = post(body.length);
    request.write(body.slice(0, 10));
    await untilRead();
    clock.setTime(clock.now() + 86_400_000);
    clock.advance(2_000);
    request.end(body.slice(10));
    const [response] = await once(request, 'response');
    response.resume();
    assert.equal(response.statusCode, 201);
  });

  it('does not write what arrives after the deadline', async () => {
    const body = JSON.stringify(widget('late'));
    const request = post(body.length);
    request.write(body.slice(0, 10));
    await untilRead();
    clock.advance(34_001);
    const [response] = await once(request, 'response');
    assert.equal(response.statusCode, 504);
    response.resume();
    request.end(body.slice(10));
    await once(response, 'end');
    assert.equal((await plane.call('GET', `${WIDGETS}/late`)).status, 404);
    assert.equal((await plane.call('POST', WIDGETS, { body: widget('next') })).status, 201);
  });

  it('cuts a client that does not read its list when the time is over, and forgets the request', async () => {
    const path = WIDGETS.replace('/a/', '/b/');
    const pad = 'x'.repeat(1_000_000);
    for (let i = 0; i < 16; i += 1) {
      const made = await plane.call('POST', path, { body: widget(`large-${i}`, { notes: { pad } }) });
      assert.equal(made.status, 201, made.text.slice(0, 200));
    }
    const slow = await rawConnection(plane);
    slow.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${ADMIN}\r\n\r\n`);
    await once(slow, 'readable');
    await untilRead();
    clock.advance(60_001);

    const text = await everything(slow);
    assert.ok(text.startsWith('HTTP/1.1 200'));
    assert.ok(text.length < 16_000_000, 'the list was sent to its end');
    const isOver = (): boolean =>
      plane.audit().some((one) => one['requestURI'] === path && one['verb'] === 'list');
    for (let turn = 0; turn < 100 && !isOver(); turn += 1) await untilRead();
    assert.ok(isOver(), 'the request still holds its place');
  });

  /** The server has read what was sent before: a request on another connection went all the way meanwhile. */
  async function untilRead(): Promise<void> {
    for (let turn = 0; turn < 20; turn += 1) await plane.call('GET', '/version');
  }
});

describe('stopping', () => {
  it('C23 fails readiness first, lets requests finish, ends watches cleanly, then closes', async () => {
    const plane = await startPlane();
    const agent = new Agent({ ca: plane.ca.cert, keepAlive: true });
    const watch = await plane.watch(`${WIDGETS}?watch=1&resourceVersion=0`);
    await plane.call('GET', '/version', { agent });
    const body = JSON.stringify(widget('in-flight'));
    const request = httpsRequest(`${plane.url}${WIDGETS}`, {
      method: 'POST',
      ca: plane.ca.cert,
      headers: { authorization: `Bearer ${ADMIN}`, 'content-length': body.length },
    });
    request.write(body.slice(0, 10));
    await plane.call('GET', '/version', { agent });

    const closing = plane.http.close(5000);
    const events = watch.rest();
    request.end(body.slice(10));
    const [response] = await once(request, 'response');
    response.resume();
    await closing;

    assert.equal(response.statusCode, 201);
    assert.equal(response.headers.connection, 'close');
    assert.deepEqual(await events, []);
    await assert.rejects(plane.call('GET', '/version'));
    agent.destroy();
    await plane.close();
  });

  it('C23 answers new connections while readiness fails, until the delay is over', async () => {
    const plane = await startPlane();
    const apart = (path: string): ReturnType<typeof plane.call> =>
      plane.call('GET', path, { agent: new Agent({ ca: plane.ca.cert, keepAlive: false }) });
    const closing = plane.http.close(5_000, 4_000);

    assert.equal((await apart('/readyz')).status, 500);
    assert.equal((await apart('/livez')).status, 200);
    const answer = await apart('/version');
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.connection, 'close');
    await closing;
    await assert.rejects(apart('/version'));
    await plane.close();
  });

  it('cuts what does not finish in time', async () => {
    const plane = await startPlane();
    const socket = await rawConnection(plane);
    socket.write(
      `POST ${WIDGETS} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${ADMIN}\r\nContent-Length: 10\r\n\r\n{`,
    );
    await plane.call('GET', '/version');
    const cut = once(socket, 'close');
    await plane.http.close(100);
    await cut;
    await plane.close();
  });
});
