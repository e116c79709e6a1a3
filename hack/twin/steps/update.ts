/** PUT, on the object and on its status, and methods that are not allowed where they are tried. */
import type { JsonObject } from '../../../apiserver/api/json.ts';
import { changeable, type Subject } from '../objects.ts';
import type { Step } from '../step.ts';
import { writerFor, type Writer } from './writer.ts';

export function updateSteps(subject: Subject): readonly Step[] {
  const w = writerFor(subject, 'update');
  return [
    w.make('up', { labels: { app: 'up' } }, { spec: changeable(subject) }),
    w.make('small'),
    ...optimisticLocks(w),
    ...changes(w),
    ...immutable(w),
    ...statusEndpoint(w),
    ...methods(w),
  ];
}

const now = (name: string): JsonObject => ({ resourceVersion: `{rv:${name}}` });

function optimisticLocks(w: Writer): readonly Step[] {
  return [
    w.put('without a resource version', '/up', w.full('up')),
    w.put('of what is not there', '/none', w.full('none', { resourceVersion: '1' })),
    w.put('of what is not there, without a resource version', '/none', w.full('none')),
    w.put(
      'with the version as it is',
      '/up?fieldManager=twin',
      w.full('up', { ...now('up'), labels: { app: 'up' } }),
    ),
    w.put('with a stale version', '/up', w.full('up', { resourceVersion: '1' })),
    w.put('with a version from the future', '/up', w.full('up', { resourceVersion: '9999999999' })),
    w.put('with a version that is none', '/up', w.full('up', { resourceVersion: 'x' })),
    w.put('with another uid', '/up', w.full('up', { ...now('up'), uid: 'x' })),
    w.put('with another uid and no version', '/up', w.full('up', { uid: 'x' })),
    w.put('with its uid', '/up?dryRun=All', w.full('up', { ...now('up'), uid: '{uid:up}' })),
    w.put('of another name', '/up', w.full('down', now('up'))),
    w.put('without a name', '/up', w.full('up', { ...now('up'), name: '' })),
    ...(w.isNamespaced
      ? [w.put('of another namespace', '/up', w.full('up', { ...now('up'), namespace: 'x' }))]
      : []),
  ];
}

function changes(w: Writer): readonly Step[] {
  const labelled = { ...now('up'), labels: { app: 'other' } };
  const spec = changeable(w.subject);
  return [
    w.put('labels', '/up?fieldManager=twin', w.full('up', labelled), { keep: 'up' }),
    w.put('nothing', '/up?fieldManager=other', w.full('up', { ...now('up'), labels: { app: 'other' } }), {
      keep: 'up',
    }),
    w.put('spec, in a dry run', '/up?dryRun=All', w.object('up', now('up'))),
    w.put('spec', '/up?fieldManager=twin', w.object('up', now('up')), { keep: 'up' }),
    w.put('drops what has a default', '/up?fieldManager=twin', w.object('up', now('up')), { keep: 'up' }),
    w.put('spec back', '/up?fieldManager=back', w.object('up', now('up'), { spec }), { keep: 'up' }),
    w.put(
      'status on the object',
      '/up',
      { ...w.object('up', now('up'), { spec }), status: { observedGeneration: 9 } },
      { keep: 'up' },
    ),
    w.put('wrong spec', '/up', w.object('up', now('up'), { spec: [] })),
    w.put('unknown fields, strict', '/up?fieldValidation=Strict&dryRun=All', {
      ...w.full('up', now('up')),
      colour: 'red',
    }),
    w.put('unknown fields, warned of', '/up?dryRun=All', { ...w.full('up', now('up')), colour: 'red' }),
    w.put('finalizers', '/up', w.full('up', { ...now('up'), finalizers: ['example.com/x'] }), { keep: 'up' }),
    w.put('no finalizers', '/up', w.full('up', { ...now('up'), finalizers: [] }), { keep: 'up' }),
    w.put(
      'managedFields reset',
      '/up?fieldManager=twin',
      w.full('up', { ...now('up'), managedFields: [{}] }),
      { keep: 'up' },
    ),
    w.put(
      'managedFields empty',
      '/up?fieldManager=twin',
      w.full('up', { ...now('up'), managedFields: [], labels: { a: 'b' } }),
      { keep: 'up' },
    ),
    w.put('annotations', '/up?fieldManager=third', w.full('up', { ...now('up'), annotations: { a: 'b' } }), {
      keep: 'up',
    }),
    w.get('after all that', '/up'),
  ];
}

function immutable(w: Writer): readonly Step[] {
  const time = '2020-01-01T00:00:00Z';
  const put = (name: string, metadata: JsonObject): Step =>
    w.put(name, '/small?fieldManager=twin&dryRun=All', w.object('small', { ...now('small'), ...metadata }));
  return [
    put('generation', { generation: 99 }),
    put('creationTimestamp', { creationTimestamp: time }),
    put('creationTimestamp null', { creationTimestamp: null }),
    put('deletionTimestamp', { deletionTimestamp: time }),
    put('deletionGracePeriodSeconds', { deletionGracePeriodSeconds: 5 }),
    put('selfLink', { selfLink: '/x' }),
    put('generateName', { generateName: 'gen-' }),
    put('bad label', { labels: { 'a b': 'c' } }),
    put('bad finalizer', { finalizers: ['x'] }),
    put('two owners that control', {
      ownerReferences: ['a', 'b'].map((uid) => ({
        apiVersion: 'v1',
        kind: 'X',
        name: uid,
        uid,
        controller: true,
      })),
    }),
  ];
}

function statusEndpoint(w: Writer): readonly Step[] {
  const { status = {} } = w.subject.full;
  const path = '/small/status?fieldManager=boss';
  return [
    w.get('reads status', '/small/status'),
    w.put(
      'status',
      path,
      { ...w.object('small', { ...now('small'), labels: { not: 'kept' } }), status },
      { keep: 'small' },
    ),
    w.put('the same status', path, { ...w.object('small', now('small')), status }, { keep: 'small' }),
    w.put(
      'status with another spec',
      path,
      { ...w.full('small', now('small')), status: { observedGeneration: 1 } },
      { keep: 'small' },
    ),
    w.put('status with a stale version', path, { ...w.object('small', { resourceVersion: '1' }), status }),
    w.put('status without a version', path, { ...w.object('small'), status }),
    w.put('status of wrong types', path, {
      ...w.object('small', now('small')),
      status: { observedGeneration: 'x' },
    }),
    w.put('status without spec', `${path}&dryRun=All`, { ...w.object('small', now('small'), {}), status }),
    w.put('no status', path, w.object('small', now('small')), { keep: 'small' }),
    w.put('status of what is not there', '/none/status', {
      ...w.object('none', { resourceVersion: '1' }),
      status,
    }),
    w.get('status of what is not there', '/none/status'),
    w.get('an unknown subresource', '/small/shade'),
    w.get('scale, which is not there', '/small/scale'),
  ];
}

function methods(w: Writer): readonly Step[] {
  const body = w.object('x');
  return [
    w.put('the collection', '', body),
    w.merge('the collection', '', {}),
    w.step('DELETE of status', 'DELETE', '/small/status'),
    w.step('HEAD of the collection', 'HEAD', ''),
    w.step('OPTIONS of the collection', 'OPTIONS', ''),
    w.step('HEAD of the group and version', 'HEAD', '{root}'),
    w.step('OPTIONS of the group and version', 'OPTIONS', '{root}'),
    w.step('a method that is none', 'SHOUT', ''),
    w.get('a path below status', '/small/status/deep'),
  ];
}
