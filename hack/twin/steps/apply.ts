/** Server-side apply: ownership, conflicts, lists by key, bad bodies. */
import type { JsonObject } from '../../../apiserver/api/json.ts';
import type { Subject } from '../objects.ts';
import type { Step } from '../step.ts';
import { writerFor, type Writer } from './writer.ts';

export function applySteps(subject: Subject): readonly Step[] {
  const w = writerFor(subject, 'apply');
  return [...ownership(w), ...listItems(w), ...badBodies(w), ...statusEndpoint(w), ...migration(w)];
}

const as = (manager: string, more = ''): string => `?fieldManager=${manager}${more}`;

/** Two values of a text field. */
const TEXTS: Readonly<Record<string, readonly [JsonObject, JsonObject]>> = {
  DataPlane: [{ displayName: 'one' }, { displayName: 'two' }],
  DataProduct: [{ title: 'one' }, { title: 'two' }],
  DataCluster: [{ templateValues: { size: 'one' } }, { templateValues: { size: 'two' } }],
};

function ownership(w: Writer): readonly Step[] {
  const { kind, least } = w.subject;
  const [one = {}, two = {}] = TEXTS[kind.kind] ?? [];
  const spec = (more: JsonObject): JsonObject => ({ spec: { ...(least['spec'] as JsonObject), ...more } });
  const partial = (content: JsonObject, metadata: JsonObject = {}): JsonObject =>
    w.object('app', metadata, content);
  const apply = (name: string, manager: string, body: JsonObject, more = ''): Step =>
    w.apply(name, `/app${as(manager, more)}`, body);
  return [
    apply('creates, in a dry run', 'first', partial(spec(one)), '&dryRun=All'),
    w.apply('creates', `/app${as('first')}`, partial(spec(one), { labels: { a: 'b' } }), { keep: 'app' }),
    apply('the same', 'first', partial(spec(one), { labels: { a: 'b' } })),
    apply('the same as another', 'second', partial(spec(one))),
    apply('another value is a conflict', 'third', partial(spec(two))),
    apply('another value, in a dry run', 'third', partial(spec(two)), '&dryRun=All'),
    apply('another value by force', 'third', partial(spec(two)), '&force=true'),
    apply('the first without it', 'first', partial({})),
    apply('the second without it', 'second', partial({})),
    apply('the third without it', 'third', partial({ spec: {} })),
    apply('a label', 'first', partial({}, { labels: { a: 'b', c: 'd' }, annotations: { x: 'y' } })),
    apply('without the label', 'first', partial({}, { labels: { c: 'd' } })),
    apply('a finalizer', 'first', partial({}, { finalizers: ['example.com/a'] })),
    apply('a finalizer of another', 'second', partial({}, { finalizers: ['example.com/b'] })),
    apply('no finalizer', 'first', partial({})),
    apply('no finalizer of another', 'second', partial({})),
    apply('stale version', 'first', partial({}, { resourceVersion: '1' })),
    apply('another uid', 'first', partial({}, { uid: 'x' })),
    w.merge('an update in between', `/app${as('updater')}`, { metadata: { labels: { u: 'v' } } }),
    apply('over what was updated', 'first', partial({}, { labels: { u: 'w' } })),
    apply('over what was updated, by force', 'first', partial({}, { labels: { u: 'w' } }), '&force=true'),
    w.get('after all that', '/app'),
  ];
}

/** Fragments of spec that name items of keyed lists, sets and atomic lists. */
const LISTS: Readonly<Record<string, readonly [JsonObject, JsonObject, JsonObject]>> = {
  DataPlane: [
    { roles: ['runtime', 'workflow'], observability: { excludeNamespaces: ['a', 'b'], labels: { a: 'b' } } },
    { roles: ['runtime'], observability: { excludeNamespaces: ['a'], labels: { c: 'd' } } },
    { roles: ['runtime', 'runtime'] },
  ],
  DataProduct: [
    {
      resources: [
        { id: 'load', stack: 'job:1.0' },
        { id: 'more', stack: 'job:1.0', dependsOn: ['load'] },
      ],
      tags: ['a', 'b'],
      ports: { p: { protocol: 'REST', resource: 'load' } },
    },
    { resources: [{ id: 'more', stack: 'job:1.0', description: 'mine' }], tags: ['b', 'c'] },
    {
      resources: [
        { id: 'load', stack: 'job:1.0' },
        { id: 'load', stack: 'job:2.0' },
      ],
    },
  ],
  DataCluster: [
    {
      services: { search: { indexes: ['a', 'b'] }, database: { extensions: ['x'] } },
      templateValues: { a: 'b' },
    },
    { services: { search: { indexes: ['b', 'c'] } }, templateValues: { c: 'd' } },
    { services: { search: { indexes: ['a', 'a'] } } },
  ],
};

function listItems(w: Writer): readonly Step[] {
  const { kind, least } = w.subject;
  const [one = {}, two = {}, twice = {}] = LISTS[kind.kind] ?? [];
  const whole = (more: JsonObject): JsonObject =>
    w.object('items', {}, { spec: { ...(least['spec'] as JsonObject), ...more } });
  const part = (spec: JsonObject): JsonObject => w.object('items', {}, { spec });
  const apply = (name: string, manager: string, body: JsonObject, more = ''): Step =>
    w.apply(`items: ${name}`, `/items${as(manager, more)}`, body);
  return [
    apply('some', 'first', whole(one)),
    apply('some as another', 'second', part(two)),
    apply('some as another, by force', 'second', part(two), '&force=true'),
    apply('an item twice', 'third', part(twice)),
    apply('fewer', 'first', whole({})),
    apply('fewer as another', 'second', part({})),
    w.get('items: after all that', '/items'),
  ];
}

function badBodies(w: Writer): readonly Step[] {
  const { kind: _, ...noKind } = w.object('bad');
  const { apiVersion: __, ...noVersion } = w.object('bad');
  const apply = (name: string, body: unknown, query = as('first')): Step =>
    w.apply(
      `bad: ${name}`,
      `/bad${query}${query.includes('dryRun') ? '' : `${query === '' ? '?' : '&'}dryRun=All`}`,
      body,
    );
  const yaml = `apiVersion: ${String(w.object('x')['apiVersion'])}\nkind: ${w.subject.kind.kind}\nmetadata: { name: bad }\n`;
  return [
    apply('no manager', w.object('bad'), ''),
    apply('manager too long', w.object('bad'), as('x'.repeat(129))),
    apply('without kind', noKind),
    apply('without version', noVersion),
    apply('of another kind', { ...w.object('bad'), kind: 'Other' }),
    apply('of another version', { ...w.object('bad'), apiVersion: 'twin.polder.dev/v9' }),
    apply('of another group', { ...w.object('bad'), apiVersion: 'other.example.com/v1' }),
    apply('of another name', w.object('other')),
    apply('without a name', { ...w.object('bad'), metadata: {} }),
    apply('without metadata', { ...w.object('bad'), metadata: undefined }),
    apply('with managed fields', w.object('bad', { managedFields: [{}] })),
    apply('with no managed fields', w.object('bad', { managedFields: [] })),
    apply('unknown field', { ...w.object('bad'), colour: 'red' }),
    apply(
      'unknown field, strict',
      { ...w.object('bad'), colour: 'red' },
      as('first', '&fieldValidation=Strict'),
    ),
    apply(
      'unknown field, ignored',
      { ...w.object('bad'), colour: 'red' },
      as('first', '&fieldValidation=Ignore'),
    ),
    apply('wrong type', w.object('bad', {}, { spec: [] })),
    apply(
      'wrong type deep inside',
      w.object('bad', {}, { spec: { paused: 'x', autoDeploy: 'x', suspended: 'x' } }),
    ),
    apply('null', w.object('bad', { labels: null })),
    apply('invalid', w.object('bad', { labels: { 'a b': 'c' } })),
    apply('a list', []),
    apply('empty', ''),
    apply('no YAML', 'a: ['),
    apply('YAML', `${yaml}spec: ${JSON.stringify(w.subject.least['spec'])}\n`),
    apply('YAML with a key twice', `${yaml}kind: ${w.subject.kind.kind}\n`),
    apply('force that is none', w.object('bad'), as('first', '&force=maybe')),
    apply('in a dry run of another word', w.object('bad'), as('first', '&dryRun=x')),
    apply(
      'generated name',
      { ...w.object('bad'), metadata: { generateName: 'gen-' } },
      as('first', '&dryRun=All'),
    ),
    w.apply('bad: name in the path', `/Bad_Name${as('first')}`, w.object('Bad_Name')),
    w.apply('bad: the collection', as('first'), w.object('bad')),
    ...(w.isNamespaced
      ? [
          w.apply('bad: in a missing namespace', `{ns:tn-missing}/bad${as('first')}`, w.object('bad')),
          apply('of another namespace', w.object('bad', { namespace: 'other' })),
        ]
      : []),
  ];
}

function statusEndpoint(w: Writer): readonly Step[] {
  const status = w.subject.full['status'] ?? {};
  const at = `/app/status${as('boss')}`;
  return [
    w.apply('status', at, { ...w.object('app', {}, {}), status }),
    w.apply('status again', at, { ...w.object('app', {}, {}), status }),
    w.apply('status with spec', at, { ...w.object('app'), status }),
    w.apply('status by another', `/app/status${as('other')}`, {
      ...w.object('app', {}, {}),
      status: { observedGeneration: 9 },
    }),
    w.apply('status on the object', `/app${as('boss')}`, { ...w.object('app', {}, {}), status }),
    w.apply('status of what is not there', `/none/status${as('boss')}`, {
      ...w.object('none', {}, {}),
      status,
    }),
    w.apply('status away', at, w.object('app', {}, {})),
    w.get('after status', '/app'),
  ];
}

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

function migration(w: Writer): readonly Step[] {
  const object = w.object('moved', { annotations: { [LAST_APPLIED]: '{}' } });
  return [
    w.create('migration: client-side', object, as('kubectl-client-side-apply')),
    w.apply('migration: server-side', `/moved${as('kubectl')}`, w.object('moved', { labels: { a: 'b' } })),
    w.merge('migration: managed fields are reset', `/moved${as('merger')}`, {
      metadata: { managedFields: [{}] },
    }),
    w.apply(
      'migration: before the first apply',
      `/moved${as('late')}`,
      w.object('moved', { labels: { a: 'c' } }),
    ),
    w.apply(
      'migration: by force',
      `/moved${as('late', '&force=true')}`,
      w.object('moved', { labels: { a: 'c' } }),
    ),
    // The oldest are merged, and of those of one second the first by name: so names come in the order of time.
    ...Array.from({ length: 12 }, (_, index) =>
      w.merge(`migration: manager ${index}`, `/moved${as(`z${10 + index}`)}`, {
        metadata: { annotations: { [`k${index}`]: 'v' } },
      }),
    ),
    w.get('migration: after many managers', '/moved'),
  ];
}
