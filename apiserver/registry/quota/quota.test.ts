import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { STORE_DRIVERS } from '../../../test/conformance/store-drivers.ts';
import {
  body,
  createWidget,
  DELETE,
  KINDS,
  on,
  refused,
  useWorld,
  Widget,
  WRITE,
  type World,
} from '../../../test/support/registry.ts';
import { at, type Json, type JsonObject } from '../../api/json.ts';
import type { Kind } from '../../api/kind.ts';
import { LimitRange } from '../../kinds/native/limit-range.ts';
import { PersistentVolumeClaim } from '../../kinds/native/persistent-volume-claim.ts';
import { Pod } from '../../kinds/native/pod.ts';
import { ResourceQuota } from '../../kinds/native/resource-quota.ts';
import { Secret } from '../../kinds/native/secret.ts';
import { Service } from '../../kinds/native/service.ts';
import { systemClock } from '../../runtime/clock.ts';
import { silentLog } from '../../runtime/log.ts';
import { createLocalPlane } from '../local-plane/local-plane.ts';
import type { Loop } from '../local-plane/namespace-emptying.ts';
import type { StoredObject } from '../registry.ts';

const ALL = [...KINDS, Pod, ResourceQuota, LimitRange, Service, PersistentVolumeClaim, Secret];
const SPACES = [
  'pods',
  'race',
  'own',
  'open',
  'service',
  'dry',
  'scopes',
  'status',
  'claims',
  'taken',
  'init',
  'limits',
];

const put = async (world: World, kind: Kind, namespace: string, object: JsonObject): Promise<StoredObject> =>
  (await world.registry.create(world.context, on(kind, namespace), body(object), WRITE)).object;
const quota = async (
  world: World,
  namespace: string,
  hard: JsonObject,
  more: JsonObject = {},
): Promise<unknown> =>
  await put(world, ResourceQuota, namespace, { metadata: { name: 'q' }, spec: { hard, ...more } });
const pod = (name: string, resources: JsonObject = {}, spec: JsonObject = {}): JsonObject => ({
  metadata: { name },
  spec: { containers: [{ name: 'c', image: 'i', resources }], ...spec },
});
const cpu = (amount: string): JsonObject => ({ requests: { cpu: amount } });

/** Resolves with `status.used` once it is this; fails with what it is after 5 s. */
async function usedIs(world: World, namespace: string, wanted: JsonObject): Promise<void> {
  const used = (): Json | undefined =>
    at(world.registry.peek(ResourceQuota, namespace, 'q')?.read(), 'status.used') as Json | undefined;
  const { promise, resolve } = Promise.withResolvers<void>();
  const ask = (): void => {
    if (isDeepStrictEqual(used(), wanted)) resolve();
  };
  const stop = world.registry.observe(ResourceQuota, ask);
  const timer = setTimeout(resolve, 5000);
  ask();
  await promise;
  clearTimeout(timer);
  stop();
  assert.deepEqual(used(), wanted);
}

for (const driver of STORE_DRIVERS) {
  describe(`resource quota on the ${driver.name} store`, () => {
    const world = useWorld(driver, { kinds: ALL, namespaces: SPACES });
    let plane: Loop;
    before(() => {
      plane = createLocalPlane({ registry: world.registry, kinds: ALL, clock: systemClock, log: silentLog });
      plane.start();
    });
    after(async () => await plane.close());

    it('B7 refuses the pod that is one too many, in the words of kube-apiserver', async () => {
      await quota(world, 'pods', { pods: '2', 'requests.cpu': '1', 'requests.nvidia.com/gpu': '1' });
      await put(world, Pod, 'pods', pod('a', cpu('500m')));

      const tooMuch = await refused(put(world, Pod, 'pods', pod('b', cpu('600m'))), 'Forbidden', 403);
      assert.equal(
        tooMuch.message,
        'pods "b" is forbidden: exceeded quota: q, requested: requests.cpu=600m, used: requests.cpu=500m, limited: requests.cpu=1',
      );
      await put(world, Pod, 'pods', pod('b', cpu('400m')));
      const tooMany = await refused(put(world, Pod, 'pods', pod('c', cpu('200m'))), 'Forbidden');
      assert.match(
        tooMany.message,
        /exceeded quota: q, requested: pods=1,requests.cpu=200m, used: pods=2,requests.cpu=900m, limited: pods=2,requests.cpu=1$/,
      );

      await world.registry.delete(world.context, on(Pod, 'pods', 'a'), DELETE);
      await put(world, Pod, 'pods', pod('c', cpu('200m')));
    });

    it('B7 lets exactly as many through as there is room for when 20 come at once', async () => {
      await quota(world, 'race', { pods: '5' });

      const results = await Promise.allSettled(
        Array.from({ length: 20 }, (_, index) => put(world, Pod, 'race', pod(`p${index}`))),
      );

      assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 5);
      assert.equal(world.registry.peekAll(Pod, 'race').length, 5);
    });

    it('C130 counts own kinds by count/<plural>.<group>', async () => {
      await quota(world, 'own', { 'count/widgets.data.polder.dev': '2', 'count/secrets': '0' });
      await createWidget(world, 'a', { namespace: 'own' });
      await createWidget(world, 'b', { namespace: 'own' });

      const third = await refused(createWidget(world, 'c', { namespace: 'own' }), 'Forbidden', 403);
      assert.match(
        third.message,
        /requested: count\/widgets.data.polder.dev=1, used: count\/widgets.data.polder.dev=2, limited: count\/widgets.data.polder.dev=2$/,
      );
      await refused(put(world, Secret, 'own', { metadata: { name: 's' } }), 'Forbidden');

      await world.registry.delete(world.context, on(Widget, 'own', 'a'), DELETE);
      await createWidget(world, 'c', { namespace: 'own' });
      await usedIs(world, 'own', { 'count/widgets.data.polder.dev': '2', 'count/secrets': '0' });
    });

    it('gives back what a creation took that failed for another reason', async () => {
      await quota(world, 'taken', { pods: '2' });
      await put(world, Pod, 'taken', pod('same'));

      await refused(put(world, Pod, 'taken', pod('same')), 'AlreadyExists');
      const results = await Promise.allSettled(
        Array.from({ length: 4 }, () => put(world, Pod, 'taken', pod('other'))),
      );

      assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1);
      await world.registry.delete(world.context, on(Pod, 'taken', 'other'), DELETE);
      await put(world, Pod, 'taken', pod('more'));
    });

    it('wants amounts given that are bounded, and takes the defaults of a LimitRange for them', async () => {
      await quota(world, 'open', { 'requests.cpu': '1', 'limits.memory': '1Gi' });
      const open = await refused(put(world, Pod, 'open', pod('a')), 'Forbidden', 403);
      assert.match(open.message, /failed quota: q: must specify limits.memory for: c; requests.cpu for: c$/);

      await put(world, LimitRange, 'open', {
        metadata: { name: 'l' },
        spec: { limits: [{ type: 'Container', max: { memory: '256Mi' }, defaultRequest: { cpu: '100m' } }] },
      });
      const made = await put(world, Pod, 'open', pod('a', { requests: { cpu: '200m' } }));

      const [container] = at(made.read(), 'spec.containers') as readonly JsonObject[];
      assert.deepEqual(container?.['resources'], {
        limits: { memory: '256Mi' },
        requests: { cpu: '200m', memory: '256Mi' },
      });
      await usedIs(world, 'open', { 'requests.cpu': '200m', 'limits.memory': '256Mi' });
    });

    it('holds new pods and claims to the LimitRanges of their namespace', async () => {
      const limits = [
        {
          type: 'Container',
          max: { memory: '1Gi' },
          min: { cpu: '50m' },
          maxLimitRequestRatio: { cpu: '2' },
        },
        { type: 'Pod', max: { cpu: '1' } },
        { type: 'PersistentVolumeClaim', max: { storage: '1Gi' } },
      ];
      await put(world, LimitRange, 'limits', { metadata: { name: 'l' }, spec: { limits } });
      const tooMuch = { requests: { cpu: '500m' }, limits: { cpu: '2', memory: '2Gi' } };

      const refusal = await refused(put(world, Pod, 'limits', pod('a', tooMuch)), 'Forbidden', 403);
      assert.equal(
        refusal.message,
        'pods "a" is forbidden: [maximum memory usage per Container is 1Gi, but limit is 2Gi, ' +
          'cpu max limit to request ratio per Container is 2, but provided ratio is 4.000000, ' +
          'maximum cpu usage per Pod is 1, but limit is 2]',
      );
      const tooLittle = pod('a', { requests: { cpu: '10m' }, limits: { cpu: '20m' } });
      assert.match(
        (await refused(put(world, Pod, 'limits', tooLittle), 'Forbidden')).message,
        /: minimum cpu usage per Container is 50m, but request is 10m$/,
      );
      const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '2Gi' } } };
      assert.match(
        (
          await refused(
            put(world, PersistentVolumeClaim, 'limits', { metadata: { name: 'c' }, spec }),
            'Forbidden',
          )
        ).message,
        /: maximum storage usage per PersistentVolumeClaim is 1Gi, but request is 2Gi$/,
      );
      await put(world, Pod, 'limits', pod('a', { limits: { cpu: '100m' } }));
    });

    it('holds changes to the bound as well, but not those that take no more', async () => {
      await put(world, Service, 'service', { metadata: { name: 'old' }, spec: { ports: [{ port: 80 }] } });
      await quota(world, 'service', { services: '0', 'services.loadbalancers': '0' });
      const change = async (patch: JsonObject): Promise<unknown> =>
        await world.registry.patch(
          world.context,
          { ...on(Service, 'service', 'old'), subresource: '' },
          { type: 'merge', body: body(patch) },
          WRITE,
        );

      await change({ metadata: { labels: { a: 'b' } } });
      const refusal = await refused(change({ spec: { type: 'LoadBalancer' } }), 'Forbidden', 403);

      assert.match(refusal.message, /requested: services.loadbalancers=1, used: services.loadbalancers=0/);
      await usedIs(world, 'service', { services: '1', 'services.loadbalancers': '0' });
    });

    it('a dry run is held to the bound and takes nothing', async () => {
      await quota(world, 'dry', { pods: '1' });
      const tryOut = async (name: string): Promise<unknown> =>
        await world.registry.create(world.context, on(Pod, 'dry'), body(pod(name)), {
          ...WRITE,
          dryRun: true,
        });
      for (const name of ['a', 'b']) await tryOut(name);
      await put(world, Pod, 'dry', pod('a'));
      await refused(tryOut('b'), 'Forbidden', 403);
    });

    it('counts only pods that are in all scopes, and none that have ended', async () => {
      await quota(world, 'scopes', { pods: '1' }, { scopes: ['NotTerminating', 'BestEffort'] });
      await put(world, Pod, 'scopes', pod('bounded', {}, { activeDeadlineSeconds: 5 }));
      await put(world, Pod, 'scopes', pod('burstable', cpu('1')));
      await put(world, Pod, 'scopes', pod('counted'));
      await refused(put(world, Pod, 'scopes', pod('refused')), 'Forbidden', 403);

      const target = { ...on(Pod, 'scopes', 'counted'), subresource: 'status' } as const;
      const ended = body({ status: { phase: 'Succeeded' } });
      await world.registry.patch(world.context, target, { type: 'merge', body: ended }, WRITE);

      await put(world, Pod, 'scopes', pod('next'));
    });

    it('counts what the start of a pod needs where that is more, and init containers that stay', async () => {
      await quota(world, 'init', { 'requests.cpu': '10', 'requests.memory': '10Gi' });
      const spec = {
        initContainers: [
          { name: 'big', resources: { requests: { cpu: '3', memory: '1Mi' } } },
          { name: 'side', restartPolicy: 'Always', resources: { requests: { cpu: '1', memory: '1Mi' } } },
        ].map((container) => ({ image: 'i', ...container })),
      };
      await put(world, Pod, 'init', pod('a', { requests: { cpu: '500m', memory: '2Mi' } }, spec));
      await usedIs(world, 'init', { 'requests.cpu': '3', 'requests.memory': '3Mi' });
    });

    it('counts storage by class', async () => {
      const gold = 'gold.storageclass.storage.k8s.io/requests.storage';
      await quota(world, 'claims', {
        persistentvolumeclaims: '5',
        'requests.storage': '10Gi',
        [gold]: '2Gi',
      });
      const claim = (name: string, storageClassName: string, storage: string): JsonObject => ({
        metadata: { name },
        spec: { accessModes: ['ReadWriteOnce'], storageClassName, resources: { requests: { storage } } },
      });
      await put(world, PersistentVolumeClaim, 'claims', claim('a', 'gold', '1Gi'));
      await put(world, PersistentVolumeClaim, 'claims', claim('b', 'tin', '4Gi'));
      await refused(put(world, PersistentVolumeClaim, 'claims', claim('c', 'gold', '1500Mi')), 'Forbidden');
      await usedIs(world, 'claims', {
        persistentvolumeclaims: '2',
        'requests.storage': '5Gi',
        [gold]: '1Gi',
      });
    });

    it('shows bounds and use in the status, follows the spec, and writes nothing when nothing changed', async () => {
      await quota(world, 'status', { pods: '3', 'count/unknown.x.dev': '1' });
      await usedIs(world, 'status', { pods: '0' });
      const status = at(world.registry.peek(ResourceQuota, 'status', 'q')?.read(), 'status.hard');
      assert.deepEqual(status, { pods: '3', 'count/unknown.x.dev': '1' });
      await put(world, Pod, 'status', pod('a'));
      await usedIs(world, 'status', { pods: '1' });
      const revision = world.registry.peek(ResourceQuota, 'status', 'q')?.revision;

      await put(world, Secret, 'status', { metadata: { name: 's' } });
      const target = { ...on(ResourceQuota, 'status', 'q'), subresource: '' } as const;
      const hard = { 'count/unknown.x.dev': null, secrets: '4' };
      const patch = { type: 'merge', body: body({ spec: { hard } }) } as const;
      const changed = await world.registry.patch(world.context, target, patch, WRITE);
      await usedIs(world, 'status', { pods: '1', secrets: '1' });

      // Two revisions since: the Secret, the patch; then the one write of the status.
      assert.equal(changed.object.revision, (revision ?? 0) + 2);
      assert.equal(world.registry.peek(ResourceQuota, 'status', 'q')?.revision, (revision ?? 0) + 3);
    });
  });
}
