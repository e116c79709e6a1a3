/** Object metadata as server-side apply walks it: merge types only, no validation. */
import {
  any,
  bool,
  int,
  list,
  listMap,
  map,
  obj,
  opt,
  set,
  str,
  time,
  type Schema,
} from '../../api/schema.ts';

const ownerReference = obj(
  'An object that this one depends on.',
  {
    apiVersion: str('Version of the owner.'),
    kind: str('Kind of the owner.'),
    name: str('Name of the owner.'),
    uid: str('UID of the owner.'),
    controller: opt(bool('The owner is the managing controller.')),
    blockOwnerDeletion: opt(bool('The owner waits in foreground deletion.')),
  },
  { mapType: 'atomic' },
);

/** source: meta/v1 ObjectMeta with its x-kubernetes list and map types. */
export const OBJECT_META: Schema = obj('Standard object metadata.', {
  name: opt(str('Name.')),
  generateName: opt(str('Prefix of a generated name.')),
  namespace: opt(str('Namespace.')),
  selfLink: opt(str('Unused since Kubernetes 1.20.')),
  uid: opt(str('Unique identifier.')),
  resourceVersion: opt(str('Version of the stored object.')),
  generation: opt(int('Version of the desired state.')),
  creationTimestamp: opt(time('Time of creation.')),
  deletionTimestamp: opt(time('Time of the delete request.')),
  deletionGracePeriodSeconds: opt(int('Seconds until removal.')),
  labels: opt(map('Labels.', str('Value.'))),
  annotations: opt(map('Annotations.', str('Value.'))),
  ownerReferences: opt(listMap('Owners.', 'uid', ownerReference)),
  finalizers: opt(set('Finalizers.', str('Name.'))),
  managedFields: opt(list('Owners of fields.', any('Entry.'))),
});
