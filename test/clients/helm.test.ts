/** Real Helm: a chart of our kinds is installed, upgraded, rolled back and uninstalled. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { findTool } from '../../hack/tools/find.ts';
import { DATA, policiesIn, type Server } from '../contract/support/server.ts';
import { startServer } from '../contract/support/target.ts';
import type { Json } from '../support/http.ts';
import { run, type Output } from '../support/polder.ts';
import { needPrograms } from './support/programs.ts';

const CHART = join(import.meta.dirname, 'chart');
const NAMESPACE = 'tn-helm';
/** Where Helm keeps its releases: nobody reads Secrets in the namespace of a tenant. */
const RELEASES = 'releases';
const depots = `${DATA}/namespaces/${NAMESPACE}/depots`;

describe('Helm', function () {
  this.timeout(180_000);
  let server: Server;
  let started = false;
  before(async function () {
    await needPrograms(this, 'helm');
    server = await startServer();
    started = true;
    await server.tenant('helm');
    await server.namespace(RELEASES);
  });
  after(() => (started ? server.remove() : undefined));

  const attempt = (args: readonly string[]): Promise<Output> => {
    const env = {
      KUBECONFIG: server.rootConfig,
      HELM_CACHE_HOME: join(server.dir, 'helm-cache'),
      HELM_CONFIG_HOME: join(server.dir, 'helm-config'),
      HELM_DATA_HOME: join(server.dir, 'helm-data'),
    };
    return run(findTool('helm') ?? 'helm', ['--namespace', RELEASES, ...args], { env });
  };
  const helm = async (...args: readonly string[]): Promise<string> => {
    const output = await attempt(args);
    assert.equal(output.code, 0, `helm ${args.join(' ')}: ${output.stdout}${output.stderr}`);
    return output.stdout;
  };
  const hostOf = async (name: string): Promise<string> =>
    ((await server.root.read(`${depots}/${name}`)) as Json).spec.connection.host;
  const names = async (): Promise<string[]> =>
    (await server.root.read(depots)).items.map((item: Json) => item.metadata.name);

  it('installs a chart of our kinds and waits until they are in order', async () => {
    await helm('install', 'shop', CHART, '--wait', '--timeout', '30s');

    assert.equal(await hostOf('shop-crm'), 'crm.example.com');
    const { metadata } = await server.root.read(`${depots}/shop-crm`);
    assert.equal(metadata.labels['app.kubernetes.io/managed-by'], 'Helm');
    assert.equal(metadata.annotations['meta.helm.sh/release-name'], 'shop');
  });

  it('upgrades: changes what changed, adds what is new, leaves the rest alone', async () => {
    const before = await server.root.read(`${policiesIn(NAMESPACE)}/shop-country`);
    await helm('upgrade', 'shop', CHART, '--set', 'host=new.example.com,archive=true', '--wait');

    assert.equal(await hostOf('shop-crm'), 'new.example.com');
    assert.deepEqual(await names(), ['crm', 'shop-archive', 'shop-crm']);
    const after = await server.root.read(`${policiesIn(NAMESPACE)}/shop-country`);
    assert.equal(after.metadata.resourceVersion, before.metadata.resourceVersion);
  });

  it('keeps what others changed and the chart does not mention', async () => {
    await server.root.merge(`${depots}/shop-crm`, { spec: { description: 'by hand' } });
    await helm('upgrade', 'shop', CHART, '--set', 'host=newer.example.com,archive=true');

    const { spec } = await server.root.read(`${depots}/shop-crm`);
    assert.deepEqual([spec.description, spec.connection.host], ['by hand', 'newer.example.com']);
  });

  it('rolls back to the first revision', async () => {
    await helm('rollback', 'shop', '1', '--wait');

    assert.equal(await hostOf('shop-crm'), 'crm.example.com');
    assert.deepEqual(await names(), ['crm', 'shop-crm']);
    const history = JSON.parse(await helm('history', 'shop', '-o', 'json')) as Json[];
    assert.deepEqual(
      history.map(({ status }) => status),
      ['superseded', 'superseded', 'superseded', 'deployed'],
    );
  });

  it('refuses a chart that our rules refuse, and says why', async () => {
    const { code, stderr } = await attempt(['upgrade', 'shop', CHART, '--set', 'host=']);

    assert.notEqual(code, 0);
    assert.match(stderr, /spec\.connection/);
  });

  it('uninstalls everything it installed', async () => {
    await helm('uninstall', 'shop', '--wait');

    assert.deepEqual(await names(), ['crm']);
    assert.deepEqual((await server.root.read(policiesIn(NAMESPACE))).items, []);
  });
});
