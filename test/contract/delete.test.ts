/** Checks H of the API contract: delete, garbage collection, namespaces. */
import assert from 'node:assert/strict';
import type { Json } from '../support/http.ts';
import { expectCode, expectStatus, type Answer, type Api } from './support/api.ts';
import {
  configMap,
  configMapsIn,
  dataPolicy,
  PLATFORM,
  policiesIn,
  TENANTS,
  type Server,
} from './support/server.ts';
import { startServer } from './support/target.ts';

const HOLD = 'example.com/hold';

describe('contract H: delete', function () {
  this.timeout(90_000);
  const path = policiesIn('tn-a');
  const maps = configMapsIn('plain');
  let server: Server;
  let root: Api;
  before(async () => {
    server = await startServer();
    root = server.root;
    await server.tenant('a');
    await server.namespace('plain');
  });
  after(() => server.remove());

  const remove = (url: string, body?: unknown): Promise<Answer> => root.call('DELETE', url, { body });
  const ok = async (answer: Promise<Answer>): Promise<Json> => expectCode(await answer, 200).body;
  /** Resolves when the object is gone; a watch says so. */
  const gone = async (url: string): Promise<void> => {
    const [, collection = '', name = ''] = /^(.*)\/([^/]+)$/.exec(url) ?? [];
    const field = encodeURIComponent(`metadata.name=${name}`);
    const watch = await root.watch(`${collection}?watch=1&fieldSelector=${field}`);
    if ((await root.call('GET', url)).status !== 404) {
      while ((await watch.next(60_000)).type !== 'DELETED');
    }
    watch.close();
  };

  it('C124 deletes at once, and waits for finalizers in the way of Kubernetes', async () => {
    const plain = await root.create(path, dataPolicy('plain'));
    const status = await ok(remove(`${path}/plain`));
    assert.deepEqual(status, {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Success',
      details: { name: 'plain', group: 'data.polder.dev', kind: 'datapolicies', uid: plain.metadata.uid },
    });
    expectStatus(await remove(`${path}/plain`), 404, 'NotFound');

    const held = await root.create(path, dataPolicy('held', {}, { finalizers: [HOLD, `${HOLD}-2`] }));
    const url = `${path}/held`;
    const first = await ok(remove(url));
    const second = await ok(remove(url));
    assert.match(first.metadata.deletionTimestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    assert.equal(first.metadata.deletionGracePeriodSeconds, 0);
    assert.equal(first.metadata.generation, held.metadata.generation + 1);
    assert.deepEqual(second, first, 'a second delete changes nothing, not even the version');

    const added = await root.merge(url, { metadata: { finalizers: [HOLD, `${HOLD}-2`, `${HOLD}-3`] } });
    const { details, message } = expectStatus(added, 422, 'Invalid');
    assert.equal(details.causes[0].field, 'metadata.finalizers');
    assert.match(message, /Forbidden: no new finalizers can be added if the object is being deleted/);

    const { metadata } = await root.read(path);
    const watch = await root.watch(`${path}?watch=1&resourceVersion=${metadata.resourceVersion}`);
    await ok(root.merge(url, { metadata: { finalizers: [HOLD] } }));
    const last = await ok(root.merge(url, { metadata: { finalizers: null } }));
    const events = await watch.take(2);
    watch.close();
    assert.equal(last.metadata.finalizers, undefined, 'the update answers with the object');
    assert.deepEqual(
      events.map(({ type }) => type),
      ['MODIFIED', 'DELETED'],
    );
    expectStatus(await root.call('GET', url), 404, 'NotFound');
    const living = await root.create(path, dataPolicy('living'));
    const claimed = {
      ...living,
      metadata: { ...living.metadata, deletionTimestamp: '2030-01-01T00:00:00Z' },
    };
    expectStatus(await root.call('PUT', `${path}/living`, { body: claimed }), 422, 'Invalid');
  });

  it('C125 checks preconditions and options before it deletes', async () => {
    const { metadata } = await root.create(path, dataPolicy('careful'));
    const url = `${path}/careful`;
    const options = (extra: object): object => ({ kind: 'DeleteOptions', apiVersion: 'v1', ...extra });

    for (const preconditions of [{ uid: '00000000-0000-4000-8000-000000000000' }, { resourceVersion: '1' }]) {
      const { message } = expectStatus(await remove(url, options({ preconditions })), 409, 'Conflict');
      assert.match(message, /the (UID|ResourceVersion) in the precondition \(.+\) does not match/);
    }
    expectStatus(await remove(url, options({ propagationPolicy: 'X' })), 422, 'Invalid');
    expectStatus(await remove(`${url}?propagationPolicy=X`), 422, 'Invalid');
    const both = options({ propagationPolicy: 'Orphan', orphanDependents: true });
    expectStatus(await remove(url, both), 422, 'Invalid');
    expectStatus(await remove(url, options({ gracePeriodSeconds: -1 })), 422, 'Invalid');
    expectStatus(await remove(url, { kind: 'Tenant', apiVersion: 'v1' }), 400, 'BadRequest');
    expectCode(await root.call('GET', url), 200);

    const { uid, resourceVersion } = metadata;
    // A body makes the query count for nothing.
    const right = options({
      preconditions: { uid, resourceVersion },
      apiVersion: 'data.polder.dev/v1alpha1',
    });
    await ok(remove(`${url}?dryRun=All&propagationPolicy=X`, right));
    expectStatus(await root.call('GET', url), 404, 'NotFound');
  });

  it('C126 stores foreground and orphan as finalizers, in body and query', async () => {
    const held = { finalizers: [HOLD] };
    for (const [name, query, body, wanted] of [
      ['foreground', '', { propagationPolicy: 'Foreground' }, 'foregroundDeletion'],
      ['orphan', '?propagationPolicy=Orphan', undefined, 'orphan'],
    ] as const) {
      await root.create(maps, configMap(name, {}, held));
      const { metadata } = await ok(remove(`${maps}/${name}${query}`, body));
      assert.ok(metadata.finalizers.includes(wanted), metadata.finalizers.join());
      // The garbage collector of the plane takes its own one away.
      await ok(root.merge(`${maps}/${name}`, { metadata: { finalizers: null } }));
      await gone(`${maps}/${name}`);
    }
  });

  for (const cascade of ['background', 'foreground', 'orphan'] as const) {
    it(`C126 kubectl delete --cascade=${cascade} in both directions of ownership`, async () => {
      const own = `${PLATFORM}/stacks`;
      const stack = (name: string, metadata: object = {}): Json => ({
        apiVersion: 'platform.polder.dev/v1alpha1',
        kind: 'Stack',
        metadata: { name, ...metadata },
        spec: {
          versions: [
            { name: '1.0', manifests: [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x' } }] },
          ],
        },
      });
      const owner = ({ apiVersion, kind, metadata: { name, uid } }: Json): object => ({
        ownerReferences: [{ apiVersion, kind, name, uid, blockOwnerDeletion: true }],
      });
      const ours = await root.create(own, stack(`owner-${cascade}`));
      const native = await root.create(maps, configMap(`owner-${cascade}`));
      const child = `${maps}/child-${cascade}`;
      await root.create(maps, configMap(`child-${cascade}`, {}, owner(ours)));
      const dependent = `${path}/dependent-${cascade}`;
      // Owned by an object of the same namespace, as every namespaced dependent must be.
      const local = await root.create(path, dataPolicy(`local-${cascade}`, {}));
      await root.create(path, dataPolicy(`dependent-${cascade}`, {}, owner(local)));
      const grandchild = `${maps}/native-${cascade}`;
      await root.create(maps, configMap(`native-${cascade}`, {}, owner(native)));

      const flags = [`--cascade=${cascade}`, '--timeout=60s'];
      await server.ok(['delete', 'stack', ours.metadata.name, ...flags]);
      await server.ok(['delete', 'cm', native.metadata.name, '-n', 'plain', ...flags]);
      await server.ok(['delete', 'dpol', local.metadata.name, '-n', 'tn-a', ...flags]);

      for (const url of [child, grandchild, dependent]) {
        if (cascade !== 'orphan') {
          await gone(url);
          continue;
        }
        const { metadata } = await root.read(url);
        assert.equal(metadata.ownerReferences, undefined, `${url} still names its owner`);
        assert.equal(metadata.deletionTimestamp, undefined);
      }
    });
  }

  it('C127 deletes collections as they were asked for, and never through the wrong scope', async () => {
    await server.tenant('many');
    const many = policiesIn('tn-many');
    for (const [name, tier] of [
      ['m1', 'gold'],
      ['m2', 'gold'],
      ['m3', 'gold'],
      ['m4', 'tin'],
    ] as const) {
      await root.create(many, dataPolicy(name, {}, { labels: { tier } }));
    }
    const names = ({ items }: Json): string[] => items.map(({ metadata }: Json) => metadata.name);

    const dry = await ok(remove(many, { dryRun: ['All'] }));
    assert.equal(dry.kind, 'DataPolicyList');
    assert.deepEqual(names(dry), ['m1', 'm2', 'm3', 'm4']);
    const one = await ok(remove(`${many}?labelSelector=tier%3Dgold&limit=1`));
    assert.deepEqual(names(one), ['m1']);
    assert.equal(typeof one.metadata.continue, 'string');
    const gold = await ok(remove(`${many}?labelSelector=tier%3Dgold`));
    assert.deepEqual(names(gold), ['m2', 'm3']);
    const none = await ok(remove(`${many}?fieldSelector=metadata.name%3Dnobody`));
    assert.deepEqual(names(none), []);
    assert.deepEqual(names(await root.read(many)), ['m4']);

    const before = await root.read(TENANTS);
    for (const wrong of [
      `${PLATFORM}/namespaces/tn-many/tenants`,
      `${PLATFORM}/namespaces/tn-many/stacks?labelSelector=a`,
      '/api/v1/namespaces/plain/namespaces',
    ]) {
      expectStatus(await remove(wrong), 404, 'NotFound');
      expectStatus(await root.call('GET', wrong), 404, 'NotFound');
    }
    assert.deepEqual(names(await root.read(TENANTS)), names(before));
  });

  it('C128 empties a namespace of 500 objects, says what holds it, and lets it go', async () => {
    await server.namespace('full');
    const full = configMapsIn('full');
    await Promise.all(
      Array.from({ length: 500 }, (_, index) =>
        root.create(full, configMap(`c${index}`, {}, index === 7 ? { finalizers: [HOLD] } : {})),
      ),
    );
    const url = '/api/v1/namespaces/full';
    const watch = await root.watch('/api/v1/namespaces?watch=1&fieldSelector=metadata.name%3Dfull');
    const conditionOf = ({ object }: Json, type: string): Json =>
      object.status?.conditions?.find((one: Json) => one.type === type);

    await server.ok(['delete', 'ns', 'full', '--wait=false']);
    let event = await watch.next();
    while (conditionOf(event, 'NamespaceFinalizersRemaining')?.status !== 'True') {
      event = await watch.next(60_000);
    }
    assert.match(
      conditionOf(event, 'NamespaceFinalizersRemaining').message,
      /example\.com\/hold in 1 resource/,
    );
    assert.equal(event.object.status.phase, 'Terminating');
    assert.deepEqual(
      (await root.read(full)).items.map(({ metadata }: Json) => metadata.name),
      ['c7'],
    );
    await ok(root.merge(`${full}/c7`, { metadata: { finalizers: null } }));
    while ((await watch.next(60_000)).type !== 'DELETED');
    watch.close();

    expectStatus(await root.call('GET', url), 404, 'NotFound');
    assert.deepEqual((await root.read(full)).items, []);
  });
});
