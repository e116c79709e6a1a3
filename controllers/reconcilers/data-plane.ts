/**
 * DataPlane: is it registered, is its agent heard of, who is on it, and may it go? The hub writes what agents
 * report; this draws the conclusions. source: resource model 4.1, A4, O11.
 */
import { DataCluster } from '../../apiserver/kinds/data-cluster.ts';
import { DataPlane } from '../../apiserver/kinds/data-plane.ts';
import { PlaneWork } from '../../apiserver/kinds/plane-work.ts';
import { conditionOf } from '../../apiserver/kinds/status.ts';
import { addFinalizer, commitStatus, hasFinalizer, isTerminating, removeFinalizer } from './core/commit.ts';
import { no, yes, unknown, type Finding } from './core/conditions.ts';
import { DONE, onChange, onSelf, requeueAfter } from './core/reconciler.ts';
import type { Outcome, Reconciler, ReconcilerDeps, Run } from './core/reconciler.ts';
import { isApplied } from './plane-work-state.ts';
import { namesOf } from './tenant-status.ts';

export const DATA_PLANE_FINALIZER = 'polder.dev/data-plane';
/** Heartbeats that may be missing before a plane counts as gone. */
const MISSED_BEATS = 3;

/** What stands on a plane. */
interface Load {
  readonly clusters: readonly DataCluster[];
  readonly works: readonly PlaneWork[];
}

export function createDataPlaneReconciler({ informers }: ReconcilerDeps): Reconciler {
  const planes = informers.of(DataPlane);
  const clusters = informers.of(DataCluster);
  const works = informers.of(PlaneWork);
  return {
    name: 'data-plane',
    triggers: [
      onSelf(planes),
      onChange(clusters, ({ spec }) =>
        spec.dataPlaneRef === undefined ? [] : [{ name: spec.dataPlaneRef }],
      ),
      onChange(works, ({ spec }) => [{ name: spec.dataPlane }]),
    ],
    reconcile: async (ref, run): Promise<Outcome> => {
      const plane = planes.get(ref);
      if (plane === undefined) return DONE;
      const load = {
        clusters: clusters.list().filter((cluster) => cluster.spec.dataPlaneRef === ref.name),
        works: works.list().filter((work) => work.spec.dataPlane === ref.name),
      };
      return isTerminating(plane) ? finalize(run, plane, load) : maintain(run, plane, load);
    },
  };
}

async function maintain(run: Run, stored: DataPlane, load: Load): Promise<Outcome> {
  const plane = await addFinalizer(run, DataPlane, stored, DATA_PLANE_FINALIZER);
  const registered = isRegistered(plane);
  const link = connection(plane, run.clock.now());
  await commitStatus(run, DataPlane, plane, {
    conditions: {
      Registered: registered
        ? yes('Registered')
        : no('NotRegistered', 'create a RegistrationToken for it and start its agent with the token'),
      Connected: link.finding,
      Synced: synced(load.works),
      Degraded: degraded(plane),
    },
    fields: { phase: registered ? 'Registered' : 'Pending', tenants: tenantsOn(load.clusters) },
  });
  return link.looksAgainInMs === undefined ? DONE : requeueAfter(link.looksAgainInMs);
}

/** Stays until nothing is on it any more; then the plane's identity goes with the object. */
async function finalize(run: Run, plane: DataPlane, load: Load): Promise<Outcome> {
  if (!hasFinalizer(plane, DATA_PLANE_FINALIZER)) return DONE;
  if (load.clusters.length === 0 && load.works.length === 0) {
    await removeFinalizer(run, DataPlane, plane, DATA_PLANE_FINALIZER);
    return DONE;
  }
  const blocked =
    load.clusters.length > 0
      ? yes('DataClustersExist', `data clusters stand on it: ${places(load.clusters)}`)
      : yes('PlaneWorksExist', `it has not confirmed the removal of: ${namesOf(load.works)}`);
  const link = connection(plane, run.clock.now());
  await commitStatus(run, DataPlane, plane, {
    conditions: { DeletionBlocked: blocked, Connected: link.finding },
    fields: { phase: 'Deleting', tenants: tenantsOn(load.clusters) },
  });
  return link.looksAgainInMs === undefined ? DONE : requeueAfter(link.looksAgainInMs);
}

/** An identity was handed out and has not been revoked. */
export const isRegistered = (plane: DataPlane): boolean =>
  plane.status?.dataPlaneID !== undefined && plane.status.publicKeys?.sign !== undefined;

interface Link {
  readonly finding: Finding;
  /** When silence would change the finding. */
  readonly looksAgainInMs?: number;
}

/** Whether the agent is heard of, by the control plane's own clock. */
export function connection(plane: DataPlane, nowMs: number): Link {
  if (!isRegistered(plane)) return { finding: no('NotRegistered') };
  const agent = plane.status?.agent ?? {};
  if (agent.lastHeartbeatTime === undefined) {
    return { finding: unknown('NeverConnected', 'no heartbeat has arrived yet') };
  }
  const limitMs = MISSED_BEATS * plane.spec.intervals.heartbeatSeconds * 1000;
  const silentMs = nowMs - Date.parse(agent.lastHeartbeatTime);
  if (silentMs >= limitMs) {
    return { finding: no('HeartbeatMissed', `no heartbeat since ${agent.lastHeartbeatTime}`) };
  }
  if (agent.connected === false) {
    return {
      finding: no('Disconnected', `the agent hung up at ${agent.lastDisconnectedTime ?? 'some time'}`),
    };
  }
  return { finding: yes('Heartbeat'), looksAgainInMs: limitMs - silentMs };
}

export const isConnected = (plane: DataPlane | undefined): boolean =>
  plane !== undefined && conditionOf(plane, 'Connected')?.status === 'True';

function synced(works: readonly PlaneWork[]): Finding {
  const behind = works.filter((work) => !isApplied(work));
  return behind.length === 0 ? yes('Applied') : no('Applying', `not applied yet: ${places(behind)}`);
}

function degraded(plane: DataPlane): Finding {
  const bad = (plane.status?.components ?? []).filter(
    ({ health }) => health === 'Degraded' || health === 'Missing',
  );
  if (bad.length === 0) return no('Healthy');
  return yes('ComponentsUnhealthy', bad.map(({ name, health }) => `${name} is ${health}`).join(', '));
}

type Tenants = NonNullable<NonNullable<DataPlane['status']>['tenants']>;
/** Operators see which tenants have trouble, by their namespaces; nothing of what is in them. */
function tenantsOn(clusters: readonly DataCluster[]): Tenants {
  const tenantOf = (cluster: DataCluster): string => (cluster.metadata.namespace ?? '').replace(/^tn-/, '');
  const unhealthy = new Map<string, string>();
  for (const cluster of clusters) {
    const ready = conditionOf(cluster, 'Ready');
    if (ready?.status === 'False') unhealthy.set(tenantOf(cluster), ready.reason);
  }
  return {
    count: new Set(clusters.map(tenantOf)).size,
    unhealthy: [...unhealthy]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, reason]) => ({ name, reason })),
  };
}

const places = (objects: readonly (DataCluster | PlaneWork)[]): string =>
  namesOf(
    objects.map((object) => ({
      metadata: { ...object.metadata, name: `${object.metadata.namespace ?? ''}/${object.metadata.name}` },
    })),
  );
