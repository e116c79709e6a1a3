/** Watches: from where, what is sent first, selectors, what is refused. Every one ends after a second by itself. */
import type { Subject } from '../objects.ts';
import type { Step } from '../step.ts';
import { writerFor, type Writer } from './writer.ts';

const PARTIAL = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';
const TABLE = 'application/json;as=Table;g=meta.k8s.io;v=v1';

export function watchSteps(subject: Subject): readonly Step[] {
  const w = writerFor(subject, 'watch');
  return [...story(w), ...follow(w), ...options(w)];
}

/** Objects that are made, changed, enter and leave a selector, and are deleted. */
function story(w: Writer): readonly Step[] {
  const label = (name: string, value: string | null): Step =>
    w.merge(`${name} gets the label ${value}`, `/${name}?fieldManager=twin`, {
      metadata: { labels: { w: value } },
    });
  return [
    w.make('w-0'),
    w.make('w-1', { labels: { w: 'in', watched: 'yes' } }),
    w.make('w-2', { labels: { w: 'out', watched: 'yes' } }),
    label('w-1', 'out'),
    label('w-2', 'in'),
    label('w-2', 'in'),
    label('w-1', 'in'),
    label('w-1', null),
    w.merge('w-2 gets a status', '/w-2/status?fieldManager=boss', { status: { observedGeneration: 1 } }),
    w.merge('w-2 gets a finalizer', '/w-2?fieldManager=twin', {
      metadata: { finalizers: ['example.com/x'] },
    }),
    w.remove('w-2 is deleted', '/w-2'),
    w.merge('w-2 loses its finalizer', '/w-2?fieldManager=twin', { metadata: { finalizers: null } }),
    w.remove('w-1 is deleted', '/w-1'),
    w.make('w-3', { labels: { watched: 'yes', w: 'in' } }),
  ];
}

function watching(w: Writer, name: string, query: string, accept?: string): Step {
  const separator = query.startsWith('/') || query.startsWith('{') ? '' : '?';
  const watch = `${query.includes('?') || separator === '?' ? '&' : '?'}watch=true&timeoutSeconds=1`;
  const path = separator === '?' ? `?${query}${watch}` : `${query}${watch}`;
  return w.step(name, 'GET', path, {
    together: true,
    ...(accept === undefined ? {} : { headers: { accept } }),
  });
}

function follow(w: Writer): readonly Step[] {
  const from = 'resourceVersion={rv:w-0}';
  const all = 'labelSelector=watched';
  const see = (name: string, query: string, accept?: string): Step => watching(w, name, query, accept);
  return [
    see('everything since', from),
    see('what is watched since', `${from}&${all}`),
    see('what enters and leaves a selector', `${from}&labelSelector=w%3Din`),
    see('what is outside of a selector', `${from}&labelSelector=watched,w!%3Din`),
    see('one by name', `${from}&fieldSelector=metadata.name%3Dw-2`),
    see('one by path', `/w-3?resourceVersion={rv:w-0}`),
    see('metadata', `${from}&${all}`, PARTIAL),
    see(
      'metadata or anything',
      `${from}&${all}`,
      `${PARTIAL.replace('json', 'vnd.kubernetes.protobuf')},${PARTIAL},application/json`,
    ),
    see('metadata of a list', `${from}&${all}`, PARTIAL.replace('Metadata;', 'MetadataList;')),
    see('metadata of v1beta1', `${from}&${all}`, PARTIAL.replace('v=v1', 'v=v1beta1')),
    ...tables(see, `${from}&${all}`),
    see('with bookmarks', `${from}&${all}&allowWatchBookmarks=true`),
    see('from now on', `${all}`),
    see('from version 0', `resourceVersion=0&${all}`),
    see('from version 0 with bookmarks', `resourceVersion=0&${all}&allowWatchBookmarks=true`),
    see(
      'initial events',
      `${all}&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`,
    ),
    see(
      'initial events at a version',
      `${all}&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&resourceVersion={rv:w-3}`,
    ),
    see(
      'initial events at version 0',
      `${all}&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&resourceVersion=0`,
    ),
    see(
      'initial events of nothing',
      'labelSelector=none&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true',
    ),
    see(
      'initial events without bookmarks',
      `${all}&sendInitialEvents=true&resourceVersionMatch=NotOlderThan`,
    ),
    see(
      'initial metadata',
      `${all}&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`,
      PARTIAL,
    ),
    see(
      'no initial events',
      `${all}&sendInitialEvents=false&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`,
    ),
    see(
      'no initial events since',
      `${from}&${all}&sendInitialEvents=false&resourceVersionMatch=NotOlderThan`,
    ),
    ...(w.isNamespaced
      ? [
          see('all namespaces', `{all}?${from}&${all}`),
          see('a missing namespace', '{ns:tn-missing}?allowWatchBookmarks=true'),
        ]
      : []),
  ];
}

type See = (name: string, query: string, accept?: string) => Step;

function tables(see: See, query: string): readonly Step[] {
  const initial = `${query.replace(/^resourceVersion=[^&]+&/, '')}&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`;
  return [
    see('tables', query, TABLE),
    ...['None', 'Metadata', 'Object', 'Everything'].map((include) =>
      see(`tables with ${include}`, `${query}&includeObject=${include}`, TABLE),
    ),
    see('tables of v1beta1', query, TABLE.replace('v=v1', 'v=v1beta1')),
    see('tables as YAML', query, TABLE.replace('json', 'yaml')),
    see('tables or anything', query, `${TABLE.replace('v=v1', 'v=v2')},application/json`),
    see('tables from version 0', `${query.replace(/^resourceVersion=[^&]+/, 'resourceVersion=0')}`, TABLE),
    see('tables of what enters and leaves', `${query},w%3Din`, TABLE),
    see('initial tables', initial, TABLE),
    see('initial tables of nothing', initial.replace('labelSelector=watched', 'labelSelector=none'), TABLE),
    see('initial tables with everything', `${initial}&includeObject=Object`, TABLE),
    see('initial tables with nothing', `${initial}&includeObject=None`, TABLE),
  ];
}

function options(w: Writer): readonly Step[] {
  const bad = (query: string): Step => watching(w, `asked with ${query}`, query);
  return [
    bad('sendInitialEvents=true'),
    bad('sendInitialEvents=true&resourceVersionMatch=Exact'),
    bad('sendInitialEvents=false'),
    bad('sendInitialEvents=x'),
    bad('resourceVersionMatch=NotOlderThan'),
    bad('resourceVersionMatch=NotOlderThan&resourceVersion=0'),
    bad('resourceVersion=x'),
    bad('resourceVersion=-5'),
    bad('resourceVersion=1'),
    bad('resourceVersion=99999999'),
    bad('labelSelector=a%20b'),
    bad('fieldSelector=spec.none%3Dx'),
    bad('limit=1&labelSelector=watched&resourceVersion=0'),
    bad('continue=x&labelSelector=watched'),
    bad('allowWatchBookmarks=x&labelSelector=none'),
    w.get('seconds that are a text', '?watch=true&timeoutSeconds=x'),
    w.get('what is not there', '/none?watch=true&timeoutSeconds=1&resourceVersion={rv:w-0}'),
    w.step('as HTML', 'GET', '?watch=true&timeoutSeconds=1', { headers: { accept: 'text/html' } }),
    w.step('watch in another spelling', 'GET', '?watch=TRUE&timeoutSeconds=1&labelSelector=none', {
      together: true,
    }),
    w.step('watch without a value', 'GET', '?watch&timeoutSeconds=1&labelSelector=none', { together: true }),
    w.get('a list from the future', '?resourceVersion=99999999&timeoutSeconds=1'),
  ].map((step) => ({ ...step, together: true as const }));
}
