import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFakeClock } from '../runtime/clock.ts';
import { clusterConfig, fromKubeconfig, type ClusterConfig } from './cluster-config.ts';

describe('cluster configuration', () => {
  const clock = createFakeClock(0);
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'polder-config-'));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  const file = (name: string, content: string): string => {
    writeFileSync(join(dir, name), content);
    return join(dir, name);
  };
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const kubeconfig = (cluster: object, user: object): string =>
    file(
      'config',
      JSON.stringify({
        'current-context': 'here',
        contexts: [
          { name: 'other', context: { cluster: 'nowhere', user: 'nobody' } },
          { name: 'here', context: { cluster: 'c', user: 'u' } },
        ],
        clusters: [{ name: 'c', cluster: { server: 'https://host:6443', ...cluster } }],
        users: [{ name: 'u', user }],
      }),
    );
  const tokenOf = async ({ credentials }: ClusterConfig): Promise<string> => {
    assert.ok(credentials !== undefined && 'token' in credentials);
    return typeof credentials.token === 'string' ? credentials.token : await credentials.token();
  };

  it('reads CA and client certificate from the kubeconfig itself', () => {
    const path = kubeconfig(
      { 'certificate-authority-data': base64('CA') },
      { 'client-certificate-data': base64('CERT'), 'client-key-data': base64('KEY') },
    );
    assert.deepEqual(fromKubeconfig(path, clock), {
      server: 'https://host:6443',
      ca: 'CA',
      credentials: { cert: 'CERT', key: 'KEY' },
    });
  });

  it('reads files relative to the kubeconfig, which may be YAML', async () => {
    file('ca.crt', 'CA');
    file('token', 'secret\n');
    const path = file(
      'config',
      [
        'current-context: a',
        'contexts: [{name: a, context: {cluster: a, user: a}}]',
        'clusters: [{name: a, cluster: {server: "https://h", certificate-authority: ca.crt}}]',
        'users: [{name: a, user: {tokenFile: token}}]',
      ].join('\n'),
    );
    const config = fromKubeconfig(path, clock);
    assert.equal(config.ca, 'CA');
    assert.equal(await tokenOf(config), 'secret');
  });

  it('says what is missing or not done', () => {
    const cases: [object, object, RegExp][] = [
      [{ server: '' }, {}, /no server/],
      [{ 'insecure-skip-tls-verify': true }, {}, /insecure-skip-tls-verify is not honoured/],
      [{}, { exec: { command: 'aws' } }, /"exec" is not supported/],
      [{}, { token: 't', as: 'otto' }, /"as" is not supported/],
      [{}, { token: 't', 'as-groups': ['g'] }, /"as-groups" is not supported/],
      [{ 'proxy-url': 'http://proxy' }, {}, /"proxy-url" is not supported/],
      [{ 'tls-server-name': 'h' }, {}, /"tls-server-name" is not supported/],
      [{ 'certificate-authority': 'gone.crt' }, {}, /gone\.crt cannot be read/],
    ];
    for (const [cluster, user, why] of cases) {
      assert.throws(() => fromKubeconfig(kubeconfig(cluster, user), clock), why);
    }
    assert.throws(() => fromKubeconfig(join(dir, 'nothing'), clock), /nothing cannot be read/);
    assert.throws(() => fromKubeconfig(file('x', 'current-context: a'), clock), /no context "a"/);
  });

  it('finds the cluster of a pod, and uses a token that is rotated within ten seconds', async () => {
    file('ca.crt', 'CA');
    file('token', 'first');
    const env = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' };
    const config = clusterConfig(undefined, { env, clock, directory: dir });
    assert.equal(config.server, 'https://[fd00::1]:443');
    assert.equal(await tokenOf(config), 'first');
    file('token', 'second');
    clock.advance(9_999);
    assert.equal(await tokenOf(config), 'first');
    clock.advance(1);
    assert.equal(await tokenOf(config), 'second');
    rmSync(join(dir, 'token'));
    clock.advance(10_000);
    assert.equal(await tokenOf(config), 'second');
  });

  it('says how to go on outside of a pod', () => {
    assert.throws(() => clusterConfig(undefined, { env: {}, clock, directory: dir }), /give --kubeconfig/);
  });
});
