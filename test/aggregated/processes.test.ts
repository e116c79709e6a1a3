/** The programs of Polder as processes: what each does when something it needs is missing, replaced or gone. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { Part } from '../support/cluster-part.ts';
import type { Cluster } from '../support/cluster.ts';
import { freePorts } from '../support/free-port.ts';
import type { Json } from '../support/http.ts';
import { ROOT } from '../support/polder.ts';
import { until } from '../support/until.ts';
import { createApi, type Api } from '../contract/support/api.ts';
import { startPlatform, type Platform } from './support/platform.ts';

const SYSTEM = 'polder-system';

describe('aggregated: processes', function () {
  this.timeout(180_000);
  let platform: Platform;
  let cluster: Cluster;
  const apis: Api[] = [];
  before(async () => {
    platform = await startPlatform();
    ({ cluster } = platform);
  });
  after(async () => {
    for (const api of apis) api.agent.destroy();
    await platform.close();
  });

  const bundle = (): Promise<string> =>
    cluster.ok(['get', 'configmap', '-n', SYSTEM, 'polder-ca', '-o', 'jsonpath={.data.ca\\.crt}']);
  const open = async (port: number): Promise<Api> => {
    const api = createApi(`https://127.0.0.1:${port}`, { ca: await bundle() });
    apis.push(api);
    return api;
  };
  const program = async (
    name: string,
    how: { readonly account: string; readonly probe: string; readonly args?: readonly string[] },
  ): Promise<{ readonly part: Part; readonly port: number }> => {
    const [port = 0] = await freePorts(1);
    const { kubeconfig } = await cluster.pki.client(`system:serviceaccount:${SYSTEM}:${how.account}`, [
      'system:serviceaccounts',
    ]);
    const part = cluster.add(`${name}-${how.account}-${port}`, {
      program: process.execPath,
      args: [
        join(ROOT, 'apiserver/polder.js'),
        name,
        `--kubeconfig=${kubeconfig}`,
        '--bind-address=127.0.0.1',
        `--port=${port}`,
        ...(how.args ?? []),
      ],
      ready: { url: `https://127.0.0.1:${port}${how.probe}`, insecure: true },
    });
    await part.start();
    return { part, port };
  };
  const bind = (kind: string, name: string, ...args: readonly string[]): Promise<string> =>
    cluster.ok(['create', kind, name, `--serviceaccount=${SYSTEM}:blind`, ...args]);
  const tenant = (name: string): Promise<string> =>
    cluster.ok(['create', '-f', '-'], {
      input: JSON.stringify({
        apiVersion: 'platform.polder.dev/v1alpha1',
        kind: 'Tenant',
        metadata: { name },
        spec: {},
      }),
    });

  it('an API server that may not read whom to trust starts, says so, and recovers', async () => {
    for (const role of ['polder-apiserver', 'system:auth-delegator']) {
      await bind('clusterrolebinding', `blind-${role}`, `--clusterrole=${role}`);
    }
    for (const role of ['polder-ca', 'polder-apiserver']) {
      await bind('rolebinding', `blind-${role}`, `--role=${role}`, '-n', SYSTEM);
    }
    const args = [`--data-dir=${join(cluster.dir, 'blind')}`];
    const blind = await program('apiserver', { account: 'blind', probe: '/livez', args });
    const api = await open(blind.port);
    const answer = await api.call('GET', '/readyz');
    assert.equal(answer.status, 500);
    assert.match(answer.text, /\[-\]host-authentication failed/);
    // Discovery is refused to nobody for being unready; that nobody is known is why this one is.
    assert.equal((await api.call('GET', '/apis')).status, 403);

    const reader = '--role=extension-apiserver-authentication-reader';
    await bind('rolebinding', 'blind', reader, '-n', 'kube-system');
    const isReady = async (): Promise<boolean> => (await api.call('GET', '/readyz')).status === 200;
    await until('it is ready', isReady, 60_000);
    await blind.part.stop();
  });

  it('a CA that is taken away is made anew, and the host trusts the new one', async () => {
    const before = await bundle();
    await cluster.ok(['patch', 'secret', '-n', SYSTEM, 'polder-ca', '--type=merge', '-p', '{"data":null}']);
    await until('another CA is published', async () => (await bundle()) !== before);
    const after = await bundle();
    const caBundles = async (): Promise<string[]> => {
      const kinds = 'apiservices,mutatingwebhookconfigurations,validatingwebhookconfigurations';
      const list = JSON.parse(
        await cluster.ok(['get', kinds, '-l', 'app.kubernetes.io/part-of=polder', '-o', 'json']),
      ) as Json;
      return list.items.flatMap((item: Json) =>
        item.kind === 'APIService'
          ? [item.spec.caBundle]
          : item.webhooks.map((hook: Json) => hook.clientConfig.caBundle),
      );
    };
    const wanted = Buffer.from(after).toString('base64');
    await until('it is in every registration', async () =>
      (await caBundles()).every((each) => each === wanted),
    );
    const works = async (...args: string[]): Promise<boolean> => (await cluster.kubectl(args)).code === 0;
    await until('the aggregator reaches us', () => works('get', 'tenants'), 60_000);
  });

  it('when the API server of the host is away nobody gets in, the leader ends, and all of it heals', async () => {
    const pids = (): unknown[] => [platform.apiServer.pid(), platform.webhooks.pid()];
    const before = pids();
    const { cert, key } = cluster.pki.frontProxy;
    const direct = createApi(`https://127.0.0.1:${platform.ports.apiserver}`, {
      ca: await bundle(),
      cert,
      key,
    });
    apis.push(direct);
    await cluster.stop('apiServer', 'SIGKILL');
    const headers = { 'X-Remote-User': 'nobody-asked-about', 'X-Remote-Group': 'system:authenticated' };
    const refused = await direct.call('GET', '/apis/platform.polder.dev/v1alpha1/tenants', { headers });
    assert.equal(refused.status, 500);
    // It cannot renew its lease any more; the kubelet would start it again.
    await until('the leader ends', () => platform.controllers.pid() === undefined, 30_000);
    await cluster.start('apiServer');
    const works = async (): Promise<boolean> => (await cluster.kubectl(['get', 'tenants'])).code === 0;
    await until('the aggregator reaches us again', works, 60_000);
    await platform.controllers.start();
    await tenant('after-all');
    await cluster.ok(['wait', '--for=jsonpath={.status.phase}=Active', 'tenant/after-all', '--timeout=60s'], {
      timeoutMs: 70_000,
    });
    assert.deepEqual(pids(), before);
  });

  it('another replica of the controllers takes over when the leader is killed', async () => {
    const standby = await program('controllers', { account: 'polder-controllers', probe: '/readyz' });
    const api = await open(standby.port);
    const away = await api.call('POST', '/hub/v1/register', { body: {} });
    assert.equal(away.status, 503, 'agents are sent away');
    assert.equal(away.headers['retry-after'], '1');

    await platform.controllers.stop('SIGKILL');
    await tenant('late');
    await cluster.ok(['wait', '--for=jsonpath={.status.phase}=Active', 'tenant/late', '--timeout=60s'], {
      timeoutMs: 70_000,
    });
    assert.equal((await api.call('POST', '/hub/v1/register', { body: {} })).status, 400, 'it is the hub now');

    // One that is stopped gives the lead back at once.
    await platform.controllers.start();
    await standby.part.stop();
    await tenant('later');
    await cluster.ok(['wait', '--for=jsonpath={.status.phase}=Active', 'tenant/later', '--timeout=15s']);
  });
});
