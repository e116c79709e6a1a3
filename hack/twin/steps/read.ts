/** GET of one and of many: selectors, pages, resource versions, representations. */
import type { Subject } from '../objects.ts';
import type { Step } from '../step.ts';
import { writerFor, type Writer } from './writer.ts';

const PARTIAL = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';
const PARTIAL_LIST = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';

export function readSteps(subject: Subject): readonly Step[] {
  const w = writerFor(subject, 'read');
  return [
    ...['read-1', 'read-2', 'read-3'].map((name, index) =>
      w.make(name, { labels: { read: String(index + 1), all: 'yes' } }),
    ),
    ...one(w),
    ...selectors(w),
    ...pages(w),
    ...versions(w),
    ...representations(w),
    ...elsewhere(w),
  ];
}

function one(w: Writer): readonly Step[] {
  return [
    w.get('one', '/read-1'),
    w.get('what is not there', '/none'),
    w.get('a bad name', '/Bad_Name'),
    w.get('one at version 0', '/read-1?resourceVersion=0'),
    w.get('one not older than now', '/read-1?resourceVersion={rv:read-3}'),
    w.get('one at a version that is none', '/read-1?resourceVersion=x'),
    w.get('one, pretty', '/read-1?pretty=true'),
    w.get('one as YAML', '/read-1', { accept: 'application/yaml' }),
    w.get('one as protobuf', '/read-1', { accept: 'application/vnd.kubernetes.protobuf' }),
    w.get('one as HTML', '/read-1', { accept: 'text/html' }),
    w.get('metadata of one', '/read-1', { accept: PARTIAL }),
    w.get('metadata of one as YAML', '/read-1', { accept: PARTIAL.replace('json', 'yaml') }),
    w.get('metadata of a list asked of one', '/read-1', { accept: PARTIAL_LIST }),
    ...['00', '01', '9007199254740993', '18446744073709551615', '18446744073709551616', '-1'].map(
      (version): Step => ({
        ...w.get(`one at version ${version}`, `/read-1?resourceVersion=${version}`),
        together: true,
      }),
    ),
    w.get('a slash behind it', '/read-1/'),
  ];
}

function selectors(w: Writer): readonly Step[] {
  const labels = [
    'all%3Dyes',
    'all%3D%3Dyes',
    'all%3Dyes,read!%3D2',
    'read%20in%20(1,3)',
    'all,read%20notin%20(1)',
    'all,!none',
    'read%3E1',
    'read%3C3,all',
    'all%3D',
    '%3Dx',
    'a%20b',
    'all%3D-bad-',
    'read%20in%20()',
    'a/b/c',
    `${'x'.repeat(64)}%3Dy`,
    ',',
    '',
  ];
  const { selectableFields } = w.subject.kind;
  const fields = [
    'metadata.name%3Dread-2',
    'metadata.name!%3Dread-2',
    'metadata.name%3D%3Dread-2',
    'metadata.name%3Dread-1,metadata.name%3Dread-2',
    'metadata.namespace%3Dtn-twin',
    'metadata.labels%3Dx',
    'spec.none%3Dx',
    'metadata.name',
    'metadata.name%3D',
    '%3Dx',
    '',
    ...selectableFields.flatMap((field) => [
      `${field}%3Dx`,
      `${field}!%3Dx,metadata.name%3Dread-1`,
      `${field}%3D,metadata.name%3Dread-1`,
    ]),
  ];
  return [
    ...labels.map((selector) =>
      w.get(
        `labels ${selector}`,
        `?labelSelector=${selector}&fieldSelector=metadata.name!%3Dx${selector === '' ? '&limit=1' : ''}`,
      ),
    ),
    ...fields.map((selector) => w.get(`fields ${selector}`, `?labelSelector=all&fieldSelector=${selector}`)),
  ];
}

function pages(w: Writer): readonly Step[] {
  const page = '?limit=2';
  return [
    w.step('first page', 'GET', page, { keep: 'page' }),
    w.get('second page', `${page}&continue={continue:page}`),
    w.get('second page again', `${page}&continue={continue:page}`),
    w.get('second page, all the rest', '?continue={continue:page}'),
    w.get('second page at a version', `${page}&continue={continue:page}&resourceVersion={rv:page}`),
    w.get('second page at version 0', `${page}&continue={continue:page}&resourceVersion=0`),
    w.get('second page with a match', `${page}&continue={continue:page}&resourceVersionMatch=Exact`),
    w.get('second page of a selector', `${page}&labelSelector=all&continue={continue:page}`),
    w.get('a token with padding', `${page}&continue={continue:page}=`),
    w.get('a token that is none', `${page}&continue=x`),
    w.get('a token of something else', `${page}&continue=eyJhIjoxfQ`),
    w.get('first page of a selector', `${page}&labelSelector=all`),
    w.get('limit 0', '?limit=0&labelSelector=all'),
    w.get('negative limit', '?limit=-1&labelSelector=all'),
    w.get('limit a text', '?limit=x'),
    w.get('limit of many', '?limit=99999999999&labelSelector=all'),
  ];
}

function versions(w: Writer): readonly Step[] {
  const list = (query: string): Step => w.get(`list ${query}`, `?labelSelector=all&${query}`);
  return [
    list('resourceVersion=0'),
    list('resourceVersion='),
    list('resourceVersion={rv:read-3}'),
    list('resourceVersion={rv:read-2}&resourceVersionMatch=Exact'),
    list('resourceVersion={rv:read-3}&resourceVersionMatch=Exact&limit=1'),
    list('resourceVersion={rv:read-3}&resourceVersionMatch=NotOlderThan'),
    list('resourceVersion=0&resourceVersionMatch=NotOlderThan'),
    list('resourceVersion=0&resourceVersionMatch=Exact'),
    list('resourceVersion={rv:read-3}&resourceVersionMatch=Sometimes'),
    list('resourceVersionMatch=Exact'),
    list('resourceVersionMatch=NotOlderThan'),
    list('resourceVersion=x'),
    list('resourceVersion=-1'),
    list('resourceVersion=x&resourceVersionMatch=Exact'),
    list('sendInitialEvents=true'),
    list('sendInitialEvents=false'),
    list('allowWatchBookmarks=true'),
    list('timeoutSeconds=5'),
    list('timeoutSeconds='),
    list('limit='),
    ...['00', '9007199254740993', '18446744073709551615', '18446744073709551616'].map((version) =>
      list(`resourceVersion=${version}`),
    ),
    list('timeoutSeconds=x'),
    list('watch=false'),
    list('watch=0'),
    list('colour=red'),
  ];
}

function representations(w: Writer): readonly Step[] {
  const list = (name: string, accept: string): Step =>
    w.get(`list as ${name}`, '?labelSelector=all', { accept });
  return [
    list('YAML', 'application/yaml'),
    list('protobuf', 'application/vnd.kubernetes.protobuf'),
    list('protobuf or JSON', 'application/vnd.kubernetes.protobuf, application/json'),
    list('metadata', PARTIAL_LIST),
    list('metadata of v1beta1', PARTIAL_LIST.replace('v=v1', 'v=v1beta1')),
    list('metadata of one', PARTIAL),
    list(
      'metadata or anything',
      `${PARTIAL_LIST.replace('json', 'vnd.kubernetes.protobuf')},${PARTIAL_LIST},application/json`,
    ),
    list('HTML', 'text/html'),
    list('HTML or JSON', 'text/html, application/json;q=0.5'),
  ];
}

function elsewhere(w: Writer): readonly Step[] {
  return w.isNamespaced
    ? [
        w.get('all namespaces', '{all}?labelSelector=all'),
        w.get('a missing namespace', '{ns:tn-missing}'),
        w.get('one in a missing namespace', '{ns:tn-missing}/read-1'),
        w.get('one without its namespace', '{all}/read-1'),
        w.get(
          'fields in all namespaces',
          '{all}?fieldSelector=metadata.namespace%3Dtn-twin,metadata.name%3Dread-1',
        ),
      ]
    : [
        w.get('cluster-scoped inside a namespace', '{root}/namespaces/tn-twin/dataplanes'),
        w.get('one cluster-scoped inside a namespace', '{root}/namespaces/tn-twin/dataplanes/read-1'),
      ];
}
