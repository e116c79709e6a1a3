/** Checks B of the API contract: discovery and OpenAPI. */
import assert from 'node:assert/strict';
import { KINDS } from '../../apiserver/kinds/index.ts';
import type { Json } from '../support/http.ts';
import { expectCode, expectStatus, type Api } from './support/api.ts';
import { DATA, isAggregated, PLATFORM, type Server } from './support/server.ts';
import { startServer } from './support/target.ts';

const V2 = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
const GROUPS = ['platform.polder.dev', 'data.polder.dev'];
const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

describe('contract B: discovery and OpenAPI', function () {
  this.timeout(60_000);
  let server: Server;
  /** Past the aggregator, which has documents of its own at the same paths. */
  let own: Api;
  before(async () => {
    server = await startServer();
    own = await server.direct('root', 'system:masters');
  });
  after(() => server.remove());

  const discover = (accept?: string, headers: Record<string, string> = {}) =>
    own.call('GET', '/apis', { headers: accept === undefined ? headers : { accept, ...headers } });
  const kubectl = (...args: string[]) => server.ok(args);

  it('C25 lists every resource of a group-version with all that a RESTMapper needs', async () => {
    const list = await server.root.read(PLATFORM);

    assert.equal(list.kind, 'APIResourceList');
    assert.equal(list.apiVersion, 'v1');
    assert.equal(list.groupVersion, 'platform.polder.dev/v1alpha1');
    assert.deepEqual(
      list.resources.find(({ name }: Json) => name === 'tenants'),
      {
        name: 'tenants',
        singularName: 'tenant',
        namespaced: false,
        kind: 'Tenant',
        verbs: VERBS,
        shortNames: ['tn'],
        categories: ['polder'],
        // base64 of the first eight bytes of the SHA-256 of platform.polder.dev/v1alpha1/Tenant
        storageVersionHash: 'LC85MhOxhCc=',
      },
    );
    assert.deepEqual(
      list.resources.find(({ name }: Json) => name === 'tenants/status'),
      {
        name: 'tenants/status',
        singularName: '',
        namespaced: false,
        kind: 'Tenant',
        verbs: ['get', 'patch', 'update'],
      },
    );
    const { resources } = await server.root.read('/apis/apps/v1');
    assert.deepEqual(
      resources.find(({ name }: Json) => name === 'deployments/scale'),
      {
        name: 'deployments/scale',
        singularName: '',
        namespaced: true,
        group: 'autoscaling',
        version: 'v1',
        kind: 'Scale',
        verbs: ['get', 'patch', 'update'],
      },
    );
  });

  it('C26 answers aggregated discovery with the parameters it was asked with', async () => {
    const answer = await discover(V2);

    const { groups } = aggregated(answer.body);
    assert.deepEqual(parametersOf(answer.headers['content-type']), parametersOf(V2));
    assert.equal(answer.body.apiVersion, 'apidiscovery.k8s.io/v2');
    const native = ['apps', 'rbac.authorization.k8s.io'];
    for (const group of GROUPS) assert.ok(groups.has(group), group);
    for (const group of native) assert.equal(groups.has(group), !isAggregated, group);
    const core = await own.call('GET', '/api', { headers: { accept: V2 } });
    assert.deepEqual([...aggregated(core.body).groups.keys()], isAggregated ? [] : ['']);
  });

  it('C27 answers 304 to an ETag that is known, and quotes it', async () => {
    const { etag = '' } = (await discover(V2)).headers;
    assert.match(etag, /^"[0-9A-F]{64}"$/);

    const again = await discover(V2, { 'if-none-match': etag });
    const other = await discover(V2, { 'if-none-match': '"0000"' });

    assert.equal(again.status, 304);
    assert.equal(again.text, '');
    assert.equal(again.headers.etag, etag);
    assert.equal(other.status, 200);
  });

  for (const accept of [
    'application/json;g=apidiscovery.k8s.io;v=v9;as=APIGroupDiscoveryList',
    '*/*',
    undefined,
    'application/json;g=apidiscovery.k8s.io;v=v9;as=APIGroupDiscoveryList,application/json',
  ]) {
    it(`C28 answers the legacy list to ${accept === undefined ? 'no Accept' : `Accept ${accept}`}`, async () => {
      const { body } = expectCode(await discover(accept), 200);

      assert.equal(body.kind, 'APIGroupList');
      const names = body.groups.map(({ name }: Json) => name);
      for (const group of GROUPS) assert.ok(names.includes(group), group);
      for (const { versions, preferredVersion } of body.groups)
        assert.deepEqual(preferredVersion, versions[0]);
    });
  }

  it('C29 gives every resource and subresource a responseKind', async () => {
    let count = 0;
    for (const path of ['/api', '/apis']) {
      const { body } = await server.root.call('GET', path, { headers: { accept: V2 } });
      for (const { resources } of body.items.flatMap(({ versions }: Json) => versions)) {
        for (const resource of resources.flatMap((one: Json) => [one, ...(one.subresources ?? [])])) {
          assert.equal(typeof resource.responseKind?.kind, 'string', JSON.stringify(resource));
          assert.equal(typeof resource.responseKind.version, 'string');
          assert.equal(typeof resource.responseKind.group, 'string');
          count += 1;
        }
      }
    }
    assert.ok(count > 80, `${count} resources and subresources`);
  });

  it('C30 says that what it lists is current', async () => {
    const { groups } = aggregated((await discover(V2)).body);

    for (const group of GROUPS) {
      const [version] = groups.get(group)?.versions ?? [];
      assert.equal(version.freshness, 'Current');
      assert.equal(version.version, 'v1alpha1');
    }
  });

  it('C31 shows kubectl eight verbs, categories and short names that are unique', async () => {
    const rows = (await kubectl('api-resources', '-o', 'wide', '--no-headers')).split('\n');
    const own = rows.filter((row) => GROUPS.some((group) => row.includes(group)));
    // The two virtual kinds are asked, not stored.
    const stored = own.filter((row) => !/AccessReview|RegistrationToken/.test(row));

    assert.equal(
      stored.length,
      KINDS.filter(({ storage }) => storage === 'stored').length,
      stored.join('\n'),
    );
    for (const row of stored) assert.match(row, new RegExp(` ${VERBS.join(',')} +\\S*polder`), row);
    const short = rows
      .map((row) => /^\S+ +([a-z,]+) +\S+ +(?:true|false)/.exec(row)?.[1])
      .filter((names) => names !== undefined)
      .flatMap((names) => names.split(','));
    // `ev` belongs to the events of both groups, as on every cluster.
    const twice = short.filter((name, index) => short.indexOf(name) !== index);
    assert.deepEqual(twice, ['ev']);
  });

  it('C32 C33 lists OpenAPI v3 documents by hashed URL and lets clients keep them', async () => {
    const { paths } = await own.read('/openapi/v3');
    for (const group of GROUPS) assert.ok(paths[`apis/${group}/v1alpha1`], group);
    for (const path of Object.keys(paths))
      assert.match(path, /^(api\/v1|apis\/[a-z0-9.]+\/v1(alpha1|beta1)?)$/);
    const url: string = paths['apis/platform.polder.dev/v1alpha1'].serverRelativeURL;
    assert.match(url, /^\/openapi\/v3\/apis\/platform\.polder\.dev\/v1alpha1\?hash=[0-9A-F]+$/);

    const right = await own.call('GET', url);
    const wrong = await own.call('GET', url.replace(/hash=.*/, 'hash=00'));
    const etag = right.headers.etag ?? '';
    const fresh = await own.call('GET', url, { headers: { 'if-none-match': etag } });

    assert.equal(right.status, 200);
    assert.equal(right.headers['cache-control'], 'public, immutable');
    assert.ok(Date.parse(right.headers.expires ?? '') > Date.now() + 300 * 86_400_000);
    assert.match(etag, /^".+"$/);
    // Section 9: a redirect becomes a 502 behind kube-apiserver.
    assert.equal(wrong.status, 200);
    assert.equal(wrong.headers['cache-control'], 'no-cache, private');
    assert.equal(wrong.text, right.text);
    assert.equal(fresh.status, 304);
  });

  it('C34 serves OpenAPI to every authenticated user and to nobody else', async () => {
    const api = await server.direct('someone', 'system:authenticated');
    const { paths } = await api.read('/openapi/v3');

    const url = paths['apis/data.polder.dev/v1alpha1'].serverRelativeURL;
    assert.equal((await api.call('GET', url)).status, 200);
    assert.equal((await api.call('GET', '/openapi/v2')).status, 200);
    expectStatus(await server.directNobody.call('GET', '/openapi/v3'), 401, 'Unauthorized');
  });

  it('C35 explains kinds and fields', async () => {
    const tree = await kubectl('explain', 'tenants', '--recursive');
    const field = await kubectl('explain', 'depots.spec.connection');
    const old = await kubectl('explain', 'dpol.spec.priority', '--output=plaintext-openapiv2');

    assert.match(tree, /GROUP: +platform\.polder\.dev\nKIND: +Tenant\nVERSION: +v1alpha1/);
    assert.match(tree, /An isolated customer of the platform/);
    for (const name of ['admins', 'rateLimit', 'burst', 'conditions', 'lastTransitionTime']) {
      assert.match(tree, new RegExp(`^ +${name}\\s+<`, 'm'), name);
    }
    assert.match(field, /FIELD: connection/);
    assert.match(field, /DESCRIPTION:\n +\S/);
    assert.match(old, /priority.*<integer>/);
  });

  it('C36 C39 C40 describes PATCH, list types and the group', async () => {
    const { paths } = await server.root.read('/openapi/v3');
    const url = paths['apis/data.polder.dev/v1alpha1'].serverRelativeURL;
    const document = await server.root.read(url);

    const { patch } = document.paths[`${DATA}/namespaces/{namespace}/datapolicies/{name}`];
    assert.deepEqual(patch['x-kubernetes-group-version-kind'], {
      group: 'data.polder.dev',
      version: 'v1alpha1',
      kind: 'DataPolicy',
    });
    assert.deepEqual(patch.parameters.map(({ name, in: where }: Json) => `${where} ${name}`).sort(), [
      'query dryRun',
      'query fieldManager',
      'query fieldValidation',
      'query force',
    ]);
    assert.deepEqual(Object.keys(patch.requestBody.content).sort(), [
      'application/apply-patch+yaml',
      'application/json-patch+json',
      'application/merge-patch+json',
    ]);
    const { status, spec } = document.components.schemas['dev.polder.data.v1alpha1.DataPolicy'].properties;
    assert.equal(status.properties.conditions['x-kubernetes-list-type'], 'map');
    assert.deepEqual(status.properties.conditions['x-kubernetes-list-map-keys'], ['type']);
    const { user } = spec.properties.selector.properties;
    assert.equal(user.properties.groups['x-kubernetes-list-type'], 'set');
    assert.match(JSON.stringify(document), /"x-kubernetes-preserve-unknown-fields":true/);
    const group = await server.root.read('/apis/data.polder.dev');
    assert.deepEqual(group.preferredVersion, {
      groupVersion: 'data.polder.dev/v1alpha1',
      version: 'v1alpha1',
    });
  });

  it('C37 publishes an OpenAPI v2 document that merges: dotted names, no unresolved reference', async () => {
    const document = await own.read('/openapi/v2');

    const names = Object.keys(document.definitions);
    for (const name of names) assert.match(name, /^[A-Za-z0-9.-]+$/);
    assert.deepEqual(
      names.filter((name) => name.endsWith('_v2')),
      [],
    );
    const text = JSON.stringify(document);
    const references = new Set(
      [...text.matchAll(/"\$ref":"#\/definitions\/([^"]+)"/g)].map(([, name = '']) => name),
    );
    assert.ok(references.size > (isAggregated ? 0 : 50));
    for (const name of references) assert.ok(names.includes(name), name);
    assert.equal(text.match(/"\$ref":"/g)?.length, text.match(/"\$ref":"#\/definitions\//g)?.length);
    assert.match(
      await kubectl('explain', 'deploy.spec.replicas', '--output=plaintext-openapiv2'),
      /replicas.*<integer>/,
    );
  });
});

/** Parameters of a media type, in any order. */
function parametersOf(mediaType: string | undefined): readonly string[] {
  return (mediaType ?? '')
    .split(';')
    .map((part) => part.trim())
    .filter((part) => !part.startsWith('charset'))
    .sort();
}

function aggregated(body: Json): { readonly groups: ReadonlyMap<string, Json> } {
  assert.equal(body.kind, 'APIGroupDiscoveryList');
  return { groups: new Map(body.items.map((item: Json) => [item.metadata.name, item])) };
}
