/** POST: bodies, names, metadata, options. */
import type { JsonObject } from '../../../apiserver/api/json.ts';
import type { Subject } from '../objects.ts';
import type { Step } from '../step.ts';
import { withText, writerFor, type Writer } from './writer.ts';

export function createSteps(subject: Subject): readonly Step[] {
  const w = writerFor(subject, 'create');
  return [
    w.create('every field', w.full('full', { labels: { app: 'twin' } }), '?fieldManager=twin', {
      keep: 'full',
    }),
    w.create('nothing but what is required', w.object('least'), '', { keep: 'least' }),
    w.get('reads it back', '/full'),
    w.create('the same again', w.object('least')),
    w.create('under a name that is taken, and wrong', { ...w.object('least'), spec: [] }),
    w.create('too large', w.object('large', { annotations: { a: 'x'.repeat(3 * 1024 * 1024) } })),
    ...bodies(w),
    ...surrogates(w),
    ...names(w),
    ...metadata(w),
    ...moments(w),
    ...owners(w),
    ...fieldValidation(w),
    ...numbers(w),
    ...options(w),
    ...mediaTypes(w),
  ];
}

function bodies(w: Writer): readonly Step[] {
  const { kind } = w.subject;
  const create = (name: string, body: unknown): Step => w.create(name, body, '?dryRun=All');
  const object = w.object('body');
  const { kind: _, ...noKind } = object;
  const { apiVersion: __, ...noVersion } = object;
  return [
    create('of another kind', { ...object, kind: 'Other' }),
    create('of another version', { ...object, apiVersion: 'twin.polder.dev/v9' }),
    create('of another group', { ...object, apiVersion: 'v1' }),
    create('without kind', noKind),
    create('without apiVersion', noVersion),
    create('with a kind that is a number', { ...object, kind: 5 }),
    create('empty', ''),
    create('no JSON', '{"spec":'),
    create('text behind the object', `${JSON.stringify(object)} x`),
    create('a list', '[]'),
    create('null', 'null'),
    create('a number', '5'),
    create('a list of objects', { apiVersion: object['apiVersion'], kind: kind.listKind, items: [object] }),
    create('without metadata', { ...object, metadata: undefined }),
    create('metadata null', { ...object, metadata: null }),
    create('metadata a text', { ...object, metadata: 'x' }),
    create('metadata a list', { ...object, metadata: [] }),
    create('spec null', { ...object, spec: null }),
    create('without spec', { ...object, spec: undefined }),
    create('spec a list', { ...object, spec: [] }),
    create('status a text', { ...object, status: 'x' }),
    create('status of wrong types', { ...object, status: { observedGeneration: 'x' } }),
  ];
}

/** Halves of surrogate pairs, which JSON can escape and UTF-8 cannot hold. */
function surrogates(w: Writer): readonly Step[] {
  const half = (text: string): string =>
    text.replaceAll('HALF', '\\ud800').replaceAll('SMILE', '\\uD83D\\uDE00');
  const annotations = { a: 'HALF', b: 'xHALFHALFASMILE', c: '\ue000' };
  const body = half(JSON.stringify(w.object('half', { annotations })));
  const key = half(JSON.stringify({ ...w.object('half-key'), HALF: 1 }));
  const patch = half(JSON.stringify({ metadata: { annotations: { d: 'HALF' } } }));
  const operations = half(JSON.stringify([{ op: 'add', path: '/metadata/annotations/e', value: 'HALF' }]));
  return [
    w.create('half a surrogate pair', body),
    w.get('half a surrogate pair', '/half'),
    w.merge('half a surrogate pair, merged', '/half', patch),
    w.jsonPatch('half a surrogate pair, patched', '/half', operations),
    w.create('half a surrogate pair as a key', key),
    w.create('half a surrogate pair, YAML', body.replace('"half"', '"half-yaml"'), '?dryRun=All', {
      type: 'application/yaml',
    }),
    w.apply('half a surrogate pair, applied', '/half?fieldManager=twin&force=true&dryRun=All', body),
    w.remove('half a surrogate pair', '/half'),
  ];
}

function names(w: Writer): readonly Step[] {
  const bad = ['A', 'a_b', '.', '..', 'a/b', '-a', 'a%b', 'x'.repeat(254), ''];
  const random = (name: string, metadata: JsonObject, query = ''): Step =>
    w.create(name, { ...w.object('x'), metadata }, query);
  return [
    ...bad.map((name) => w.create(`name ${name.slice(0, 10)}`, w.object(name))),
    w.create('name null', w.object('x', { name: null })),
    w.create('name a number', w.object('x', { name: 5 })),
    random('generated', { generateName: 'gen-' }),
    random('generated, dry run', { generateName: 'gen-' }, '?dryRun=All'),
    random('generated from a long base', { generateName: `gen-${'y'.repeat(80)}-` }, '?dryRun=All'),
    random('generated from a bad base', { generateName: 'Gen_' }),
    random('generated and named', { generateName: 'gen-', name: 'both' }),
    ...(w.isNamespaced
      ? [
          w.create('in another namespace than the body says', w.object('x', { namespace: 'other' })),
          w.create('namespace in the body', w.object('same-ns', { namespace: 'tn-twin' }), '?dryRun=All'),
          w.create('in a missing namespace', w.object('x'), '{ns:tn-missing}'),
          w.create('in all namespaces', w.object('x'), '{all}'),
        ]
      : [w.create('with a namespace', w.object('x', { namespace: 'other' }), '?dryRun=All')]),
  ];
}

function metadata(w: Writer): readonly Step[] {
  const time = '2020-01-01T00:00:00Z';
  const dry = (name: string, fields: JsonObject): Step =>
    w.create(name, w.object('meta', fields), '?dryRun=All&fieldManager=twin');
  const status = w.subject.full['status'] ?? {};
  return [
    w.create(
      'what the server sets itself',
      {
        ...w.object('server-side', {
          uid: '00000000-0000-0000-0000-000000000000',
          creationTimestamp: time,
          generation: 9,
          deletionTimestamp: time,
          deletionGracePeriodSeconds: 5,
          selfLink: '/x',
        }),
        status,
      },
      '?fieldManager=twin',
    ),
    dry('resourceVersion', { resourceVersion: '5' }),
    dry('resourceVersion empty', { resourceVersion: '' }),
    dry('creationTimestamp null', { creationTimestamp: null }),
    dry('creationTimestamp a text', { creationTimestamp: 'x' }),
    dry('generation a text', { generation: 'x' }),
    dry('labels', { labels: { a: 'b', 'example.com/c': '', ['__proto__']: 'x', constructor: 'y' } }),
    dry('label value too long', { labels: { a: 'x'.repeat(64) } }),
    dry('label value odd', { labels: { a: '-b' } }),
    dry('label key odd', { labels: { 'a b': 'c', '': 'd', 'x/y/z': 'e' } }),
    dry('label a number', { labels: { a: 5 } }),
    dry('label null', { labels: { a: null } }),
    dry('labels null', { labels: null }),
    dry('labels a list', { labels: ['a'] }),
    dry('labels empty', { labels: {}, annotations: {} }),
    dry('annotations', { annotations: { a: 'any text ä', 'example.com/c': '' } }),
    dry('annotation key odd', { annotations: { 'a b': 'c' } }),
    dry('annotations too large', { annotations: { a: 'x'.repeat(257 * 1024) } }),
    dry('annotation a boolean', { annotations: { a: true } }),
    dry('finalizer', { finalizers: ['example.com/one', 'example.com/one', 'example.com/two'] }),
    dry('finalizer without a domain', { finalizers: ['x'] }),
    dry('finalizer odd', { finalizers: ['example.com/a b'] }),
    dry('finalizers empty', { finalizers: [] }),
    dry('finalizers a text', { finalizers: 'x' }),
    dry('managedFields empty', { managedFields: [] }),
    dry('managedFields reset', { managedFields: [{}] }),
    dry('managedFields odd', { managedFields: [{ manager: 'm', operation: 'Guess', apiVersion: 'v1' }] }),
    dry('managedFields of another version', {
      managedFields: [
        {
          manager: 'm',
          operation: 'Update',
          apiVersion: 'x/v1',
          fieldsType: 'FieldsV1',
          fieldsV1: { 'f:a': {} },
        },
      ],
    }),
  ];
}

/** Times that are none, entries of managedFields of wrong types, and lists of null. */
function moments(w: Writer): readonly Step[] {
  const dry = (name: string, fields: JsonObject): Step =>
    w.create(name, w.object('moment', fields), '?dryRun=All&fieldManager=twin');
  const entry = {
    manager: 'm',
    operation: 'Update',
    apiVersion: w.object('x')['apiVersion'] as string,
    time: '2020-01-01T00:00:00Z',
    fieldsType: 'FieldsV1',
    fieldsV1: { 'f:spec': {} },
  };
  const times = [
    '2020-13-01T00:00:00Z',
    '2020-02-30T00:00:00Z',
    '2020-02-29T00:00:00.5+01:00',
    '2021-02-29T00:00:00Z',
    '2020-01-01T24:00:00Z',
    '2020-01-01T00:00:60Z',
    '2020-01-01t00:00:00z',
    '2020-01-01T00:00:00z',
    '2020-01-01T00:00:00+24:60',
    '2020-01-01T00:00:00+25:00',
  ];
  return [
    ...times.flatMap((time) => [
      dry(`creationTimestamp ${time}`, { creationTimestamp: time }),
      dry(`deletionTimestamp ${time}`, { deletionTimestamp: time }),
    ]),
    dry('managedFields time x', { managedFields: [{ ...entry, time: 'x' }] }),
    dry('managedFields time a number', { managedFields: [{ ...entry, time: 5 }] }),
    dry('managedFields time of month 13', { managedFields: [{ ...entry, time: '2020-13-01T00:00:00Z' }] }),
    dry('managedFields manager a number', { managedFields: [{ ...entry, manager: 5 }] }),
    dry('managedFields of null', { managedFields: [null] }),
    dry('finalizers of null', { finalizers: [null] }),
    dry('owners of null', { ownerReferences: [null] }),
    w.merge('managedFields time of month 13, merged', '/least?dryRun=All&fieldManager=twin', {
      metadata: { managedFields: [{ ...entry, time: '2020-13-01T00:00:00Z' }] },
    }),
    w.merge('creationTimestamp of month 13, merged', '/least?dryRun=All&fieldManager=twin', {
      metadata: { creationTimestamp: '2020-13-01T00:00:00Z' },
    }),
  ];
}

function owners(w: Writer): readonly Step[] {
  const uid = '11111111-1111-1111-1111-111111111111';
  const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid };
  const owned = (name: string, ...refs: readonly object[]): Step =>
    w.create(
      `owner ${name}`,
      w.object('owned', { ownerReferences: refs as unknown as JsonObject[] }),
      '?dryRun=All',
    );
  return [
    owned('one', owner),
    owned('twice', owner, owner),
    owned('without uid', { ...owner, uid: '' }),
    owned('without name', { ...owner, name: '' }),
    owned('without kind', { ...owner, kind: '' }),
    owned('with an odd version', { ...owner, apiVersion: 'a/b/c' }),
    owned('an Event', { ...owner, kind: 'Event' }),
    owned(
      'and another, both controllers',
      { ...owner, controller: true },
      { ...owner, uid: 'b', controller: true },
    ),
    owned('with an unknown field', { ...owner, colour: 'red' }),
    owned('uid a number', { ...owner, uid: 5 }),
    owned('name an object', { ...owner, name: {} }),
    owned('empty', {}),
    owned('controller a text', { ...owner, controller: 'yes' }),
  ];
}

function fieldValidation(w: Writer): readonly Step[] {
  const { spec } = w.subject.least;
  const unknown = {
    ...w.object('extra', { colour: 'red' }),
    spec: { ...(spec as JsonObject), zzz: 1, yyy: { x: 1 } },
  };
  const twice = withText(
    w.object('twice'),
    `,"spec":${JSON.stringify({ ...(spec as JsonObject) })},"kind":"${w.subject.kind.kind}"`,
  );
  const deep = withText(
    w.object('deep', { labels: { a: 'b' } }),
    ',"spec":{"zzz":1,"zzz":2},"extra":{"a":1,"a":2}',
  );
  const polluting = withText(
    w.object('polluted'),
    ',"__proto__":{"a":1},"constructor":{"prototype":{"b":1}}',
  );
  const levels = ['', '&fieldValidation=Strict', '&fieldValidation=Warn', '&fieldValidation=Ignore'];
  const cases = { unknown: { ...unknown, more: [] }, twice, deep, polluting };
  return [
    ...Object.entries(cases).flatMap(([name, body]) =>
      levels.map((level) => w.create(`${name} fields${level}`, body, `?dryRun=All${level}`)),
    ),
    w.create('field validation of another word', w.object('x'), '?dryRun=All&fieldValidation=Loose'),
    w.create('field validation strict and sound', w.full('sound'), '?dryRun=All&fieldValidation=Strict'),
  ];
}

/** Numbers as they may be written, in annotations' neighbours and in a field that takes integers. */
function numbers(w: Writer): readonly Step[] {
  const { kind, least } = w.subject;
  const paths: Readonly<Record<string, (literal: string) => string>> = {
    DataPlane: (literal) => `{"intervals":{"heartbeatSeconds":${literal}}}`,
    DataProduct: (literal) =>
      JSON.stringify({ ...(least['spec'] as JsonObject), historyLimit: 0 }).replace(
        '"historyLimit":0',
        `"historyLimit":${literal}`,
      ),
    DataCluster: (literal) => `{"quota":{"pods":${literal}}}`,
  };
  const write = paths[kind.kind];
  if (write === undefined) return [];
  const literals = [
    '10',
    '10.0',
    '1e1',
    '10.5',
    '-0',
    '0',
    '9007199254740993',
    '1e400',
    '010',
    '+5',
    '0x10',
    'NaN',
    '.5',
  ];
  return literals.map((literal) => {
    const { spec: _, ...rest } = w.object('number');
    return w.create(`number ${literal}`, withText(rest, `,"spec":${write(literal)}`), '?dryRun=All');
  });
}

function options(w: Writer): readonly Step[] {
  const dry = w.object('dry');
  return [
    w.create('dry run', dry, '?dryRun=All'),
    w.get('what a dry run made', '/dry'),
    w.create('dry run of another word', dry, '?dryRun=Some'),
    w.create('dry run twice', dry, '?dryRun=All&dryRun=All'),
    w.create('dry run empty', dry, '?dryRun=&dryRun=All'),
    w.create('dry run empty alone', w.object('not-dry'), '?dryRun='),
    w.create('field manager too long', dry, `?dryRun=All&fieldManager=${'x'.repeat(129)}`),
    w.create('field manager odd', dry, '?dryRun=All&fieldManager=a%0Ab'),
    w.create('pretty', dry, '?dryRun=All&pretty=true'),
    w.create('an unknown option', dry, '?dryRun=All&colour=red'),
    w.create('on a name', w.object('x'), '/x?dryRun=All'),
    w.create('on status', w.object('full'), '/full/status'),
    w.create('on an unknown subresource', w.object('full'), '/full/shade'),
  ];
}

function mediaTypes(w: Writer): readonly Step[] {
  const text = JSON.stringify(w.object('typed'));
  const { apiVersion, kind } = w.object('typed');
  const yaml = `apiVersion: ${String(apiVersion)}\nkind: ${String(kind)}\nmetadata:\n  name: typed\nspec: ${JSON.stringify(w.subject.least['spec'])}\n`;
  const typed = (type: string, body = text, accept = 'application/json'): Step =>
    w.create(`type ${type || 'none'} for ${accept}`, body, '?dryRun=All', { type, headers: { accept } });
  return [
    typed('application/json; charset=utf-8'),
    typed('application/yaml', yaml),
    typed('application/yaml', `${yaml}---\n${yaml}`, 'application/json, */*'),
    typed('application/yaml', `${yaml}colour: red\ncolour: blue\n`, 'application/yaml'),
    typed('application/yaml', 'a: [', 'application/json;q=0.9'),
    typed('application/vnd.kubernetes.protobuf'),
    typed('application/cbor'),
    typed('text/plain'),
    typed('multipart/form-data'),
    typed('application/json', text, 'application/vnd.kubernetes.protobuf'),
    typed('application/json', text, 'application/vnd.kubernetes.protobuf, application/json'),
    typed('application/json', text, 'text/html'),
    typed('application/json', text, 'application/yaml'),
    typed('application/json', text, 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1'),
    typed('application/json', text, 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1beta1'),
    typed('application/json', text, 'application/json;as=Shape;g=meta.k8s.io;v=v1'),
    typed('application/json', text, 'application/json;as=Shape;g=meta.k8s.io;v=v1, application/json'),
    typed('application/json', text, '*/*'),
    typed('application/json', text, 'application/*'),
  ];
}
