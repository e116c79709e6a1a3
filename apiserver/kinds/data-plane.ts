/** A DataPlane is one Kubernetes cluster that runs data clusters; its agent dials in and replays signed state. */
import { cause } from '../api/causes.ts';
import type { Cause } from '../api/errors.ts';
import { defineKind, type ObjectFor } from '../api/kind.ts';
import { compareQuantities, parseQuantity } from '../api/quantity.ts';
import { bool, int, obj, opt, set, str, type Value } from '../api/schema.ts';
import { chartConfiguration, infrastructureConfig, observability } from './data-plane-config.ts';
import { status } from './data-plane-status.ts';
import { labelSelector } from './fields.ts';
import { identifier, objectName, prose } from './names.ts';
import { conditionReason, conditionStatus } from './status.ts';

const seconds = (description: string, value: number): ReturnType<typeof int> =>
  int(description, { minimum: 5, maximum: 3600, default: value });

const intervals = obj(
  'How often the agent reports and repairs.',
  {
    heartbeatSeconds: seconds('Between two heartbeats.', 60),
    usageSeconds: seconds('Between two usage reports.', 120),
    reconcileSeconds: seconds('Between two full repairs; changes are repaired at once.', 300),
  },
  { default: {} },
);

const connectivity = obj('Optional networks between the control plane and the data plane.', {
  skupper: opt(
    obj('An application network that services may be exposed through.', {
      enabled: bool('Whether the network is set up.', { default: false }),
      site: opt(identifier('Name of the site on the data plane.')),
    }),
  ),
});

const spec = obj('Desired state.', {
  displayName: opt(prose('Name for people.', 128)),
  provider: opt(identifier('Where the cluster runs, such as aws, azure, gcp or baremetal.')),
  region: opt(identifier('Region of the provider; placement by residency compares it.')),
  mode: str('Who operates the cluster.', { enum: ['Hosted', 'OnPremise'], default: 'Hosted' }),
  roles: set(
    'What the cluster may be used for.',
    str('A role.', { enum: ['runtime', 'workflow', 'observability'] }),
    { minItems: 1, maxItems: 3, default: ['runtime', 'workflow'] },
  ),
  chartConfiguration: opt(chartConfiguration),
  infrastructureConfig: opt(infrastructureConfig),
  observability: opt(observability),
  observabilityPlaneRef: opt(objectName('DataPlane that receives metrics and logs of this one.')),
  allowedTenants: opt(labelSelector('Labels of tenants that may be placed here; every tenant when not set.')),
  cordoned: bool('Keeps new data clusters away; those that are placed stay.', { default: false }),
  intervals,
  connectivity: opt(connectivity),
  paused: bool('Stops the agent from changing anything; it goes on reporting.', { default: false }),
});

export const DataPlane = defineKind({
  kind: 'DataPlane',
  plural: 'dataplanes',
  shortNames: ['dp'],
  scope: 'Cluster',
  doc: 'A Kubernetes cluster that runs data clusters of tenants, reached only by the agent that dials out of it.',
  spec,
  status,
  references: [{ field: 'spec.observabilityPlaneRef', to: 'DataPlane', verb: 'use' }],
  selectableFields: ['spec.region', 'spec.provider', 'spec.mode', 'status.phase'],
  columns: [
    { name: 'Phase', type: 'string', cell: (plane) => plane.status?.phase },
    { name: 'Connected', type: 'string', cell: (plane) => conditionStatus(plane, 'Connected') },
    { name: 'Heartbeat', type: 'date', cell: (plane) => plane.status?.agent?.lastHeartbeatTime },
    { name: 'Tenants', type: 'integer', cell: (plane) => plane.status?.tenants?.count },
    { name: 'Worst', type: 'string', description: 'Component in the worst state.', cell: worstComponent },
    { name: 'Region', type: 'string', wide: true, cell: (plane) => plane.spec.region },
    { name: 'Charts', type: 'string', wide: true, cell: (plane) => charts(plane.status) },
    { name: 'CPU', type: 'string', wide: true, cell: (plane) => plane.status?.usage?.cpu },
    { name: 'Memory', type: 'string', wide: true, cell: (plane) => plane.status?.usage?.memory },
    { name: 'Storage', type: 'string', wide: true, cell: (plane) => plane.status?.usage?.storage },
    { name: 'Agent', type: 'string', wide: true, cell: (plane) => plane.status?.agent?.version },
    { name: 'Reason', type: 'string', wide: true, cell: (plane) => conditionReason(plane, 'Connected') },
  ],
  check: (plane, old) => [
    ...checkSelf(plane.metadata.name, plane.spec.observabilityPlaneRef),
    ...checkStorage(plane.spec.infrastructureConfig, old?.spec.infrastructureConfig),
  ],
});
export type DataPlane = ObjectFor<typeof DataPlane>;

/** From best to worst. */
const HEALTH: readonly string[] = ['Healthy', 'Progressing', 'Suspended', 'Unknown', 'Missing', 'Degraded'];

type Status = Value<typeof status>;
interface WithStatus {
  readonly status?: Status;
}

/** A cell: name and health of the component in the worst state, nothing before the first report. */
function worstComponent(plane: WithStatus): string | undefined {
  const badness = (health: string): number => HEALTH.indexOf(health);
  const [first, ...others] = plane.status?.components ?? [];
  if (first === undefined) return undefined;
  const worst = others.reduce((a, b) => (badness(b.health) > badness(a.health) ? b : a), first);
  return `${worst.name}=${worst.health}`;
}

/** A cell: name and version of every chart; `from->to` while it is being changed. */
function charts(reported: Status | undefined): string | undefined {
  return reported?.charts
    ?.map(({ name, version, target }) =>
      target === undefined || target === version
        ? `${name}@${version ?? ''}`
        : `${name}@${version ?? ''}->${target}`,
    )
    .join(',');
}

function checkSelf(name: string, observabilityPlaneRef: string | undefined): readonly Cause[] {
  if (observabilityPlaneRef !== name) return [];
  return [
    cause.forbidden('spec.observabilityPlaneRef', 'a data plane cannot be its own observability plane'),
  ];
}

/** Volumes grow but never shrink, so a smaller size could never be reached. */
function checkStorage(now: Infrastructure | undefined, before: Infrastructure | undefined): readonly Cause[] {
  const sizes = (
    config: Infrastructure | undefined,
  ): Readonly<Record<string, string | number | undefined>> => ({
    'postgresql.storage': config?.postgresql?.storage,
    'minio.volumeSize': config?.minio?.volumeSize,
    'qdrant.storage': config?.qdrant?.storage,
    'meilisearch.storage': config?.meilisearch?.storage,
  });
  const wanted = sizes(now);
  return Object.entries(sizes(before)).flatMap(([path, old]) => {
    const size = wanted[path];
    if (old === undefined || size === undefined || !shrinks(old, size)) return [];
    return [
      cause.invalid(`spec.infrastructureConfig.${path}`, size, `storage cannot shrink, it is ${old} now`),
    ];
  });
}
function shrinks(old: string | number, size: string | number): boolean {
  const before = parseQuantity(old);
  const after = parseQuantity(size);
  return before !== undefined && after !== undefined && compareQuantities(after, before) < 0;
}
type Infrastructure = Value<typeof infrastructureConfig>;
