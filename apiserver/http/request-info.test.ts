import assert from 'node:assert/strict';
import { readRequestInfo } from './request-info.ts';

const G = '/apis/data.polder.dev/v1alpha1';
/** Method and URL to verb, namespace, resource, subresource and name. */
const TABLE: readonly (readonly [string, string, string, string, string, string, string])[] = [
  ['GET', '/api/v1/pods', 'list', '', 'pods', '', ''],
  ['GET', '/api/v1/namespaces', 'list', '', 'namespaces', '', ''],
  ['GET', '/api/v1/namespaces/x', 'get', 'x', 'namespaces', '', 'x'],
  ['PUT', '/api/v1/namespaces/x/status', 'update', 'x', 'namespaces', 'status', 'x'],
  ['PUT', '/api/v1/namespaces/x/finalize', 'update', 'x', 'namespaces', 'finalize', 'x'],
  ['GET', '/api/v1/namespaces/x/pods', 'list', 'x', 'pods', '', ''],
  ['GET', '/api/v1/namespaces/x/pods/p', 'get', 'x', 'pods', '', 'p'],
  ['HEAD', '/api/v1/namespaces/x/pods/p', 'get', 'x', 'pods', '', 'p'],
  ['GET', '/api/v1/namespaces/x/pods/p/log', 'get', 'x', 'pods', 'log', 'p'],
  ['POST', `${G}/namespaces/x/depots`, 'create', 'x', 'depots', '', ''],
  ['PATCH', `${G}/namespaces/x/depots/d/status`, 'patch', 'x', 'depots', 'status', 'd'],
  ['DELETE', `${G}/namespaces/x/depots/d`, 'delete', 'x', 'depots', '', 'd'],
  ['DELETE', `${G}/namespaces/x/depots`, 'deletecollection', 'x', 'depots', '', ''],
  ['GET', `${G}/depots?watch=true`, 'watch', '', 'depots', '', ''],
  ['GET', `${G}/depots?watch=1`, 'watch', '', 'depots', '', ''],
  ['GET', `${G}/depots?watch=abc`, 'watch', '', 'depots', '', ''],
  ['GET', `${G}/depots?watch`, 'watch', '', 'depots', '', ''],
  ['GET', `${G}/depots?watch=0`, 'list', '', 'depots', '', ''],
  ['GET', `${G}/depots?watch=False`, 'list', '', 'depots', '', ''],
  ['GET', `${G}/depots/?&limit=5`, 'list', '', 'depots', '', ''],
  ['GET', `${G}/depots/d?watch=1`, 'get', '', 'depots', '', 'd'],
  ['GET', `${G}/depots?fieldSelector=metadata.name%3Dx`, 'list', '', 'depots', '', 'x'],
  ['GET', `${G}/depots?fieldSelector=a=b,metadata.name==x&watch=1`, 'watch', '', 'depots', '', 'x'],
  ['GET', `${G}/depots?fieldSelector=metadata.name!=x`, 'list', '', 'depots', '', ''],
  ['GET', `${G}/depots?fieldSelector=metadata.name=..`, 'list', '', 'depots', '', ''],
  ['GET', `${G}/depots?fieldSelector=metadata.name=a/b`, 'list', '', 'depots', '', ''],
  ['DELETE', `${G}/depots?fieldSelector=metadata.name=x`, 'deletecollection', '', 'depots', '', ''],
  ['OPTIONS', `${G}/depots`, '', '', 'depots', '', ''],
  ['GET', `${G}/namespaces/x/depots/na%20me`, 'get', 'x', 'depots', '', 'na me'],
  ['GET', `${G}/constructor`, 'list', '', 'constructor', '', ''],
];

describe('request info', () => {
  for (const [method, url, verb, namespace, resource, subresource, name] of TABLE) {
    it(`reads ${method} ${url} as Kubernetes does`, () => {
      const info = readRequestInfo(method, url);

      assert.equal(info.isResource, true);
      const { verb: v, namespace: n, resource: r, subresource: s, name: m } = info;
      assert.deepEqual([v, n, r, s, m], [verb, namespace, resource, subresource, name]);
    });
  }

  for (const path of [
    '/',
    '/api',
    '/api/v1',
    '/apis',
    '/apis/g',
    '/apis/g/v1',
    '/version',
    '/readyz/ping',
    '//api//',
  ]) {
    it(`takes ${path} as a path`, () => {
      const info = readRequestInfo('GET', `${path}?x=1`);
      assert.equal(info.isResource, false);
      assert.equal(info.verb, 'get');
      assert.equal(info.path, path);
    });
  }

  it('tells group and version apart', () => {
    assert.deepEqual(
      [readRequestInfo('GET', '/api/v1/pods'), readRequestInfo('GET', '/apis/apps/v2/x')].map((info) => [
        info.group,
        info.version,
      ]),
      [
        ['', 'v1'],
        ['apps', 'v2'],
      ],
    );
  });

  it('marks paths deeper than a subresource', () => {
    assert.equal(readRequestInfo('GET', '/api/v1/pods/p/proxy/x').tooDeep, true);
    assert.equal(readRequestInfo('GET', '/api/v1/pods/p/proxy').tooDeep, false);
  });

  it('refuses a path that is not percent-encoding', () => {
    assert.throws(() => readRequestInfo('GET', '/api/v1/pods/%E0%A4%A'), URIError);
  });
});
