/** A PlaneWork is the rendered, ordered content of one data cluster on one data plane: the body of a bundle. */
import { defineKind, type ObjectFor } from '../api/kind.ts';
import { bool, embedded, int, list, listMap, obj, opt, str, time } from '../api/schema.ts';
import { semver } from './data-plane-config.ts';
import { identifier, objectName, prose } from './names.ts';
import { conditions, conditionStatus, observedGeneration } from './status.ts';

const owner = obj('The object the work was rendered from.', {
  apiVersion: opt(str('Group and version of the owner.', { maxLength: 317 })),
  kind: str('Kind of the owner.', { minLength: 1, maxLength: 63 }),
  namespace: opt(identifier('Namespace of the owner, when it has one.')),
  name: objectName('Name of the owner.'),
  uid: str('Identity of the owner.', { minLength: 1, maxLength: 64 }),
});

const sealed = obj('One sealed value.', {
  name: objectName('Name of the Secret that is made of it on the plane.'),
  namespace: opt(identifier('Namespace of that Secret.')),
  jwe: str('Encrypted for the plane; nobody else can open it.', { minLength: 1, maxLength: 262_144 }),
});

const policy = obj(
  'How the agent treats what it finds.',
  {
    drift: str('What happens to foreign changes.', { enum: ['Correct', 'Warn'], default: 'Correct' }),
    onOrphan: str('What happens to objects that lose their bundle without a tombstone.', {
      enum: ['Keep', 'Delete'],
      default: 'Keep',
    }),
  },
  { default: {} },
);

const spec = obj('What the plane must hold.', {
  dataPlane: objectName('DataPlane that applies the work.'),
  tenant: opt(identifier('Tenant the work belongs to.')),
  targetNamespace: opt(identifier('The one namespace on the plane that the manifests may touch.')),
  owner,
  revision: opt(
    int('Generation of the bundle, strictly increasing; metadata.generation counts when not set.', {
      format: 'int64',
      minimum: 0,
    }),
  ),
  manifests: list(
    'Complete objects in the order in which they are applied; no secret values.',
    embedded('One object.'),
    {
      maxItems: 1000,
      default: [],
    },
  ),
  sealed: opt(listMap('Secret values that only the plane can open.', 'name', sealed, { maxItems: 256 })),
  prune: bool('Whether objects that left the manifests are removed from the plane.', { default: true }),
  policy,
  dependsOn: opt(
    list('Works of the same tenant that must be applied first.', objectName('Name of a PlaneWork.'), {
      maxItems: 64,
    }),
  ),
  minAgent: opt(semver('Oldest agent that understands the work.')),
  tombstone: opt(
    obj('Set when everything of the work is to go.', {
      mode: str('Whether objects are removed or left behind unmanaged.', { enum: ['Delete', 'Orphan'] }),
      notBefore: opt(time('Earliest moment of the removal.')),
    }),
  ),
});

const resource = obj('One object on the plane.', {
  id: str('Group, kind, namespace and name in one word.', { minLength: 1, maxLength: 512 }),
  apiVersion: opt(str('Group and version.', { maxLength: 317 })),
  kind: opt(str('Kind.', { maxLength: 63 })),
  namespace: opt(str('Namespace.', { maxLength: 63 })),
  name: opt(str('Name.', { maxLength: 253 })),
  health: opt(
    str('How it is.', { enum: ['Healthy', 'Progressing', 'Suspended', 'Unknown', 'Missing', 'Degraded'] }),
  ),
  message: opt(prose('What is wrong, if anything.')),
});

const status = obj('Observed state, as the agent reports it.', {
  observedGeneration,
  phase: opt(
    str('Summary of the conditions; controllers never read it.', {
      enum: ['Pending', 'Applying', 'Applied', 'Rejected', 'Deleting'],
    }),
  ),
  appliedRevision: opt(
    int('Generation of the bundle that the plane holds.', { format: 'int64', minimum: 0 }),
  ),
  resources: opt(listMap('Objects on the plane.', 'id', resource, { maxItems: 2000 })),
  driftCorrections: opt(int('Foreign changes that were undone.', { format: 'int64', minimum: 0 })),
  conditions: conditions('Applied, Available, Finalizing'),
});

export const PlaneWork = defineKind({
  kind: 'PlaneWork',
  plural: 'planeworks',
  shortNames: ['pw'],
  scope: 'Namespaced',
  doc: 'Rendered content of one data cluster for one data plane, written by controllers and replayed by the agent.',
  spec,
  status,
  readOnlyForUsers: true,
  immutable: ['spec.dataPlane'],
  references: [{ field: 'spec.dataPlane', to: 'DataPlane', verb: 'place' }],
  selectableFields: ['spec.dataPlane', 'spec.targetNamespace', 'spec.owner.name'],
  columns: [
    { name: 'Plane', type: 'string', cell: (work) => work.spec.dataPlane },
    { name: 'Owner', type: 'string', cell: (work) => `${work.spec.owner.kind}/${work.spec.owner.name}` },
    { name: 'Objects', type: 'integer', cell: (work) => work.spec.manifests.length },
    { name: 'Applied', type: 'string', cell: (work) => conditionStatus(work, 'Applied') },
    { name: 'Available', type: 'string', cell: (work) => conditionStatus(work, 'Available') },
    { name: 'Revision', type: 'integer', wide: true, cell: (work) => work.status?.appliedRevision },
    { name: 'Namespace', type: 'string', wide: true, cell: (work) => work.spec.targetNamespace },
  ],
});
export type PlaneWork = ObjectFor<typeof PlaneWork>;
