/** apps/v1 StatefulSet. */
import { defineNative, type ObjectFor } from '../../api/kind.ts';
import { OBJECT_META_SCHEMA } from '../../api/meta-schema.ts';
import { int, intOrString, list, obj, opt, str } from '../../api/schema.ts';
import { claimSpec, claimStatus } from './claim-spec.ts';
import { plainConditions, text } from './fields.ts';
import { checkPodSpec, checkSelector, fillTemplate, podTemplate } from './pod-template.ts';
import { containersColumn, count, fillRollingUpdate, imagesColumn, selector } from './workload.ts';

const RETENTION = { enum: ['Retain', 'Delete'], default: 'Retain' } as const;

const spec = obj('Desired state.', {
  replicas: int('Number of pods.', { minimum: 0, default: 1 }),
  selector,
  template: podTemplate,
  volumeClaimTemplates: opt(
    list(
      'Claims that every pod gets for itself.',
      obj('One claim.', {
        apiVersion: opt(text('Always v1.')),
        kind: opt(text('Always PersistentVolumeClaim.')),
        metadata: {
          ...OBJECT_META_SCHEMA,
          description: 'Metadata of the claim; the name is that of a volume.',
        },
        spec: claimSpec,
        status: opt(claimStatus),
      }),
    ),
  ),
  serviceName: text('Service that gives the pods their names.', { default: '' }),
  podManagementPolicy: str('Whether pods start one after the other.', {
    enum: ['OrderedReady', 'Parallel'],
    default: 'OrderedReady',
  }),
  updateStrategy: obj(
    'How old pods are replaced by new ones.',
    {
      type: str('By itself, or only when pods are deleted.', {
        enum: ['RollingUpdate', 'OnDelete'],
        default: 'RollingUpdate',
      }),
      rollingUpdate: opt(
        obj('How pods are replaced by themselves.', {
          partition: opt(int('Pods below this number stay as they are.')),
          maxUnavailable: opt(intOrString('Number or percentage that may be missing meanwhile.')),
        }),
      ),
    },
    { default: {} },
  ),
  revisionHistoryLimit: int('Old revisions that are kept.', { minimum: 0, default: 10 }),
  minReadySeconds: opt(int('How long a pod must be ready to count as available.', { minimum: 0 })),
  persistentVolumeClaimRetentionPolicy: obj(
    'What happens to claims.',
    {
      whenDeleted: str('When the set is deleted.', RETENTION),
      whenScaled: str('When the set gets smaller.', RETENTION),
    },
    { default: {} },
  ),
  ordinals: opt(obj('Numbers of the pods.', { start: opt(int('The first number.', { minimum: 0 })) })),
});

const status = obj('Observed state.', {
  observedGeneration: opt(int('Generation that was acted on last.', { format: 'int64' })),
  replicas: count('Number of pods.'),
  readyReplicas: count('Pods that are ready.'),
  currentReplicas: count('Pods of the old revision.'),
  updatedReplicas: count('Pods of the new revision.'),
  availableReplicas: count('Pods that have been ready long enough.'),
  currentRevision: opt(text('The old revision.')),
  updateRevision: opt(text('The new revision.')),
  collisionCount: count('Collisions of the hash of the template.'),
  conditions: plainConditions,
});

export const StatefulSet = defineNative({
  group: 'apps',
  version: 'v1',
  kind: 'StatefulSet',
  plural: 'statefulsets',
  shortNames: ['sts'],
  categories: ['all'],
  scope: 'Namespaced',
  doc: 'Keeps pods with names and storage of their own running.',
  fields: { spec, status: opt(status) },
  scale: { specReplicas: 'spec.replicas', statusReplicas: 'status.replicas', labelSelector: 'spec.selector' },
  immutable: ['spec.selector', 'spec.serviceName', 'spec.podManagementPolicy', 'spec.volumeClaimTemplates'],
  columns: [
    {
      name: 'Ready',
      type: 'string',
      cell: (set) => `${set.status?.readyReplicas ?? 0}/${set.spec.replicas}`,
    },
    containersColumn,
    imagesColumn,
  ],
  prepare: (object) =>
    fillTemplate(fillRollingUpdate(object, 'updateStrategy', { partition: 0 }), ['spec', 'template']),
  check: ({ spec: wanted }) => [
    ...checkSelector(wanted.selector, wanted.template),
    ...checkPodSpec(withClaims(wanted), 'spec.template.spec'),
  ],
});
export type StatefulSet = ObjectFor<typeof StatefulSet>;

type Spec = StatefulSetSpec;
interface StatefulSetSpec {
  readonly template: { readonly spec: Parameters<typeof checkPodSpec>[0] };
  readonly volumeClaimTemplates?: readonly { readonly metadata: { readonly name?: string } }[];
}

/** Claims of the set may be mounted like volumes of the pod. */
function withClaims({ template, volumeClaimTemplates = [] }: Spec): Parameters<typeof checkPodSpec>[0] {
  const claims = volumeClaimTemplates.map((claim) => ({ name: claim.metadata.name ?? '' }));
  return { ...template.spec, volumes: [...(template.spec.volumes ?? []), ...claims] };
}
