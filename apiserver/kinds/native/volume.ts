/** Volumes of a pod. source: core/v1 Volume; sources of retired drivers are kept as they are sent. */
import { OBJECT_META_SCHEMA } from '../../api/meta-schema.ts';
import {
  anyObject,
  bool,
  int,
  list,
  map,
  obj,
  opt,
  quantity,
  type OptionalNode,
  type Value,
} from '../../api/schema.ts';
import { labelSelector } from '../fields.ts';
import { fieldRef, resourceFieldRef } from './container.ts';
import { claimSpec } from './claim-spec.ts';
import { localReference, text } from './fields.ts';

const mode = (description: string, value?: number): ReturnType<typeof int> =>
  int(description, value === undefined ? {} : { default: value });

const items = opt(
  list(
    'Keys that become files; all of them when not set.',
    obj('One key.', {
      key: text('Key.'),
      path: text('Path of the file.'),
      mode: opt(mode('Permissions of the file.')),
    }),
  ),
);
const optional = opt(bool('Whether the pod starts when it is missing.'));

const downwardItems = opt(
  list(
    'Facts about the pod that become files.',
    obj('One file.', {
      path: text('Path of the file.'),
      fieldRef: opt(fieldRef),
      resourceFieldRef: opt(resourceFieldRef),
      mode: opt(mode('Permissions of the file.')),
    }),
  ),
);

const projected = obj('Several sources in one directory.', {
  defaultMode: mode('Permissions of files.', 420),
  sources: opt(
    list(
      'The sources.',
      obj('One source.', {
        secret: opt(obj('Keys of a Secret.', { name: text('Name.', { default: '' }), items, optional })),
        configMap: opt(
          obj('Keys of a ConfigMap.', { name: text('Name.', { default: '' }), items, optional }),
        ),
        downwardAPI: opt(obj('Facts about the pod.', { items: downwardItems })),
        serviceAccountToken: opt(
          obj('A token of the service account.', {
            audience: opt(text('Who the token is for.')),
            expirationSeconds: int('How long it is valid.', { format: 'int64', default: 3600 }),
            path: text('Path of the file.'),
          }),
        ),
        clusterTrustBundle: opt(
          obj('Certificates that are trusted.', {
            name: opt(text('Name of the bundle.')),
            signerName: opt(text('Signer of the bundles.')),
            labelSelector: opt(labelSelector('Labels of the bundles.')),
            optional,
            path: text('Path of the file.'),
          }),
        ),
        podCertificate: opt(
          obj('A certificate for the pod.', {
            signerName: text('Who signs it.'),
            keyType: text('Type of the key.'),
            maxExpirationSeconds: opt(int('Longest validity.')),
            credentialBundlePath: opt(text('File with key and chain.')),
            keyPath: opt(text('File with the key.')),
            certificateChainPath: opt(text('File with the chain.')),
          }),
        ),
      }),
    ),
  ),
});

const retired = (driver: string): OptionalNode<Value<ReturnType<typeof anyObject>>> =>
  opt(anyObject(`Volume of the driver ${driver}.`));

export const volume = obj('One volume; exactly one source.', {
  name: text('Name of the volume, unique in the pod.'),
  emptyDir: opt(
    obj('An empty directory that lives as long as the pod.', {
      medium: opt(text('Memory keeps it in RAM.')),
      sizeLimit: opt(quantity('Most it may hold.')),
    }),
  ),
  hostPath: opt(
    obj('A path of the node.', {
      path: text('The path.'),
      type: text('What must be there.', { default: '' }),
    }),
  ),
  secret: opt(
    obj('A Secret as files.', {
      secretName: opt(text('Name of the Secret.')),
      items,
      defaultMode: mode('Permissions of files.', 420),
      optional,
    }),
  ),
  configMap: opt(
    obj('A ConfigMap as files.', {
      name: text('Name of the ConfigMap.', { default: '' }),
      items,
      defaultMode: mode('Permissions of files.', 420),
      optional,
    }),
  ),
  downwardAPI: opt(
    obj('Facts about the pod as files.', {
      items: downwardItems,
      defaultMode: mode('Permissions of files.', 420),
    }),
  ),
  projected: opt(projected),
  persistentVolumeClaim: opt(
    obj('A claim of the namespace.', {
      claimName: text('Name of the claim.'),
      readOnly: opt(bool('Whether it cannot be written.')),
    }),
  ),
  ephemeral: opt(
    obj('A claim that lives as long as the pod.', {
      volumeClaimTemplate: opt(
        obj('The claim.', {
          metadata: opt({ ...OBJECT_META_SCHEMA, description: 'Metadata of the claim.' }),
          spec: claimSpec,
        }),
      ),
    }),
  ),
  csi: opt(
    obj('A volume made by a driver for this pod.', {
      driver: text('Name of the driver.'),
      readOnly: opt(bool('Whether it cannot be written.')),
      fsType: opt(text('Type of the file system.')),
      volumeAttributes: opt(map('Settings of the driver.', text('Value.'))),
      nodePublishSecretRef: opt(localReference('Secret that the driver gets.')),
    }),
  ),
  nfs: opt(
    obj('A directory of an NFS server.', {
      server: text('Name of the server.'),
      path: text('Path at the server.'),
      readOnly: opt(bool('Whether it cannot be written.')),
    }),
  ),
  image: opt(
    obj('An image as files.', {
      reference: opt(text('Name of the image.')),
      pullPolicy: opt(text('When it is pulled.')),
    }),
  ),
  iscsi: retired('iscsi'),
  fc: retired('fc'),
  awsElasticBlockStore: retired('awsElasticBlockStore'),
  gcePersistentDisk: retired('gcePersistentDisk'),
  azureDisk: retired('azureDisk'),
  azureFile: retired('azureFile'),
  cephfs: retired('cephfs'),
  cinder: retired('cinder'),
  flexVolume: retired('flexVolume'),
  flocker: retired('flocker'),
  gitRepo: retired('gitRepo'),
  glusterfs: retired('glusterfs'),
  photonPersistentDisk: retired('photonPersistentDisk'),
  portworxVolume: retired('portworxVolume'),
  quobyte: retired('quobyte'),
  rbd: retired('rbd'),
  scaleIO: retired('scaleIO'),
  storageos: retired('storageos'),
  vsphereVolume: retired('vsphereVolume'),
});
