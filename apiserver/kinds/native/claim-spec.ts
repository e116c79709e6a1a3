/** What a claim for storage asks for. source: core/v1 PersistentVolumeClaimSpec. */
import { list, obj, opt, str } from '../../api/schema.ts';
import { labelSelector } from '../fields.ts';
import { resourceList, text } from './fields.ts';

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
