import assert from 'node:assert/strict';
import type { Answer, Json } from '../../test/support/http-client.ts';
import { ANN, NOBODY, startPlane, type Plane } from '../../test/support/http.ts';

const PLATFORM = '/apis/platform.polder.dev/v1alpha1';
const DATA = '/apis/data.polder.dev/v1alpha1';
const V2 = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

describe('discovery', () => {
  let plane: Plane;
  before(async () => {
    plane = await startPlane();
  });
  after(async () => {
    await plane.close();
  });
  const get = async (
    path: string,
    accept?: string,
    more: Readonly<Record<string, string>> = {},
  ): Promise<Answer> =>
    plane.call('GET', path, { headers: { ...(accept === undefined ? {} : { accept }), ...more } });

  const resources = async (): Promise<Json[]> => {
    const roots = await Promise.all(['/api', '/apis'].map(async (path) => (await get(path, V2)).json()));
    const versions = roots.flatMap((root) => root.items.flatMap((item: Json) => item.versions));
    return versions.flatMap((version: Json) => version.resources as Json[]);
  };

  it('C25 lists resources with names, kinds, verbs in order, scopes, short names, categories and hashes', async () => {
    const list = (await get(PLATFORM)).json();

    assert.deepEqual(
      [list.kind, list.apiVersion, list.groupVersion],
      ['APIResourceList', 'v1', 'platform.polder.dev/v1alpha1'],
    );
    const byName = new Map<string, Json>(list.resources.map((one: Json) => [one.name, one]));
    const tenants = byName.get('tenants');
    assert.deepEqual(tenants.verbs, VERBS);
    assert.deepEqual([tenants.singularName, tenants.namespaced, tenants.kind], ['tenant', false, 'Tenant']);
    assert.deepEqual([tenants.shortNames, tenants.categories], [['tn'], ['polder']]);
    // base64 of the first 8 bytes of SHA-256 of "platform.polder.dev/v1alpha1/Tenant".
    assert.match(tenants.storageVersionHash, /^[A-Za-z0-9+/]{11}=$/);
    assert.deepEqual(byName.get('tenants/status').verbs, ['get', 'patch', 'update']);
    assert.deepEqual(byName.get('registrationtokens').verbs, ['create']);
    assert.equal(byName.has('registrationtokens/status'), false);
  });

  it('C25 lists scale as autoscaling/v1 Scale', async () => {
    const list = (await get(DATA)).json();
    const scale = list.resources.find((one: Json) => one.name === 'widgets/scale');
    assert.deepEqual([scale.group, scale.version, scale.kind], ['autoscaling', 'v1', 'Scale']);
  });

  it('C26 answers all groups in one document, with the type that was asked for', async () => {
    for (const version of ['v2', 'v2beta1']) {
      const answer = await get('/apis', V2.replace('v=v2', `v=${version}`));
      const list = answer.json();
      assert.equal(
        answer.headers['content-type'],
        `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`,
      );
      assert.equal(list.apiVersion, `apidiscovery.k8s.io/${version}`);
      const names = list.items.map((item: Json) => item.metadata.name);
      assert.ok(names.includes('platform.polder.dev') && names.includes('apps') && !names.includes(''));
      assert.ok(
        list.items.every((item: Json) => item.versions.every((one: Json) => one.freshness === 'Current')),
      );
    }
    const core = (await get('/api', V2)).json();
    assert.deepEqual(
      core.items.map((item: Json) => item.metadata.name),
      [''],
    );
  });

  const PATHS = [
    DATA,
    `${DATA}/`,
    '/apis',
    '/api',
    '/api/v1',
    '/apis/data.polder.dev',
    '/version',
    '/openapi/v2',
    '/openapi/v3',
    '/openapi/v3/apis/data.polder.dev/v1alpha1',
  ];

  it('answers HEAD like GET, without the body', async () => {
    for (const path of PATHS) {
      const [whole, head] = [await get(path), await plane.call('HEAD', path)];
      assert.deepEqual([head.status, head.text], [200, ''], path);
      for (const name of ['content-type', 'content-length', 'etag'])
        assert.equal(head.headers[name], whole.headers[name], `${name} of ${path}`);
    }
    assert.equal((await plane.call('HEAD', '/apis/none/v1')).status, 404);
  });

  it('is 405 with the methods it has for whoever may read it, and 403 for others', async () => {
    for (const path of PATHS) {
      for (const method of ['OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE']) {
        const answer = await plane.call(method, path, { token: ANN });
        const { reason, code } = answer.json();
        const told = [answer.status, answer.headers['allow'], reason, code];
        assert.deepEqual(told, [405, 'GET, HEAD', 'MethodNotAllowed', 405], `${method} ${path}`);
      }
    }
    for (const method of ['HEAD', 'POST']) {
      assert.equal((await plane.call(method, '/metrics', { token: NOBODY })).status, 403, method);
      assert.equal((await plane.call(method, '/apis/none/v1', { token: ANN })).status, 404, method);
    }
  });

  it('C27 answers 304 to the quoted ETag', async () => {
    const first = await get('/apis', V2);
    const etag = first.headers.etag ?? '';
    assert.match(etag, /^"[0-9A-F]{64}"$/);

    const second = await get('/apis', V2, { 'if-none-match': etag });
    assert.deepEqual([second.status, second.text, second.headers.etag], [304, '', etag]);
    assert.equal((await get('/apis', V2, { 'if-none-match': '"other"' })).status, 200);
  });

  it('C28 answers the legacy list to everything else, never a failure', async () => {
    for (const accept of [
      undefined,
      '*/*',
      'application/json',
      V2.replace('v=v2', 'v=v9'),
      'text/html',
      '',
    ]) {
      const answer = await get('/apis', accept);
      assert.equal(answer.status, 200, String(accept));
      assert.equal(answer.json().kind, 'APIGroupList', String(accept));
    }
    assert.equal((await get('/apis', `application/json, ${V2}`)).json().kind, 'APIGroupList');
  });

  it('C29 gives every resource and subresource a response kind', async () => {
    for (const resource of await resources()) {
      for (const one of [resource, ...(resource.subresources ?? [])]) {
        assert.equal(typeof one.responseKind.kind, 'string', resource.resource);
        assert.equal(typeof one.responseKind.version, 'string', resource.resource);
      }
    }
  });

  it('C31 has short names that are unique', async () => {
    // Kubernetes itself serves events in two groups under one short name.
    const all = (await resources()).filter((one) => one.resource !== 'events');
    const names = all.flatMap((one) => (one.shortNames ?? []) as string[]);
    assert.ok(names.length > 10);
    assert.deepEqual(
      names.filter((name, index) => names.indexOf(name) !== index),
      [],
    );
  });

  it('C40 describes one group, and says 404 for those that are not there', async () => {
    const group = (await get('/apis/platform.polder.dev')).json();
    assert.deepEqual(group.preferredVersion, {
      groupVersion: 'platform.polder.dev/v1alpha1',
      version: 'v1alpha1',
    });
    for (const path of [
      '/apis/none',
      '/apis/platform.polder.dev/v9',
      '/api/v2',
      '/unheard',
      '/apis/constructor',
    ]) {
      const answer = await get(path);
      assert.equal(answer.status, 404, path);
      assert.equal(answer.json().reason, 'NotFound', path);
    }
  });

  it('is open to everybody with an identity, and version to all', async () => {
    for (const token of [ANN, NOBODY]) {
      for (const path of ['/version', '/api', '/apis', PLATFORM]) {
        assert.equal((await plane.call('GET', path, { token })).status, 200, path);
      }
    }
    assert.equal((await plane.call('GET', '/version', { token: '' })).status, 200);
    assert.equal((await plane.call('GET', `${PLATFORM}/tenants`, { token: '' })).status, 401);
    assert.equal((await plane.call('GET', '/version', { token: 'wrong-token' })).status, 401);
  });
});

describe('OpenAPI', () => {
  let plane: Plane;
  before(async () => {
    plane = await startPlane();
  });
  after(async () => {
    await plane.close();
  });
  const ROOT = '/openapi/v3';
  const GV = 'apis/platform.polder.dev/v1alpha1';

  it('C32 C34 lists group-versions with hashes, for everybody with an identity', async () => {
    const root = (await plane.call('GET', ROOT, { token: NOBODY })).json();
    assert.match(
      root.paths[GV].serverRelativeURL,
      /^\/openapi\/v3\/apis\/platform\.polder\.dev\/v1alpha1\?hash=[0-9A-F]+$/,
    );
    assert.equal((await plane.call('GET', ROOT, { token: '' })).status, 401);
  });

  it('C33 is kept for ever under its hash and checked under another', async () => {
    const root = (await plane.call('GET', ROOT)).json();
    const url = root.paths[GV].serverRelativeURL as string;

    const current = await plane.call('GET', url);
    assert.equal(current.headers['cache-control'], 'public, immutable');
    assert.ok(Date.parse(current.headers.expires ?? '') > Date.now() + 300 * 86_400_000);
    const stale = await plane.call('GET', `${ROOT}/${GV}?hash=OLD`);
    assert.deepEqual([stale.status, stale.headers['cache-control']], [200, 'no-cache, private']);
    assert.deepEqual(stale.bytes, current.bytes);
    const again = await plane.call('GET', url, { headers: { 'if-none-match': current.headers.etag ?? '' } });
    assert.deepEqual([again.status, again.text], [304, '']);
    assert.equal((await plane.call('GET', `${ROOT}/apis/none/v1`)).status, 404);
  });

  it('C36 says what a patch takes', async () => {
    const { paths } = (await plane.call('GET', `${ROOT}/${GV}`)).json();
    const { patch } = paths['/apis/platform.polder.dev/v1alpha1/tenants/{name}'];
    assert.deepEqual(patch['x-kubernetes-group-version-kind'], {
      group: 'platform.polder.dev',
      version: 'v1alpha1',
      kind: 'Tenant',
    });
    const names = patch.parameters.map((one: Json) => one.name);
    for (const name of ['dryRun', 'fieldManager', 'fieldValidation', 'force'])
      assert.ok(names.includes(name), name);
  });

  it('serves version 2 as JSON and, for older kubectl, as protobuf', async () => {
    const json = await plane.call('GET', '/openapi/v2', { headers: { accept: 'application/json' } });
    assert.equal(json.json().swagger, '2.0');
    const accept = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf';
    const protobuf = await plane.call('GET', '/openapi/v2', { headers: { accept } });
    assert.equal(
      protobuf.headers['content-type'],
      'application/com.github.proto-openapi.spec.v2.v1.0+protobuf',
    );
    assert.ok(protobuf.bytes.length > 1000);
    assert.equal((await plane.call('GET', '/openapi/v2', { headers: { accept: 'text/html' } })).status, 406);
  });
});
