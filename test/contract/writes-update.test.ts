/** Checks F of the API contract: update and patch. */
import assert from 'node:assert/strict';
import type { Json } from '../support/http.ts';
import { expectCode, expectStatus, type Answer, type Api } from './support/api.ts';
import { dataOf, dataPolicy, plain, plainData, plainIn, policiesIn, type Server } from './support/server.ts';
import { startServer } from './support/target.ts';

const MODIFIED =
  'the object has been modified; please apply your changes to the latest version and try again';

describe('contract F: update and patch', function () {
  this.timeout(60_000);
  const path = policiesIn('tn-a');
  const maps = plainIn('plain');
  let server: Server;
  let root: Api;
  let controller: Api;
  let number = 0;
  /** A fresh data policy: its URL and what the server made of it. */
  const fresh = async (spec: object = {}): Promise<{ readonly url: string; readonly object: Json }> => {
    number += 1;
    const object = await root.create(path, dataPolicy(`u${number}`, spec));
    return { url: `${path}/${object.metadata.name}`, object };
  };
  const put = (url: string, body: unknown, api = root): Promise<Answer> => api.call('PUT', url, { body });
  const jsonPatch = (url: string, body: unknown): Promise<Answer> =>
    root.call('PATCH', url, { body, type: 'application/json-patch+json' });
  const ok = async (answer: Promise<Answer>): Promise<Json> => expectCode(await answer, 200).body;

  before(async () => {
    server = await startServer();
    root = server.root;
    controller = (await server.controller()).api;
    await server.tenant('a');
    await server.room('plain');
  });
  after(() => server.remove());

  it('C95 PUT needs the current version and uid of an object that is there', async () => {
    const { url, object } = await fresh();
    const with_ = (metadata: object): Json => ({ ...object, metadata: { ...object.metadata, ...metadata } });
    const newer = await ok(root.merge(url, { spec: { priority: 51 } }));

    const without = expectStatus(await put(url, with_({ resourceVersion: undefined })), 422, 'Invalid');
    assert.match(
      without.message,
      /metadata\.resourceVersion: Invalid value: .*must be specified for an update/,
    );
    const stale = expectStatus(await put(url, object), 409, 'Conflict');
    assert.equal(
      stale.message,
      `Operation cannot be fulfilled on datapolicies.data.polder.dev "${object.metadata.name}": ${MODIFIED}`,
    );
    assert.equal(stale.details.kind, 'datapolicies');
    const foreign = with_({
      uid: '00000000-0000-4000-8000-000000000000',
      resourceVersion: newer.metadata.resourceVersion,
    });
    expectStatus(await put(url, foreign), 409, 'Conflict');
    const absent = await put(`${path}/absent`, with_({ name: 'absent' }));
    expectStatus(absent, 404, 'NotFound');
  });

  it('C96 says 200 with the same version, and no event, when nothing changes', async () => {
    const { url, object } = await fresh();
    const { metadata } = await root.read(path);
    const watch = await root.watch(`${path}?watch=1&resourceVersion=${metadata.resourceVersion}`);
    const applied = JSON.stringify(dataPolicy(object.metadata.name, {}, { namespace: 'tn-a' }));
    const apply = (...flags: string[]) => server.ok(['apply', '-f', '-', ...flags], { input: applied });
    const { collection: _dropped, ...spec } = object.spec;

    const same = [
      await ok(put(url, object)),
      // A dropped field with a default is no change either.
      await ok(put(url, { ...object, spec })),
      await ok(root.merge(url, { spec: { priority: 50 } })),
      await ok(jsonPatch(url, [{ op: 'replace', path: '/spec/priority', value: 50 }])),
    ];
    await apply('--server-side', '--force-conflicts', '--field-manager=gitops');
    const first = await root.read(url);
    await apply('--server-side', '--force-conflicts', '--field-manager=gitops');

    for (const { metadata: now } of same) {
      assert.equal(now.resourceVersion, object.metadata.resourceVersion);
      assert.deepEqual(now.managedFields, object.metadata.managedFields);
    }
    assert.deepEqual(await root.read(url), first);
    await root.call('DELETE', url);
    const events = await watch.take(2);
    watch.close();
    // The first apply took fields over; nothing else was to be seen.
    assert.deepEqual(
      events.map(({ type }) => type),
      ['MODIFIED', 'DELETED'],
    );
  });

  it('C97 counts generations for the spec only', async () => {
    const { url, object } = await fresh();
    assert.equal(object.metadata.generation, 1);

    const labelled = await ok(root.merge(url, { metadata: { labels: { a: 'b' } } }));
    const changed = await ok(root.merge(url, { spec: { priority: 52 } }));
    const reported = await ok(controller.merge(`${url}/status`, { status: { observedGeneration: 2 } }));
    const claimed = await ok(put(url, { ...reported, metadata: { ...reported.metadata, generation: 77 } }));

    assert.deepEqual(
      [labelled, changed, reported, claimed].map(({ metadata }) => metadata.generation),
      [1, 2, 2, 2],
    );
  });

  it('C98 the object keeps its status, /status keeps everything else', async () => {
    const { url, object } = await fresh();
    const both = {
      ...object,
      metadata: { ...object.metadata, labels: { from: 'status' }, annotations: { from: 'status' } },
      spec: { ...object.spec, priority: 99 },
      status: { observedGeneration: 1 },
    };

    const reported = await ok(put(`${url}/status`, both, controller));
    const stale = await put(`${url}/status`, both, controller);
    const main = await ok(
      put(url, { ...reported, spec: { ...reported.spec, priority: 53 }, status: { observedGeneration: 9 } }),
    );

    assert.deepEqual(reported.status, { observedGeneration: 1 });
    assert.deepEqual(reported.spec, object.spec);
    assert.equal(reported.metadata.labels, undefined);
    assert.equal(reported.metadata.annotations, undefined);
    expectStatus(stale, 409, 'Conflict');
    assert.equal(main.spec.priority, 53);
    assert.deepEqual(main.status, { observedGeneration: 1 });
    assert.deepEqual((await root.read(`${url}/status`)).status, { observedGeneration: 1 });
  });

  it('C99 scales through kubectl and the scale subresource, with its version checked', async () => {
    await server.ok(['create', 'deployment', 'web', '--image=nginx', '-n', 'default']);
    const url = '/apis/apps/v1/namespaces/default/deployments/web/scale';
    const before = await root.read(url);

    await server.ok(['scale', 'deployment', 'web', '--replicas=3', '-n', 'default']);
    const scale = await root.read(url);
    const stale = await put(url, { ...before, spec: { replicas: 9 } });
    const patchedStale = await root.merge(url, {
      metadata: { resourceVersion: before.metadata.resourceVersion },
      spec: { replicas: 9 },
    });
    const patched = await ok(root.merge(url, { spec: { replicas: 4 } }));
    const replaced = await ok(put(url, { ...patched, spec: { replicas: 5 } }));

    assert.equal(scale.kind, 'Scale');
    assert.equal(scale.apiVersion, 'autoscaling/v1');
    assert.equal(scale.spec.replicas, 3);
    assert.equal(scale.status.selector, 'app=web');
    expectStatus(stale, 409, 'Conflict');
    expectStatus(patchedStale, 409, 'Conflict');
    assert.equal(replaced.spec.replicas, 5);
    const { spec, metadata } = await root.read(url.replace('/scale', ''));
    assert.equal(spec.replicas, 5);
    assert.equal(metadata.generation, 4);
    expectStatus(await put(url, { ...replaced, spec: { replicas: -1 } }), 422, 'Invalid');
  });

  it('C100 merge and JSON patches do what their RFCs say', async () => {
    const { url } = await fresh({ selector: { user: { names: ['ann', 'bob'], match: 'All' } } });
    const merged = await ok(
      root.merge(url, {
        metadata: { labels: { a: '1', b: '2' } },
        spec: { description: 'x', selector: { user: { names: ['carl'], match: null } } },
      }),
    );
    assert.deepEqual(merged.spec.selector, { user: { names: ['carl'], match: 'Any' } });
    const cleared = await ok(
      root.merge(url, { metadata: { labels: { a: null } }, spec: { description: null } }),
    );
    assert.deepEqual(cleared.metadata.labels, { b: '2' });
    assert.equal(cleared.spec.description, undefined);

    const patched = await ok(
      jsonPatch(url, [
        { op: 'test', path: '/metadata/labels/b', value: '2' },
        { op: 'add', path: '/metadata/labels/c~1d', value: '3' },
        { op: 'add', path: '/spec/selector/user/names/-', value: 'dora' },
        { op: 'copy', from: '/metadata/labels/b', path: '/metadata/labels/e' },
        { op: 'move', from: '/metadata/labels/e', path: '/metadata/labels/f' },
        { op: 'remove', path: '/metadata/labels/b' },
        // kube-rs' finalizer helper: an absent path equals null.
        { op: 'test', path: '/metadata/finalizers', value: null },
      ]),
    );
    assert.deepEqual(patched.metadata.labels, { 'c/d': '3', f: '2' });
    assert.deepEqual(patched.spec.selector.user.names, ['carl', 'dora']);

    for (const failing of [
      [{ op: 'test', path: '/spec/priority', value: 1 }],
      [{ op: 'remove', path: '/spec/nothing' }],
      [{ op: 'replace', path: '/spec/nothing/below', value: 1 }],
    ]) {
      expectStatus(await jsonPatch(url, failing), 422, 'Invalid');
    }
    for (const malformed of [{ op: 'add' }, '[{', [1]]) {
      expectStatus(await jsonPatch(url, malformed), 400, 'BadRequest');
    }
    for (const malformed of ['{', '[]', '"text"']) {
      const type = 'application/merge-patch+json';
      expectStatus(await root.call('PATCH', url, { body: malformed, type }), 400, 'BadRequest');
    }
    expectCode(
      await root.call('PATCH', url, { body: {}, type: 'application/merge-patch+json; charset=utf-8' }),
      200,
    );
  });

  it('C101 answers the default patch of kubectl with 415 and the types that do', async () => {
    const { url, object } = await fresh();
    const { name } = object.metadata;

    const refused = await root.call('PATCH', url, {
      body: { spec: { priority: 1 } },
      type: 'application/strategic-merge-patch+json',
    });
    const shown = await server.kubectl([
      'patch',
      'dpol',
      name,
      '-n',
      'tn-a',
      '-p',
      '{"spec":{"priority":1}}',
    ]);

    const { message } = expectStatus(refused, 415, 'UnsupportedMediaType');
    for (const type of ['json-patch+json', 'merge-patch+json', 'apply-patch+yaml']) {
      assert.ok(message.includes(`application/${type}`), message);
    }
    assert.equal(shown.code, 1);
    assert.match(
      shown.stderr,
      /strategic-merge-patch\+json is not supported by data\.polder\.dev.*application\/merge-patch\+json/,
    );
  });

  it('C102 50 parallel merge patches of different keys all succeed and none is lost', async () => {
    await root.create(maps, plain('parallel'));

    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, key) => root.merge(`${maps}/parallel`, plainData({ [`k${key}`]: 'x' }))),
    );

    for (const answer of answers) expectCode(answer, 200);
    assert.equal(Object.keys(dataOf(await root.read(`${maps}/parallel`))).length, 50);
  });

  it('C103 100 parallel increments by read, change and PUT with retry add up to 100', async () => {
    await root.create(maps, plain('counter', { count: '0' }));
    let conflicts = 0;
    const increment = async (): Promise<void> => {
      for (;;) {
        const object = await root.read(`${maps}/counter`);
        const data = dataOf(object);
        data.count = String(Number(data.count) + 1);
        const answer = await put(`${maps}/counter`, object);
        if (answer.status === 200) return;
        expectStatus(answer, 409, 'Conflict');
        conflicts += 1;
      }
    };

    await Promise.all(Array.from({ length: 100 }, () => increment()));

    assert.equal(dataOf(await root.read(`${maps}/counter`)).count, '100');
    console.log(`      ${conflicts} conflicts`);
  });

  it('C104 a patch with a stale resourceVersion is 409', async () => {
    const { url, object } = await fresh();
    const { resourceVersion } = object.metadata;
    const now = await ok(root.merge(url, { metadata: { resourceVersion }, spec: { priority: 54 } }));

    expectStatus(
      await root.merge(url, { metadata: { resourceVersion }, spec: { priority: 55 } }),
      409,
      'Conflict',
    );
    const replace = [
      { op: 'replace', path: '/metadata/resourceVersion', value: resourceVersion },
      { op: 'replace', path: '/spec/priority', value: 55 },
    ];
    expectStatus(await jsonPatch(url, replace), 409, 'Conflict');
    assert.equal((await root.read(url)).metadata.resourceVersion, now.metadata.resourceVersion);
  });
});
