import assert from 'node:assert/strict';
import { gunzipSync } from 'node:zlib';
import type { Answer, Json } from '../../test/support/http-client.ts';
import { startPlane, type Plane } from '../../test/support/http.ts';
import { box, widget } from '../../test/support/registry.ts';

const WIDGETS = '/apis/data.polder.dev/v1alpha1/namespaces/a/widgets';
const BOXES = '/apis/platform.polder.dev/v1alpha1/boxes';
const TENANTS = '/apis/platform.polder.dev/v1alpha1/tenants';
const table = (version = 'v1'): string =>
  `application/json;as=Table;v=${version};g=meta.k8s.io,application/json`;
const partial = (form: string): string => `application/json;as=${form};v=v1;g=meta.k8s.io`;

describe('forms of the answer', () => {
  let plane: Plane;
  before(async () => {
    plane = await startPlane();
    for (const name of ['w1', 'w2']) {
      await plane.call('POST', WIDGETS, { body: widget(name, {}, { labels: { app: name } }) });
    }
    await plane.addTenant('acme');
  });
  after(async () => {
    await plane.close();
  });
  const get = async (
    path: string,
    accept: string,
    more: Readonly<Record<string, string>> = {},
  ): Promise<Answer> => plane.call('GET', path, { headers: { accept, ...more } });

  it('C43 C44 prints a Table with Name first, wide columns marked and Age rendered', async () => {
    for (const version of ['v1', 'v1beta1']) {
      const list = (await get(TENANTS, table(version))).json();

      assert.deepEqual([list.kind, list.apiVersion], ['Table', `meta.k8s.io/${version}`]);
      const [name] = list.columnDefinitions;
      assert.deepEqual([name.name, name.type, name.format, name.priority], ['Name', 'string', 'name', 0]);
      const columns = list.columnDefinitions.map((one: Json) => one.name) as string[];
      const age = columns.indexOf('Age');
      assert.ok(age > 0);
      assert.ok(list.columnDefinitions.slice(age + 1).every((one: Json) => one.priority === 1));
      const [row] = list.rows;
      assert.equal(row.cells.length, columns.length);
      assert.equal(row.cells[0], 'acme');
      assert.match(row.cells[age], /^[0-9]+s$/);
      assert.deepEqual(
        [row.object.kind, row.object.apiVersion],
        ['PartialObjectMetadata', `meta.k8s.io/${version}`],
      );
      assert.match(list.metadata.resourceVersion, /^[0-9]+$/);
    }
  });

  it('C44 includes the object as asked', async () => {
    const object = async (include: string): Promise<Json> =>
      (await get(`${WIDGETS}?includeObject=${include}`, table())).json().rows[0].object;

    assert.equal(await object('None'), null);
    assert.deepEqual(Object.keys(await object('Metadata')), ['kind', 'apiVersion', 'metadata']);
    assert.equal((await object('Object')).spec.size, 1);
    const refused = await get(`${WIDGETS}?includeObject=zz`, table());
    assert.deepEqual([refused.status, refused.json().reason], [400, 'BadRequest']);
  });

  it('C44 prints one object as a Table of one row, and pages with their token', async () => {
    const one = (await get(`${WIDGETS}/w1`, table())).json();
    assert.deepEqual([one.rows.length, one.rows[0].cells[0]], [1, 'w1']);
    const page = (await get(`${WIDGETS}?limit=1`, table())).json();
    assert.equal(page.metadata.remainingItemCount, 1);
    assert.notEqual(page.metadata.continue, '');
  });

  it('C45 prints columns in the first event of a watch only', async () => {
    const watch = await plane.watch(`${WIDGETS}?watch=1`, { headers: { accept: table() } });
    const first = await watch.next();
    const second = await watch.next();
    watch.close();

    assert.deepEqual([first.type, first.object.kind], ['ADDED', 'Table']);
    assert.equal(first.object.columnDefinitions[0].name, 'Name');
    assert.equal(first.object.rows[0].cells[0], 'w1');
    assert.equal(second.object.columnDefinitions, null);
    assert.equal(second.object.rows[0].object.kind, 'PartialObjectMetadata');
  });

  it('C41 finds the JSON clause for metadata only', async () => {
    const accept = ['application/vnd.kubernetes.protobuf', 'application/json']
      .map((type) => `${type};as=PartialObjectMetadataList;g=meta.k8s.io;v=v1`)
      .join(',');
    const list = (await get(WIDGETS, `${accept},application/json`)).json();

    assert.deepEqual([list.kind, list.apiVersion], ['PartialObjectMetadataList', 'meta.k8s.io/v1']);
    assert.deepEqual(Object.keys(list.items[0]), ['kind', 'apiVersion', 'metadata']);
    assert.equal(list.items[0].metadata.labels.app, 'w1');
  });

  it('C42 sends metadata only in every event of a watch, bookmarks too', async () => {
    const query = 'watch=1&allowWatchBookmarks=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan';
    const watch = await plane.watch(`${WIDGETS}?${query}`, {
      headers: { accept: partial('PartialObjectMetadata') },
    });
    const events = [await watch.next(), await watch.next(), await watch.next()];
    watch.close();

    assert.deepEqual(
      events.map((event) => event.type),
      ['ADDED', 'ADDED', 'BOOKMARK'],
    );
    for (const { object } of events) {
      assert.deepEqual([object.kind, object.apiVersion], ['PartialObjectMetadata', 'meta.k8s.io/v1']);
      assert.equal(object.spec, undefined);
    }
    assert.equal(events[2].object.metadata.annotations['k8s.io/initial-events-end'], 'true');
  });

  it('answers 406 for a list as an object, and an object as a list', async () => {
    assert.equal((await get(WIDGETS, partial('PartialObjectMetadata'))).status, 406);
    assert.equal((await get(`${WIDGETS}/w1`, partial('PartialObjectMetadataList'))).status, 406);
  });

  it('C47 answers YAML, also for lists, Tables and nothing', async () => {
    const object = await get(`${WIDGETS}/w1`, 'application/yaml');
    assert.equal(object.headers['content-type'], 'application/yaml');
    assert.match(object.text, /^apiVersion: data\.polder\.dev\/v1alpha1\nkind: Widget\nmetadata:\n {2}/);
    const list = await get(WIDGETS, 'application/yaml');
    assert.match(
      list.text,
      /\nitems:\n- apiVersion: data\.polder\.dev\/v1alpha1\n {2}kind: Widget\n {2}metadata:\n/,
    );
    assert.match((await get(BOXES, 'application/yaml')).text, /\nitems: \[\]\n$/);
    const rows = await get(WIDGETS, 'application/yaml;as=Table;v=v1;g=meta.k8s.io');
    assert.match(rows.text, /^kind: Table\n[\s\S]*\nrows:\n- cells:\n/);
  });

  it('C47 answers a YAML list that reads back as the JSON one', async () => {
    const { parse } = await import('yaml');
    assert.deepEqual(
      parse((await get(WIDGETS, 'application/yaml')).text),
      (await get(WIDGETS, 'application/json')).json(),
    );
  });

  it('C47 refuses other types with 406', async () => {
    const answer = await get(WIDGETS, 'application/foo');
    assert.deepEqual([answer.status, answer.json().reason], [406, 'NotAcceptable']);
  });

  it('C48 reads YAML, charset parameters and no protobuf for our kinds', async () => {
    const post = async (type: string, body: string): Promise<Answer> =>
      plane.call('POST', WIDGETS, { headers: { 'content-type': type }, body });
    const yaml =
      'apiVersion: data.polder.dev/v1alpha1\nkind: Widget\nmetadata: {name: from-yaml}\nspec: {size: 7}\n';
    assert.equal((await post('application/yaml', yaml)).json().spec.size, 7);
    const json = JSON.stringify(widget('from-json'));
    assert.equal((await post('application/json; charset=utf-8', json)).status, 201);
    const refused = await post('application/vnd.kubernetes.protobuf', json);
    assert.equal(refused.status, 415);
    assert.match(refused.json().message, /application\/json, application\/yaml$/);
  });

  it('C49 takes CBOR neither as a body nor as an answer', async () => {
    const answer = await get(`${WIDGETS}/w1`, 'application/cbor;q=1,application/json;q=0.9');
    assert.equal(answer.headers['content-type'], 'application/json');
    const refused = await plane.call('POST', WIDGETS, {
      headers: { 'content-type': 'application/cbor' },
      body: 'x',
    });
    assert.equal(refused.status, 415);
  });

  it('C52 indents when asked, and for curl', async () => {
    const plain = await plane.call('GET', WIDGETS);
    for (const how of [
      await plane.call('GET', `${WIDGETS}?pretty=true`),
      await plane.call('GET', WIDGETS, { headers: { 'user-agent': 'curl/8.1' } }),
    ]) {
      assert.ok(how.text.startsWith('{\n  "kind": "WidgetList",\n'));
      assert.ok(how.text.includes('\n  "items": [\n    {\n      "apiVersion"'));
      assert.deepEqual(how.json(), plain.json());
    }
    const empty = await plane.call('GET', `${BOXES}?pretty=1`);
    assert.deepEqual(empty.json().items, []);
    assert.ok((await plane.call('GET', `${BOXES}/none?pretty=1`)).text.startsWith('{\n  "kind": "Status"'));
  });

  it('C52 answers HEAD without a body, and 405 to what an item does not do', async () => {
    for (const path of [WIDGETS, `${WIDGETS}/w1`, '/version', '/apis']) {
      const full = await plane.call('GET', path);
      const head = await plane.call('HEAD', path);
      assert.deepEqual(
        [head.status, head.text, head.headers['content-length']],
        [200, '', full.headers['content-length']],
      );
    }
    // Events behind an answer that has no body would be taken for the next answer.
    const watch = await plane.call('HEAD', `${WIDGETS}?watch=1`);
    assert.deepEqual([watch.status, watch.text], [405, '']);
    for (const [method, path] of [
      ['POST', `${WIDGETS}/w1`],
      ['OPTIONS', WIDGETS],
      ['OPTIONS', `${WIDGETS}/w1`],
      ['PUT', WIDGETS],
      ['PATCH', WIDGETS],
      ['POST', `${WIDGETS}/w1/status`],
      ['GET', '/apis/platform.polder.dev/v1alpha1/registrationtokens'],
    ] as const) {
      const answer = await plane.call(method, path);
      assert.deepEqual([answer.status, answer.json().reason], [405, 'MethodNotAllowed'], `${method} ${path}`);
    }
  });

  it('C127 has no namespaced path for cluster-scoped kinds, and no other way to a namespace', async () => {
    await plane.call('POST', BOXES, { body: box('kept') });
    for (const [method, path] of [
      ['DELETE', '/apis/platform.polder.dev/v1alpha1/namespaces/a/boxes'],
      ['GET', '/apis/platform.polder.dev/v1alpha1/namespaces/a/boxes/kept'],
      ['GET', '/api/v1/namespaces/a/namespaces/b'],
      ['DELETE', '/api/v1/namespaces/a/namespaces'],
      ['POST', '/apis/data.polder.dev/v1alpha1/widgets'],
      ['DELETE', '/apis/data.polder.dev/v1alpha1/widgets'],
      ['GET', '/apis/data.polder.dev/v1alpha1/widgets/w1'],
      ['GET', `${WIDGETS}/w1/unheard`],
      ['GET', `${WIDGETS}/w1/status/more`],
      ['GET', '/apis/data.polder.dev/v1alpha1/namespaces/a/unheard'],
    ] as const) {
      const answer = await plane.call(method, path, method === 'POST' ? { body: widget('x') } : {});
      assert.deepEqual([answer.status, answer.json().reason], [404, 'NotFound'], `${method} ${path}`);
    }
    assert.equal((await plane.call('GET', `${BOXES}/kept`)).status, 200);
  });

  it('C50 compresses long lists when asked, with the same content, and no watch', async () => {
    const notes = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`n${i}`, 'x'.repeat(1000)]));
    for (let i = 0; i < 20; i += 1) {
      const path = WIDGETS.replace('/a/', '/b/');
      const sent = await plane.call('POST', path, { body: widget(`long-${i}`, { notes }) });
      assert.equal(sent.status, 201);
    }
    const path = WIDGETS.replace('/a/', '/b/');
    const plain = await get(path, 'application/json');
    assert.ok(plain.bytes.length > 256 * 1024);
    assert.equal(plain.headers['content-length'], String(plain.bytes.length));

    const packed = await get(path, 'application/json', { 'accept-encoding': 'deflate, gzip;q=0.8' });
    assert.equal(packed.headers['content-encoding'], 'gzip');
    assert.ok(packed.bytes.length < plain.bytes.length / 4);
    assert.deepEqual(gunzipSync(packed.bytes), plain.bytes);
    const refused = await get(path, 'application/json', { 'accept-encoding': 'gzip;q=0' });
    assert.equal(refused.headers['content-encoding'], undefined);
    const short = await get(WIDGETS, 'application/json', { 'accept-encoding': 'gzip' });
    assert.equal(short.headers['content-encoding'], undefined);
    const watch = await plane.watch(`${path}?watch=1`, { headers: { 'accept-encoding': 'gzip' } });
    assert.equal(watch.response.headers['content-encoding'], undefined);
    assert.equal((await watch.next()).type, 'ADDED');
    watch.close();
  });

  it('C50 sends OpenAPI documents compressed to those who take it, the same to the others', async () => {
    for (const path of ['/openapi/v2', '/openapi/v3', '/openapi/v3/apis/data.polder.dev/v1alpha1']) {
      const plain = await get(path, 'application/json');
      const packed = await get(path, 'application/json', { 'accept-encoding': 'gzip' });

      assert.equal(plain.headers['content-encoding'], undefined);
      assert.equal(packed.headers['content-encoding'], 'gzip');
      assert.equal(packed.headers['vary'], 'Accept, Accept-Encoding');
      assert.deepEqual(gunzipSync(packed.bytes), plain.bytes);
    }
  });

  it('tells caches to keep nothing', async () => {
    assert.equal((await plane.call('GET', WIDGETS)).headers['cache-control'], 'no-cache, private');
    assert.equal((await plane.call('GET', `${WIDGETS}/none`)).headers['cache-control'], 'no-cache, private');
  });
});
