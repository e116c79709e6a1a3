/** Merge patches and JSON patches, sound and bad. */
import type { JsonObject } from '../../../apiserver/api/json.ts';
import { changeable, type Subject } from '../objects.ts';
import type { Step } from '../step.ts';
import { APPLY, JSON_PATCH, MERGE, writerFor, type Writer } from './writer.ts';

export function patchSteps(subject: Subject): readonly Step[] {
  const w = writerFor(subject, 'patch');
  return [
    w.make('pat', { labels: { app: 'pat' } }, { spec: changeable(subject) }),
    ...merges(w),
    ...mergeMetadata(w),
    ...operations(w),
    ...badOperations(w),
    ...mediaTypes(w),
    ...statusEndpoint(w),
  ];
}

/** A field that is optional and takes no number, of each kind. */
const FIELD: Readonly<Record<string, string>> = {
  DataPlane: 'displayName',
  DataProduct: 'title',
  DataCluster: 'quota',
};
/** A list of texts. */
const LIST: Readonly<Record<string, string>> = {
  DataPlane: 'roles',
  DataProduct: 'tags',
  DataCluster: 'services/search/indexes',
};

const fieldOf = (w: Writer): string => FIELD[w.subject.kind.kind] ?? '';

function merges(w: Writer): readonly Step[] {
  const at = '/pat?fieldManager=merger';
  const merge = (name: string, body: unknown, path = at): Step => w.merge(name, path, body);
  const { kind } = w.subject;
  return [
    merge('label', { metadata: { labels: { tier: 'gold' } } }),
    merge('label again', { metadata: { labels: { tier: 'gold' } } }),
    merge('label as another manager', { metadata: { labels: { tier: 'gold' } } }, '/pat?fieldManager=other'),
    merge('label away', { metadata: { labels: { tier: null } } }),
    merge('what is not there away', { metadata: { labels: { none: null } }, spec: { none: null } }),
    merge('labels away', { metadata: { labels: null } }),
    merge('nothing', {}),
    merge('of nothing that exists', {}, '/none'),
    merge('spec away', { spec: null }),
    merge('status away', { status: null }),
    merge('metadata away', { metadata: null }, `${at}&dryRun=All`),
    merge('kind away', { kind: null }, `${at}&dryRun=All`),
    merge('spec a list', { spec: [] }),
    merge('a list', []),
    merge('a text', '"x"'),
    merge('a number', '5'),
    merge('null', 'null'),
    merge('no JSON', '{'),
    merge('empty', ''),
    merge('another kind', { kind: 'Other' }),
    merge('another version', { apiVersion: 'twin.polder.dev/v9' }),
    merge('its kind', { kind: kind.kind, apiVersion: `twin.polder.dev/${kind.version}` }),
    merge('unknown field', { spec: { colour: 'red' } }, `${at}&dryRun=All`),
    merge('unknown field, strict', { spec: { colour: 'red' } }, `${at}&fieldValidation=Strict`),
    merge('unknown field, ignored', { spec: { colour: 'red' } }, `${at}&fieldValidation=Ignore`),
    merge('twice, strict', '{"metadata":{"labels":{"a":"b","a":"c"}}}', `${at}&fieldValidation=Strict`),
    merge('twice, warned of', '{"metadata":{"labels":{"a":"b","a":"c"}}}', `${at}&dryRun=All`),
    merge('with force', {}, `${at}&force=true`),
    merge('with force=x', {}, `${at}&force=x`),
    merge('dry run', { metadata: { labels: { dry: 'run' } } }, `${at}&dryRun=All`),
    merge('dry run of another word', {}, `${at}&dryRun=Some`),
    merge('field of a wrong type', { spec: { [fieldOf(w)]: 5 } }),
    merge('field null', { spec: { [fieldOf(w)]: null } }, `${at}&dryRun=All`),
    w.get('after merging', '/pat'),
  ];
}

function mergeMetadata(w: Writer): readonly Step[] {
  const merge = (name: string, metadata: JsonObject, query = '&dryRun=All'): Step =>
    w.merge(`metadata ${name}`, `/pat?fieldManager=merger${query}`, { metadata });
  return [
    merge('name', { name: 'other' }),
    merge('name null', { name: null }),
    merge('namespace', { namespace: 'other' }),
    merge('uid', { uid: 'x' }),
    merge('uid null', { uid: null }),
    merge('stale version', { resourceVersion: '1' }),
    merge('version empty', { resourceVersion: '', labels: { a: 'b' } }),
    merge('version null', { resourceVersion: null, labels: { a: 'b' } }),
    merge('version of before', { resourceVersion: '{rv:pat}', labels: { a: 'b' } }),
    merge('creationTimestamp', { creationTimestamp: '2020-01-01T00:00:00Z' }),
    merge('deletionTimestamp', { deletionTimestamp: '2020-01-01T00:00:00Z' }),
    merge('generation', { generation: 77 }),
    merge('managedFields reset', { managedFields: [{}] }),
    merge('managedFields null', { managedFields: null }),
    merge('managedFields empty', { managedFields: [] }),
    merge('label bad', { labels: { 'a b': 'c' } }),
    merge('labels a text', { labels: 'x' }),
    merge('finalizers bad', { finalizers: ['x'] }),
    merge('annotations too large', { annotations: { a: 'x'.repeat(257 * 1024) } }),
    merge('unknown', { colour: 'red' }),
    merge('unknown, strict', { colour: 'red' }, '&fieldValidation=Strict'),
  ];
}

function operations(w: Writer): readonly Step[] {
  const field = `/spec/${fieldOf(w)}`;
  const list = `/spec/${LIST[w.subject.kind.kind] ?? ''}`;
  const patch = (name: string, ...body: readonly object[]): Step =>
    w.jsonPatch(name, '/pat?fieldManager=patcher', body);
  const dry = (name: string, ...body: readonly object[]): Step =>
    w.jsonPatch(name, '/pat?fieldManager=patcher&dryRun=All', body);
  return [
    patch('no operation'),
    patch('add labels', { op: 'add', path: '/metadata/labels', value: { app: 'pat' } }),
    patch(
      'test and add',
      { op: 'test', path: '/metadata/labels/app', value: 'pat' },
      { op: 'add', path: '/metadata/labels/a~1b', value: 'c' },
    ),
    patch('replace', { op: 'replace', path: '/metadata/labels/app', value: 'other' }),
    patch('remove', { op: 'remove', path: '/metadata/labels/a~1b' }),
    dry('move', { op: 'move', from: '/metadata/labels/app', path: '/metadata/labels/moved' }),
    dry('copy', { op: 'copy', from: '/metadata/labels/app', path: '/metadata/labels/copied' }),
    dry('append', { op: 'add', path: `${list}/-`, value: 'workflow' }),
    dry('insert', { op: 'add', path: `${list}/0`, value: 'workflow' }),
    dry('beyond the end', { op: 'add', path: `${list}/99`, value: 'workflow' }),
    dry('copy of the whole', { op: 'copy', from: '', path: '/metadata/labels/copied' }),
    dry('index with a plus', { op: 'remove', path: `${list}/+0` }),
    dry('negative index', { op: 'remove', path: `${list}/-1` }),
    dry('replace by null', { op: 'replace', path: field, value: null }),
    dry('replace without a value', { op: 'replace', path: field }),
    dry('the whole object', { op: 'replace', path: '', value: w.object('pat') }),
    dry('the whole object by a text', { op: 'replace', path: '', value: 'x' }),
    dry('stale version', { op: 'replace', path: '/metadata/resourceVersion', value: '1' }),
    dry('unknown field', { op: 'add', path: '/spec/colour', value: 'red' }),
    dry('managed fields', { op: 'replace', path: '/metadata/managedFields', value: [] }),
    dry('test of null on what is not there', { op: 'test', path: '/metadata/annotations', value: null }),
  ];
}

function badOperations(w: Writer): readonly Step[] {
  const patch = (name: string, body: unknown): Step =>
    w.jsonPatch(`bad ${name}`, '/pat?fieldManager=patcher', body);
  const one = (name: string, operation: object): Step => patch(name, [operation]);
  const many = Array.from({ length: 10_001 }, () => ({
    op: 'test',
    path: '/kind',
    value: w.subject.kind.kind,
  }));
  return [
    one('failing test', { op: 'test', path: '/metadata/name', value: 'other' }),
    one('test of what is not there', { op: 'test', path: '/spec/none', value: 1 }),
    one('remove of what is not there', { op: 'remove', path: '/spec/none' }),
    one('replace of what is not there', { op: 'replace', path: '/spec/none', value: 1 }),
    one('add below what is not there', { op: 'add', path: '/spec/none/deep', value: 1 }),
    one('add below a text', { op: 'add', path: '/kind/deep', value: 1 }),
    one('move of what is not there', { op: 'move', from: '/spec/none', path: '/spec/other' }),
    one('operation that is none', { op: 'paint', path: '/spec' }),
    one('without op', { path: '/spec' }),
    one('without path', { op: 'remove' }),
    one('path without a slash', { op: 'add', path: 'spec', value: {} }),
    one('empty path to be removed', { op: 'remove', path: '' }),
    one('another kind', { op: 'replace', path: '/kind', value: 'Other' }),
    patch('an object', {}),
    patch('a list of texts', ['x']),
    patch('no JSON', '['),
    patch('empty', ''),
    patch('null', 'null'),
    patch('too many', many),
  ];
}

function mediaTypes(w: Writer): readonly Step[] {
  const typed = (type: string, body: unknown = {}, path = '/pat?dryRun=All'): Step =>
    w.step(`type ${type} at ${path}`, 'PATCH', path, { type, body });
  return [
    typed('application/strategic-merge-patch+json'),
    typed('application/strategic-merge-patch+json', {}, '/none'),
    typed('application/json'),
    typed(''),
    typed('text/plain'),
    typed('application/apply-patch+cbor'),
    typed(`${MERGE}; charset=utf-8`),
    typed(`${JSON_PATCH};charset=utf-8`, []),
    typed(`${APPLY}; charset=utf-8`, w.object('pat'), '/pat?fieldManager=x&dryRun=All'),
    typed('application/merge-patch+yaml'),
  ];
}

function statusEndpoint(w: Writer): readonly Step[] {
  const at = '/pat/status?fieldManager=boss';
  return [
    w.merge('status', at, { status: { observedGeneration: 4 } }),
    w.merge('status again', at, { status: { observedGeneration: 4 } }),
    w.merge('status with spec and labels', at, {
      spec: { colour: 'red' },
      metadata: { labels: { not: 'kept' } },
      status: { observedGeneration: 5 },
    }),
    w.merge('status of a wrong type', at, { status: { observedGeneration: 'x' } }),
    w.merge('status unknown', at, { status: { colour: 'red' } }),
    w.jsonPatch('status added', at, [{ op: 'add', path: '/status/observedGeneration', value: 6 }]),
    w.jsonPatch('status removed', at, [{ op: 'remove', path: '/status/observedGeneration' }]),
    w.merge('status away', at, { status: null }),
    w.merge('status of what is not there', '/none/status', { status: {} }),
    w.get('after patching status', '/pat'),
  ];
}
