/** Checks A of the API contract, as far as they concern callers that come directly. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { connect } from 'node:tls';
import type { Json } from '../support/http.ts';
import { expectCode, expectStatus, type Api, type Watch } from './support/api.ts';
import { untilMetric } from './support/metrics.ts';
import { startEmbedded, type EmbeddedServer } from './support/embedded.ts';
import { DATA, dataPolicy, PLATFORM, policiesIn, TENANTS } from './support/server.ts';

const REMOTE = { 'X-Remote-User': 'root', 'X-Remote-Group': 'system:masters' };

describe('contract A: identity and transport', function () {
  this.timeout(60_000);
  const path = policiesIn('tn-a');
  let server: EmbeddedServer;
  let root: Api;
  let stranger: Api;
  before(async () => {
    server = await startEmbedded();
    root = server.root;
    stranger = (await server.user('stranger')).api;
    await server.tenant('a');
  });
  after(() => server.remove());

  const whoIs = async (api: Api, headers: Record<string, string | string[]> = {}): Promise<Json> => {
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
    const url = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
    return expectCode(await api.call('POST', url, { body, headers }), 201).body.status.userInfo;
  };

  it('C4 C5 serves discovery and OpenAPI to a user without any group', async () => {
    assert.deepEqual((await whoIs(stranger)).groups, ['system:authenticated']);

    const list = await stranger.read(PLATFORM);
    assert.equal(list.kind, 'APIResourceList');
    for (const document of ['/openapi/v2', '/openapi/v3', '/apis', '/api', '/version']) {
      expectCode(await stranger.call('GET', document), 200);
    }
  });

  it('C6 C9 believes the certificate, whatever X-Remote headers say', async () => {
    for (const headers of [
      REMOTE,
      { ...REMOTE, 'X-Remote-Group': 'a, system:masters' },
      { ...REMOTE, 'X-Remote-Group': ['a', 'system:masters'], 'X-Remote-Uid': '0' },
    ]) {
      const { username, groups } = await whoIs(stranger, headers);
      assert.equal(username, 'stranger');
      assert.deepEqual(groups, ['system:authenticated']);
      expectStatus(await stranger.call('GET', TENANTS, { headers }), 403, 'Forbidden');
    }
  });

  it('C8 knows nobody without a certificate, whatever X-Remote headers say', async () => {
    expectStatus(await server.nobody.call('GET', TENANTS, { headers: REMOTE }), 401, 'Unauthorized');
    const wrong = { authorization: 'Bearer nobody-gave-me-this' };
    expectStatus(await server.nobody.call('GET', TENANTS, { headers: wrong }), 401, 'Unauthorized');
  });

  it('C11 takes 40 KB of headers', async () => {
    const headers = Object.fromEntries(
      Array.from({ length: 200 }, (_, index) => [`X-Remote-Extra-Group-${index}`, 'g'.repeat(200)]),
    );

    expectCode(await root.call('GET', TENANTS, { headers }), 200);
  });

  it('C12 knows a user by a name beyond ASCII, in reviews and in the audit log', async () => {
    const { api } = await server.user('zoë');

    assert.equal((await whoIs(api)).username, 'zoë');
    const { message } = expectStatus(await api.call('GET', TENANTS), 403, 'Forbidden');
    assert.match(message, /User "zoë" cannot list/);
    const log = join(server.polder.dir, 'audit.log');
    await untilMetric(
      () => Promise.resolve(readFileSync(log, 'utf8').includes('"zoë"') ? 1 : 0),
      (value) => value === 1,
    );
  });

  it('C17 words a refusal as Kubernetes does, and a grant and its revocation count at once', async () => {
    const { api, kubeconfig } = await server.user('jane');
    const sentence = (where: string): string =>
      `datapolicies.data.polder.dev is forbidden: User "jane" cannot list resource "datapolicies" in API group "data.polder.dev" ${where}`;
    const policies = `${DATA}/namespaces/tn-a/accesspolicies`;

    const cluster = expectStatus(await api.call('GET', TENANTS), 403, 'Forbidden');
    const refused = expectStatus(await api.call('GET', path), 403, 'Forbidden');
    const shown = await server.polder.kubectl(['get', 'dpol', '-n', 'tn-a'], { as: kubeconfig });
    assert.ok(
      cluster.message.startsWith(
        'tenants.platform.polder.dev is forbidden: User "jane" cannot list resource "tenants" in API group "platform.polder.dev" at the cluster scope',
      ),
      cluster.message,
    );
    assert.ok(refused.message.startsWith(sentence('in the namespace "tn-a"')), refused.message);
    assert.deepEqual(refused.details, { group: 'data.polder.dev', kind: 'datapolicies' });
    assert.match(
      shown.stderr,
      /^Error from server \(Forbidden\): datapolicies\.data\.polder\.dev is forbidden/,
    );

    await root.create(policies, {
      apiVersion: 'data.polder.dev/v1alpha1',
      kind: 'AccessPolicy',
      metadata: { name: 'jane' },
      spec: {
        effect: 'Allow',
        subjects: [{ kind: 'User', name: 'jane' }],
        actions: ['datapolicies:list', 'datapolicies:get'],
      },
    });
    expectCode(await api.call('GET', path), 200);
    await root.call('DELETE', `${policies}/jane`);
    expectStatus(await api.call('GET', path), 403, 'Forbidden');
  });

  it('C18 lets somebody with rights on one name list and watch that name', async () => {
    const { api, kubeconfig } = await server.user('pat');
    for (const name of ['one', 'two']) await root.create(path, dataPolicy(name));
    await root.create(`${DATA}/namespaces/tn-a/accesspolicies`, {
      apiVersion: 'data.polder.dev/v1alpha1',
      kind: 'AccessPolicy',
      metadata: { name: 'pat' },
      spec: {
        effect: 'Allow',
        subjects: [{ kind: 'User', name: 'pat' }],
        actions: ['datapolicies:get', 'datapolicies:list', 'datapolicies:watch'],
        resources: [{ kinds: ['datapolicies'], names: ['one'] }],
      },
    });
    const selector = 'fieldSelector=metadata.name%3Done';

    const args = ['get', 'dpol', '-n', 'tn-a', '-o', 'name', '--field-selector', 'metadata.name=one'];
    const shown = await server.polder.ok(args, { as: kubeconfig });
    const watch = await api.watch(`${path}?watch=1&${selector}`);
    const event = await watch.next();
    watch.close();

    assert.equal(shown, 'datapolicy.data.polder.dev/one');
    assert.equal(event.object.metadata.name, 'one');
    const other = await api.call('GET', `${path}?fieldSelector=metadata.name%3Dtwo`);
    if (other.status === 200) assert.deepEqual(other.body.items, []);
    else expectStatus(other, 403, 'Forbidden');
    expectStatus(await api.call('GET', `${path}/two`), 403, 'Forbidden');
  });

  it('C19 acts as somebody else for those who may, and for nobody else', async () => {
    const headers = { 'Impersonate-User': 'bob', 'Impersonate-Group': 'testers' };

    const { username, groups } = await whoIs(root, headers);
    const refused = await stranger.call('GET', TENANTS, { headers: { 'Impersonate-User': 'root' } });
    const masters = await stranger.call('GET', TENANTS, {
      headers: { 'Impersonate-User': 'stranger', 'Impersonate-Group': 'system:masters' },
    });
    const groupOnly = await root.call('GET', TENANTS, { headers: { 'Impersonate-Group': 'testers' } });

    assert.equal(username, 'bob');
    assert.deepEqual(new Set(groups), new Set(['testers', 'system:authenticated']));
    expectStatus(await root.call('GET', TENANTS, { headers }), 403, 'Forbidden');
    assert.match(
      expectStatus(refused, 403, 'Forbidden').message,
      /User "stranger" cannot impersonate resource "users" in API group "" at the cluster scope/,
    );
    expectStatus(masters, 403, 'Forbidden');
    assert.ok(groupOnly.status >= 400 && groupOnly.status < 500, groupOnly.text);
  });

  for (const probe of ['livez', 'readyz', 'healthz']) {
    it(`C20 answers /${probe} with ok to anybody`, async () => {
      const { text, headers } = expectCode(await server.nobody.call('GET', `/${probe}`), 200);
      const verbose = await server.nobody.call('GET', `/${probe}?verbose`);

      assert.equal(text, 'ok');
      assert.match(headers['content-type'] ?? '', /^text\/plain/);
      assert.match(verbose.text, new RegExp(`^\\[\\+\\]ping ok\n(.*\n)*${probe} check passed\n$`));
      expectCode(await server.nobody.call('GET', `/${probe}/ping`), 200);
    });
  }

  it('C21 keeps idle connections longer than the 90 s of Go clients', async () => {
    const { headers } = await root.call('GET', TENANTS);

    const promised = String(headers['keep-alive']);
    const [, seconds = '0'] = /timeout=([0-9]+)/.exec(promised) ?? [];
    assert.ok(Number(seconds) > 90, promised);
  });

  it('C22 answers kubectl while 400 watches are open', async () => {
    const watches: Watch[] = [];
    for (let batch = 0; batch < 8; batch += 1) {
      const opened = Array.from({ length: 50 }, () => root.watch(`${TENANTS}?watch=1`));
      watches.push(...(await Promise.all(opened)));
    }
    const started = Date.now();

    const shown = await server.ok(['get', 'tn', '-o', 'name']);

    console.log(`      kubectl took ${Date.now() - started} ms`);
    for (const watch of watches) watch.close();
    assert.equal(shown, 'tenant.platform.polder.dev/a');
  });

  for (const [offered, chosen] of [
    [['http/1.1'], 'http/1.1'],
    [['h2', 'http/1.1'], 'http/1.1'],
    [undefined, false],
  ] as const) {
    it(`C24 negotiates ${String(chosen)} of ${offered?.join() ?? 'nothing'} under a name of its certificate`, async () => {
      const { port } = new URL(server.polder.url);
      const socket = connect({
        host: '127.0.0.1',
        port: Number(port),
        servername: 'localhost',
        ca: server.ca,
        ...(offered === undefined ? {} : { ALPNProtocols: [...offered] }),
      });
      await once(socket, 'secureConnect');

      assert.equal(socket.authorized, true);
      assert.equal(socket.alpnProtocol, chosen);
      socket.destroy();
    });
  }

  it('C24 refuses a client that speaks HTTP/2 only', async () => {
    const { port } = new URL(server.polder.url);
    const socket = connect({ host: '127.0.0.1', port: Number(port), ca: server.ca, ALPNProtocols: ['h2'] });

    await assert.rejects(once(socket, 'secureConnect'), /no application protocol|ECONNRESET/i);
  });
});

describe('contract A: stopping', function () {
  this.timeout(60_000);

  it('C23 answers what is in flight, ends watches cleanly and exits with 0', async () => {
    const server = await startEmbedded();
    const watch = await server.root.watch(`${TENANTS}?watch=1`);
    const codes: number[] = [];
    let refusals = 0;
    const worker = async (who: number): Promise<void> => {
      for (let round = 0; ; round += 1) {
        const name = `w${who}-${round}`;
        const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
        try {
          codes.push((await server.root.call('POST', '/api/v1/namespaces', { body })).status);
        } catch {
          refusals += 1;
          return;
        }
      }
    };
    const working = Promise.all(Array.from({ length: 20 }, (_, who) => worker(who)));
    await untilMetric(
      () => Promise.resolve(codes.length),
      (count) => count > 100,
    );

    const exit = await server.polder.stop();
    await Promise.all([working, watch.rest()]);
    await server.remove();

    assert.equal(exit, 0);
    assert.equal(refusals, 20);
    assert.deepEqual(
      codes.filter((code) => code !== 201),
      [],
    );
    console.log(`      ${codes.length} requests answered`);
  });
});
