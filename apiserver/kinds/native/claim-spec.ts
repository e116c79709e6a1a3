/** What a claim for storage asks for and what it got. source: core/v1 PersistentVolumeClaimSpec and Status. */
import { list, listMap, map, obj, opt, str, time } from '../../api/schema.ts';
import { labelSelector } from '../fields.ts';
import { conditionFields, resourceList, text } from './fields.ts';

const source = {
  apiGroup: opt(text('Group of the source; empty for the core group.')),
  kind: text('Kind of the source.'),
  name: text('Name of the source.'),
};

export const claimSpec = obj('What is asked for.', {
  accessModes: opt(list('How the storage may be mounted.', text('A mode.'))),
  selector: opt(labelSelector('Labels of volumes that are considered.')),
  resources: opt(
    obj('Amounts.', {
      limits: opt(resourceList('Most that is acceptable.')),
      requests: opt(resourceList('Least that is needed.')),
    }),
  ),
  volumeName: opt(text('Volume that is bound.')),
  storageClassName: opt(text('Class of the storage.')),
  volumeMode: str('Whether it is a file system or a block device.', {
    enum: ['Filesystem', 'Block'],
    default: 'Filesystem',
  }),
  dataSource: opt(obj('What it is filled from.', source, { mapType: 'atomic' })),
  dataSourceRef: opt(
    obj('What it is filled from, possibly from another namespace.', {
      ...source,
      namespace: opt(text('Namespace of the source.')),
    }),
  ),
  volumeAttributesClassName: opt(text('Class of attributes that may change.')),
});

/** source: core/v1 PersistentVolumeClaimStatus. */
export const claimStatus = obj('Observed state.', {
  phase: opt(text('Pending, Bound or Lost.')),
  accessModes: opt(list('How the volume may be mounted.', text('A mode.'))),
  capacity: opt(resourceList('What the volume holds.')),
  conditions: opt(
    listMap(
      'Aspects of the state.',
      'type',
      obj('One aspect.', { ...conditionFields, lastProbeTime: opt(time('When it was last looked at.')) }),
    ),
  ),
  allocatedResources: opt(resourceList('What was set aside for it.')),
  allocatedResourceStatuses: opt(map('State of a change of size.', text('State.'))),
  currentVolumeAttributesClassName: opt(text('Class of attributes in force.')),
  modifyVolumeStatus: opt(
    obj('State of a change of attributes.', {
      targetVolumeAttributesClassName: opt(text('Wanted class.')),
      status: text('Where the change stands.'),
    }),
  ),
});
