/** What keeps tenants apart, through real kubectl. Numbers are those of the resource model. */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { followKubectl } from '../contract/support/follow.ts';
import { eventually, startPolder, type Polder } from '../support/polder.ts';

const policy = (namespace: string, name: string, spec: object): string =>
  JSON.stringify({
    apiVersion: 'data.polder.dev/v1alpha1',
    kind: 'AccessPolicy',
    metadata: { name, namespace },
    spec,
  });
const depot = (namespace: string, name: string, credentials: object[] = []): string =>
  JSON.stringify({
    apiVersion: 'data.polder.dev/v1alpha1',
    kind: 'Depot',
    metadata: { name, namespace },
    spec: { type: 'Postgres', dataClusterRef: 'main', credentials },
  });
const credential = (name: string, spec: object): string =>
  JSON.stringify({
    apiVersion: 'data.polder.dev/v1alpha1',
    kind: 'Credential',
    metadata: { name, namespace: 'tn-acme' },
    spec: { type: 'basic', source: 'Generated', targets: [{ dataClusterRef: 'main' }], ...spec },
  });
const GENERATED = {
  generator: {
    keys: [
      { name: 'username', literal: 'orders' },
      { name: 'password', length: 20 },
    ],
  },
};

describe('tenancy', function () {
  this.timeout(180_000);
  let polder: Polder;
  const users: Record<string, string> = {};
  const as = (name: string) => ({ as: users[name] ?? '' });

  before(async () => {
    polder = await startPolder();
    users['op'] = await polder.user('op', 'polder:operators');
    users['ann'] = await polder.user('ann', 'acme-admins');
    users['dev'] = await polder.user('dev', 'acme-developers');
    users['gil'] = await polder.user('gil', 'globex-admins');
    await polder.ok(['apply', '-f', 'manifests/samples/quickstart/']);
    await eventually(polder, ['datacluster', '-A'], async () => {
      const phases = await polder.ok([
        'get',
        'dataclusters',
        '-A',
        '-o',
        'jsonpath={.items[*].status.phase}',
      ]);
      return phases === 'Ready Ready';
    });
  });
  after(() => polder.remove());

  const apply = (user: string, manifest: string) =>
    polder.kubectl(['apply', '-f', '-'], { ...as(user), input: manifest });
  const denied = async (user: string, args: string[], why: RegExp): Promise<void> => {
    const output = await polder.kubectl(args, as(user));
    assert.notEqual(output.code, 0, `${args.join(' ')} was allowed: ${output.stdout}`);
    assert.match(output.stderr, why);
  };

  it('D1 lets operators create a tenant, sets it up, and refuses everybody else', async () => {
    const tenant = JSON.stringify({
      apiVersion: 'platform.polder.dev/v1alpha1',
      kind: 'Tenant',
      metadata: { name: 'newco' },
      spec: { admins: [{ kind: 'Group', name: 'newco-admins' }] },
    });

    const refused = await apply('ann', tenant);
    const created = await apply('op', tenant);

    assert.match(refused.stderr, /Forbidden.*User "ann" cannot get resource "tenants"/s);
    assert.equal(created.code, 0, created.stderr);
    await eventually(
      polder,
      ['tenant', 'newco'],
      async () =>
        (await polder.ok([
          'get',
          'tenant',
          'newco',
          '-o',
          'jsonpath={.status.phase} {.status.namespace}',
        ])) === 'Active tn-newco',
    );
    const label = await polder.ok([
      'get',
      'ns',
      'tn-newco',
      '-o',
      'jsonpath={.metadata.labels.polder\\.dev/tenant}',
    ]);
    assert.equal(label, 'newco');
  });

  it('D2 stops operators at the border of a tenant', async () => {
    await denied('op', ['get', 'depots,credentials', '-n', 'tn-acme'], /Forbidden/);
    await denied('op', ['create', '-f', 'manifests/samples/quickstart/70-data-product.yaml'], /Forbidden/);
    await polder.ok(['get', 'tenants,dataplanes'], as('op'));
    assert.equal(await polder.ok(['get', 'depots,credentials', '-A'], as('op')), '');
  });

  it('D2 lets break-glass in only while the tenant carries a reason, and records it', async () => {
    users['eve'] = await polder.user('eve', 'polder:break-glass');
    await denied('eve', ['get', 'depots', '-n', 'tn-acme'], /Forbidden/);

    await polder.ok(['annotate', 'tenant', 'acme', 'polder.dev/break-glass-reason=INC-7 restore'], as('op'));
    await polder.ok(['get', 'depots', '-n', 'tn-acme'], as('eve'));
    await polder.ok(['annotate', 'tenant', 'acme', 'polder.dev/break-glass-reason-'], as('op'));

    await denied('eve', ['get', 'depots', '-n', 'tn-acme'], /Forbidden/);
    await polder.stop();
    const audit = readFileSync(join(polder.dir, 'audit.log'), 'utf8').split('\n');
    polder = await polder.restart();
    const own = audit.filter((line) => line.includes('"username":"eve"') && line.includes('INC-7 restore'));
    assert.notEqual(own.length, 0);
  });

  it('D3 lets a tenant admin delegate inside her tenant, not outside, and not what she lacks', async () => {
    const spec = {
      effect: 'Allow',
      subjects: [{ kind: 'User', name: 'nia' }],
      roleRef: { name: 'data-developer' },
    };
    users['nia'] = await polder.user('nia');
    await denied('nia', ['get', 'depots', '-n', 'tn-acme'], /Forbidden/);

    const inside = await apply('ann', policy('tn-acme', 'nia', spec));
    const outside = await apply('ann', policy('tn-globex', 'nia', spec));
    const beyond = await apply('dev', policy('tn-acme', 'more', spec));

    assert.equal(inside.code, 0, inside.stderr);
    await polder.ok(['get', 'depots', '-n', 'tn-acme'], as('nia'));
    assert.match(outside.stderr, /Forbidden/);
    assert.match(beyond.stderr, /Forbidden/);
  });

  it('D4 keeps equal names of two tenants apart and leaks neither names nor counts', async () => {
    const mine = await polder.ok(
      ['get', 'depot', 'warehouse', '-n', 'tn-acme', '-o', 'jsonpath={.metadata.uid}'],
      as('dev'),
    );
    const theirs = await polder.ok(
      ['get', 'depot', 'warehouse', '-n', 'tn-globex', '-o', 'jsonpath={.metadata.uid}'],
      as('gil'),
    );

    assert.notEqual(mine, theirs);
    await denied('dev', ['get', 'depot', 'warehouse', '-n', 'tn-globex'], /Forbidden/);
    const list = await polder.ok(
      ['get', '--raw', '/apis/data.polder.dev/v1alpha1/depots?limit=1'],
      as('dev'),
    );
    const { items, metadata } = JSON.parse(list) as {
      items: { metadata: { namespace: string } }[];
      metadata: { remainingItemCount?: number };
    };
    assert.deepEqual(
      items.map((item) => item.metadata.namespace),
      ['tn-acme'],
    );
    assert.equal(metadata.remainingItemCount, undefined);
  });

  it('D4 answers alike for what is not there and what belongs to somebody else', async () => {
    const other = await polder.kubectl(['get', 'depot', 'warehouse', '-n', 'tn-globex'], as('dev'));
    const nothing = await polder.kubectl(['get', 'depot', 'warehouse', '-n', 'tn-nobody'], as('dev'));

    assert.equal(other.stderr.replaceAll('tn-globex', 'X'), nothing.stderr.replaceAll('tn-nobody', 'X'));
  });

  it('D5 refuses a credential of another tenant by name, and gives a new tenant nothing', async () => {
    const foreign = await apply(
      'gil',
      depot('tn-globex', 'thief', [{ purpose: 'rw', ref: { name: 'warehouse-owner', tenant: 'acme' } }]),
    );
    users['ned'] = await polder.user('ned', 'newco-admins');

    assert.match(foreign.stderr, /tenant "acme"/);
    assert.equal(await polder.ok(['get', 'credentials,depots', '-n', 'tn-newco'], as('ned')), '');
    assert.equal(await polder.ok(['get', 'depots', '-A', '--no-headers'], as('ned')), '');
  });

  it('D7 binds a policy only where it is defined', async () => {
    const everything = { effect: 'Allow', subjects: [{ kind: 'Group', name: '*' }], actions: ['*:*'] };
    const applied = await apply('ann', policy('tn-acme', 'open-house', everything));
    users['zoe'] = await polder.user('zoe');

    assert.equal(applied.code, 0, applied.stderr);
    await polder.ok(['get', 'depots', '-n', 'tn-acme'], as('zoe'));
    await denied('zoe', ['get', 'depots', '-n', 'tn-globex'], /Forbidden/);
    await denied('zoe', ['get', 'tenants'], /Forbidden/);
    await polder.ok(['delete', 'accesspolicy', 'open-house', '-n', 'tn-acme'], as('ann'));
    await denied('zoe', ['get', 'depots', '-n', 'tn-acme'], /Forbidden/);
  });

  it('D8 wants the credential before the depot, and one that is good for the purpose', async () => {
    const wanting = depot('tn-acme', 'orders', [{ purpose: 'rw', ref: { name: 'orders-db' } }]);

    const missing = await apply('ann', wanting);
    await apply('ann', credential('orders-db', { acl: 'r', ...GENERATED }));
    const tooWeak = await apply('ann', wanting);
    await polder.ok(['delete', 'credential', 'orders-db', '-n', 'tn-acme'], as('ann'));
    await apply('ann', credential('orders-db', { acl: 'rw', ...GENERATED }));
    const good = await apply('ann', wanting);

    assert.match(missing.stderr, /is invalid: spec\.credentials\[0\]\.ref\.name: Not found: "orders-db"/);
    assert.match(tooWeak.stderr, /is invalid: spec\.credentials\[0\]\.purpose: Invalid value: "rw"/);
    assert.equal(good.code, 0, good.stderr);
  });

  it('D9 stores no byte of a credential value, whatever the form of the write', async () => {
    const sentinel = 'SENTINEL-3f1c9a';
    const inline = (value: string): string =>
      credential('inline', { source: 'Inline', stringData: { username: 'u', password: value } });

    const applied = await apply('ann', inline(`${sentinel}-1`));
    const again = await apply('ann', inline(`${sentinel}-2`));
    const server = await polder.kubectl(['apply', '--server-side', '--force-conflicts', '-f', '-'], {
      ...as('ann'),
      input: inline(`${sentinel}-3`),
    });
    const patched = await polder.kubectl(
      [
        'patch',
        'credential',
        'inline',
        '-n',
        'tn-acme',
        '--type=merge',
        '-p',
        `{"spec":{"stringData":{"username":"u","password":"${sentinel}-4"}}}`,
      ],
      as('ann'),
    );
    const bad = await apply(
      'ann',
      credential('broken', { source: 'Inline', type: 'nope', stringData: { password: sentinel } }),
    );

    for (const output of [applied, again, server, patched]) assert.equal(output.code, 0, output.stderr);
    assert.notEqual(bad.code, 0);
    const shown = await polder.ok(
      ['get', 'credential', 'inline', '-n', 'tn-acme', '-o', 'yaml', '--show-managed-fields'],
      as('ann'),
    );
    const described = await polder.ok(['describe', 'credential', 'inline', '-n', 'tn-acme'], as('ann'));
    const metrics = await polder.ok(['get', '--raw', '/metrics'], as('op'));
    for (const text of [shown, described, metrics, bad.stderr, polder.output()])
      assert.doesNotMatch(text, /SENTINEL/);
    assert.match(shown, /fingerprint: \S+/);
    await polder.stop();
    const leaks = filesBelow(polder.dir).filter((file) => readFileSync(file).includes(sentinel));
    polder = await polder.restart();
    assert.deepEqual(leaks, []);
  });

  it('O13 lets a deny beat an allow of another group, in enforcement and in reviews', async () => {
    users['both'] = await polder.user('both', 'acme-developers', 'acme-frozen');
    await polder.ok(['get', 'depots', '-n', 'tn-acme'], as('both'));

    const deny = {
      effect: 'Deny',
      subjects: [{ kind: 'Group', name: 'acme-frozen' }],
      actions: ['depots:*'],
    };
    await polder.ok(['apply', '-f', '-'], { ...as('ann'), input: policy('tn-acme', 'freeze', deny) });

    await denied('both', ['get', 'depots', '-n', 'tn-acme'], /freeze/);
    const asked = await polder.kubectl(['auth', 'can-i', 'list', 'depots', '-n', 'tn-acme'], as('both'));
    assert.match(asked.stdout, /^no/);
    const review = JSON.stringify({
      apiVersion: 'data.polder.dev/v1alpha1',
      kind: 'AccessReview',
      metadata: { namespace: 'tn-acme', generateName: 'r-' },
      spec: {
        subject: { user: 'both', groups: ['acme-developers', 'acme-frozen'] },
        action: 'depots:list',
      },
    });
    const answer = await polder.kubectl(
      ['create', '-f', '-', '-o', 'jsonpath={.status.allowed} {.status.policies[*]}'],
      {
        ...as('ann'),
        input: review,
      },
    );
    assert.match(answer.stdout, /^false .*freeze/, answer.stderr);
  });

  it('X5 has no side effect in a dry run and keeps status to the controllers', async () => {
    const dry = await polder.kubectl(['apply', '--dry-run=server', '-f', '-'], {
      ...as('ann'),
      input: depot('tn-acme', 'dry'),
    });
    const after = await polder.kubectl(['get', 'depot', 'dry', '-n', 'tn-acme'], as('ann'));
    const status = await polder.kubectl(
      [
        'patch',
        'depot',
        'warehouse',
        '-n',
        'tn-acme',
        '--subresource=status',
        '--type=merge',
        '-p',
        '{"status":{"phase":"Active"}}',
      ],
      as('ann'),
    );

    assert.match(dry.stdout, /created \(server dry run\)/);
    assert.match(after.stderr, /NotFound/);
    assert.match(status.stderr, /Forbidden/);
  });

  it('shows grants and revocations in an open watch', async () => {
    users['wim'] = await polder.user('wim', 'newco-admins');
    const grant = { effect: 'Allow', subjects: [{ kind: 'User', name: 'wim' }], actions: ['depots:*'] };
    const columns = 'custom-columns=T:.type,N:.object.metadata.namespace';
    const args = ['get', 'depots', '-A', '-w', '--output-watch-events', '-o', columns];
    const watcher = followKubectl(users['wim'], args);
    try {
      await apply('ann', policy('tn-acme', 'wim', grant));
      await watcher.until(/ADDED +tn-acme/);
      await polder.ok(['delete', 'accesspolicy', 'wim', '-n', 'tn-acme'], as('ann'));
      await watcher.until(/DELETED +tn-acme/);
    } finally {
      watcher.stop();
    }
  });
});

function filesBelow(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? filesBelow(path) : [path];
  });
}
