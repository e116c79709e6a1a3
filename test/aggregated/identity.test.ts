/** Checks A of the API contract inside a cluster: who is asking, through the aggregator and past it. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { createAuthority, issue, type KeyPair } from '../../apiserver/runtime/certificates.ts';
import { expectCode, expectStatus } from '../contract/support/api.ts';
import { PLATFORM, TENANTS } from '../contract/support/server.ts';
import type { Cluster } from '../support/cluster.ts';
import { freePorts } from '../support/free-port.ts';
import type { Json } from '../support/http.ts';
import { startHookServer } from '../support/hook-server.ts';
import { ROOT } from '../support/polder.ts';
import { until } from '../support/until.ts';
import { as, startInspected, type Inspected } from './support/inspected.ts';

const HOUR_MS = 3_600_000;
const SERVICE = 'polder.polder-system.svc';

describe('aggregated A: identity and transport', function () {
  this.timeout(120_000);
  let on: Inspected;
  before(async () => {
    on = await startInspected();
  });
  after(() => on.close());

  const clientOf = (authority: Cluster['pki']['authority'], commonName: string): Promise<KeyPair> =>
    issue(authority, { commonName, usage: 'client', validForMs: HOUR_MS, now: Date.now() });
  const reviewOf = (user: string): Promise<Json> =>
    on.hostAudit.find(
      `an access review about ${user}`,
      ({ objectRef, requestObject }) =>
        objectRef?.resource === 'subjectaccessreviews' && requestObject?.spec?.user === user,
    );

  it('C1 is available within 30 s of its registration', async () => {
    for (const group of ['platform.polder.dev', 'data.polder.dev']) {
      const service = JSON.parse(
        await on.cluster.ok(['get', 'apiservice', `v1alpha1.${group}`, '-o', 'json']),
      ) as Json;
      const [condition] = service.status.conditions;
      assert.deepEqual([condition.type, condition.status, condition.reason], ['Available', 'True', 'Passed']);
      const tookMs =
        Date.parse(condition.lastTransitionTime) - Date.parse(service.metadata.creationTimestamp);
      assert.ok(tookMs <= 30_000, `it took ${tookMs} ms`);
    }
  });

  it('C4 answers legacy discovery to the aggregator, which comes without a group', async () => {
    const headers = { 'X-Remote-User': 'system:kube-aggregator' };
    const { body } = expectCode(await on.proxy.call('GET', PLATFORM, { headers }), 200);
    assert.equal(body.kind, 'APIResourceList');
  });

  it('C5 answers both OpenAPI documents to the aggregator, which comes without a group', async () => {
    const headers = { 'X-Remote-User': 'system:aggregator' };
    for (const path of ['/openapi/v2', '/openapi/v3']) {
      expectCode(await on.proxy.call('GET', path, { headers }), 200);
    }
  });

  it('C6 knows a client of the client CA by its certificate, whatever its headers say', async () => {
    const { cert, key } = await on.cluster.pki.client('mallory', ['staff']);
    const headers = as('admin', 'system:masters');
    const { message } = expectStatus(
      await on.direct({ cert, key }).call('GET', TENANTS, { headers }),
      403,
      'Forbidden',
    );
    assert.match(message, /User "mallory" cannot list/);
  });

  it('C7 refuses a certificate of the requestheader CA whose name is not allowed', async () => {
    const pair = await clientOf(on.cluster.pki.frontProxyAuthority, 'not-the-proxy');
    const headers = as('admin', 'system:masters');
    expectStatus(await on.direct(pair).call('GET', TENANTS, { headers }), 401, 'Unauthorized');
  });

  it('C8 knows nobody without a certificate, whatever the headers say', async () => {
    const headers = as('admin', 'system:masters');
    expectStatus(await on.nobody.call('GET', TENANTS, { headers }), 401, 'Unauthorized');
    expectStatus(await on.nobody.call('GET', PLATFORM, { headers }), 403, 'Forbidden');
  });

  it('C9 takes one header with a comma for one group', async () => {
    const headers = as('comma', 'a, system:masters');
    expectStatus(await on.proxy.call('GET', TENANTS, { headers }), 403, 'Forbidden');
    const { user } = await on.ownAudit.find(
      'the record of comma',
      (record) => record.user.username === 'comma',
    );
    assert.deepEqual(user.groups, ['a, system:masters', 'system:authenticated']);
  });

  it('C10 passes on repeated groups, and extras under their decoded keys', async () => {
    const headers = { ...as('extra', 'one', 'two'), 'X-Remote-Extra-Acme.com%2Fproject': 'p' };
    expectStatus(await on.proxy.call('GET', TENANTS, { headers }), 403, 'Forbidden');
    const { requestObject } = await reviewOf('extra');
    assert.deepEqual(requestObject.spec.groups, ['one', 'two', 'system:authenticated']);
    assert.deepEqual(requestObject.spec.extra, { 'acme.com/project': ['p'] });
  });

  it('C10 shows groups and extras to admission webhooks', async () => {
    const hooks = await startHookServer();
    const webhook = {
      name: 'c10.example.com',
      clientConfig: { url: `${hooks.url}/c10`, caBundle: hooks.caBundle },
      rules: [
        {
          apiGroups: ['platform.polder.dev'],
          apiVersions: ['*'],
          operations: ['CREATE'],
          resources: ['clusteraccesspolicies'],
        },
      ],
      sideEffects: 'None',
      admissionReviewVersions: ['v1'],
    };
    const configurations = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations';
    await on.root.create(configurations, { metadata: { name: 'c10' }, webhooks: [webhook] });
    const headers = {
      ...as('extra', 'one', 'two', 'system:masters'),
      'X-Remote-Extra-Acme.com%2Fproject': ['p', 'q'],
    };
    const body = {
      apiVersion: 'platform.polder.dev/v1alpha1',
      kind: 'ClusterAccessPolicy',
      metadata: { name: 'c10' },
      spec: { effect: 'Allow', subjects: [{ kind: 'User', name: 'x' }], roleRef: { name: 'auditor' } },
    };
    const path = `${PLATFORM}/clusteraccesspolicies?dryRun=All`;
    await until('the webhook is asked', async () => {
      expectCode(await on.proxy.call('POST', path, { headers, body }), 201);
      return hooks.seen.length > 0;
    });
    const userInfo: Json = hooks.seen[0]?.request.userInfo;
    assert.equal(userInfo.username, 'extra');
    assert.deepEqual(userInfo.groups, ['one', 'two', 'system:masters', 'system:authenticated']);
    assert.deepEqual(userInfo.extra, { 'acme.com/project': ['p', 'q'] });
    expectCode(await on.root.call('DELETE', `${configurations}/c10`), 200);
    await hooks.close();
  });

  it('C11 takes 40 KB of groups and extras', async () => {
    const groups = Array.from({ length: 200 }, (_, index) => `oidc:${'g'.repeat(100)}-${index}`);
    const extras = Array.from({ length: 100 }, (_, index) => [`X-Remote-Extra-${index}`, 'e'.repeat(200)]);
    const headers = { ...as('many', 'system:masters', ...groups), ...Object.fromEntries(extras) };
    expectCode(await on.proxy.call('GET', TENANTS, { headers }), 200);
  });

  it('C12 reads names as UTF-8, in reviews and in the audit log', async () => {
    const headers = as(Buffer.from('zoë').toString('latin1'));
    const { message } = expectStatus(await on.proxy.call('GET', TENANTS, { headers }), 403, 'Forbidden');
    assert.match(message, /User "zoë" cannot list/);
    await reviewOf('zoë');
    await on.ownAudit.find('the record of zoë', (record) => record.user.username === 'zoë');
  });

  it('C13 accepts a proxy of a rotated requestheader CA without a restart', async () => {
    const pid = on.platform.apiServer.pid();
    const authority = await createAuthority({
      commonName: 'new proxy CA',
      validForMs: HOUR_MS,
      now: Date.now(),
    });
    const api = on.direct(await clientOf(authority, 'front-proxy-client'));
    const headers = as('system:kube-aggregator');
    // The connection stays open: it was judged by the old CA, and must be judged anew.
    expectCode(await api.call('GET', PLATFORM, { headers }), 401);
    const both = `${on.cluster.pki.frontProxyAuthority.cert}\n${authority.cert}`;
    const patch = JSON.stringify({ data: { 'requestheader-client-ca-file': both } });
    const config = ['configmap', 'extension-apiserver-authentication', '-n', 'kube-system'];
    await on.cluster.ok(['patch', ...config, '--type=merge', '-p', patch]);
    const isAccepted = async (): Promise<boolean> =>
      (await api.call('GET', PLATFORM, { headers })).status === 200;
    await until('the new proxy is accepted', isAccepted, 60_000);
    expectCode(await on.proxy.call('GET', PLATFORM, { headers }), 200);
    assert.equal(on.platform.apiServer.pid(), pid);
  });

  it('C15 serves under the name of its Service, which the aggregator verifies', async () => {
    const socket = connect({
      host: '127.0.0.1',
      port: on.platform.ports.apiserver,
      servername: SERVICE,
      ca: on.bundle,
    });
    await once(socket, 'secureConnect');
    assert.equal(socket.authorizationError, null);
    assert.match(socket.getPeerCertificate().subjectaltname ?? '', /DNS:polder\.polder-system\.svc(,|$)/);
    socket.destroy();
    const spec = JSON.parse(
      await on.cluster.ok(['get', 'apiservice', 'v1alpha1.data.polder.dev', '-o', 'jsonpath={.spec}']),
    ) as Json;
    assert.equal(spec.insecureSkipTLSVerify, undefined);
    assert.equal(Buffer.from(spec.caBundle, 'base64').toString().trim(), on.bundle.trim());
  });

  it('C24 speaks HTTP/1.1, and refuses HTTP/2 where nothing else is offered', async () => {
    const negotiate = async (ALPNProtocols: string[]): Promise<TLSSocket> => {
      const socket = connect({
        host: '127.0.0.1',
        port: on.platform.ports.apiserver,
        ca: on.bundle,
        ALPNProtocols,
      });
      await once(socket, 'secureConnect');
      socket.destroy();
      return socket;
    };
    assert.equal((await negotiate(['h2', 'http/1.1'])).alpnProtocol, 'http/1.1');
    assert.equal((await negotiate(['http/1.1'])).alpnProtocol, 'http/1.1');
    await assert.rejects(negotiate(['h2']), /no application protocol/i);
  });

  it('C14 serves a renewed certificate on new connections while a watch goes on', async () => {
    const authority = await createAuthority({
      commonName: 'files CA',
      validForMs: HOUR_MS,
      now: Date.now(),
    });
    const [port] = await freePorts(1);
    const files = { cert: join(on.cluster.dir, 'files.crt'), key: join(on.cluster.dir, 'files.key') };
    const renew = async (): Promise<void> => {
      const pair = await issue(authority, {
        commonName: 'polder',
        subjectAltNames: [SERVICE, '127.0.0.1'],
        usage: 'server',
        validForMs: HOUR_MS,
        now: Date.now(),
      });
      for (const part of ['key', 'cert'] as const) {
        writeFileSync(`${files[part]}.new`, pair[part], { mode: 0o600 });
        renameSync(`${files[part]}.new`, files[part]);
      }
    };
    await renew();
    const account = 'system:serviceaccount:polder-system:polder-apiserver';
    const { kubeconfig } = await on.cluster.pki.client(account, ['system:serviceaccounts']);
    const second = on.cluster.add('polder-files', {
      program: process.execPath,
      args: [
        join(ROOT, 'apiserver/polder.js'),
        'apiserver',
        `--kubeconfig=${kubeconfig}`,
        '--bind-address=127.0.0.1',
        `--port=${port}`,
        `--data-dir=${join(on.cluster.dir, 'files')}`,
        `--tls-cert-file=${files.cert}`,
        `--tls-private-key-file=${files.key}`,
      ],
      ready: { url: `https://127.0.0.1:${port}/readyz`, ca: authority.cert },
    });
    await second.start();
    const api = on.open(`https://127.0.0.1:${port}`, { ca: authority.cert, ...on.cluster.pki.frontProxy });
    const headers = as('root', 'system:masters');
    const watch = await api.watch(
      `${PLATFORM}/clusteraccesspolicies?watch=1&fieldSelector=metadata.name%3Drenewed`,
      { headers },
    );
    const serial = async (): Promise<string> => {
      const socket = connect({ host: '127.0.0.1', port, servername: SERVICE, ca: authority.cert });
      await once(socket, 'secureConnect');
      const { serialNumber } = socket.getPeerCertificate();
      socket.destroy();
      return serialNumber;
    };
    const before = await serial();
    await renew();
    await until('the new certificate is served', async () => (await serial()) !== before, 60_000);
    const body = {
      apiVersion: 'platform.polder.dev/v1alpha1',
      kind: 'ClusterAccessPolicy',
      metadata: { name: 'renewed' },
      spec: { effect: 'Allow', subjects: [{ kind: 'User', name: 'x' }], roleRef: { name: 'auditor' } },
    };
    expectCode(await api.call('POST', `${PLATFORM}/clusteraccesspolicies`, { headers, body }), 201);
    assert.equal((await watch.next()).object.metadata.name, 'renewed');
    watch.close();
    await second.stop();
  });
});
