/**
 * Checks H of the API contract with the real kube-controller-manager: it deletes namespaces with our objects, counts
 * them and finds nothing wrong. POLDER_CONTROLLER_MANAGER_SECONDS: how long its log is looked at, default 75.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { BREAK_GLASS_ANNOTATION } from '../../apiserver/api/identity.ts';
import { expectCode, expectStatus } from '../contract/support/api.ts';
import { dataPolicy, policiesIn, TENANTS } from '../contract/support/server.ts';
import type { Json } from '../support/http.ts';
import { until } from '../support/until.ts';
import { startAggregated, type AggregatedServer } from './support/server.ts';

/** Garbage collector and quota controller look for new kinds each 30 s. */
const DISCOVERED_MS = 75_000;
const SECONDS = Number(process.env['POLDER_CONTROLLER_MANAGER_SECONDS'] ?? '75');
const HOLD = 'example.com/hold';
const CONTROLLERS = /^system:(kube-controller-manager|serviceaccount:kube-system:)/;

describe('aggregated H: kube-controller-manager', function () {
  this.timeout(180_000 + SECONDS * 1_000);
  let server: AggregatedServer;
  let startedMs = 0;
  before(async () => {
    // What is created counts at the next of these; by default they are five minutes apart.
    server = await startAggregated({ controllerManagerArgs: ['--resource-quota-sync-period=5s'] });
    startedMs = Date.now();
  });
  after(() => server.remove());

  const breakGlass = async (tenant: string): Promise<void> => {
    const metadata = { annotations: { [BREAK_GLASS_ANNOTATION]: 'what the platform keeps to itself' } };
    expectCode(await server.root.merge(`${TENANTS}/${tenant}`, { metadata }), 200);
  };

  it('C128 deletes a namespace with 500 of our objects, and says what holds it', async () => {
    const { root } = server;
    await server.tenant('full');
    const full = policiesIn('tn-full');
    const names = Array.from({ length: 500 }, (_, index) => `p${index}`);
    await Promise.all(
      names.map((name) =>
        root.create(full, dataPolicy(name, {}, name === 'p7' ? { finalizers: [HOLD] } : {})),
      ),
    );
    const url = '/api/v1/namespaces/tn-full';
    const condition = async (type: string): Promise<Json> =>
      (await root.read(url)).status.conditions?.find((one: Json) => one.type === type);

    // The policies that let tenants in are deleted with the rest.
    await breakGlass('full');

    const started = Date.now();
    expectCode(await root.call('DELETE', url), 200);
    await until(
      'the namespace waits for the finalizer alone',
      async () => (await condition('NamespaceFinalizersRemaining'))?.status === 'True',
      60_000,
    );
    const { message } = await condition('NamespaceFinalizersRemaining');
    assert.match(message, /example\.com\/hold in 1 resource instances/);
    assert.deepEqual(
      (await root.read(full)).items.map(({ metadata }: Json) => metadata.name),
      ['p7'],
    );
    const refused = await root.call('POST', full, { body: dataPolicy('late') });
    assert.equal(expectStatus(refused, 403, 'Forbidden').details.causes[0].reason, 'NamespaceTerminating');

    expectCode(await root.merge(`${full}/p7`, { metadata: { finalizers: null } }), 200);
    const { uid } = (await root.read(url)).metadata;
    await until(
      'the namespace is gone',
      async () => {
        const answer = await root.call('GET', url);
        return answer.status === 404 || answer.body.metadata.uid !== uid;
      },
      60_000,
    );
    console.log(`      gone after ${Date.now() - started} ms`);
    assert.deepEqual((await root.read(full)).items, []);
  });

  it('C130 is counted by the quota controller, and refuses what exceeds the quota', async () => {
    const { root } = server;
    await server.tenant('counted');
    const counted = policiesIn('tn-counted');
    const quotas = '/api/v1/namespaces/tn-counted/resourcequotas';
    const count = 'count/datapolicies.data.polder.dev';
    await root.create(counted, dataPolicy('one'));
    // Quotas in a tenant's namespace are the platform's; whoever breaks in may set one.
    await breakGlass('counted');
    await root.create(quotas, { metadata: { name: 'few' }, spec: { hard: { [count]: '2' } } });
    const used = async (): Promise<unknown> => (await root.read(`${quotas}/few`)).status?.used?.[count];

    await until('what is there is counted', async () => (await used()) === '1', DISCOVERED_MS);
    await root.create(counted, dataPolicy('two'));
    const { message } = expectStatus(
      await root.call('POST', counted, { body: dataPolicy('three') }),
      403,
      'Forbidden',
    );
    assert.match(message, /exceeded quota: few, requested: count\/datapolicies\.data\.polder\.dev=1/);
    await until('the second is counted', async () => (await used()) === '2', DISCOVERED_MS);

    expectCode(await root.call('DELETE', `${counted}/one`), 200);
    await until('what is gone is no longer counted', async () => (await used()) === '1', DISCOVERED_MS);
    await root.create(counted, dataPolicy('three'));
  });

  it('C129 leaves nothing in the log of the controller manager, and refuses it nothing', async () => {
    const { cluster } = server.platform;
    // The log is clean only after all of its periodic work was done on our kinds.
    await pause(Math.max(0, startedMs + SECONDS * 1_000 - Date.now()));

    const log = readFileSync(cluster.files.log.controllerManager, 'utf8').split('\n');
    const complaints =
      /not yet synced|unable to monitor|unable to retrieve|unhandled error|Failed to watch|timed out/i;
    assert.deepEqual(
      log.filter((line) => complaints.test(line) && line.includes('polder.dev')),
      [],
    );
    assert.deepEqual(
      log.filter((line) => /^E.*(garbage|quota|namespace)/i.test(line)),
      [],
    );
    const refused = readFileSync(cluster.files.audit, 'utf8')
      .split('\n')
      .filter((line) => line.includes('.polder.dev'))
      .map((line): Json => JSON.parse(line))
      .filter(({ user, objectRef, responseStatus }) => {
        const ours = String(objectRef?.apiGroup).endsWith('.polder.dev');
        return ours && CONTROLLERS.test(user.username) && responseStatus.code >= 400;
      })
      .map(({ verb, requestURI, responseStatus }) => `${responseStatus.code} ${verb} ${requestURI}`);
    assert.deepEqual(
      refused.filter((line) => !line.startsWith('404 ')),
      [],
    );
    console.log(`      ${log.length} lines in ${Math.round((Date.now() - startedMs) / 1_000)} s`);
  });

  it('C126 collects a child of ours whose native owner is gone, and a native child of ours', async () => {
    const { root } = server;
    await server.tenant('family');
    const space = '/api/v1/namespaces/tn-family';
    const owner = ({ apiVersion, kind, metadata }: Json): object => ({
      ownerReferences: [{ apiVersion, kind, name: metadata.name, uid: metadata.uid }],
    });
    const native = await root.create(`${space}/configmaps`, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'native' },
    });
    const ours = await root.create(policiesIn('tn-family'), dataPolicy('ours'));
    await root.create(policiesIn('tn-family'), dataPolicy('child', {}, owner(native)));
    await root.create(`${space}/configmaps`, { metadata: { name: 'child', ...owner(ours) } });

    expectCode(await root.call('DELETE', `${space}/configmaps/native`), 200);
    expectCode(await root.call('DELETE', `${policiesIn('tn-family')}/ours`), 200);

    for (const child of [`${policiesIn('tn-family')}/child`, `${space}/configmaps/child`]) {
      await until(
        `${child} is collected`,
        async () => (await root.call('GET', child)).status === 404,
        60_000,
      );
    }
    expectCode(await root.call('GET', TENANTS), 200);
  });
});
