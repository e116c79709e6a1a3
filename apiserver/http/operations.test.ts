import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent } from 'node:https';
import { connect } from 'node:tls';
import { ADMIN, everything, rawConnection, type Json } from '../../test/support/http-client.ts';
import { ANN, NOBODY, startPlane, type Plane } from '../../test/support/http.ts';
import { widget } from '../../test/support/registry.ts';
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

  it('C20 answers probes without credentials and with good ones, whoever has them', async () => {
    for (const path of ['/livez', '/readyz', '/healthz', '/readyz/store', '/livez/ping']) {
      for (const token of ['', NOBODY]) {
        const answer = await plane.call('GET', path, { token });
        assert.deepEqual([answer.status, answer.text], [200, 'ok'], path);
      }
    }
    assert.equal((await plane.call('GET', '/readyz/none', { token: '' })).status, 404);
  });

  it('answers probes with bad credentials 401, on the record, like every other path', async () => {
    for (const path of ['/livez', '/readyz/store']) {
      const answer = await plane.call('GET', path, {
        token: 'wrong-token',
        headers: { 'Audit-ID': 'bad-probe' },
      });

      assert.deepEqual([answer.status, answer.json().reason], [401, 'Unauthorized'], path);
    }
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
    const refused = await plane.call('GET', '/version', { headers: more });
    assert.deepEqual([refused.status, refused.json().code], [431, 431]);
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
});

async function serialOf(plane: Plane): Promise<string> {
  const socket = await rawConnection(plane);
  const { serialNumber } = socket.getPeerCertificate();
  socket.destroy();
  return serialNumber;
}
