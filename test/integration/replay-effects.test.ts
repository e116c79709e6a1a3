/** What bundles do to a data plane: applied in order, pruned, removed, refused; each effect once. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TENANT_LABEL, TENANT_UID_LABEL } from '../../apiserver/api/identity.ts';
import { ConfigMap } from '../../apiserver/kinds/native/config-map.ts';
import { Namespace } from '../../apiserver/kinds/native/namespace.ts';
import { DataPlane } from '../../apiserver/kinds/data-plane.ts';
import { PlaneWork } from '../../apiserver/kinds/plane-work.ts';
import { conditionOf } from '../../apiserver/kinds/status.ts';
import { BUNDLE_LABEL } from '../../controllers/agent/plane-objects.ts';
import { createPlaneWorkReconciler } from '../../controllers/reconcilers/plane-work.ts';
import { PLANE_WORK_FINALIZER } from '../../controllers/reconcilers/plane-work-state.ts';
import { forever, intercept, type PlaneCall } from '../support/intercept.ts';
import { PLANE, TENANT_SPACE, configMap, namespaceOf } from '../support/replay.ts';
import { startPair, type Pair } from '../support/replay-pair.ts';
import { until } from '../support/until.ts';

const SPACE = 'tenant-acme';
const mapRef = (name: string): { namespace: string; name: string } => ({ namespace: SPACE, name });

describe('effects of replay', () => {
  let pair: Pair;
  beforeEach(async () => {
    pair = await startPair({ reconcilers: [createPlaneWorkReconciler] });
  });
  afterEach(() => pair.close());

  const slice = (...maps: readonly string[]): readonly object[] => [
    ...maps.map((name) => configMap(name)),
    namespaceOf(pair.tenant),
  ];
  const findMap = (name: string): Promise<ConfigMap | undefined> =>
    pair.plane.admin.find(ConfigMap, mapRef(name));
  const applied = (work: PlaneWork): string => conditionOf(work, 'Applied')?.message ?? '';

  it('applies in kind order, marks what it made, and reports it object by object', async () => {
    const calls: PlaneCall[] = [];
    await pair.control.addWork('w', slice('a', 'b'), { targetNamespace: SPACE });
    const plane = intercept(pair.plane.clientAs('agent-eu1'), { before: (call) => void calls.push(call) });

    await pair.agent({ plane });

    const work = await pair.control.reported('w', 'Applied');
    assert.deepEqual(
      calls.filter(({ verb }) => verb === 'apply').map(({ name }) => name),
      [SPACE, 'a', 'b'],
    );
    assert.equal(work.status?.phase, 'Applied');
    assert.equal(work.status.appliedRevision, 1);
    assert.deepEqual(
      work.status.resources?.map(({ kind, name, health }) => [kind, name, health]),
      [
        ['Namespace', SPACE, 'Healthy'],
        ['ConfigMap', 'a', 'Healthy'],
        ['ConfigMap', 'b', 'Healthy'],
      ],
    );
    assert.equal((await findMap('a'))?.metadata.labels?.['polder.dev/bundle'], work.metadata.uid);
  });

  it('P4 the plane reports the digest of the control plane', async () => {
    await pair.control.addWork('w', slice('a'));
    const agent = await pair.connected();
    await pair.control.reported('w', 'Applied');
    await agent.close();

    await pair.connected({ directory: agent.directory });

    const plane = await pair.control.until(
      DataPlane,
      { name: PLANE },
      ({ status }) => (status?.appliedRevision ?? 0) > 0,
    );
    assert.match(plane.status?.digest ?? '', /^[0-9a-f]{64}$/);
    assert.equal(await pair.control.count('polder_hub_session_mode_total', { mode: 'resume' }), 1);
  });

  it('O9 removes what left the manifests, and nothing else', async () => {
    await pair.control.addWork('w', slice('a', 'b'));
    await pair.connected();
    await pair.control.reported('w', 'Applied');
    await pair.plane.admin.create(ConfigMap, { metadata: mapRef('theirs') });
    const kept = await findMap('b');

    await pair.control.setManifests('w', slice('b', 'c'));

    await pair.plane.untilGone(ConfigMap, mapRef('a'));
    await pair.control.reported('w', 'Applied');
    assert.equal((await findMap('b'))?.metadata.uid, kept?.metadata.uid);
    assert.equal((await findMap('b'))?.metadata.resourceVersion, kept?.metadata.resourceVersion);
    assert.notEqual(await findMap('c'), undefined);
    assert.notEqual(await findMap('theirs'), undefined);
  });

  it('O9 prunes by UID: a namesake that somebody makes in the last moment stays', async () => {
    let swapped = 0;
    const plane = intercept(pair.plane.clientAs('agent-eu1'), {
      before: async ({ verb, name }) => {
        if (verb !== 'delete' || name !== 'a' || swapped > 0) return;
        swapped += 1;
        await pair.plane.admin.delete(ConfigMap, mapRef('a'));
        await pair.plane.admin.create(ConfigMap, { metadata: mapRef('a'), data: { whose: 'theirs' } });
      },
    });
    await pair.control.addWork('w', slice('a', 'b'));
    await pair.connected({ plane });
    await pair.control.reported('w', 'Applied');

    await pair.control.setManifests('w', slice('b'));

    await pair.control.reported('w', 'Applied');
    assert.equal(swapped, 1);
    assert.equal((await findMap('a'))?.data?.['whose'], 'theirs');
  });

  it('P7 removes what a run made anew and died before it noted the UID', async () => {
    const { metadata } = await pair.control.addWork('w', slice('a', 'b'));
    const first = await pair.connected();
    await pair.control.reported('w', 'Applied');
    await first.close();
    const { directory } = first;
    await pair.control.setManifests('w', slice('b'));
    // Dies when it has stored what is wanted now, and done nothing of it.
    const plane = intercept(pair.plane.clientAs('agent-eu1'), {
      before: (_call, signal) => forever(signal),
    });
    const second = await pair.connected({ directory, plane });
    const stored = join(directory, `bundle-${metadata.uid}`);
    await until('the bundle is stored', () => readFileSync(stored, 'utf8').includes('"gen":2'));
    await second.close();
    // What runs before it did: one died when it had removed the object, the next when it had made it again.
    await pair.plane.admin.delete(ConfigMap, mapRef('a'));
    const labels = { [BUNDLE_LABEL]: metadata.uid };
    await pair.plane.admin.create(ConfigMap, { metadata: { ...mapRef('a'), labels } });

    await pair.connected({ directory });

    await pair.plane.untilGone(ConfigMap, mapRef('a'));
    await pair.control.reported('w', 'Applied');
    assert.notEqual(await findMap('b'), undefined);
  });

  it('hands an object over from one bundle to another without deleting it', async () => {
    await pair.control.addWork('one', slice('a', 'moves'));
    await pair.control.addWork('two', [configMap('c')]);
    await pair.connected();
    for (const name of ['one', 'two']) await pair.control.reported(name, 'Applied');
    const before = await findMap('moves');

    await pair.control.setManifests('two', [configMap('c'), configMap('moves', { key: 'new' })]);
    const refused = await pair.control.reported('two', 'Nack');
    assert.match(applied(refused), /belongs to bundle/);
    assert.deepEqual(await findMap('moves'), before);
    await pair.control.setManifests('one', slice('a'));

    await pair.control.reported('one', 'Applied');
    const moved = await pair.plane.until(ConfigMap, mapRef('moves'), ({ data }) => data?.['key'] === 'new');
    assert.equal(moved.metadata.uid, before?.metadata.uid);
    await pair.control.reported('two', 'Applied');
  });

  it('A16 removes everything in reverse order, and reports it only when the plane says that it is gone', async () => {
    const calls: PlaneCall[] = [];
    const plane = intercept(pair.plane.clientAs('agent-eu1'), { before: (call) => void calls.push(call) });
    const work = await pair.control.addWork('w', slice('a', 'held'));
    await pair.control.admin.patch(
      PlaneWork,
      { namespace: TENANT_SPACE, name: 'w' },
      { metadata: { finalizers: [PLANE_WORK_FINALIZER] } },
    );
    await pair.connected({ plane });
    await pair.control.reported('w', 'Applied');
    await pair.plane.admin.patch(ConfigMap, mapRef('held'), {
      metadata: { finalizers: ['example.com/hold'] },
    });

    await pair.control.admin.delete(PlaneWork, { namespace: TENANT_SPACE, name: 'w' });

    const removing = await pair.control.until(
      PlaneWork,
      { namespace: TENANT_SPACE, name: 'w' },
      ({ status }) => status?.conditions?.some(({ reason }) => reason === 'Progressing') === true,
    );
    assert.equal(removing.status?.phase, 'Deleting');
    assert.equal(removing.metadata.uid, work.metadata.uid);
    await pair.plane.untilGone(ConfigMap, mapRef('a'));
    assert.deepEqual(
      [...new Set(calls.filter(({ verb }) => verb === 'delete').map(({ kind }) => kind))],
      ['ConfigMap', 'Namespace'],
    );
    await pair.plane.admin.patch(ConfigMap, mapRef('held'), { metadata: { finalizers: null } });

    await pair.plane.untilGone(Namespace, { name: SPACE });
    await pair.control.untilGone(PlaneWork, { namespace: TENANT_SPACE, name: 'w' });
  });

  it('lets go of everything without touching it when the tombstone says Orphan', async () => {
    await pair.control.addWork('w', slice('a'));
    const agent = await pair.connected();
    await pair.control.reported('w', 'Applied');
    const before = await findMap('a');

    await pair.control.bury('w', 'Orphan');

    await pair.control.reported('w', 'Deleted');
    await agent.close();
    assert.deepEqual(await findMap('a'), before);
    // From now on it belongs to nobody: what others do to it is no drift.
    await pair.plane.admin.delete(ConfigMap, mapRef('a'));
    const again = await pair.connected({ directory: agent.directory });
    await pair.control.reported('w', 'Deleted');
    await again.close();
    assert.equal(await findMap('a'), undefined);
  });

  describe('refusals', () => {
    const kubeSystem = (): object => ({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'kube-system' },
    });
    const stolen = (): object => ({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: {
        name: 'tenant-globex',
        labels: { [TENANT_LABEL]: 'acme', [TENANT_UID_LABEL]: pair.tenant.metadata.uid },
      },
    });
    const ROWS: Readonly<Record<string, () => readonly object[]>> = {
      'a namespace of the system': () => [kubeSystem()],
      'an object in a namespace of the system': () => [configMap('a', {}, 'kube-system')],
      'a namespace that is there and another tenant’s': () => [stolen(), configMap('a', {}, 'tenant-globex')],
      'an object in another tenant’s namespace': () => [configMap('a', {}, 'tenant-globex')],
      'an object in a namespace that is not there': () => [configMap('a', {}, 'nowhere')],
      'a cluster-scoped object': () => [
        {
          apiVersion: 'rbac.authorization.k8s.io/v1',
          kind: 'ClusterRole',
          metadata: { name: 'root' },
          rules: [],
        },
      ],
      'a kind that is off the list': () => [
        { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: SPACE }, spec: {} },
      ],
    };
    for (const [name, manifests] of Object.entries(ROWS)) {
      it(`never takes ${name}, and says so in the PlaneWork`, async () => {
        const other = { [TENANT_LABEL]: 'globex', [TENANT_UID_LABEL]: 'uid-of-globex' };
        for (const [space, labels] of [
          ['kube-system', {}],
          ['tenant-globex', other],
        ] as const) {
          const known = await pair.plane.admin.find(Namespace, { name: space });
          if (known === undefined)
            await pair.plane.admin.create(Namespace, { metadata: { name: space, labels } });
        }
        const before = await pair.plane.admin.list(Namespace);
        const calls: PlaneCall[] = [];
        const plane = intercept(pair.plane.clientAs('agent-eu1'), {
          before: (call) => void calls.push(call),
        });
        await pair.connected({ plane });

        await pair.control.addWork('w', manifests());

        const work = await pair.control.reported('w', 'Nack');
        assert.equal(work.status?.phase, 'Rejected');
        assert.match(applied(work), /belong|may not be replayed|does not carry/);
        assert.deepEqual(
          calls.filter(({ verb }) => verb !== 'find'),
          [],
        );
        assert.deepEqual((await pair.plane.admin.list(Namespace)).items, before.items);
        // A tombstone of what was refused finds nothing to remove.
        await pair.control.bury('w');
        await pair.control.reported('w', 'Deleted');
        assert.deepEqual((await pair.plane.admin.list(Namespace)).items, before.items);
      });
    }

    it('keeps the last good generation in force, and is not sent the bad one again and again', async () => {
      await pair.control.addWork('w', slice('a'), { targetNamespace: SPACE });
      await pair.connected();
      await pair.control.reported('w', 'Applied');

      await pair.control.setManifests('w', [...slice('a'), configMap('b', {}, 'elsewhere')]);
      const work = await pair.control.reported('w', 'Nack');
      assert.match(applied(work), /outside of the bundle's namespace "tenant-acme"/);
      const sent = await pair.control.count('polder_hub_sent_total');
      await pair.plane.admin.delete(ConfigMap, mapRef('a'));

      await pair.plane.until(ConfigMap, mapRef('a'), () => true);
      await pair.control.setManifests('w', slice('a', 'c'));
      await pair.control.reported('w', 'Applied');
      assert.equal(await pair.control.count('polder_hub_sent_total'), sent + 1);
    });

    it('applies the siblings of an object that the plane refuses, and goes on when it is mended', async () => {
      const broken = { ...configMap('broken'), data: { key: 7 } };
      await pair.control.addWork('w', [...slice('a'), broken, configMap('z')]);
      await pair.control.addWork('other', [configMap('other')]);
      await pair.connected();

      const work = await pair.control.reported('w', 'Nack');
      assert.match(applied(work), /ConfigMap\/tenant-acme\/broken: .*data/);
      assert.equal(work.status?.resources?.find(({ name }) => name === 'broken')?.health, 'Degraded');
      for (const name of ['a', 'z']) assert.notEqual(await findMap(name), undefined, name);
      await pair.control.reported('other', 'Applied');
      await pair.control.setManifests('w', [...slice('a'), configMap('broken'), configMap('z')]);

      await pair.control.reported('w', 'Applied');
    });
  });

  it('B3 ends up with the newest of 200 changes that were made while the agent was away, sent once', async () => {
    for (let i = 0; i < 10; i += 1)
      await pair.control.addWork(`w${i}`, i === 0 ? slice('m0') : [configMap(`m${i}`)]);
    const agent = await pair.connected();
    for (let i = 0; i < 10; i += 1) await pair.control.reported(`w${i}`, 'Applied');
    await agent.close();
    const before = await pair.control.count('polder_hub_sent_total');
    for (let i = 0; i < 200; i += 1) {
      const maps = [configMap(`m${i % 10}`, { round: String(i) })];
      await pair.control.setManifests(
        `w${i % 10}`,
        i % 10 === 0 ? [...maps, namespaceOf(pair.tenant)] : maps,
      );
    }

    const again = await pair.connected({ directory: agent.directory });

    for (let i = 0; i < 10; i += 1) await pair.control.reported(`w${i}`, 'Applied');
    for (let i = 0; i < 10; i += 1) assert.equal((await findMap(`m${i}`))?.data?.['round'], String(190 + i));
    assert.equal((await pair.control.count('polder_hub_sent_total')) - before, 10);
    assert.equal(await again.count('polder_agent_bundles_received_total', { result: 'accepted' }), 10);
  });

  it('sends and writes nothing when agent and hub restart and nothing has changed', async () => {
    await pair.control.addWork('w', slice('a', 'b'));
    const agent = await pair.connected();
    await pair.control.reported('w', 'Applied');
    await agent.close();
    const before = (await pair.plane.admin.list(ConfigMap)).items;
    await pair.control.stopHub();
    await pair.control.startHub();

    const audited = Promise.withResolvers<undefined>();
    const plane = intercept(pair.plane.clientAs('agent-eu1'), {
      after: ({ name }) => {
        if (name === 'b') audited.resolve(undefined);
      },
    });

    const again = await pair.connected({ directory: agent.directory, plane });

    await audited.promise;
    assert.deepEqual((await pair.plane.admin.list(ConfigMap)).items, before);
    assert.equal(await pair.control.count('polder_hub_sent_total'), 0);
    assert.equal(await again.count('polder_agent_bundles_received_total'), 0);
    assert.equal(await pair.control.count('polder_hub_session_mode_total', { mode: 'resume' }), 1);
  });
});
