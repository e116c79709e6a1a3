/** v1 PersistentVolumeClaim. */
import { cause } from '../../api/causes.ts';
import type { Cause } from '../../api/errors.ts';
import { isObject, type Json } from '../../api/json.ts';
import { defineNative, type ObjectFor } from '../../api/kind.ts';
import { opt, type Value } from '../../api/schema.ts';
import { accessModesText, capacityText, checkAccessModes } from './access-modes.ts';
import { claimSpec, claimStatus } from './claim-spec.ts';

export const PersistentVolumeClaim = defineNative({
  group: '',
  version: 'v1',
  kind: 'PersistentVolumeClaim',
  plural: 'persistentvolumeclaims',
  shortNames: ['pvc'],
  scope: 'Namespaced',
  doc: 'Asks for storage that pods of the namespace may mount.',
  fields: { spec: claimSpec, status: opt(claimStatus) },
  columns: [
    {
      name: 'Status',
      type: 'string',
      cell: (claim) =>
        claim.metadata.deletionTimestamp === undefined ? (claim.status?.phase ?? '') : 'Terminating',
    },
    { name: 'Volume', type: 'string', cell: (claim) => claim.spec.volumeName ?? '' },
    { name: 'Capacity', type: 'string', cell: (claim) => capacityText(claim.status?.capacity) },
    { name: 'Access Modes', type: 'string', cell: (claim) => accessModesText(claim.status?.accessModes) },
    { name: 'StorageClass', type: 'string', cell: (claim) => claim.spec.storageClassName ?? '' },
    {
      name: 'VolumeAttributesClass',
      type: 'string',
      cell: (claim) => claim.spec.volumeAttributesClassName ?? '<unset>',
    },
    { name: 'VolumeMode', type: 'string', wide: true, cell: (claim) => claim.spec.volumeMode },
  ],
  immutable: [
    'spec.accessModes',
    'spec.selector',
    'spec.storageClassName',
    'spec.volumeMode',
    'spec.dataSource',
  ],
  prepare: (object) => ({ ...object, status: { phase: 'Pending', ...fieldsOf(object['status']) } }),
  check: (claim) => checkClaim(claim.spec),
});
export type PersistentVolumeClaim = ObjectFor<typeof PersistentVolumeClaim>;

const fieldsOf = (value: Json | undefined): Readonly<Record<string, Json>> => (isObject(value) ? value : {});

/** source: core validation ValidatePersistentVolumeClaimSpec. */
function checkClaim(spec: Value<typeof claimSpec>): readonly Cause[] {
  return [
    ...checkAccessModes(spec.accessModes),
    ...(spec.resources?.requests?.['storage'] === undefined
      ? [cause.required('spec.resources[storage]')]
      : []),
  ];
}
