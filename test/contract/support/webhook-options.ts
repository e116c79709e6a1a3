/** Requests of every kind, and what kube-apiserver then tells webhooks as `request.options`, for ours to say the same. */
import assert from 'node:assert/strict';
import type { HookServer } from '../../support/hook-server.ts';
import type { Json } from '../../support/http.ts';
import type { Api } from './api.ts';

interface OptionsStep {
  readonly what: string;
  readonly method: string;
  /** Behind the collection's path. */
  readonly path: string;
  readonly body?: Json;
  readonly type?: string;
  /** Of every review. */
  readonly options: Json;
}

const META = { apiVersion: 'meta.k8s.io/v1' };
const CREATE = { ...META, kind: 'CreateOptions' };
const UPDATE = { ...META, kind: 'UpdateOptions' };
const DELETE = { ...META, kind: 'DeleteOptions' };
const MERGE = 'application/merge-patch+json';
const APPLY = 'application/apply-patch+yaml';
const ALL = { dryRun: ['All'] };

/** `make` makes an object of the collection at `path`, of a name, that only a webhook of `hooks` is asked about. */
interface Subject {
  readonly root: Api;
  readonly hooks: HookServer;
  readonly path: string;
  readonly make: (name: string) => Json;
}

/** Sends every request, and fails where a webhook is told anything else, or nothing. */
export async function requireOptions({ root, hooks, path, make }: Subject): Promise<void> {
  const { metadata } = await root.create(path, make('there'));
  hooks.seen.length = 0;
  const there = { name: 'there', uid: metadata.uid as string };
  for (const { what, method, path: rest, options, ...call } of optionsSteps(make, there)) {
    const { status } = await root.call(method, `${path}${rest}`, call);
    assert.ok(status < 300, `${what}: ${status}`);
    const told = hooks.seen.splice(0).map(({ request }) => request.options);
    assert.ok(told.length > 0, what);
    for (const one of told) assert.deepEqual(one, options, what);
  }
}

/** `there` is one that exists. Patches change one annotation each. */
function optionsSteps(make: (name: string) => Json, there: { name: string; uid: string }): OptionsStep[] {
  const { name, uid } = there;
  const annotated = (value: string): Json => ({ metadata: { annotations: { changed: value } } });
  const applied = (of: string, value: string): Json => {
    const object = make(of);
    const metadata = { ...object.metadata, annotations: { applied: value } };
    return { ...object, metadata };
  };
  const full = { fieldManager: 'me', fieldValidation: 'Strict' };
  const query = 'fieldManager=me&fieldValidation=Strict';
  return [
    { what: 'create', method: 'POST', path: '', body: make('one'), options: CREATE },
    {
      what: 'create with all',
      method: 'POST',
      path: `?${query}&dryRun=All&pretty=true`,
      body: make('two'),
      options: { ...CREATE, ...full, ...ALL },
    },
    {
      what: 'create with what is empty',
      method: 'POST',
      path: '?dryRun=All&dryRun=All&fieldManager=&fieldValidation=',
      body: make('two'),
      options: { ...CREATE, dryRun: ['All', 'All'] },
    },
    { what: 'patch', method: 'PATCH', path: `/${name}`, body: annotated('1'), type: MERGE, options: UPDATE },
    {
      what: 'patch with all',
      method: 'PATCH',
      path: `/${name}?${query}&dryRun=All`,
      body: annotated('2'),
      type: MERGE,
      options: { ...UPDATE, ...full, ...ALL },
    },
    {
      what: 'apply to what is there',
      method: 'PATCH',
      path: `/${name}?${query}&force=true`,
      body: applied(name, '1'),
      type: APPLY,
      options: { ...UPDATE, ...full },
    },
    {
      what: 'apply of what is new',
      method: 'PATCH',
      path: '/three?fieldManager=me&force=true',
      body: applied('three', '1'),
      type: APPLY,
      options: { ...CREATE, fieldManager: 'me' },
    },
    ...deletions(name, uid),
  ];
}

function deletions(name: string, uid: string): OptionsStep[] {
  const dry = (what: string, path: string, options: Json, body?: Json): OptionsStep => ({
    what,
    method: 'DELETE',
    path: `/${name}${path}`,
    ...(body === undefined ? {} : { body }),
    options: { ...DELETE, ...options },
  });
  return [
    dry('delete', '?dryRun=All&propagationPolicy=Foreground&gracePeriodSeconds=5', {
      ...ALL,
      propagationPolicy: 'Foreground',
      gracePeriodSeconds: 5,
    }),
    dry('delete of orphans', '?dryRun=All&orphanDependents=true', { ...ALL, orphanDependents: true }),
    dry(
      'delete with a body, which hides the query',
      '?propagationPolicy=Foreground',
      { ...ALL, propagationPolicy: 'Background', gracePeriodSeconds: 0, preconditions: { uid } },
      {
        kind: 'DeleteOptions',
        apiVersion: 'v1',
        ...ALL,
        propagationPolicy: 'Background',
        gracePeriodSeconds: 0,
        preconditions: { uid },
      },
    ),
    dry(
      'delete with what is empty',
      '',
      { ...ALL, orphanDependents: false, preconditions: {} },
      { ...ALL, orphanDependents: false, preconditions: {}, propagationPolicy: null },
    ),
    {
      what: 'delete of all',
      method: 'DELETE',
      path: '?dryRun=All&propagationPolicy=Background',
      options: { ...DELETE, ...ALL, propagationPolicy: 'Background' },
    },
    { what: 'delete of all, plainly', method: 'DELETE', path: '', body: {}, options: DELETE },
  ];
}
