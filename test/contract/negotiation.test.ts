/** Checks C of the API contract: negotiation and printing. */
import assert from 'node:assert/strict';
import { gunzipSync } from 'node:zlib';
import type { Json } from '../support/http.ts';
import { expectCode, expectStatus } from './support/api.ts';
import { followKubectl } from './support/follow.ts';
import { dataPolicy, plain, plainIn, policiesIn, type Server } from './support/server.ts';
import { startServer } from './support/target.ts';

/** What the metadata client of kube-controller-manager sends. */
const METADATA_LIST =
  'application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,' +
  'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json';
const METADATA_WATCH = METADATA_LIST.replaceAll('MetadataList', 'Metadata');
const table = (version: string) => `application/json;as=Table;v=${version};g=meta.k8s.io`;

describe('contract C: negotiation and printing', function () {
  this.timeout(60_000);
  const path = policiesIn('tn-a');
  let server: Server;
  before(async () => {
    server = await startServer();
    await server.tenant('a');
    await server.room('plain');
    for (const name of ['one', 'two']) {
      await server.root.create(path, dataPolicy(name, {}, { labels: { a: name } }));
    }
  });
  after(() => server.remove());

  const asking = (accept: string, where = path) => server.root.call('GET', where, { headers: { accept } });
  const get = (...args: string[]) => server.ok(['get', 'dpol', '-n', 'tn-a', ...args]);

  it('C41 finds the JSON clause of a metadata client', async () => {
    const { body, headers } = expectCode(await asking(METADATA_LIST), 200);

    assert.equal(headers['content-type'], 'application/json');
    assert.equal(body.kind, 'PartialObjectMetadataList');
    assert.equal(body.apiVersion, 'meta.k8s.io/v1');
    assert.match(body.metadata.resourceVersion, /^[1-9][0-9]*$/);
    assert.deepEqual(
      body.items.map(({ metadata }: Json) => metadata.name),
      ['one', 'two'],
    );
    for (const item of body.items) {
      assert.deepEqual(Object.keys(item).sort(), ['apiVersion', 'kind', 'metadata']);
      assert.equal(item.kind, 'PartialObjectMetadata');
      assert.equal(item.apiVersion, 'meta.k8s.io/v1');
    }
  });

  it('C42 watches metadata only, in every event and bookmark', async () => {
    const watch = await server.root.watch(
      `${path}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`,
      { headers: { accept: METADATA_WATCH } },
    );
    const events = await watch.take(3);
    await server.root.merge(`${path}/one`, { metadata: { annotations: { touched: 'yes' } } });
    events.push(await watch.next());
    watch.close();

    assert.deepEqual(
      events.map(({ type }) => type),
      ['ADDED', 'ADDED', 'BOOKMARK', 'MODIFIED'],
    );
    for (const { object } of events) {
      assert.deepEqual(Object.keys(object).sort(), ['apiVersion', 'kind', 'metadata']);
      assert.equal(object.kind, 'PartialObjectMetadata');
      assert.equal(object.apiVersion, 'meta.k8s.io/v1');
    }
  });

  it('C43 prints tables as kubectl shows them', async () => {
    const age = '[0-9]+[smh]([0-9]+[smh])?';
    const row = (name: string) => `${name} +filter +crm +\\*\\.\\* +50 +${age}`;
    const header = 'NAME +TYPE +DEPOT +DATASET +PRIORITY +DISTRIBUTED +AGE';

    assert.match(await get(), new RegExp(`^${header}\n${row('one')}\n${row('two')}$`));
    assert.match(await get('-o', 'wide'), new RegExp(`^${header}\n`));
    const narrow = await server.ok(['get', 'tn']);
    const wide = await server.ok(['get', 'tn', '-o', 'wide']);
    assert.match(narrow, /^NAME +PHASE +NAMESPACE +CLUSTERS +AGE\n/);
    assert.match(wide, /^NAME +PHASE +NAMESPACE +CLUSTERS +AGE +ISOLATION +DISPLAY NAME +REASON\n/);
    assert.match(await server.ok(['get', 'dpol', '-A']), new RegExp(`^NAMESPACE +${header}\ntn-a +one `));
    assert.match(await get('--show-labels'), new RegExp(`^${header} +LABELS\none .* a=one\n`));
    assert.match(await get('-L', 'a'), new RegExp(`^${header} +A\none .* one\ntwo .* two$`));
    assert.match(await get('--no-headers'), /^one .*\ntwo .*$/);
    assert.match(await get('--sort-by=.metadata.name'), /^NAME.*\none .*\ntwo .*$/);
    await server.root.merge(`${path}/one`, { spec: { priority: 70 } });
    assert.match(await get('--sort-by=.spec.priority', '--no-headers'), /^two .*\none .*$/);
  });

  for (const version of ['v1', 'v1beta1']) {
    it(`C44 answers Table ${version} with the objects that were asked for`, async () => {
      const rows = async (include: string): Promise<Json[]> => {
        const { body } = expectCode(await asking(table(version), `${path}${include}`), 200);
        assert.equal(body.kind, 'Table');
        assert.equal(body.apiVersion, `meta.k8s.io/${version}`);
        assert.match(body.metadata.resourceVersion, /^[1-9][0-9]*$/);
        const [first] = body.columnDefinitions;
        assert.deepEqual([first.name, first.type, first.format], ['Name', 'string', 'name']);
        for (const { cells } of body.rows) assert.equal(cells.length, body.columnDefinitions.length);
        return body.rows;
      };

      for (const row of await rows('?includeObject=None')) assert.equal(row.object ?? null, null);
      for (const { object } of [...(await rows('')), ...(await rows('?includeObject=Metadata'))]) {
        assert.equal(object.kind, 'PartialObjectMetadata');
        assert.equal(object.apiVersion, `meta.k8s.io/${version}`);
        assert.equal(object.spec, undefined);
      }
      for (const { object } of await rows('?includeObject=Object')) {
        assert.equal(object.kind, 'DataPolicy');
        assert.equal(object.spec.depot, 'crm');
      }
      expectStatus(await asking(table(version), `${path}?includeObject=zz`), 400, 'BadRequest');
    });
  }

  it('C45 sends column definitions with the first event only, and kubectl prints one header', async () => {
    const watch = await server.root.watch(`${path}?watch=1`, { headers: { accept: table('v1') } });
    const [first, ...others] = await watch.take(2);
    const follow = followKubectl(server.rootConfig, ['get', 'dpol', '-n', 'tn-a', '-w']);
    await follow.until(/^two /m);

    for (const value of ['1', '2', '3']) {
      await server.root.merge(`${path}/two`, { metadata: { annotations: { value } } });
      others.push(await watch.next());
    }
    watch.close();
    const shown = await follow.until(/(^two .*\n){4}/m);
    follow.stop();

    assert.ok(first.object.columnDefinitions.length > 3);
    assert.equal(others.length, 4);
    for (const { object } of others) {
      assert.equal(object.kind, 'Table');
      assert.ok(!object.columnDefinitions?.length, 'columns came again');
      assert.equal(object.rows.length, 1);
    }
    assert.equal(shown.match(/^NAME /gm)?.length, 1);
  });

  it('C46 gives scripts plain JSON', async () => {
    assert.equal(await get('one', '-o', 'jsonpath={.spec.depot}'), 'crm');
    assert.equal(
      await get('-o', 'custom-columns=N:.metadata.name,D:.spec.depot', '--no-headers'),
      'one   crm\ntwo   crm',
    );
    assert.equal(await get('-o', 'name'), 'datapolicy.data.polder.dev/one\ndatapolicy.data.polder.dev/two');
    assert.equal(await get('-o', 'go-template={{len .items}}'), '2');
    assert.match(
      await get('one', '-o', 'yaml'),
      /^apiVersion: data\.polder\.dev\/v1alpha1\nkind: DataPolicy\n/,
    );
  });

  it('C47 answers YAML, and 406 to what it does not speak', async () => {
    const yaml = expectCode(await asking('application/yaml', `${path}/one`), 200);
    const refused = expectStatus(await asking('application/foo'), 406, 'NotAcceptable');

    assert.equal(yaml.headers['content-type'], 'application/yaml');
    assert.match(yaml.text, /^apiVersion: "?data\.polder\.dev\/v1alpha1"?\nkind: "?DataPolicy"?\n/);
    assert.match(refused.message, /application\/json, application\/yaml/);
  });

  it('C48 reads YAML and JSON with a charset, and 415 to protobuf', async () => {
    const { metadata, spec, ...type } = dataPolicy('as-yaml');
    const yaml = [
      '# written by hand',
      ...Object.entries(type).map(([key, value]) => `${key}: ${String(value)}`),
      'metadata:',
      `  name: ${metadata.name}`,
      `spec: ${JSON.stringify(spec)}`,
    ].join('\n');
    const post = (type: string, body: unknown) => server.root.call('POST', path, { type, body });

    expectCode(await post('application/yaml', yaml), 201);
    expectCode(await post('application/json; charset=utf-8', dataPolicy('charset')), 201);
    const refused = await post('application/vnd.kubernetes.protobuf', Buffer.from('k8s\0'));
    assert.match(
      expectStatus(refused, 415, 'UnsupportedMediaType').message,
      /application\/json, application\/yaml/,
    );
    for (const name of ['as-yaml', 'charset']) await server.root.call('DELETE', `${path}/${name}`);
  });

  it('C49 passes over CBOR to JSON, and refuses a CBOR body', async () => {
    const answer = await asking('application/cbor;q=1,application/json;q=0.9');
    const refused = await server.root.call('POST', path, { type: 'application/cbor', body: 'x' });

    assert.equal(expectCode(answer, 200).headers['content-type'], 'application/json');
    expectStatus(refused, 415, 'UnsupportedMediaType');
  });

  it('C50 compresses large lists when asked, and never a watch', async () => {
    const maps = plainIn('plain');
    for (const name of ['large-1', 'large-2', 'large-3']) {
      await server.root.create(maps, plain(name, { text: 'x'.repeat(60_000) }));
    }
    const headers = { 'accept-encoding': 'gzip' };

    const bare = await server.root.call('GET', maps);
    const zipped = await server.root.call('GET', maps, { headers });
    const small = await server.root.call('GET', path, { headers });
    const watch = await server.root.watch(`${maps}?watch=1`, { headers });
    const [event] = await watch.take(1);
    watch.close();

    assert.equal(zipped.headers['content-encoding'], 'gzip');
    assert.deepEqual(JSON.parse(gunzipSync(zipped.bytes).toString()), bare.body);
    assert.equal(bare.headers['content-encoding'], undefined);
    assert.equal(small.headers['content-encoding'], undefined);
    assert.equal(watch.response.headers['content-encoding'], undefined);
    assert.equal(event.type, 'ADDED');
  });

  it('C51 lists our kinds under `kubectl get all`', async () => {
    const all = await server.ok(['get', 'all', '-n', 'tn-a']);

    assert.match(all, /^depot\.data\.polder\.dev\/crm /m);
  });

  it('C52 indents on request, answers HEAD without a body and refuses methods with 405', async () => {
    const pretty = await server.root.call('GET', `${path}/one?pretty=true`);
    const plain = await server.root.call('GET', `${path}/one`);
    const head = await server.root.call('HEAD', `${path}/one`);

    assert.match(pretty.text, /^\{\n {2}"apiVersion"/);
    assert.deepEqual(pretty.body, plain.body);
    assert.ok(!plain.text.trimEnd().includes('\n'));
    assert.equal(head.status, 200);
    assert.equal(head.text, '');
    expectStatus(await server.root.call('OPTIONS', path), 405, 'MethodNotAllowed');
    // Between the aggregator and us others use the connection next.
    assert.equal((await server.root.call('HEAD', `${path}?watch=1`)).status, 405);
    for (let times = 0; times < 5; times += 1) {
      assert.equal((await server.root.call('GET', `${path}/one`)).status, 200);
    }
    expectStatus(
      await server.root.call('POST', `${path}/one`, { body: dataPolicy('one') }),
      405,
      'MethodNotAllowed',
    );
  });
});
