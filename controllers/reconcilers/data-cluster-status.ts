/** What a DataCluster's status says. Pure. */
import type { DataCluster } from '../../apiserver/kinds/data-cluster.ts';
import type { PlaneWork } from '../../apiserver/kinds/plane-work.ts';
import type { StatusDraft } from './core/commit.ts';
import { no, summarise, yes, type Finding } from './core/conditions.ts';
import { WAITING_FOR_DATA_PLANE } from './data-cluster-deletion.ts';
import { isApplied, rejection } from './plane-work-state.ts';

type Status = NonNullable<DataCluster['status']>;

export interface Observation {
  readonly cluster: DataCluster;
  readonly placed: Finding;
  /** Absent until it is placed. */
  readonly work: PlaneWork | undefined;
  /** Templates that could not be rendered. */
  readonly problems: readonly string[];
  readonly suspended: boolean;
  readonly planeConnected: boolean;
}

export function describeCluster(seen: Observation): StatusDraft<Status> {
  const { cluster, work } = seen;
  const slice = sliceFinding(seen);
  const findings: Record<string, Finding | undefined> = {
    Placed: seen.placed,
    NamespaceReady: slice,
    NetworkReady: slice,
    TemplatesReady: seen.problems.length === 0 ? undefined : no('MissingValues', seen.problems.join('; ')),
    ...serviceFindings(cluster),
  };
  const base = summarise(findings);
  const applied = work !== undefined && isApplied(work);
  const ready = seen.suspended && base.status === 'True' ? no('Suspended', 'it is suspended') : base;
  return {
    conditions: { ...findings, Suspended: suspension(seen.suspended, applied), Ready: ready },
    fields: {
      phase: phaseOf(seen, base, applied),
      ...(work?.spec.targetNamespace === undefined
        ? {}
        : {
            namespace: work.spec.targetNamespace,
            resources: [namespaceResource(work.spec.targetNamespace, seen, slice)],
          }),
    },
  };
}

function suspension(wanted: boolean, applied: boolean): Finding {
  if (!wanted) return no('NotSuspended');
  return applied ? yes('Suspended') : no('Suspending', 'waiting for the plane to stop what runs');
}

/** Whether the namespace on the plane is what was rendered; an update under way does not make it less ready. */
function sliceFinding({ placed, work, planeConnected }: Observation): Finding {
  if (work === undefined) return no(placed.reason, 'it is not placed yet');
  const refused = rejection(work);
  if (refused !== undefined) return no('Rejected', refused);
  if (isApplied(work)) return yes('Applied');
  if (stands(work)) return yes('Updating', 'a change is on its way to the plane');
  return planeConnected
    ? no('Applying', 'waiting for the plane')
    : no(WAITING_FOR_DATA_PLANE, `data plane "${work.spec.dataPlane}" is not connected`);
}

/** The plane holds some generation of it, so what runs there goes on. */
const stands = (work: PlaneWork | undefined): boolean => (work?.status?.appliedRevision ?? 0) > 0;

const SERVICE_CONDITIONS = {
  database: 'DatabaseReady',
  objectStorage: 'ObjectStorageReady',
  vector: 'VectorReady',
  search: 'SearchReady',
  pipelines: 'PipelinesReady',
} as const;

/** One condition per service asked for. No driver is part of this version, and the status says so. */
function serviceFindings(cluster: DataCluster): Record<string, Finding | undefined> {
  const { services } = cluster.spec;
  return Object.fromEntries(
    Object.entries(SERVICE_CONDITIONS).map(([service, type]) => [
      type,
      services[service as keyof typeof SERVICE_CONDITIONS] === undefined
        ? undefined
        : no('NoDriver', `no driver for ${service} is installed`),
    ]),
  );
}

function phaseOf(seen: Observation, base: Finding, applied: boolean): NonNullable<Status['phase']> {
  if (seen.placed.status !== 'True') return 'Pending';
  if (seen.suspended && applied) return 'Suspended';
  if (base.status === 'True') return 'Ready';
  if (base.reason !== 'Rejected') return 'Provisioning';
  return stands(seen.work) ? 'Degraded' : 'Failed';
}

function namespaceResource(
  name: string,
  seen: Observation,
  slice: Finding,
): NonNullable<Status['resources']>[number] {
  const isThere = slice.status === 'True';
  if (isThere && seen.suspended) return { service: 'namespace', name, state: 'Suspended' };
  if (isThere) return { service: 'namespace', name, state: 'Ready' };
  return { service: 'namespace', name, state: stands(seen.work) ? 'Degraded' : 'Creating' };
}
