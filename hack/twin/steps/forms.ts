/** The forms of an answer: tables and metadata of everything that answers objects, YAML, and what Accept headers may say. */
import type { JsonObject } from '../../../apiserver/api/json.ts';
import type { Subject } from '../objects.ts';
import type { Step } from '../step.ts';
import { writerFor, type Writer } from './writer.ts';

const JSON_TYPE = 'application/json';
const YAML_TYPE = 'application/yaml';
const as = (form: string, version = 'v1', type = JSON_TYPE): string =>
  `${type};as=${form};v=${version};g=meta.k8s.io`;
const TABLE = as('Table');
const OLD_TABLE = as('Table', 'v1beta1');
const YAML_TABLE = as('Table', 'v1', YAML_TYPE);
const ONE = as('PartialObjectMetadata');
const MANY = as('PartialObjectMetadataList');
/** What kubectl asks for. */
const PRINTED = `${TABLE},${OLD_TABLE},${JSON_TYPE}`;

export function formSteps(subject: Subject): readonly Step[] {
  const w = writerFor(subject, 'form');
  return [
    ...objects(w),
    ...tables(w),
    ...ages(w),
    ...written(w),
    ...removed(w),
    ...failures(w),
    ...accepts(w),
  ];
}

/** One with every field, one with the least, one whose words YAML readers take for something else. */
function objects(w: Writer): readonly Step[] {
  const full = (w.subject.full['status'] ?? {}) as JsonObject;
  const connected = { ...FIRST(full['conditions']), type: 'Connected', status: 'False', reason: 'Gone' };
  const conditions = [...LIST(full['conditions']), connected];
  const odd = [
    'yes',
    'no',
    'y',
    'n',
    'on',
    'off',
    'true',
    'null',
    '~',
    '1',
    '0x10',
    '1e3',
    '1_000',
    '012',
    '1:20',
  ];
  const texts = [
    ...odd,
    '2026-01-02',
    '2026-01-02T03:04:05Z',
    '',
    ' x ',
    '# x',
    '- x',
    'a: b',
    'a\nb\n',
    '\ta',
    'ä\u2028\u0001',
    "'",
    '"',
    '<<',
    '=',
    '.inf',
    '.nan',
    '!x',
    '&x',
    '*x',
    '%x',
    '@x',
    '`x',
    '{x',
    '[x',
    '|',
    '>',
  ];
  return [
    w.create('make form-1', w.full('form-1', { labels: { form: 'yes' } }), '', { keep: 'form-1' }),
    w.merge('form-1 gets a status', '/form-1/status', { status: { ...full, conditions } }),
    w.make('form-2', { labels: { form: 'yes' } }),
    w.make('form-3', {
      labels: { form: 'yes', n: 'no' },
      annotations: Object.fromEntries(texts.map((text, index) => [`text-${index}`, text])),
    }),
    w.get('odd texts as YAML', '/form-3', { accept: YAML_TYPE }),
    w.get('a list of odd texts as YAML', '?labelSelector=form', { accept: YAML_TYPE }),
    w.get('every field as YAML', '/form-1', { accept: YAML_TYPE }),
    w.create(
      'odd texts sent as YAML',
      `apiVersion: ${w.object('x')['apiVersion'] as string}\nkind: ${w.subject.kind.kind}\nmetadata:\n  name: odd\n  annotations:\n` +
        odd.map((text, index) => `    text-${index}: '${text}'\n`).join('') +
        `spec: ${JSON.stringify(w.subject.least['spec'])}\n`,
      '?dryRun=All',
      { type: YAML_TYPE, headers: { accept: YAML_TYPE } },
    ),
  ];
}

const LIST = (value: unknown): readonly JsonObject[] => (Array.isArray(value) ? (value as JsonObject[]) : []);
const FIRST = (value: unknown): JsonObject => LIST(value)[0] ?? {};

function tables(w: Writer): readonly Step[] {
  const includes = ['None', 'Metadata', 'Object', '', 'none', 'Everything'];
  const all = '?labelSelector=form';
  const list = (name: string, query: string, accept: string): Step =>
    w.get(`${name}`, `${all}${query}`, { accept });
  return [
    ...includes.flatMap((include) => [
      list(`table with ${include || 'an empty word'}`, `&includeObject=${include}`, TABLE),
      w.get(`table of one with ${include || 'an empty word'}`, `/form-1?includeObject=${include}`, {
        accept: TABLE,
      }),
      list(`old table with ${include || 'an empty word'}`, `&includeObject=${include}`, OLD_TABLE),
    ]),
    list('table', '', TABLE),
    list('table for kubectl', '&limit=500', PRINTED),
    list('table of a page', '&limit=1', TABLE),
    list('table of nothing', ',none', TABLE),
    list('table, pretty', '&pretty=true', TABLE),
    list('table as YAML', '', YAML_TABLE),
    list('table of nothing as YAML', ',none', YAML_TABLE),
    list('table of a newer version', '', as('Table', 'v2')),
    list('table of another group', '', `${JSON_TYPE};as=Table;v=v1;g=example.com`),
    list('table without a version', '', `${JSON_TYPE};as=Table;g=meta.k8s.io`),
    list('table without a group', '', `${JSON_TYPE};as=Table;v=v1`),
    list('table in small letters', '', `${JSON_TYPE};as=table;v=v1;g=meta.k8s.io`),
    list('table or anything', '', `${as('Table', 'v2')},${JSON_TYPE}`),
    list('an object, and what a table would include', '&includeObject=Everything', JSON_TYPE),
    list('metadata, and what a table would include', '&includeObject=Everything', MANY),
    list('table at a version', '&resourceVersion={rv:form-3}&resourceVersionMatch=Exact', TABLE),
    list('metadata of nothing', ',none', MANY),
    list('metadata as YAML', '', as('PartialObjectMetadataList', 'v1', YAML_TYPE)),
    list('metadata of a page', '&limit=1', MANY),
    w.get('table of one', '/form-1', { accept: TABLE }),
    w.get('table of one for kubectl', '/form-2', { accept: PRINTED }),
    w.get('table of one as YAML', '/form-1', { accept: YAML_TABLE }),
    w.get('table of a status', '/form-1/status', { accept: TABLE }),
    w.get('metadata of a status', '/form-1/status', { accept: ONE }),
    w.get('old metadata of one', '/form-1', { accept: as('PartialObjectMetadata', 'v1beta1') }),
    ...(w.isNamespaced
      ? [w.get('table of all namespaces', `{all}${all}`, { accept: TABLE })]
      : [w.get('table of one at version 0', '/form-1?resourceVersion=0', { accept: TABLE })]),
  ];
}

/** Where a column of the kind shows how long ago something was. */
function ages(w: Writer): readonly Step[] {
  if (w.subject.kind.kind !== 'DataPlane') return [];
  const times = [
    '2001-01-01T00:00:00Z',
    '2020-03-04T00:00:00Z',
    '2024-06-01T12:00:00Z',
    '2199-01-01T00:00:00Z',
  ];
  return times.flatMap((time) => [
    w.merge(`form-1 was seen ${time}`, '/form-1/status', { status: { agent: { lastHeartbeatTime: time } } }),
    w.get(`table since ${time}`, '/form-1', { accept: TABLE }),
  ]);
}

/** Whatever answers with an object answers with a table of it too. */
function written(w: Writer): readonly Step[] {
  const forms = {
    table: TABLE,
    metadata: ONE,
    'a list of metadata': MANY,
    'table as YAML': YAML_TABLE,
    YAML: YAML_TYPE,
  };
  const label = { metadata: { labels: { form: 'yes', changed: 'yes' } } };
  return Object.entries(forms)
    .flatMap(([name, accept]) => {
      const rest = { headers: { accept } };
      const dry = '?dryRun=All&fieldManager=twin';
      return [
        w.create(`create answers ${name}`, w.object('form-new'), dry, rest),
        w.put(
          `update answers ${name}`,
          `/form-2${dry}`,
          w.object('form-2', { labels: { form: 'no' }, resourceVersion: '{rv:form-2}' }),
          rest,
        ),
        w.merge(`patch answers ${name}`, `/form-2${dry}`, label, rest),
        w.merge(
          `patch of a status answers ${name}`,
          `/form-2/status${dry}`,
          { status: { observedGeneration: 1 } },
          rest,
        ),
        w.apply(
          `apply answers ${name}`,
          `/form-2${dry}`,
          w.object('form-2', { labels: { form: 'yes' } }),
          rest,
        ),
        w.apply(`apply that creates answers ${name}`, `/form-new${dry}`, w.object('form-new'), rest),
        w.remove(`delete answers ${name}`, '/form-2?dryRun=All', rest),
        w.remove(`delete of many answers ${name}`, '?labelSelector=form&dryRun=All', rest),
      ];
    })
    .concat([
      w.create(
        'create answers a table with everything',
        w.object('form-new'),
        '?dryRun=All&includeObject=Object',
        { headers: { accept: TABLE } },
      ),
      w.create(
        'create answers a table with a wrong word',
        w.object('form-new'),
        '?dryRun=All&includeObject=x',
        { headers: { accept: TABLE } },
      ),
      w.remove('delete answers a table with a wrong word', '/form-2?dryRun=All&includeObject=x', {
        headers: { accept: TABLE },
      }),
    ]);
}

/** What ends with a Status, or waits for finalizers. */
function removed(w: Writer): readonly Step[] {
  const finalizers = ['example.com/form'];
  return [
    ...['form-4', 'form-5', 'form-6', 'form-7', 'form-8'].map((name) =>
      w.make(name, { finalizers: name < 'form-6' ? finalizers : [] }),
    ),
    w.remove('delete that waits answers a table', '/form-4', { headers: { accept: TABLE } }),
    w.remove('delete that waits answers YAML', '/form-5', { headers: { accept: YAML_TYPE } }),
    w.remove('delete that is done answers a table', '/form-6', { headers: { accept: TABLE } }),
    w.remove('delete that is done answers YAML', '/form-7', { headers: { accept: YAML_TYPE } }),
    w.remove('delete that is done answers a YAML table', '/form-8', { headers: { accept: YAML_TABLE } }),
    w.merge(
      'form-4 loses its finalizer',
      '/form-4?fieldManager=twin',
      { metadata: { finalizers: null } },
      { headers: { accept: TABLE } },
    ),
    w.merge(
      'form-5 loses its finalizer',
      '/form-5?fieldManager=twin',
      { metadata: { finalizers: null } },
      { headers: { accept: YAML_TYPE } },
    ),
  ];
}

/** A Status is in the form that was asked for, as far as it has one. */
function failures(w: Writer): readonly Step[] {
  const forms = { YAML: YAML_TYPE, table: TABLE, 'YAML table': YAML_TABLE, metadata: ONE, HTML: 'text/html' };
  return Object.entries(forms).flatMap(([name, accept]) => {
    const rest = { headers: { accept } };
    return [
      w.get(`404 as ${name}`, '/none', { accept }),
      w.get(`400 as ${name}`, '?labelSelector=a%20b', { accept }),
      w.create(`409 as ${name}`, w.object('form-1'), '', rest),
      w.create(`422 as ${name}`, w.object('Bad_Name'), '', rest),
      w.create(`400 of a body as ${name}`, '{', '', rest),
      w.create(`415 as ${name}`, 'x', '', { ...rest, type: 'text/plain' }),
      w.merge(`415 of a patch as ${name}`, '/form-1', {}, { ...rest, type: 'application/cbor' }),
      w.remove(`404 of a delete as ${name}`, '/none', rest),
      w.remove(`400 of a delete of many as ${name}`, '?labelSelector=a%20b', rest),
      w.get(`a watch refused as ${name}`, '?watch=true&timeoutSeconds=1&labelSelector=a%20b', { accept }),
    ];
  });
}

function accepts(w: Writer): readonly Step[] {
  const headers = [
    '*',
    '*/*',
    '*/json',
    'application/*',
    'application/*;as=Table;v=v1;g=meta.k8s.io',
    '*/*;as=Table;v=v1;g=meta.k8s.io',
    'Application/JSON',
    'application/json; charset=utf-8',
    'application/json;q=0.1, application/yaml',
    'application/yaml;q=0.5, application/json;q=0.6',
    'application/yaml;q=x, application/json;q=0.5',
    'application/json;q=0',
    'application/json;q=2, application/yaml',
    'text/html, application/*;q=0.8, */*;q=0.1',
    'application/cbor',
    'application/cbor, application/json;q=0.9',
    'application/cbor;as=Table;v=v1;g=meta.k8s.io, application/json;as=Table;v=v1;g=meta.k8s.io',
    'application/json-seq',
    'application/json;pretty=1',
    'application/json;stream=watch',
    'application/json;sv=v1',
    'application/json;export=1',
    'application/json;profile=local',
    'application/json;g=meta.k8s.io;v=v1',
    'application/json;as=',
    'application/json;as="Table";v=v1;g=meta.k8s.io',
    ' application/json ; as = Table ; v = v1 ; g = meta.k8s.io ',
    'application/json/x',
    'json',
    ';',
    ',',
    ',,application/yaml',
    'text/yaml',
    'application/x-yaml',
    'text/plain',
    'application/apply-patch+yaml',
    `${'text/x,'.repeat(100)}application/yaml`,
  ];
  return headers.flatMap((accept) =>
    [
      w.get(`accepts ${accept.slice(-80)}`, '/form-2', { accept }),
      w.get(`watch accepts ${accept.slice(-80)}`, '?watch=true&timeoutSeconds=1&labelSelector=none', {
        accept,
      }),
    ].map((step) => ({ ...step, together: true as const })),
  );
}
