/** DELETE of one and of many: preconditions, propagation, finalizers, options in body and query. */
import type { Subject } from '../objects.ts';
import type { Step } from '../step.ts';
import { writerFor, type Writer } from './writer.ts';

export function deleteSteps(subject: Subject): readonly Step[] {
  const w = writerFor(subject, 'delete');
  return [
    ...['del', 'fin', 'grace', 'query'].map((name) => w.make(name)),
    ...badOptions(w),
    ...mistypedOptions(w),
    ...removals(w),
    ...finalizers(w),
    ...collections(w),
  ];
}

/** To be played last: here a garbage collector takes up what is left to it, and there is none beside the twin. */
export function propagationSteps(subject: Subject): readonly Step[] {
  const w = writerFor(subject, 'propagation');
  return [
    w.make('fore'),
    w.make('orphan'),
    w.remove('in the foreground', '/fore', { body: options({ propagationPolicy: 'Foreground' }) }),
    w.remove('orphaning', '/orphan', { body: options({ propagationPolicy: 'Orphan' }) }),
  ];
}

const options = (fields: object): object => ({ kind: 'DeleteOptions', apiVersion: 'v1', ...fields });

function badOptions(w: Writer): readonly Step[] {
  const remove = (name: string, body?: unknown, query = ''): Step =>
    w.remove(name, `/del${query}`, body === undefined ? {} : { body });
  return [
    remove('another uid', options({ preconditions: { uid: 'x' } })),
    remove('another version', options({ preconditions: { resourceVersion: '1' } })),
    remove('propagation of another word', options({ propagationPolicy: 'Sideways' })),
    remove('propagation of another word in the query', undefined, '?propagationPolicy=Sideways'),
    remove('both ways to say orphan', options({ propagationPolicy: 'Orphan', orphanDependents: true })),
    remove('dry run', options({ dryRun: ['All'] })),
    remove('dry run in the query', undefined, '?dryRun=All'),
    remove('dry run of another word', options({ dryRun: ['Some'] })),
    remove('dry run of another word in the query', undefined, '?dryRun=Some'),
    remove('of another kind', { kind: 'Other', apiVersion: 'v1' }),
    remove('of another version of the options', { kind: 'DeleteOptions', apiVersion: 'v9', dryRun: ['All'] }),
    remove('options of our group', {
      kind: 'DeleteOptions',
      apiVersion: 'twin.polder.dev/v1alpha1',
      dryRun: ['All'],
    }),
    remove('without kind', { dryRun: ['All'] }),
    remove('no JSON', '{'),
    remove('a list', []),
    remove('unknown field', options({ colour: 'red', dryRun: ['All'] })),
    remove('grace of a text', options({ gracePeriodSeconds: 'x' })),
    remove('negative grace', options({ gracePeriodSeconds: -5, dryRun: ['All'] })),
    remove('grace of a text in the query', undefined, '?gracePeriodSeconds=x'),
    w.remove('of what is not there', '/none'),
    w.remove('of what is not there, dry run', '/none?dryRun=All'),
    w.remove('of a bad name', '/Bad_Name'),
    w.remove('with a body that is no JSON by type', '/del?dryRun=All', {
      body: 'dryRun: [All]',
      type: 'application/yaml',
    }),
    w.remove('with a body of an unknown type', '/del?dryRun=All', { body: 'x', type: 'text/plain' }),
    w.remove('with an empty body', '/del?dryRun=All', { body: '', type: 'application/json' }),
  ];
}

/** Nothing of this deletes anything: it cannot be read, or is a dry run, or names what is not there. */
function mistypedOptions(w: Writer): readonly Step[] {
  const bodies: readonly unknown[] = [
    { apiVersion: 5 },
    { kind: 5 },
    { dryRun: 'All' },
    { dryRun: { a: 'All' } },
    { dryRun: [5] },
    { dryRun: ['All', null] },
    { preconditions: 'x' },
    { preconditions: [] },
    { preconditions: { uid: 5 } },
    { preconditions: { resourceVersion: {} } },
    { preconditions: null, gracePeriodSeconds: null, propagationPolicy: null, dryRun: ['All'] },
    { propagationPolicy: 5 },
    { orphanDependents: 'x' },
    { gracePeriodSeconds: 1.5 },
    { ignoreStoreReadErrorWithClusterBreakingPotential: 'x' },
  ];
  return [
    ...bodies.flatMap((body) => [
      w.remove(`mistyped ${JSON.stringify(body)}`, '/del', { body }),
      w.remove(`many: mistyped ${JSON.stringify(body)}`, '', { body }),
    ]),
    w.get('after mistyped options', '/del'),
    w.remove('null', '/none?propagationPolicy=Sideways', { body: 'null' }),
    w.remove('many: null', '?labelSelector=none&propagationPolicy=Sideways', { body: 'null' }),
  ];
}

function removals(w: Writer): readonly Step[] {
  return [
    w.remove('with its uid and version', '/del', {
      body: options({ preconditions: { uid: '{uid:del}', resourceVersion: '{rv:del}' } }),
    }),
    w.get('what was deleted', '/del'),
    w.remove('again', '/del'),
    w.make('del'),
    w.remove('with grace', '/grace', { body: options({ gracePeriodSeconds: 30 }) }),
    w.remove('in the background', '/query?propagationPolicy=Background&gracePeriodSeconds=0'),
    w.remove('for partial metadata', '/del', {
      headers: { accept: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1' },
    }),
  ];
}

function finalizers(w: Writer): readonly Step[] {
  const set = (name: string, list: readonly string[]): Step =>
    w.merge(name, '/fin?fieldManager=twin', { metadata: { finalizers: list } });
  return [
    set('finalizers are set', ['example.com/a', 'example.com/b']),
    w.remove('waits for finalizers, dry run', '/fin?dryRun=All'),
    w.remove('waits for finalizers', '/fin'),
    w.remove('a second time', '/fin'),
    w.create('in its place', w.object('fin')),
    set('one more finalizer', ['example.com/a', 'example.com/b', 'example.com/c']),
    set('one finalizer fewer', ['example.com/b']),
    w.merge('labels while it ends', '/fin', { metadata: { labels: { still: 'here' } } }),
    w.merge('no more deletion', '/fin', { metadata: { deletionTimestamp: null } }),
    w.get('while it ends', '/fin'),
    set('no finalizer', []),
    w.get('after the last finalizer', '/fin'),
  ];
}

function collections(w: Writer): readonly Step[] {
  const many = ['many-1', 'many-2', 'many-3'];
  const labelled = { labels: { many: 'yes' } };
  const remove = (name: string, query: string, body?: unknown): Step =>
    w.remove(`many: ${name}`, query, body === undefined ? {} : { body });
  return [
    ...many.map((name) => w.make(name, labelled)),
    remove('dry run', '?labelSelector=many&dryRun=All'),
    remove('dry run in the body', '?labelSelector=many', options({ dryRun: ['All'] })),
    remove('bad selector', '?labelSelector=a%3D%3D%3Db%20c'),
    remove('bad field selector', '?fieldSelector=spec.none%3Dx'),
    remove('none', '?labelSelector=none'),
    remove('one by name', '?labelSelector=many&fieldSelector=metadata.name%3Dmany-2'),
    remove('propagation of another word', '?labelSelector=many&propagationPolicy=Sideways'),
    remove('no JSON', '?labelSelector=many', '{'),
    remove('the rest', '?labelSelector=many'),
    remove('the rest again', '?labelSelector=many'),
    ...(w.isNamespaced
      ? [
          w.remove('many: in all namespaces', '{all}?labelSelector=many'),
          w.remove('many: in a missing namespace', '{ns:tn-missing}'),
        ]
      : [w.remove('many: cluster-scoped inside a namespace', '{root}/namespaces/tn-twin/dataplanes')]),
  ];
}
