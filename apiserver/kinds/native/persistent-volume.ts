/** v1 PersistentVolume; sources of retired drivers are kept as they are sent. */
import { cause } from '../../api/causes.ts';
import type { Cause } from '../../api/errors.ts';
import { isObject } from '../../api/json.ts';
import { defineNative, type ObjectFor } from '../../api/kind.ts';
import {
  anyObject,
  bool,
  list,
  map,
  obj,
  opt,
  str,
  time,
  type OptionalNode,
  type Value,
} from '../../api/schema.ts';
import { accessModesText, capacityText, checkAccessModes } from './access-modes.ts';
import { nodeSelector } from './affinity.ts';
import { objectReference, resourceList, text } from './fields.ts';

const secret = (description: string): OptionalNode<{ readonly name?: string; readonly namespace?: string }> =>
  opt(
    obj(
      description,
      { name: opt(text('Name of the Secret.')), namespace: opt(text('Namespace of the Secret.')) },
      { mapType: 'atomic' },
    ),
  );
const retired = (driver: string): OptionalNode<Value<ReturnType<typeof anyObject>>> =>
  opt(anyObject(`Volume of the driver ${driver}.`));
const readOnly = opt(bool('Whether it cannot be written.'));

const sources = {
  csi: opt(
    obj('A volume of a driver.', {
      driver: text('Name of the driver.'),
      volumeHandle: text('Name of the volume at the driver.'),
      readOnly,
      fsType: opt(text('Type of the file system.')),
      volumeAttributes: opt(map('Settings of the driver.', text('Value.'))),
      controllerPublishSecretRef: secret('Secret for attaching.'),
      nodeStageSecretRef: secret('Secret for staging.'),
      nodePublishSecretRef: secret('Secret for mounting.'),
      controllerExpandSecretRef: secret('Secret for growing.'),
      nodeExpandSecretRef: secret('Secret for growing on the node.'),
    }),
  ),
  hostPath: opt(
    obj('A path of the node.', {
      path: text('The path.'),
      type: text('What must be there.', { default: '' }),
    }),
  ),
  local: opt(
    obj('A disk or directory of one node.', {
      path: text('The path.'),
      fsType: opt(text('Type of the file system.')),
    }),
  ),
  nfs: opt(
    obj('A directory of an NFS server.', {
      server: text('Name of the server.'),
      path: text('Path at the server.'),
      readOnly,
    }),
  ),
  awsElasticBlockStore: retired('awsElasticBlockStore'),
  azureDisk: retired('azureDisk'),
  azureFile: retired('azureFile'),
  cephfs: retired('cephfs'),
  cinder: retired('cinder'),
  fc: retired('fc'),
  flexVolume: retired('flexVolume'),
  flocker: retired('flocker'),
  gcePersistentDisk: retired('gcePersistentDisk'),
  glusterfs: retired('glusterfs'),
  iscsi: retired('iscsi'),
  photonPersistentDisk: retired('photonPersistentDisk'),
  portworxVolume: retired('portworxVolume'),
  quobyte: retired('quobyte'),
  rbd: retired('rbd'),
  scaleIO: retired('scaleIO'),
  storageos: retired('storageos'),
  vsphereVolume: retired('vsphereVolume'),
};

const spec = obj('Where the storage is and how it may be used.', {
  ...sources,
  capacity: opt(resourceList('What it holds.')),
  accessModes: opt(list('How it may be mounted.', text('A mode.'))),
  claimRef: opt({ ...objectReference('Claim that has it.'), mapType: 'granular' }),
  persistentVolumeReclaimPolicy: str('What becomes of it when its claim is gone.', {
    enum: ['Delete', 'Recycle', 'Retain'],
    default: 'Retain',
  }),
  storageClassName: opt(text('Class of the storage.')),
  mountOptions: opt(list('Options for mounting.', text('An option.'))),
  volumeMode: str('Whether it is a file system or a block device.', {
    enum: ['Filesystem', 'Block'],
    default: 'Filesystem',
  }),
  nodeAffinity: opt(obj('Nodes that reach it.', { required: opt(nodeSelector) })),
  volumeAttributesClassName: opt(text('Class of attributes that may change.')),
});

const status = obj('Observed state.', {
  phase: opt(text('Pending, Available, Bound, Released or Failed.')),
  message: opt(text('Explanation for people.')),
  reason: opt(text('Machine-readable cause.')),
  lastPhaseTransitionTime: opt(time('When the phase last changed.')),
});

export const PersistentVolume = defineNative({
  group: '',
  version: 'v1',
  kind: 'PersistentVolume',
  plural: 'persistentvolumes',
  shortNames: ['pv'],
  scope: 'Cluster',
  doc: 'A piece of storage that claims of any namespace may get.',
  fields: { spec, status: opt(status) },
  immutable: ['spec.volumeMode'],
  columns: [
    { name: 'Capacity', type: 'string', cell: (volume) => capacityText(volume.spec.capacity) },
    { name: 'Access Modes', type: 'string', cell: (volume) => accessModesText(volume.spec.accessModes) },
    { name: 'Reclaim Policy', type: 'string', cell: (volume) => volume.spec.persistentVolumeReclaimPolicy },
    {
      name: 'Status',
      type: 'string',
      cell: (volume) =>
        volume.metadata.deletionTimestamp === undefined ? (volume.status?.phase ?? '') : 'Terminating',
    },
    { name: 'Claim', type: 'string', cell: ({ spec: { claimRef } }) => claimText(claimRef) },
    { name: 'StorageClass', type: 'string', cell: (volume) => volume.spec.storageClassName ?? '' },
    {
      name: 'VolumeAttributesClass',
      type: 'string',
      cell: (volume) => volume.spec.volumeAttributesClassName ?? '<unset>',
    },
    { name: 'Reason', type: 'string', cell: (volume) => volume.status?.reason ?? '' },
    { name: 'VolumeMode', type: 'string', wide: true, cell: (volume) => volume.spec.volumeMode },
  ],
  prepare: (object) => ({
    ...object,
    status: { phase: 'Pending', ...(isObject(object['status']) ? object['status'] : {}) },
  }),
  check: (volume) => checkVolume(volume.spec),
});
export type PersistentVolume = ObjectFor<typeof PersistentVolume>;

const claimText = (claim: { readonly namespace?: string; readonly name?: string } | undefined): string =>
  claim === undefined ? '' : `${claim.namespace ?? ''}/${claim.name ?? ''}`;

/** source: core validation ValidatePersistentVolumeSpec. */
function checkVolume(volume: Value<typeof spec>): readonly Cause[] {
  const given = Object.keys(sources).filter((name) => Object.hasOwn(volume, name));
  return [
    ...checkAccessModes(volume.accessModes),
    ...(Object.keys(volume.capacity ?? {}).length === 0 ? [cause.required('spec.capacity')] : []),
    ...(given.length === 0 ? [cause.required('spec', 'must specify a volume type')] : []),
    ...given
      .slice(1)
      .map((name) => cause.forbidden(`spec.${name}`, 'may not specify more than 1 volume type')),
    ...(volume.local !== undefined && volume.nodeAffinity === undefined
      ? [cause.required('spec.nodeAffinity', 'Local volume requires node affinity')]
      : []),
  ];
}
