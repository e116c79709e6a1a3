/** `/scale` of the native kinds that have it; their twins are those of Kubernetes itself. */
import type { JsonObject } from '../../../apiserver/api/json.ts';
import type { Kind } from '../../../apiserver/api/kind.ts';
import type { Step } from '../step.ts';
import { NAMESPACE, withText, writerFor, type Writer } from './writer.ts';

const NAME = 'scaled';
const PATH = `/${NAME}/scale`;
const YAML_TYPE = 'application/yaml';
const STRATEGIC = 'application/strategic-merge-patch+json';
const FORM = (form: string): string => `application/json;as=${form};v=v1;g=meta.k8s.io`;

/** What is scaled; made on both servers before the script, because pods are not what is compared here. */
export function scaledObject({ group, version, kind }: Kind): JsonObject {
  const labels = { app: NAME, tier: 'a' };
  const selector =
    kind === 'ReplicationController'
      ? labels
      : {
          matchLabels: labels,
          matchExpressions: [
            { key: 'app', operator: 'In', values: ['x', NAME] },
            { key: 'gone', operator: 'DoesNotExist' },
          ],
        };
  return {
    apiVersion: group === '' ? version : `${group}/${version}`,
    kind,
    metadata: { name: NAME },
    spec: {
      replicas: 2,
      selector,
      template: { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'main:1' }] } },
    },
  };
}

export function scaleSteps(kind: Kind): readonly Step[] {
  const w = writerFor({ kind, fixed: [], full: {}, least: {} }, 'scale');
  return [...reads(w), ...replaces(w), ...odd(w), ...patches(w), ...applies(w)];
}

function scale(spec: unknown, metadata: JsonObject = {}, rest: JsonObject = {}): JsonObject {
  return {
    apiVersion: 'autoscaling/v1',
    kind: 'Scale',
    metadata: { name: NAME, namespace: NAMESPACE, ...metadata },
    spec: spec as JsonObject,
    ...rest,
  };
}

/** Generation and owners are seen in the object alone. */
const owners = (w: Writer, when: string): Step =>
  w.get(`the object ${when}`, `/${NAME}`, { accept: FORM('PartialObjectMetadata') });

function reads(w: Writer): readonly Step[] {
  const as = (name: string, accept: string): Step => w.get(`read as ${name}`, PATH, { accept });
  return [
    w.step('read', 'GET', PATH, { keep: 'scale' }),
    owners(w, 'as it was made'),
    w.get('read at version 0', `${PATH}?resourceVersion=0`),
    w.get('read at a version that is none', `${PATH}?resourceVersion=x`),
    w.get('read what is not there', '/none/scale'),
    w.get('read, pretty', `${PATH}?pretty=true`),
    as('YAML', YAML_TYPE),
    as('metadata', FORM('PartialObjectMetadata')),
    as('a list of metadata', FORM('PartialObjectMetadataList')),
    as('a table', FORM('Table')),
    as('a table or JSON', `${FORM('Table')},application/json`),
    as('HTML', 'text/html'),
    w.get('read a part of it', `${PATH}/spec`),
    w.step('POST', 'POST', PATH, { body: scale({ replicas: 1 }) }),
    w.remove('DELETE', PATH),
  ];
}

function replaces(w: Writer): readonly Step[] {
  const put = (name: string, body: unknown, query = '?fieldManager=boss'): Step =>
    w.put(name, `${PATH}${query}`, body);
  const values = [0, 7, -1, 2147483647, 2147483648, -2147483648, -2147483649, 1.5, '3', null, true, {}];
  return [
    put('with its version', scale({ replicas: 3 }, { resourceVersion: '{rv:scale}' })),
    owners(w, 'after a PUT'),
    put('with a stale version', scale({ replicas: 4 }, { resourceVersion: '{rv:scale}' })),
    put('with a version that is none', scale({ replicas: 4 }, { resourceVersion: 'x' })),
    put('the same again', scale({ replicas: 3 })),
    ...values.map((replicas) =>
      put(`replicas ${JSON.stringify(replicas)}`, scale({ replicas }), '?dryRun=All'),
    ),
    put('without replicas', scale({}), '?dryRun=All'),
    put('without spec', { ...scale({}), spec: undefined }, '?dryRun=All'),
    put('spec null', scale(null), '?dryRun=All'),
    put('spec a list', scale([]), '?dryRun=All'),
    put('spec a text', scale('x'), '?dryRun=All'),
    put('with its uid', scale({ replicas: 3 }, { uid: '{uid:scale}' }), '?dryRun=All'),
    put(
      'with another uid',
      scale({ replicas: 3 }, { uid: '11111111-1111-1111-1111-111111111111' }),
      '?dryRun=All',
    ),
    put(
      'with labels',
      scale({ replicas: 3 }, { labels: { a: 'b' }, annotations: { a: 'b' } }),
      '?dryRun=All',
    ),
    put('with a bad label', scale({ replicas: 3 }, { labels: { 'a b': 'c' } }), '?dryRun=All'),
    put(
      'with a status',
      scale({ replicas: 3 }, {}, { status: { replicas: 9, selector: 'x=y' } }),
      '?dryRun=All',
    ),
    put(
      'with a status of wrong types',
      scale({ replicas: 3 }, {}, { status: { replicas: 'x' } }),
      '?dryRun=All',
    ),
    put('of what is not there', scale({ replicas: 1 })),
    w.put('of another name', `/none/scale`, scale({ replicas: 1 }, { name: 'none' })),
    w.put('of another name, dry', `/none/scale?dryRun=All`, scale({ replicas: 1 })),
    put('dry run', scale({ replicas: 5 }), '?dryRun=All'),
    put('dry run of another word', scale({ replicas: 5 }), '?dryRun=Some'),
    put('field manager odd', scale({ replicas: 5 }), '?fieldManager=a%0Ab'),
    owners(w, 'after many PUTs'),
  ];
}

function odd(w: Writer): readonly Step[] {
  const put = (name: string, body: unknown, query = '', rest: object = {}): Step =>
    w.put(name, `${PATH}?dryRun=All${query}`, body, rest);
  const sound = scale({ replicas: 2 });
  const { kind: _, ...noKind } = sound;
  const { apiVersion: __, ...noVersion } = sound;
  const unknown = { ...scale({ replicas: 2, colour: 'red' }), extra: 1 };
  const twice = withText(sound, ',"spec":{"replicas":1,"replicas":2},"kind":"Scale"');
  const levels = ['', '&fieldValidation=Strict', '&fieldValidation=Warn', '&fieldValidation=Ignore'];
  return [
    put('of another kind', { ...sound, kind: w.subject.kind.kind }),
    put('of another version', { ...sound, apiVersion: 'autoscaling/v9' }),
    put('of an old group', { ...sound, apiVersion: 'extensions/v1beta1' }),
    put('of the core group', { ...sound, apiVersion: 'v1' }),
    put('without kind', noKind),
    put('without apiVersion', noVersion),
    put('without both', { spec: { replicas: 2 }, metadata: sound['metadata'] }),
    put('with a kind that is a number', { ...sound, kind: 5 }),
    put('with another name', scale({ replicas: 2 }, { name: 'other' })),
    put('without a name', scale({ replicas: 2 }, { name: '' })),
    put('with another namespace', scale({ replicas: 2 }, { namespace: 'other' })),
    put('without a namespace', scale({ replicas: 2 }, { namespace: '' })),
    put('without metadata', { ...sound, metadata: undefined }),
    put('metadata null', { ...sound, metadata: null }),
    put('metadata a text', { ...sound, metadata: 'x' }),
    put('empty', ''),
    put('null', 'null'),
    put('a list', '[]'),
    put('no JSON', '{'),
    ...levels.flatMap((level) => [
      put(`unknown fields${level}`, unknown, level),
      put(`fields twice${level}`, twice, level),
    ]),
    put(
      'as YAML',
      `apiVersion: autoscaling/v1\nkind: Scale\nmetadata: {name: ${NAME}}\nspec: {replicas: 4}\n`,
      '',
      {
        type: YAML_TYPE,
        headers: { accept: YAML_TYPE },
      },
    ),
    put('of a type that is none', 'x', '', { type: 'text/plain' }),
    put('for metadata', sound, '', { headers: { accept: FORM('PartialObjectMetadata') } }),
    put('for a table', sound, '', { headers: { accept: FORM('Table') } }),
  ];
}

function patches(w: Writer): readonly Step[] {
  const dry = `${PATH}?dryRun=All`;
  const merge = (name: string, body: unknown): Step => w.merge(`merge ${name}`, dry, body);
  const strategic = (name: string, body: unknown): Step =>
    w.merge(`strategic merge ${name}`, dry, body, { type: STRATEGIC });
  const json = (name: string, body: unknown): Step => w.jsonPatch(`JSON patch ${name}`, dry, body);
  const replicas = '/spec/replicas';
  return [
    w.merge('merge replicas', `${PATH}?fieldManager=hpa`, { spec: { replicas: 4 } }),
    owners(w, 'after a merge'),
    merge('nothing', {}),
    merge('what is there', { spec: { replicas: 4 } }),
    ...[-1, '5', 1.5, null, 2147483648, -2147483648, -2147483649].map((value) =>
      merge(`replicas ${JSON.stringify(value)}`, { spec: { replicas: value } }),
    ),
    merge('spec null', { spec: null }),
    merge('a list', []),
    merge('no JSON', '{'),
    merge('a stale version', { metadata: { resourceVersion: '{rv:scale}' }, spec: { replicas: 1 } }),
    merge('its uid', { metadata: { uid: '{uid:scale}' }, spec: { replicas: 1 } }),
    merge('another uid', { metadata: { uid: 'x' }, spec: { replicas: 1 } }),
    merge('another name', { metadata: { name: 'other' } }),
    merge('another namespace', { metadata: { namespace: 'other' } }),
    merge('labels', { metadata: { labels: { a: 'b' } } }),
    merge('a status', { status: { replicas: 9, selector: 'x=y' } }),
    merge('another kind', { kind: 'Other' }),
    merge('another version', { apiVersion: 'autoscaling/v9' }),
    merge('an unknown field', { spec: { colour: 'red' } }),
    w.merge('merge an unknown field, strictly', `${dry}&fieldValidation=Strict`, { spec: { colour: 'red' } }),
    w.merge('merge of what is not there', '/none/scale', { spec: { replicas: 1 } }),
    strategic('replicas', { spec: { replicas: 6 } }),
    strategic('that deletes spec', { spec: { $patch: 'delete' } }),
    strategic('that deletes spec and says replicas', { spec: { $patch: 'delete', replicas: 6 } }),
    strategic('that replaces spec', { spec: { $patch: 'replace', replicas: 6 } }),
    strategic('that replaces spec by nothing', { spec: { $patch: 'replace' } }),
    strategic('that retains nothing of spec', { spec: { $retainKeys: [] } }),
    strategic('that retains replicas', { spec: { $retainKeys: ['replicas'], replicas: 6 } }),
    strategic('that deletes metadata', { metadata: { $patch: 'delete' }, spec: { replicas: 6 } }),
    strategic('that deletes status', { status: { $patch: 'delete' }, spec: { replicas: 6 } }),
    strategic('that deletes all', { $patch: 'delete' }),
    strategic('that replaces all', { $patch: 'replace', ...scale({ replicas: 6 }) }),
    strategic('of a directive that is none', { spec: { $patch: 'none' } }),
    strategic('of the lowest number', { spec: { replicas: -2147483648 } }),
    w.merge('merge of no known type', dry, {}, { type: 'application/json' }),
    w.merge('merge, forced', `${dry}&force=true`, { spec: { replicas: 6 } }),
    w.jsonPatch('JSON patch', `${PATH}?fieldManager=hpa`, [{ op: 'replace', path: replicas, value: 5 }]),
    owners(w, 'after a JSON patch'),
    json('that holds', [
      { op: 'test', path: replicas, value: 5 },
      { op: 'replace', path: replicas, value: 6 },
    ]),
    json('that does not hold', [{ op: 'test', path: replicas, value: 4 }]),
    json('that removes replicas', [{ op: 'remove', path: replicas }]),
    json('that adds a text', [{ op: 'add', path: replicas, value: 'x' }]),
    json('of what is not there', [{ op: 'remove', path: '/spec/none' }]),
    json('of the status', [{ op: 'replace', path: '/status/replicas', value: 9 }]),
    json('that is an object', {}),
  ];
}

function applies(w: Writer): readonly Step[] {
  const sound = scale({ replicas: 8 });
  const apply = (name: string, body: unknown, query = '?fieldManager=applier'): Step =>
    w.apply(`apply ${name}`, `${PATH}${query}`, body);
  const { kind: _, ...noKind } = sound;
  return [
    apply('what others own', sound),
    apply('what others own, forced, dry', sound, '?fieldManager=applier&force=true&dryRun=All'),
    apply('what others own, forced', sound, '?fieldManager=applier&force=true'),
    owners(w, 'after an apply'),
    apply('the same again', sound),
    apply('without a manager', sound, ''),
    apply('nothing', scale({}), '?fieldManager=applier&dryRun=All'),
    apply('a text', scale({ replicas: 'x' }), '?fieldManager=applier&dryRun=All'),
    apply('a negative number', scale({ replicas: -1 }), '?fieldManager=applier&dryRun=All'),
    apply('another kind', { ...sound, kind: 'Other' }, '?fieldManager=applier&dryRun=All'),
    apply('without kind', noKind, '?fieldManager=applier&dryRun=All'),
    apply('another version', { ...sound, apiVersion: 'autoscaling/v9' }, '?fieldManager=applier&dryRun=All'),
    apply('another name', scale({ replicas: 8 }, { name: 'other' }), '?fieldManager=applier&dryRun=All'),
    apply('an unknown field', scale({ replicas: 8, colour: 'red' }), '?fieldManager=applier&dryRun=All'),
    apply('managedFields', scale({ replicas: 8 }, { managedFields: [] }), '?fieldManager=applier&dryRun=All'),
    apply(
      'YAML',
      `apiVersion: autoscaling/v1\nkind: Scale\nmetadata:\n  name: ${NAME}\nspec:\n  replicas: 9\n`,
    ),
    w.apply(
      'apply to what is not there',
      '/none/scale?fieldManager=applier',
      scale({ replicas: 1 }, { name: 'none' }),
    ),
    w.put('takes it back', PATH, scale({ replicas: 1 })),
    owners(w, 'in the end'),
  ];
}
