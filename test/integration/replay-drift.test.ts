/** What others do to replayed objects is undone within seconds, counted, and never fought over without end. */
import assert from 'node:assert/strict';
import { apiVersionOf, type Kind } from '../../apiserver/api/kind.ts';
import type { ApiObject, ObjectRef } from '../../apiserver/client/resource.ts';
import { DataPlane } from '../../apiserver/kinds/data-plane.ts';
import { ConfigMap } from '../../apiserver/kinds/native/config-map.ts';
import { Deployment } from '../../apiserver/kinds/native/deployment.ts';
import { Namespace } from '../../apiserver/kinds/native/namespace.ts';
import { PlaneWork } from '../../apiserver/kinds/plane-work.ts';
import { conditionOf, conditionStatus } from '../../apiserver/kinds/status.ts';
import { replayableKinds } from '../../controllers/replica/kind-order.ts';
import { intercept, type PlaneCall } from '../support/intercept.ts';
import { PLANE, TENANT_SPACE, configMap, namespaceOf } from '../support/replay.ts';
import { startPair, type Pair } from '../support/replay-pair.ts';

const SPACE = 'tenant-acme';
const LABELS = { app: 'shop' };
const TEMPLATE = { metadata: { labels: LABELS }, spec: { containers: [{ name: 'c', image: 'i' }] } };
const SELECTOR = { matchLabels: LABELS };
const JOB = { template: { ...TEMPLATE, spec: { ...TEMPLATE.spec, restartPolicy: 'Never' } } };

/** The content of one object of each kind that can be replayed. */
const CONTENT: Readonly<Record<string, object>> = {
  Namespace: {},
  ServiceAccount: {},
  Role: { rules: [] },
  RoleBinding: { roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'r' }, subjects: [] },
  ResourceQuota: { spec: { hard: { 'count/pods': '10' } } },
  LimitRange: { spec: { limits: [{ type: 'Container', default: { cpu: '1' } }] } },
  NetworkPolicy: { spec: { podSelector: {}, policyTypes: ['Ingress'] } },
  Secret: { stringData: { key: 'value' } },
  ConfigMap: { data: { key: 'value' } },
  PersistentVolumeClaim: {
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  },
  Service: { spec: { ports: [{ port: 80 }] } },
  Deployment: { spec: { selector: SELECTOR, template: TEMPLATE } },
  StatefulSet: { spec: { selector: SELECTOR, template: TEMPLATE, serviceName: 's' } },
  Job: { spec: JOB },
  CronJob: { spec: { schedule: '0 0 * * *', jobTemplate: { spec: JOB } } },
  PodDisruptionBudget: { spec: { selector: SELECTOR } },
  Ingress: { spec: { defaultBackend: { service: { name: 's', port: { number: 80 } } } } },
};

describe('drift', function () {
  this.timeout(60_000);
  let pair: Pair;
  beforeEach(async () => {
    pair = await startPair();
  });
  afterEach(() => pair.close());

  const manifestOf = (kind: Kind): object => {
    const own = { apiVersion: apiVersionOf(kind), kind: kind.kind };
    if (kind.kind === 'Namespace') {
      const { metadata } = namespaceOf(pair.tenant) as { metadata: { labels: object } };
      return { ...own, metadata: { ...metadata, labels: { ...metadata.labels, ...LABELS } } };
    }
    return { ...own, metadata: { name: 'x', namespace: SPACE, labels: LABELS }, ...CONTENT[kind.kind] };
  };
  const refOf = (kind: Kind): ObjectRef =>
    kind.kind === 'Namespace' ? { name: SPACE } : { namespace: SPACE, name: 'x' };
  const get = (kind: Kind): Promise<ApiObject> => pair.plane.admin.get<ApiObject>(kind, refOf(kind));

  it('A7 puts back every replayed kind that is deleted or changed by hand, within 5 s, and counts it', async () => {
    const kinds = [...replayableKinds().values()];
    assert.deepEqual(kinds.map(({ kind }) => kind).sort(), Object.keys(CONTENT).sort());
    await pair.control.addWork('w', kinds.map(manifestOf));
    const agent = await pair.connected();
    await pair.control.reported('w', 'Applied');
    const uids = new Map<Kind, string>();
    for (const kind of kinds) uids.set(kind, (await get(kind)).metadata.uid);
    const each = async (
      victims: readonly Kind[],
      harm: (kind: Kind) => Promise<unknown>,
      isWhole: (metadata: ApiObject['metadata'], uid: string | undefined) => boolean,
    ): Promise<void> => {
      await Promise.all(
        victims.map(async (kind) => {
          await harm(kind);
          const startMs = performance.now();
          const uid = uids.get(kind);
          await pair.plane.until<ApiObject>(kind, refOf(kind), ({ metadata }) => isWhole(metadata, uid));
          const tookMs = Math.round(performance.now() - startMs);
          assert.ok(tookMs < 5_000, `${kind.kind} took ${tookMs} ms`);
        }),
      );
    };
    const relabel = (labels: object) => (kind: Kind) =>
      pair.plane.admin.patch(kind, refOf(kind), { metadata: { labels } });

    await each(
      kinds,
      relabel({ app: 'theirs' }),
      ({ labels, uid }, old) => labels?.['app'] === 'shop' && uid === old,
    );
    await each(
      kinds,
      relabel({ 'polder.dev/bundle': null }),
      ({ labels, uid }, old) => labels?.['polder.dev/bundle'] !== undefined && uid === old,
    );
    await each(
      kinds.filter(({ kind }) => kind !== 'Namespace'),
      (kind) => pair.plane.admin.delete(kind, refOf(kind), { propagationPolicy: 'Background' }),
      ({ uid }, old) => uid !== old,
    );

    const corrections = kinds.length * 3 - 1;
    await agent.lines.counted('drift corrected', corrections);
    assert.equal(await agent.count('polder_agent_drift_corrected_total'), corrections);
    // Over a restart, too, and up to the DataPlane.
    await agent.close();
    await pair.connected({ directory: agent.directory });
    const reported = await pair.control.until(
      DataPlane,
      { name: PLANE },
      ({ status }) => (status?.driftCorrections ?? 0) > 0,
    );
    assert.equal(reported.status?.driftCorrections, corrections);
  });

  it('brings a namespace back that was deleted by hand, with everything in it', async () => {
    await pair.control.addWork('w', [namespaceOf(pair.tenant), configMap('a'), configMap('b')]);
    await pair.connected();
    await pair.control.reported('w', 'Applied');
    const { uid } = await pair.plane.admin.get(Namespace, { name: SPACE }).then(({ metadata }) => metadata);

    await pair.plane.admin.delete(Namespace, { name: SPACE });

    await pair.plane.until(Namespace, { name: SPACE }, ({ metadata }) => metadata.uid !== uid);
    for (const name of ['a', 'b']) await pair.plane.until(ConfigMap, { namespace: SPACE, name }, () => true);
    await pair.control.reported('w', 'Applied');
  });

  it('leaves alone what others add and the bundle does not say', async () => {
    await pair.control.addWork('w', [namespaceOf(pair.tenant), configMap('a'), configMap('b')]);
    const agent = await pair.connected();
    await pair.control.reported('w', 'Applied');
    const ref = { namespace: SPACE, name: 'a' };

    await pair.plane.admin.patch(ConfigMap, ref, {
      metadata: { annotations: { note: 'mine' } },
      data: { more: '1' },
    });
    await pair.plane.admin.delete(ConfigMap, { namespace: SPACE, name: 'b' });
    await pair.plane.until(ConfigMap, { namespace: SPACE, name: 'b' }, () => true);

    const kept = await pair.plane.admin.get(ConfigMap, ref);
    assert.equal(kept.metadata.annotations?.['note'], 'mine');
    assert.deepEqual(kept.data, { key: 'value', more: '1' });
    assert.equal(await agent.count('polder_agent_drift_corrected_total'), 1);
  });

  it('writes nothing when only a status changes, and reports a change of health', async () => {
    const calls: PlaneCall[] = [];
    const plane = intercept(pair.plane.clientAs('agent-eu1'), { before: (call) => void calls.push(call) });
    const writes = (): readonly string[] =>
      calls.filter(({ verb }) => verb === 'apply').map(({ name }) => name);
    await pair.control.addWork('w', [namespaceOf(pair.tenant), manifestOf(Deployment), configMap('a')]);
    await pair.connected({ plane });
    const work = await pair.control.reported('w', 'Applied');
    assert.equal(conditionStatus(work, 'Available'), 'False');
    calls.length = 0;
    const setStatus = (status: object): Promise<unknown> =>
      pair.plane.admin.patch(Deployment, refOf(Deployment), { status }, { subresource: 'status' });

    for (let i = 1; i <= 20; i += 1) await setStatus({ observedGeneration: i });
    await pair.plane.admin.delete(ConfigMap, { namespace: SPACE, name: 'a' });
    await pair.plane.until(ConfigMap, { namespace: SPACE, name: 'a' }, () => true);
    // One repair, and nothing before it: had a status been taken for drift, there would be more.
    assert.deepEqual(writes(), [SPACE, 'a', 'x']);

    await setStatus({ availableReplicas: 1, readyReplicas: 1, replicas: 1 });

    const ref = { namespace: TENANT_SPACE, name: 'w' };
    await pair.control.until(PlaneWork, ref, (each) => conditionStatus(each, 'Available') === 'True');
  });

  it('rests after five corrections of an object in ten minutes, says who fights, and repairs its siblings', async () => {
    await pair.control.addWork('w', [namespaceOf(pair.tenant), configMap('a'), configMap('b')]);
    const agent = await pair.connected();
    await pair.control.reported('w', 'Applied');
    const rival = pair.plane.clientAs('controllers');
    const ref = { namespace: SPACE, name: 'a' };
    const change = (key: string): Promise<unknown> =>
      rival.patch(ConfigMap, ref, { data: { key } }, { fieldManager: 'rival' });

    for (let i = 0; i < 6; i += 1) {
      await change(`theirs-${i}`);
      await pair.plane.until(ConfigMap, ref, ({ data }) => data?.['key'] === 'value');
    }
    await change('theirs-last');

    const work = await pair.control.reported('w', 'Contended');
    assert.match(
      conditionOf(work, 'Applied')?.message ?? '',
      /ConfigMap\/tenant-acme\/a: contended: "rival" changes it/,
    );
    await pair.plane.admin.delete(ConfigMap, { namespace: SPACE, name: 'b' });
    await pair.plane.until(ConfigMap, { namespace: SPACE, name: 'b' }, () => true);
    assert.equal((await pair.plane.admin.get(ConfigMap, ref)).data?.['key'], 'theirs-last');
    assert.equal(await agent.count('polder_agent_drift_corrected_total'), 7);
  });

  it('changes nothing while the plane is paused, and makes up for it afterwards', async () => {
    await pair.control.addWork('w', [namespaceOf(pair.tenant), configMap('a')]);
    const agent = await pair.connected();
    await pair.control.reported('w', 'Applied');
    const pause = async (paused: boolean): Promise<void> => {
      const from = pair.control.lines.all.length;
      await pair.control.admin.patch(DataPlane, { name: PLANE }, { spec: { paused } });
      await pair.control.lines.seen('agent connected', {}, from);
    };
    await pause(true);
    const suspended = await pair.control.until(
      DataPlane,
      { name: PLANE },
      ({ status }) => status?.components?.[0]?.health === 'Suspended',
    );
    assert.equal(suspended.status?.agent?.connected, true);

    await pair.plane.admin.delete(ConfigMap, { namespace: SPACE, name: 'a' });
    await pair.control.setManifests('w', [namespaceOf(pair.tenant), configMap('a'), configMap('b')]);
    const more = await pair.control.addWork('more', [configMap('c')]);
    await agent.lines.seen('bundle stored', { uid: more.metadata.uid });
    // It holds also over a restart without the control plane.
    await agent.close();
    const offline = await pair.agent({ directory: agent.directory, hub: 'https://127.0.0.1:1' });
    await offline.lines.seen('replay link is down');
    await offline.close();
    for (const name of ['a', 'b', 'c']) {
      assert.equal(await pair.plane.admin.find(ConfigMap, { namespace: SPACE, name }), undefined, name);
    }

    await pair.connected({ directory: agent.directory });
    await pause(false);

    for (const name of ['w', 'more']) await pair.control.reported(name, 'Applied');
    for (const name of ['a', 'b', 'c']) await pair.plane.admin.get(ConfigMap, { namespace: SPACE, name });
  });
});
