/** Checks G of the API contract: server-side apply. */
import assert from 'node:assert/strict';
import type { Json } from '../support/http.ts';
import type { Output } from '../support/polder.ts';
import { expectCode, expectStatus, type Answer, type Api } from './support/api.ts';
import { DATA, dataPolicy, policiesIn, type Server } from './support/server.ts';
import { startServer } from './support/target.ts';

const APPLY = 'application/apply-patch+yaml';

describe('contract G: server-side apply', function () {
  this.timeout(60_000);
  const path = policiesIn('tn-a');
  let server: Server;
  let root: Api;
  let controller: Api;
  before(async () => {
    server = await startServer();
    root = server.root;
    controller = (await server.controller()).api;
    await server.tenant('a');
    await server.namespace('plain');
  });
  after(() => server.remove());

  interface Applying {
    readonly force?: boolean;
    readonly api?: Api;
  }
  const apply = (url: string, manager: string, body: unknown, how: Applying = {}): Promise<Answer> =>
    (how.api ?? root).call(
      'PATCH',
      `${url}?fieldManager=${manager}${how.force === true ? '&force=true' : ''}`,
      { body, type: APPLY },
    );
  /** What one manager states of a data policy. */
  const states = (name: string, spec: object, metadata: object = {}): Json => ({
    apiVersion: 'data.polder.dev/v1alpha1',
    kind: 'DataPolicy',
    metadata: { name, ...metadata },
    spec,
  });
  const ok = async (answer: Promise<Answer>, code = 200): Promise<Json> =>
    expectCode(await answer, code).body;
  const entry = ({ metadata }: Json, manager: string, subresource?: string): Json =>
    metadata.managedFields.find(
      (one: Json) => one.manager === manager && (one.subresource ?? undefined) === subresource,
    );
  const kubectlApply = (args: string[], object: unknown) =>
    server.ok(['apply', '-f', '-', '-n', 'tn-a', ...args], { input: JSON.stringify(object) });

  it('C113 kubectl apply --server-side creates with 201, and again changes nothing', async () => {
    const url = `${path}/first`;
    const config = dataPolicy('first', {}, { namespace: 'tn-a' });

    const created = await ok(apply(url, 'gitops', config), 201);
    const repeated = await ok(apply(url, 'gitops', config));
    await kubectlApply(['--server-side', '--field-manager=gitops'], config);
    const shown = await root.read(url);

    assert.equal(created.metadata.managedFields.length, 1);
    const [{ manager, operation, time }] = created.metadata.managedFields;
    assert.deepEqual([manager, operation], ['gitops', 'Apply']);
    assert.match(time, /^\d{4}-/);
    assert.deepEqual(repeated, created);
    assert.deepEqual(shown, created);
    assert.equal(created.spec.priority, 50);
    assert.equal(created.metadata.managedFields[0].fieldsV1['f:spec']['f:priority'], undefined);
  });

  it('C114 needs a field manager, and force belongs to apply only', async () => {
    const url = `${path}/first`;
    const body = states('first', { priority: 51 });
    const missing = await root.call('PATCH', url, { body, type: APPLY });
    const type = 'application/merge-patch+json';
    const forced = await root.call('PATCH', `${url}?force=true`, { body, type });

    const required = expectStatus(missing, 422, 'Invalid');
    assert.match(required.message, /fieldManager: Required value: is required for apply patch/);
    const forbidden = expectStatus(forced, 422, 'Invalid');
    assert.match(forbidden.message, /force: Forbidden: may not be specified for non-apply patch/);
  });

  it('C115 names conflicts, and moves ownership when forced', async () => {
    const url = `${path}/contested`;
    await ok(apply(url, 'ann', dataPolicy('contested', { priority: 10, description: 'ann' })), 201);
    const wanted = states('contested', { priority: 20, description: 'bob' });

    const body = expectStatus(await apply(url, 'bob', wanted), 409, 'Conflict');
    const forced = await ok(apply(url, 'bob', wanted, { force: true }));
    await ok(root.merge(`${url}?fieldManager=editor`, { spec: { priority: 30 } }));
    const other = expectStatus(await apply(url, 'bob', wanted), 409, 'Conflict');
    const kubectl = await server.kubectl(['apply', '--server-side', '-f', '-', '-n', 'tn-a'], {
      input: JSON.stringify(states('contested', { priority: 40 }, { namespace: 'tn-a' })),
    });

    assert.equal(
      body.message,
      'Apply failed with 2 conflicts: conflicts with "ann":\n- .spec.description\n- .spec.priority',
    );
    assert.deepEqual(body.details.causes, [
      { reason: 'FieldManagerConflict', message: 'conflict with "ann"', field: '.spec.description' },
      { reason: 'FieldManagerConflict', message: 'conflict with "ann"', field: '.spec.priority' },
    ]);
    assert.equal(forced.spec.priority, 20);
    assert.deepEqual(entry(forced, 'bob').fieldsV1, { 'f:spec': { 'f:description': {}, 'f:priority': {} } });
    assert.equal(entry(forced, 'ann').fieldsV1['f:spec']['f:priority'], undefined);
    assert.match(
      other.message,
      /conflict with "editor" using data\.polder\.dev\/v1alpha1( at \S+)?: \.spec\.priority$/,
    );
    assert.equal(kubectl.code, 1);
    assert.match(
      kubectl.stderr,
      /conflict with "editor" using data\.polder\.dev\/v1alpha1.*\.spec\.priority/s,
    );
  });

  it('C116 removes what is no longer stated, unless somebody else states it', async () => {
    const url = `${path}/shrinks`;
    const labels = (all: object): object => ({ labels: all });
    await ok(
      apply(url, 'ann', dataPolicy('shrinks', { description: 'x', priority: 9 }, labels({ a: '1', b: '2' }))),
      201,
    );
    await ok(apply(url, 'bob', states('shrinks', { description: 'x' }, labels({ a: '1' }))));

    const after = await ok(apply(url, 'ann', dataPolicy('shrinks')));

    assert.deepEqual(after.metadata.labels, { a: '1' });
    assert.equal(after.spec.description, 'x');
    assert.equal(after.spec.priority, 50, 'a dropped field returns to its default');
    const last = await ok(apply(url, 'bob', states('shrinks', {})));
    assert.equal(last.metadata.labels, undefined);
    assert.equal(last.spec.description, undefined);
  });

  it('C117 owns map-lists by key, sets by value, atomic lists and maps as a whole, other maps by key', async () => {
    const url = `${path}/parts`;
    const filters = [{ column: 'c', operator: 'IsNull' }];
    const mine = dataPolicy('parts', { selector: { user: { names: ['ann', 'bob'] } }, rule: { filters } });
    mine.metadata.annotations = { note: 'x' };
    const created = await ok(apply(url, 'ann', mine), 201);
    const spec = entry(created, 'ann').fieldsV1['f:spec'];
    assert.deepEqual(spec['f:selector'], { 'f:user': { 'f:names': { 'v:"ann"': {}, 'v:"bob"': {} } } });
    assert.deepEqual(spec['f:rule'], { 'f:filters': {} });
    assert.deepEqual(entry(created, 'ann').fieldsV1['f:metadata'], { 'f:annotations': { 'f:note': {} } });
    const both = await ok(
      apply(url, 'bob', states('parts', { selector: { user: { names: ['carl', 'bob'] } } })),
    );
    assert.deepEqual(new Set(both.spec.selector.user.names), new Set(['ann', 'bob', 'carl']));
    const without = dataPolicy('parts', { selector: { user: { names: ['ann'] } }, rule: { filters } });
    const less = await ok(apply(url, 'ann', without));
    assert.deepEqual(new Set(less.spec.selector.user.names), new Set(['ann', 'bob', 'carl']));
    const other = { column: 'd', operator: 'IsNull' };
    expectStatus(
      await apply(url, 'bob', states('parts', { rule: { filters: [...filters, other] } })),
      409,
      'Conflict',
    );

    const depot = `${DATA}/namespaces/tn-a/depots/crm`;
    const dataset = (name: string, extra: object = {}): object => ({ name, path: `p.${name}`, ...extra });
    const datasets = (...all: object[]): object => ({
      apiVersion: 'data.polder.dev/v1alpha1',
      kind: 'Depot',
      metadata: { name: 'crm' },
      spec: { datasets: all },
    });
    await ok(apply(depot, 'ann', datasets(dataset('one'), dataset('two'))));
    const merged = await ok(apply(depot, 'bob', datasets(dataset('three'))));
    assert.deepEqual(
      merged.spec.datasets.map(({ name }: Json) => name),
      ['one', 'two', 'three'],
    );
    assert.deepEqual(entry(merged, 'bob').fieldsV1['f:spec'], {
      'f:datasets': { 'k:{"name":"three"}': { '.': {}, 'f:name': {}, 'f:path': {} } },
    });
    const conflict = await apply(depot, 'bob', datasets({ name: 'one', path: 'elsewhere' }));
    assert.match(expectStatus(conflict, 409, 'Conflict').message, /\.spec\.datasets\[name="one"\]\.path$/);

    const deployment = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web' },
      spec: {
        selector: { matchLabels: { app: 'web' } },
        template: {
          metadata: { labels: { app: 'web' } },
          spec: { containers: [{ name: 'web', image: 'nginx' }] },
        },
      },
    };
    const web = await ok(apply('/apis/apps/v1/namespaces/plain/deployments/web', 'ann', deployment), 201);
    const owned = entry(web, 'ann').fieldsV1['f:spec'];
    assert.deepEqual(owned['f:selector'], {});
    assert.deepEqual(Object.keys(owned['f:template']['f:spec']['f:containers']), ['k:{"name":"web"}']);
  });

  it('C118 keeps the owners of spec and status apart', async () => {
    const url = `${path}/reported`;
    await ok(apply(url, 'ann', dataPolicy('reported')), 201);
    const report = { ...states('reported', { priority: 1 }), status: { observedGeneration: 1 } };

    const reported = await ok(apply(`${url}/status`, 'reporter', report, { api: controller }));
    const again = await ok(apply(url, 'ann', dataPolicy('reported', { priority: 60 })));

    assert.equal(reported.spec.priority, 50);
    assert.deepEqual(entry(reported, 'reporter', 'status').fieldsV1, {
      'f:status': { 'f:observedGeneration': {} },
    });
    assert.deepEqual(again.status, { observedGeneration: 1 });
    assert.equal(entry(again, 'ann').fieldsV1['f:status'], undefined);
  });

  it('C119 refuses managedFields in the configuration, and resets them on [{}]', async () => {
    const url = `${path}/first`;
    const claiming = states('first', {}, { managedFields: [{ manager: 'x' }] });

    const refused = expectStatus(await apply(url, 'gitops', claiming), 400, 'BadRequest');
    const kept = await ok(root.merge(`${url}?fieldManager=m`, { metadata: { labels: { a: 'b' } } }));
    const reset = await ok(root.merge(`${url}?fieldManager=m`, { metadata: { managedFields: [{}] } }));

    assert.equal(refused.message, 'metadata.managedFields must be nil');
    assert.equal(kept.metadata.managedFields.length, 2);
    assert.equal(reset.metadata.managedFields, undefined);
  });

  it('C120 takes kubectl from client-side to server-side apply and back without conflicts', async () => {
    const url = `${path}/migrates`;
    const config = (priority: number): Json => dataPolicy('migrates', { priority }, { namespace: 'tn-a' });
    const lastApplied = ({ metadata }: Json): Json =>
      JSON.parse(metadata.annotations['kubectl.kubernetes.io/last-applied-configuration']);

    await kubectlApply([], config(10));
    assert.equal(entry(await root.read(url), 'kubectl-client-side-apply').operation, 'Update');
    await kubectlApply(['--server-side'], config(11));
    const moved = await root.read(url);
    assert.equal(moved.spec.priority, 11);
    assert.equal(entry(moved, 'kubectl').operation, 'Apply');
    assert.equal(entry(moved, 'kubectl-client-side-apply'), undefined);
    assert.equal(lastApplied(moved).spec.priority, 11);
    await kubectlApply([], config(12));
    const back = await root.read(url);
    assert.equal(back.spec.priority, 12);
    assert.equal(lastApplied(back).spec.priority, 12);
  });

  it('C121 reads YAML, refuses another version, and merges the oldest of many updaters', async () => {
    const url = `${path}/yaml`;
    const yaml = [
      '# a comment',
      'apiVersion: data.polder.dev/v1alpha1',
      'kind: DataPolicy',
      'metadata:',
      '  name: yaml',
      'spec:',
      '  type: filter',
      '  depot: crm',
      '  selector: {}',
      '  rule:',
      '    filters:',
      '      - {column: country, operator: In, values: [DE]}',
    ].join('\n');
    await ok(apply(url, 'gitops', yaml), 201);
    const wrong = await apply(url, 'gitops', yaml.replace('v1alpha1', 'v9'));
    expectStatus(wrong, 400, 'BadRequest');

    for (let index = 0; index < 11; index += 1) {
      await ok(root.merge(`${url}?fieldManager=m${index}`, { metadata: { labels: { [`l${index}`]: 'x' } } }));
    }
    const { metadata } = await root.read(url);
    const updaters = metadata.managedFields.filter(({ operation }: Json) => operation === 'Update');
    assert.equal(updaters.length, 10);
    const ancient = entry({ metadata }, 'ancient-changes');
    assert.equal(
      Object.keys(ancient.fieldsV1['f:metadata']['f:labels']).length,
      3,
      'with the dot of the map',
    );
    assert.ok(ancient.fieldsV1['f:metadata']['f:labels']['f:l0']);
  });

  for (const [name, flags] of [
    ['client', []],
    ['server', ['--server-side']],
  ] as const) {
    it(`C122 kubectl diff ${flags.join('')} finds nothing in what was applied, defaults included`, async () => {
      const config = (spec: object = {}): Json => dataPolicy(name, spec, { namespace: 'tn-a' });
      const diff = (object: Json): Promise<Output> =>
        server.kubectl(['diff', '-f', '-', ...flags], { input: JSON.stringify(object) });
      await kubectlApply([...flags], config());
      const { metadata } = await root.read(`${path}/${name}`);

      const same = await diff(config());
      const different = await diff(config({ priority: 9 }));

      assert.deepEqual([same.code, same.stdout], [0, ''], same.stderr);
      assert.equal(different.code, 1, different.stderr);
      assert.match(different.stdout, /^-\s+priority: 50\n\+\s+priority: 9$/m);
      const after = await root.read(`${path}/${name}`);
      assert.equal(after.metadata.resourceVersion, metadata.resourceVersion, 'a diff is a dry run');
    });
  }
});
