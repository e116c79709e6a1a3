import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, request as httpsRequest } from 'node:https';
import { connect, type TLSSocket } from 'node:tls';
import {
  ADMIN,
  ANN,
  GIL,
  NOBODY,
  startPlane,
  type Answer,
  type Json,
  type Plane,
} from '../../test/support/http.ts';
import { widget } from '../../test/support/registry.ts';
import { createFakeClock, systemClock, type FakeClock } from '../runtime/clock.ts';
import { issue } from '../runtime/certificates.ts';

const WIDGETS = '/apis/data.polder.dev/v1alpha1/namespaces/a/widgets';
const TENANTS = '/apis/platform.polder.dev/v1alpha1/tenants';

describe('operations', () => {
  let plane: Plane;
  const broken: { why: string | undefined } = { why: undefined };
  before(async () => {
    plane = await startPlane({
      health: [
        { name: 'store', probes: ['live', 'ready'], check: () => undefined },
        { name: 'policy', probes: ['ready'], check: () => broken.why },
      ],
      extraRoutes: [
        {
          prefix: '/polder/planes',
          handle: (request, response) => void response.end(`mine ${request.method} ${request.url}`),
        },
      ],
    });
  });
  after(async () => {
    await plane.close();
  });

  it('C20 answers probes without credentials, and with any', async () => {
    for (const path of ['/livez', '/readyz', '/healthz', '/readyz/store', '/livez/ping']) {
      for (const token of ['', 'wrong-token', NOBODY]) {
        const answer = await plane.call('GET', path, { token });
        assert.deepEqual([answer.status, answer.text], [200, 'ok'], path);
      }
    }
    assert.equal((await plane.call('GET', '/readyz/none', { token: '' })).status, 404);
  });

  it('C20 says which check failed, and why only in the log', async () => {
    broken.why = 'the secret reason';
    const answer = await plane.call('GET', '/readyz', { token: '' });
    const live = await plane.call('GET', '/livez', { token: '' });
    const one = await plane.call('GET', '/readyz/policy', { token: '' });
    const excluded = await plane.call('GET', '/readyz?exclude=policy&verbose', { token: '' });
    broken.why = undefined;

    assert.deepEqual([answer.status, live.status, one.status, excluded.status], [500, 200, 500, 200]);
    assert.match(answer.text, /^\[\+\]ping ok\n\[\+\]store ok\n\[-\]policy failed: reason withheld\n/);
    assert.match(answer.text, /readyz check failed\n$/);
    assert.match(excluded.text, /\[\+\]policy excluded: ok/);
    assert.ok(plane.logged.some((line) => line.includes('the secret reason')));
  });

  it('C132 echoes Audit-ID and writes one record per request, without query, body or token', async () => {
    const body = widget('audited', { notes: { secret: 'canary-value' } });
    await plane.call('POST', `${WIDGETS}?fieldManager=canary-query`, {
      body,
      headers: { 'audit-id': 'my-audit-1' },
    });
    const refused = await plane.call('GET', TENANTS, { token: ANN, headers: { 'audit-id': 'a b\tc' } });

    assert.match(refused.headers['audit-id'] as string, /^[0-9a-f-]{36}$/);
    const records = plane.audit();
    const created = records.find((one) => one['auditID'] === 'my-audit-1') as Json;
    assert.deepEqual(
      [created.kind, created.apiVersion, created.verb, created.user.username, created.responseStatus.code],
      ['Event', 'audit.k8s.io/v1', 'create', 'root', 201],
    );
    assert.deepEqual(created.objectRef, {
      resource: 'widgets',
      apiGroup: 'data.polder.dev',
      apiVersion: 'v1alpha1',
      namespace: 'a',
    });
    assert.equal(created.annotations['authorization.k8s.io/decision'], 'allow');
    const denied = records.find((one) => one['auditID'] === refused.headers['audit-id']) as Json;
    assert.deepEqual([denied.responseStatus.code, denied.responseStatus.reason], [403, 'Forbidden']);
    assert.equal(denied.annotations['authorization.k8s.io/decision'], 'forbid');
    const text = JSON.stringify(records);
    for (const secret of ['canary-value', 'canary-query', ADMIN, ANN])
      assert.ok(!text.includes(secret), secret);
  });

  it('writes nothing of a request into the log but what names it', async () => {
    await plane.call('POST', WIDGETS, {
      body: widget('w', { notes: { s: 'canary-log' } }),
      token: 'canary-token',
    });
    assert.ok(!plane.logged.some((line) => line.includes('canary-')));
  });

  it('C132 serves metrics under the names of Kubernetes to those who may see them', async () => {
    await plane.call('GET', `${WIDGETS}?dryRun=All`);
    await plane.call('GET', '/apis/none.dev/v1/made-up-by-a-client');
    const answer = await plane.call('GET', '/metrics');

    assert.match(answer.headers['content-type'] ?? '', /^text\/plain/);
    const series =
      /^apiserver_request_total\{verb="LIST",group="data.polder.dev",version="v1alpha1",resource="widgets",subresource="",scope="namespace",component="apiserver",dry_run="",code="200"\} \d+$/m;
    for (const pattern of [
      /^apiserver_request_duration_seconds_bucket\{le="0.005",verb="LIST"/m,
      /^apiserver_current_inflight_requests\{request_kind="readOnly"\} [01]$/m,
      /^# TYPE apiserver_longrunning_requests gauge$/m,
    ]) {
      assert.match(answer.text, pattern);
    }
    await plane.call('GET', WIDGETS);
    assert.match((await plane.call('GET', '/metrics')).text, series);
    assert.doesNotMatch(answer.text, /made-up/);
    assert.equal((await plane.call('GET', '/metrics', { token: NOBODY })).status, 403);
    assert.equal((await plane.call('GET', '/metrics', { token: '' })).status, 401);
  });

  it('C110 answers a readable 413 to a body above 3 MiB, with and without its length', async () => {
    const body = Buffer.from(JSON.stringify(widget('big', { notes: { pad: 'x'.repeat(3 * 1024 * 1024) } })));
    assert.ok(body.length > 3 * 1024 * 1024);
    const length = { 'content-length': String(body.length) };
    for (const headers of [
      length,
      { 'transfer-encoding': 'chunked' },
      { ...length, expect: '100-continue' },
    ]) {
      const answer = await plane.call('POST', WIDGETS, { body, headers });
      assert.deepEqual(
        [answer.status, answer.json().reason],
        [413, 'RequestEntityTooLarge'],
        JSON.stringify(headers),
      );
      assert.match(answer.json().message, /limit is 3145728/);
    }
    assert.equal((await plane.call('GET', `${WIDGETS}/big`)).status, 404);
  });

  it('C110 goes on reading after a refused body, so that the connection is not reset', async () => {
    const body = Buffer.alloc(12 * 1024 * 1024, 0x20);
    const agent = new Agent({ ca: plane.ca.cert, keepAlive: true, maxSockets: 1 });
    const first = await plane.call('POST', WIDGETS, { body, agent });
    const second = await plane.call('GET', '/version', { agent });
    agent.destroy();
    assert.deepEqual([first.status, second.status], [413, 200]);
  });

  it('C11 takes 100 KiB of headers and refuses more with 431', async () => {
    const groups = Object.fromEntries(
      Array.from({ length: 25 }, (_, i) => [`x-filler-${i}`, 'g'.repeat(4000)]),
    );
    assert.equal((await plane.call('GET', '/version', { headers: groups })).status, 200);
    const more = Object.fromEntries(
      Array.from({ length: 40 }, (_, i) => [`x-filler-${i}`, 'g'.repeat(4000)]),
    );
    assert.equal((await plane.call('GET', '/version', { headers: more })).status, 431);
  });

  it('answers what is not HTTP, and closes', async () => {
    const socket = await rawConnection(plane);
    socket.write('HELLO\r\n\r\n');
    const text = await everything(socket);
    assert.match(text, /^HTTP\/1\.1 400 Bad Request\r\n/);
    assert.equal(JSON.parse(text.split('\r\n\r\n')[1] ?? '').kind, 'Status');
  });

  it('C24 speaks HTTP/1.1 to a client that would also take HTTP/2', async () => {
    const socket = connect({
      port: plane.port,
      host: '127.0.0.1',
      ca: plane.ca.cert,
      ALPNProtocols: ['h2', 'http/1.1'],
    });
    await once(socket, 'secureConnect');
    assert.equal(socket.alpnProtocol, 'http/1.1');
    socket.destroy();
  });

  it('C14 gives new connections a new certificate and keeps the open ones', async () => {
    const watch = await plane.watch(`${WIDGETS}?watch=1&resourceVersion=0`);
    const before = await serialOf(plane);
    const leaf = await issue(plane.ca, {
      commonName: 'polder',
      subjectAltNames: ['127.0.0.1'],
      usage: 'server',
      validForMs: 86_400_000,
      now: Date.now(),
    });
    plane.http.setTls({ ...leaf, clientCa: plane.ca.cert });

    assert.notEqual(await serialOf(plane), before);
    await plane.call('POST', WIDGETS, { body: widget('after-renewal') });
    for (;;) if ((await watch.next()).object.metadata.name === 'after-renewal') break;
    watch.close();
  });

  it('hands mounted paths and upgrades to those who mounted them', async () => {
    assert.equal(
      (await plane.call('POST', '/polder/planes/x?y=1', { token: '' })).text,
      'mine POST /polder/planes/x?y=1',
    );
    assert.equal((await plane.call('GET', '/polder/planesque', { token: '' })).status, 401);
    plane.http.onUpgrade('/polder/hub', (request, socket) => {
      socket.end(`HTTP/1.1 101 Switching Protocols\r\n\r\n${request.url}`);
    });
    const socket = await rawConnection(plane);
    socket.write(
      'GET /polder/hub/a HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    );
    assert.match(await everything(socket), /101 Switching Protocols\r\n\r\n\/polder\/hub\/a$/);
  });

  it('ignores an upgrade to anything but a WebSocket', async () => {
    const headers = {
      connection: 'Upgrade, HTTP2-Settings',
      upgrade: 'h2c',
      'http2-settings': 'AAMAAABkAARAAAAA',
    };
    assert.equal((await plane.call('GET', '/version', { headers })).status, 200);
  });

  it('C106 sends warnings as quoted UTF-8, each once', async () => {
    const body =
      '{"apiVersion":"data.polder.dev/v1alpha1","kind":"Widget","metadata":{"name":"warned"},"spec":{"zoë\\"":1,"size":1,"size":2}}';
    const answer = await plane.call('POST', WIDGETS, { body });

    assert.equal(answer.status, 201, answer.text);
    const warnings = headersOf(answer, 'warning').map((text) => Buffer.from(text, 'latin1').toString('utf8'));
    assert.deepEqual(warnings.sort(), [
      '299 - "duplicate field \\"spec.size\\""',
      '299 - "unknown field \\"spec.zoë\\"\\""',
    ]);
  });

  it('C105 refuses a dryRun it does not know, and odd field managers, with 422', async () => {
    for (const [query, field] of [
      ['dryRun=x', 'dryRun'],
      ['dryRun=All&dryRun=y', 'dryRun'],
      [`fieldManager=${'m'.repeat(129)}`, 'fieldManager'],
      ['fieldManager=a%00b', 'fieldManager'],
      ['fieldValidation=Loud', 'fieldValidation'],
    ] as const) {
      const answer = await plane.call('POST', `${WIDGETS}?${query}`, { body: widget('never') });
      assert.equal(answer.status, 422, query);
      const { details } = answer.json();
      assert.deepEqual([details.kind, details.causes[0].field], ['CreateOptions', field]);
    }
    assert.equal((await plane.call('GET', `${WIDGETS}/never`)).status, 404);
  });

  it('C114 refuses an apply without a manager, and force on other patches, with 422', async () => {
    const patch = async (type: string, query: string): Promise<Answer> =>
      plane.call('PATCH', `${WIDGETS}/audited?${query}`, {
        body: widget('audited'),
        headers: { 'content-type': `application/${type}` },
      });
    assert.equal((await patch('apply-patch+yaml', '')).status, 422);
    assert.equal((await patch('merge-patch+json', 'force=true')).status, 422);
    assert.equal((await patch('apply-patch+yaml', 'fieldManager=me&force=1')).status, 200);
  });

  it('asks for create when an apply would create', async () => {
    await plane.addTenant('acme');
    const base = '/apis/data.polder.dev/v1alpha1/namespaces/tn-acme';
    const policy = {
      apiVersion: 'data.polder.dev/v1alpha1',
      kind: 'AccessPolicy',
      metadata: { name: 'patchers' },
      spec: {
        effect: 'Allow',
        subjects: [{ kind: 'User', name: 'gil' }],
        actions: ['widgets:patch', 'widgets:get'],
      },
    };
    const made = await plane.call('POST', `${base}/accesspolicies`, { body: policy, token: ANN });
    assert.equal(made.status, 201, made.text);
    const apply = async (name: string): Promise<Answer> =>
      plane.call('PATCH', `${base}/widgets/${name}?fieldManager=me&force=true`, {
        body: widget(name, { size: 4 }),
        token: GIL,
        headers: { 'content-type': 'application/apply-patch+yaml' },
      });
    const refused = await apply('fresh');
    assert.equal(refused.status, 403, refused.text);
    assert.match(refused.json().message, /User "gil" cannot create resource "widgets"/);
    await plane.call('POST', `${base}/widgets`, { body: widget('there'), token: ANN });
    assert.equal((await apply('there')).status, 200);
  });

  it('C125 checks delete options, in the body first', async () => {
    await plane.call('POST', WIDGETS, { body: widget('kept') });
    const options = (more: object): object => ({ kind: 'DeleteOptions', apiVersion: 'v1', ...more });
    const refusals: readonly (readonly [string, object | undefined, number])[] = [
      ['', options({ propagationPolicy: 'X' }), 422],
      ['propagationPolicy=X', undefined, 422],
      ['', options({ propagationPolicy: 'Orphan', orphanDependents: true }), 422],
      ['', options({ dryRun: ['No'] }), 422],
      ['', options({ gracePeriodSeconds: -1 }), 422],
      ['', options({ preconditions: { uid: 'wrong' } }), 409],
      ['', options({ preconditions: { resourceVersion: '1' } }), 409],
      ['', { kind: 'Widget', apiVersion: 'data.polder.dev/v1alpha1' }, 400],
      ['', options({ gracePeriodSeconds: 'soon' }), 400],
      ['gracePeriodSeconds=soon', undefined, 400],
    ];
    for (const [query, body, code] of refusals) {
      const answer = await plane.call(
        'DELETE',
        `${WIDGETS}/kept?${query}`,
        body === undefined ? {} : { body },
      );
      assert.equal(answer.status, code, `${query} ${JSON.stringify(body)} ${answer.text}`);
    }
    const dry = await plane.call('DELETE', `${WIDGETS}/kept?propagationPolicy=X`, {
      body: options({ dryRun: ['All'] }),
    });
    assert.equal(dry.status, 200);
    const empty = await plane.call('DELETE', `${WIDGETS}/kept`, {
      headers: { 'content-type': 'application/json' },
    });
    assert.equal(empty.json().status, 'Success');
  });

  it('C127 deletes a collection by selector, from the query, and returns it', async () => {
    for (const name of ['c1', 'c2']) {
      await plane.call('POST', WIDGETS, { body: widget(name, {}, { labels: { group: name } }) });
    }
    const answer = await plane.call('DELETE', `${WIDGETS}?labelSelector=group%3Dc1`);
    assert.deepEqual([answer.json().kind, answer.json().items.length], ['WidgetList', 1]);
    assert.equal((await plane.call('GET', `${WIDGETS}/c1`)).status, 404);
    assert.equal((await plane.call('GET', `${WIDGETS}/c2`)).status, 200);
  });

  it('C62 C63 C64 answers 400 to selectors, limits and revisions it cannot read', async () => {
    for (const query of [
      'labelSelector=a%3D%3D%3Db',
      'fieldSelector=spec.nope%3D1',
      'limit=x',
      'resourceVersion=abc',
      'continue=x',
    ]) {
      const answer = await plane.call('GET', `${WIDGETS}?${query}`);
      assert.deepEqual([answer.status, answer.json().reason], [400, 'BadRequest'], query);
    }
  });

  it('C60 answers 422 to options that contradict each other', async () => {
    for (const query of [
      'resourceVersionMatch=Exact',
      'resourceVersionMatch=Exact&resourceVersion=0',
      'resourceVersionMatch=Unheard&resourceVersion=1',
      'resourceVersionMatch=NotOlderThan&resourceVersion=1&continue=x',
    ]) {
      const answer = await plane.call('GET', `${WIDGETS}?${query}`);
      assert.deepEqual(
        [answer.status, answer.json().details.causes[0].field],
        [422, 'resourceVersionMatch'],
        query,
      );
    }
  });

  it('C17 says who may not do what where, and how to get it', async () => {
    const answer = await plane.call('GET', `${WIDGETS}/w`, { token: ANN });
    assert.equal(answer.status, 403);
    const status = answer.json();
    assert.match(
      status.message,
      /^widgets\.data\.polder\.dev "w" is forbidden: User "ann" cannot get resource "widgets" in API group "data\.polder\.dev" in the namespace "a": .*ask/,
    );
    assert.deepEqual(status.details, { name: 'w', group: 'data.polder.dev', kind: 'widgets' });
    const path = await plane.call('GET', '/metrics', { token: ANN });
    assert.match(path.json().message, /^forbidden: User "ann" cannot get path "\/metrics": /);
  });

  it('does not tell a caller without access what exists', async () => {
    const there = await plane.call('GET', `${WIDGETS}/audited`, { token: NOBODY });
    const missing = await plane.call('GET', `${WIDGETS}/missing`, { token: NOBODY });
    assert.equal(there.text.replaceAll('audited', 'x'), missing.text.replaceAll('missing', 'x'));
    const unserved = await plane.call('GET', '/apis/none.dev/v1/things', { token: NOBODY });
    assert.deepEqual([there.status, unserved.status], [403, 403]);
  });
});

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

  it('C132 answers 429 with Retry-After above the limit, but not to administrators', async () => {
    await plane.addTenant('acme');
    const path = '/apis/data.polder.dev/v1alpha1/namespaces/tn-acme/widgets';
    const held = Array.from({ length: 3 }, async () =>
      plane.call('GET', `${path}?resourceVersionMatch=NotOlderThan&resourceVersion=99999`, { token: ANN }),
    );
    let refused = await plane.call('GET', path, { token: ANN });
    for (const deadline = Date.now() + 5000; refused.status !== 429 && Date.now() < deadline;) {
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

  it('does not write what arrives after the deadline', async () => {
    const body = JSON.stringify(widget('late'));
    const request = httpsRequest(`${plane.url}${WIDGETS}`, {
      method: 'POST',
      ca: plane.ca.cert,
      headers: {
        authorization: `Bearer ${ADMIN}`,
        'content-type': 'application/json',
        'content-length': body.length,
      },
    });
    request.on('error', () => undefined);
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

  it('cuts what does not finish in time', async () => {
    const plane = await startPlane({ clock: systemClock });
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

async function rawConnection(plane: Plane): Promise<TLSSocket> {
  const socket = connect({ port: plane.port, host: '127.0.0.1', ca: plane.ca.cert });
  socket.on('error', () => undefined);
  await once(socket, 'secureConnect');
  return socket;
}

async function everything(socket: TLSSocket): Promise<string> {
  let text = '';
  for await (const chunk of socket) text += String(chunk);
  return text;
}

async function serialOf(plane: Plane): Promise<string> {
  const socket = await rawConnection(plane);
  const { serialNumber } = socket.getPeerCertificate();
  socket.destroy();
  return serialNumber;
}

function headersOf(answer: Answer, name: string): readonly string[] {
  return answer.rawHeaders.filter(
    (_, index) => answer.rawHeaders[index - 1]?.toLowerCase() === name && index % 2 === 1,
  );
}
