import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import { connect } from 'node:tls';
import { Pod } from '../apiserver/kinds/native/pod.ts';
import { createAuthority, issue, type Authority, type KeyPair } from '../apiserver/runtime/certificates.ts';
import { createFakeClock, type FakeClock } from '../apiserver/runtime/clock.ts';
import { createHealth } from '../apiserver/runtime/health.ts';
import { silentLog } from '../apiserver/runtime/log.ts';
import { createMetrics } from '../apiserver/runtime/metrics.ts';
import { dev } from '../test/support/policy.ts';
import { createReviewWorld, reviewBody, type ReviewWorld } from '../test/support/reviews.ts';
import { until } from '../test/support/until.ts';
import { createWebhookServer, type WebhookLimits, type WebhookServer } from './server.ts';

interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}
interface Running {
  readonly server: WebhookServer;
  readonly clock: FakeClock;
  readonly world: ReviewWorld;
  readonly url: string;
  readonly authority: Authority;
  readonly send: (method: string, path: string, body?: Buffer, cert?: KeyPair) => Promise<Reply>;
}

const DAY_MS = 86_400_000;
const SECRET = '0123456789abcdef';
const ISOLATE = `/${SECRET}/isolation.polder.dev`;
const MUTATE = `/${SECRET}/mutate.polder.dev`;
/** As if the Secret held it. */
const entryOf = (path: string): string | undefined =>
  path.startsWith(`/${SECRET}/`) ? path.slice(SECRET.length + 2) : undefined;

describe('webhook server', () => {
  const closers: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0)) await close();
  });

  async function serving(authority: Authority): Promise<KeyPair> {
    const subjectAltNames = ['localhost', '127.0.0.1'];
    return issue(authority, {
      commonName: 'polder-webhooks',
      subjectAltNames,
      usage: 'server',
      validForMs: DAY_MS,
      now: Date.now(),
    });
  }

  const kubeApiServer = (authority: Authority): Promise<KeyPair> =>
    issue(authority, {
      commonName: 'kube-apiserver',
      usage: 'client',
      validForMs: DAY_MS,
      now: Date.now(),
    });

  async function start(limits: Partial<WebhookLimits> = {}, withClients = false): Promise<Running> {
    const authority = await createAuthority({ commonName: 'test', validForMs: DAY_MS, now: Date.now() });
    const world = createReviewWorld();
    const clock = createFakeClock();
    const server = createWebhookServer({
      clock,
      admitter: world.admitter,
      paths: { entryOf },
      health: createHealth([{ name: 'state', probes: ['ready'], check: () => world.loading }], silentLog),
      metrics: createMetrics(),
      log: silentLog,
      limits,
      ...(withClients ? { clientCa: authority.cert } : {}),
    });
    const { port } = await server.start(await serving(authority), 0, '127.0.0.1');
    closers.push(() => server.close(100));
    const send: Running['send'] = (method, path, body, cert) =>
      new Promise((resolve, reject) => {
        const agent = new Agent({ keepAlive: false });
        const pair = cert === undefined ? {} : { cert: cert.cert, key: cert.key };
        const outgoing = httpsRequest(
          { host: '127.0.0.1', port, method, path, ca: authority.cert, agent, ...pair },
          (response) => {
            const chunks: Buffer[] = [];
            response.on('data', (chunk: Buffer) => chunks.push(chunk));
            response.on('end', () =>
              resolve({
                status: response.statusCode ?? 0,
                headers: response.headers,
                text: Buffer.concat(chunks).toString(),
              }),
            );
          },
        );
        outgoing.on('error', reject);
        outgoing.end(body);
      });
    return { server, clock, world, url: `https://127.0.0.1:${port}`, authority, send };
  }

  const question = (object = { metadata: { name: 'p', namespace: 'tn-acme' }, spec: {} }): Buffer =>
    Buffer.from(JSON.stringify(reviewBody({ user: dev, kind: Pod, object })));

  it('answers a question and counts it by kind and decision', async () => {
    const { send } = await start();
    const denied = question({
      metadata: { name: 'p', namespace: 'tn-acme' },
      spec: { hostPID: true },
    } as never);
    const replies = [
      await send('POST', ISOLATE, question()),
      await send('POST', `${ISOLATE}?timeout=3s`, denied),
    ];
    assert.deepEqual(
      replies.map(({ status }) => status),
      [200, 200],
    );
    const answers = replies.map(
      ({ text }) => (JSON.parse(text) as { response: { allowed: boolean } }).response.allowed,
    );
    assert.deepEqual(answers, [true, false]);
    const { text } = await send('GET', '/metrics');
    assert.match(text, /polder_webhook_review_seconds_count\{[^}]*resource="pods",decision="denied"\} 1/);
    assert.match(
      text,
      /polder_webhook_reviews_total\{webhook="isolation.polder.dev",operation="CREATE",resource="pods",decision="allowed",code="200"\} 1/,
    );
  });

  it('takes an update with two objects of 3 MiB, and says what is wrong with more', async () => {
    const { send } = await start();
    const object = {
      metadata: { name: 'p', namespace: 'tn-acme', annotations: { note: 'x'.repeat(3 * 1024 * 1024) } },
      spec: {},
    };
    const large = Buffer.from(JSON.stringify(reviewBody({ user: dev, kind: Pod, object, old: object })));
    const { status, text } = await send('POST', ISOLATE, large);
    assert.equal(status, 200);
    assert.equal((JSON.parse(text) as { response: { allowed: boolean } }).response.allowed, true);
    const reply = await send('POST', ISOLATE, Buffer.alloc(9 * 1024 * 1024, 0x20));
    assert.equal(reply.status, 413);
    assert.match(reply.text, /larger than 8388608 bytes/);
  });

  it('answers 400 for what is no question and 405 for what asks nothing', async () => {
    const { send } = await start();
    assert.equal((await send('POST', ISOLATE, Buffer.from('{}'))).status, 400);
    assert.equal((await send('GET', ISOLATE)).status, 405);
  });

  it('answers 404 with the same words to whoever does not know the path, and counts that', async () => {
    const { send } = await start({ perSecond: 1 });
    const unknown = [
      '/isolate',
      '/isolation.polder.dev',
      `/${SECRET}`,
      `/${SECRET}/`,
      `/${SECRET}/other.polder.dev`,
      `/${'f'.repeat(16)}/isolation.polder.dev`,
      '/',
      '/metrics',
      '/readyz',
    ];
    for (const path of unknown) {
      const { status, text } = await send('POST', path, question());
      assert.deepEqual([status, text], [404, 'not found\n'], path);
    }
    assert.equal((await send('GET', '/nothing')).status, 404);
    assert.equal((await send('GET', '/readyz/nothing')).status, 404);
    const { text } = await send('GET', '/metrics');
    assert.match(text, /polder_webhook_unknown_path_total 11\n/);
    assert.doesNotMatch(text, new RegExp(SECRET));
    // Nor does it take anything from kube-apiserver, whose address it may have.
    assert.equal((await send('POST', ISOLATE, question())).status, 200);
  });

  it('asks the same hook about Namespaces by the path of their own entry', async () => {
    const { send } = await start();
    const path = `/${SECRET}/namespaces.isolation.polder.dev`;
    assert.equal((await send('POST', path, question())).status, 200);
  });

  it('turns questions away when too many are being received', async () => {
    const { send } = await start({ bufferedBytes: 100 });
    const { status, text } = await send('POST', ISOLATE, question());
    assert.equal(status, 503);
    assert.match(text, /^OVERLOADED/);
    assert.match((await send('GET', '/metrics')).text, /polder_webhook_shed_total 1/);
  });

  it('turns one address away that asks too often, until time has passed, and answers its probes', async () => {
    const { send, clock } = await start({ perSecond: 1 });
    for (let index = 0; index < 5; index += 1) {
      assert.equal((await send('POST', ISOLATE, question())).status, 200, String(index));
    }
    const { status, text, headers } = await send('POST', MUTATE, question());
    assert.equal(status, 429);
    assert.equal(headers['retry-after'], '1');
    const { kind, reason, code, details } = JSON.parse(text) as Record<string, unknown>;
    assert.deepEqual(
      [kind, reason, code, details],
      ['Status', 'TooManyRequests', 429, { retryAfterSeconds: 1 }],
    );
    assert.equal((await send('GET', '/readyz')).status, 200);
    assert.match((await send('GET', '/metrics')).text, /polder_webhook_limited_total 1\n/);
    clock.advance(1_000);
    assert.equal((await send('POST', MUTATE, question())).status, 200);
    assert.equal((await send('POST', MUTATE, question())).status, 429);
  });

  it('leaves places for others while one address sends its questions slowly', async () => {
    const { send, url, authority, server } = await start({ inFlight: 4 });
    const agent = new Agent({ keepAlive: false });
    const { port } = new URL(url);
    const slow = Array.from({ length: 3 }, () => {
      const headers = { 'content-length': '100', expect: '100-continue' };
      const options = { host: '127.0.0.1', port, method: 'POST', path: ISOLATE, headers };
      return httpsRequest({ ...options, ca: authority.cert, agent });
    });
    for (const request of slow) {
      request.on('error', () => undefined);
      // The server has taken it and waits for its body.
      await new Promise((resolve) => request.on('continue', resolve).flushHeaders());
    }
    const metrics = await send('GET', '/metrics');
    assert.match(metrics.text, /polder_webhook_in_flight 3\n/);
    const { status, text } = await send('POST', ISOLATE, question());
    assert.deepEqual([status, text.startsWith('OVERLOADED')], [503, true]);
    const [first, ...others] = slow;
    const ended = new Promise((resolve) => first?.on('response', resolve));
    first?.end(Buffer.alloc(100, 0x20));
    await ended;
    assert.equal((await send('POST', ISOLATE, question())).status, 200);
    for (const request of others) request.destroy();
    await server.close(0);
  });

  it('takes the place away from a question that does not arrive in time', async function () {
    this.timeout(10_000);
    const { send, url, authority } = await start({ requestMs: 100 });
    const headers = { 'content-length': '100' };
    const { port } = new URL(url);
    const options = { host: '127.0.0.1', port, method: 'POST', path: ISOLATE, headers };
    const request = httpsRequest({ ...options, ca: authority.cert, agent: new Agent({ keepAlive: false }) });
    const ended = new Promise<number>((resolve) => {
      request.on('error', () => resolve(0));
      request.on('response', (response) => resolve(response.resume().statusCode ?? 0));
    });
    request.flushHeaders();
    assert.equal(await ended, 408);
    await until('the place is free', async () =>
      (await send('GET', '/metrics')).text.includes('polder_webhook_in_flight 0\n'),
    );
  });

  it('refuses what is nested too deep', async () => {
    const { send } = await start();
    const deep = Buffer.from(`{"request":${'['.repeat(600)}${']'.repeat(600)}}`);
    const { status, text } = await send('POST', ISOLATE, deep);
    assert.equal(status, 400);
    assert.match(text, /512/);
  });

  it('is live at once and ready when its state is complete', async () => {
    const { send, world } = await start();
    world.loading = 'tenants are still being loaded';
    assert.equal((await send('GET', '/livez')).status, 200);
    const reply = await send('GET', '/readyz?verbose');
    assert.equal(reply.status, 500);
    assert.match(reply.text, /\[-\]state failed/);
    world.loading = undefined;
    assert.equal((await send('GET', '/readyz')).status, 200);
    assert.equal((await send('GET', '/readyz/state')).status, 200);
  });

  it('shows a replaced certificate to new connections', async () => {
    const { server, url, authority } = await start();
    const shown = (): Promise<string> =>
      new Promise((resolve, reject) => {
        const socket = connect(
          { host: '127.0.0.1', port: Number(new URL(url).port), ca: authority.cert },
          () => {
            const { raw } = socket.getPeerCertificate();
            socket.destroy();
            resolve(new X509Certificate(raw).serialNumber);
          },
        );
        socket.on('error', reject);
      });
    const before = await shown();
    const next = await serving(authority);
    server.setCertificate(next);
    assert.notEqual(before, await shown());
    assert.equal(await shown(), new X509Certificate(next.cert).serialNumber);
  });

  it('asks callers for a certificate where one is wanted, and probes for none', async () => {
    const { send, authority } = await start({}, true);
    assert.equal((await send('POST', ISOLATE, question())).status, 401);
    assert.equal((await send('GET', '/readyz')).status, 200);
    const client = await kubeApiServer(authority);
    assert.equal((await send('POST', ISOLATE, question(), client)).status, 200);
  });

  it('counts against an address only what came with a certificate where one is wanted', async () => {
    const { send, authority } = await start({ perSecond: 1 }, true);
    for (let index = 0; index < 10; index += 1) {
      assert.equal((await send('POST', ISOLATE, question())).status, 401, String(index));
    }
    const client = await kubeApiServer(authority);
    assert.equal((await send('POST', ISOLATE, question(), client)).status, 200);
  });
});
