/** The walk of the README, as a new user does it, with real kubectl. */
import assert from 'node:assert/strict';
import { eventually, startPolder, type Polder } from '../support/polder.ts';

const NETWORK = ['networkpolicy', '-n', 'tenant-acme'];

describe('quickstart', function () {
  this.timeout(180_000);
  let polder: Polder;
  let ann = '';
  before(async () => {
    polder = await startPolder();
    ann = await polder.user('ann', 'acme-admins');
    await polder.ok(['apply', '-f', 'manifests/samples/quickstart/']);
  });
  after(() => polder.remove());

  const get = (...args: string[]): Promise<string> => polder.ok(['get', ...args]);
  const settled = (resource: string[], path: string, wanted: string): Promise<void> =>
    eventually(polder, resource, async () => (await get(...resource, '-o', `jsonpath=${path}`)) === wanted);

  it('brings tenants to Active and the data plane to Registered and Connected', async () => {
    await settled(['tenant', 'acme'], '{.status.phase}', 'Active');
    await settled(['tenant', 'globex'], '{.status.phase}', 'Active');
    await settled(['dataplane', 'local'], '{.status.conditions[?(@.type=="Connected")].status}', 'True');

    const table = await get('tenants,dataplanes');

    assert.match(table, /^NAME +PHASE +NAMESPACE +CLUSTERS +AGE$/m);
    assert.match(table, /tenant\.platform\.polder\.dev\/acme +Active +tn-acme/);
    assert.match(table, /^NAME +PHASE +CONNECTED +HEARTBEAT/m);
    assert.match(table, /dataplane\.platform\.polder\.dev\/local +Registered +True/);
  });

  it('applies the same folder again without a change', async () => {
    const revisions = (): Promise<string> =>
      get(
        'tenants,dataplanes,stacks,accesspolicies,credentials,depots,dataproducts',
        '-A',
        '-o',
        'jsonpath={range .items[*]}{.kind}/{.metadata.name} {.metadata.generation}{"\\n"}{end}',
      );
    const before = await revisions();

    await polder.ok(['apply', '-f', 'manifests/samples/quickstart/']);

    assert.equal(await revisions(), before);
  });

  it('replays the namespace slice into the plane', async () => {
    await settled(['datacluster', 'main', '-n', 'tn-acme'], '{.status.phase}', 'Ready');

    const slice = await get(
      'quota,networkpolicy,serviceaccount,limitrange,rolebinding',
      '-n',
      'tenant-acme',
      '-o',
      'name',
    );

    assert.deepEqual(slice.split('\n').sort(), [
      'limitrange/polder-tenant',
      'networkpolicy.networking.k8s.io/polder-allow-dns',
      'networkpolicy.networking.k8s.io/polder-default-deny',
      'resourcequota/polder-tenant',
      'rolebinding.rbac.authorization.k8s.io/polder-tenant',
      'serviceaccount/polder-tenant',
    ]);
  });

  it('shows an administrator of acme what is of acme and nothing else', async () => {
    assert.match(await polder.ok(['get', 'depots', '-n', 'tn-acme'], { as: ann }), /^warehouse /m);

    const denied = await polder.kubectl(['get', 'depots', '-n', 'tn-globex'], { as: ann });
    const everywhere = await polder.ok(['get', 'depots', '-A', '--no-headers'], { as: ann });

    assert.equal(denied.code, 1);
    assert.match(
      denied.stderr,
      /User "ann" cannot list resource "depots" in API group "data\.polder\.dev" in the namespace "tn-globex": no AccessPolicy allows it, ask an administrator/,
    );
    assert.deepEqual(
      everywhere.split('\n').map((line) => line.split(/ +/).slice(0, 2)),
      [['tn-acme', 'warehouse']],
    );
  });

  it('A7 puts a NetworkPolicy back that somebody deleted by hand, and counts it', async () => {
    await polder.ok(['annotate', 'tenant', 'acme', 'polder.dev/break-glass-reason=drill']);
    const eve = await polder.user('eve', 'polder:break-glass');
    const uid = await get(...NETWORK, 'polder-default-deny', '-o', 'jsonpath={.metadata.uid}');

    await polder.ok(['delete', ...NETWORK, 'polder-default-deny', '--wait=false'], { as: eve });

    await eventually(
      polder,
      NETWORK,
      async () => {
        const now = await polder.kubectl([
          'get',
          ...NETWORK,
          'polder-default-deny',
          '-o',
          'jsonpath={.metadata.uid}',
        ]);
        return now.code === 0 && now.stdout !== uid;
      },
      { timeoutMs: 5_000 },
    );
    await polder.ok(['annotate', 'tenant', 'acme', 'polder.dev/break-glass-reason-']);
  });

  it('D12 deletes a tenant completely and leaves the other one byte-identical', async () => {
    const globex = async (): Promise<string> =>
      [
        await get(
          'depots,dataclusters,accesspolicies,credentials,planeworks',
          '-n',
          'tn-globex',
          '-o',
          'yaml',
        ),
        await get('quota,networkpolicy,sa,limitrange,role,rolebinding', '-n', 'tenant-globex', '-o', 'yaml'),
        await get('namespace', 'tn-globex', 'tenant-globex', '-o', 'yaml'),
      ].join('\n');
    await settled(['datacluster', 'main', '-n', 'tn-globex'], '{.status.phase}', 'Ready');
    const before = await globex();

    await polder.ok(['delete', 'tenant', 'acme', '--timeout=60s'], { timeoutMs: 70_000 });

    assert.equal(await globex(), before);
    assert.doesNotMatch(await get('namespaces', '-o', 'name'), /acme/);
    assert.doesNotMatch(
      await get('depots,dataclusters,planeworks,accesspolicies', '-A', '-o', 'name'),
      /acme/,
    );
  });
});
