/** Schemas of the metadata every object and every list carries. source: meta/v1 ObjectMeta and ListMeta. */
import { anyObject, bool, int, list, listMap, map, obj, opt, set, str, time } from './schema.ts';

/** Annotations may be this large in total. source: TotalAnnotationSizeLimitB. */
export const MAX_ANNOTATION_BYTES = 256 * 1024;

export const OWNER_REFERENCE_SCHEMA = obj(
  'Names an object that owns this one. When every owner is gone, this object is deleted too.',
  {
    apiVersion: str('Group and version of the owner.'),
    kind: str('Kind of the owner.'),
    name: str('Name of the owner.'),
    uid: str('UID of the owner; a new object of the same name does not inherit ownership.'),
    controller: opt(bool('True for the one owner that manages this object.')),
    blockOwnerDeletion: opt(
      bool('True keeps the owner in place under foreground deletion until this object is gone.'),
    ),
  },
  { mapType: 'atomic' },
);

export const MANAGED_FIELDS_ENTRY_SCHEMA = obj('Which fields one manager has set.', {
  manager: opt(str('Name of the manager, the fieldManager of its requests.')),
  operation: opt(str('How the fields were set: Apply or Update.')),
  apiVersion: opt(str('Version of the object in which the fields are written down.')),
  time: opt(time('When the set of fields, or one of their values, last changed.')),
  fieldsType: opt(str('Format of the field set; FieldsV1 is the only one.')),
  fieldsV1: opt(anyObject('The set of fields in the FieldsV1 format.')),
  subresource: opt(str('Subresource through which the fields were set; empty for the object itself.')),
});

export const OBJECT_META_SCHEMA = obj('Identity, labels and lifecycle of an object.', {
  name: opt(str('Unique among objects of the same kind in the same namespace; cannot be changed.')),
  generateName: opt(
    str(
      'Prefix from which the server makes a unique name when name is left out. Not stored as the name itself.',
    ),
  ),
  namespace: opt(
    str('Space within which the name is unique; empty for cluster-scoped kinds. Cannot be changed.'),
  ),
  selfLink: opt(str('No longer filled in; accepted from old clients and dropped.')),
  uid: opt(str('Unique over all time; set by the server.')),
  resourceVersion: opt(
    str(
      'Version of this object for concurrency control and for watches. Send back what you read; treat as opaque.',
    ),
  ),
  generation: opt(int('Counts changes of the desired state; set by the server.', { format: 'int64' })),
  creationTimestamp: opt(time('When the object was created; set by the server.')),
  deletionTimestamp: opt(
    time(
      'When deletion was asked for; the object goes away once its finalizers are empty. Set by the server.',
    ),
  ),
  deletionGracePeriodSeconds: opt(
    int('Seconds the object may take to end after deletion was asked for; set by the server.', {
      format: 'int64',
    }),
  ),
  labels: opt(map('Short keys and values to select objects by.', str('Value of one label.'))),
  annotations: opt(
    map(
      'Free-form keys and values that tools keep with the object; they cannot be selected by.',
      str('Value of one annotation.'),
    ),
  ),
  ownerReferences: opt(
    listMap(
      'Objects this one depends on; at most one of them is its controller.',
      'uid',
      OWNER_REFERENCE_SCHEMA,
    ),
  ),
  finalizers: opt(
    set('Names of the parties that must act before the object may go away.', str('Name of one finalizer.'), {
      patchStrategy: 'merge',
    }),
  ),
  managedFields: opt(
    list('Who set which fields; kept by the server for server-side apply.', MANAGED_FIELDS_ENTRY_SCHEMA),
  ),
});

export const LIST_META_SCHEMA = obj('Metadata of a list.', {
  continue: opt(str('Token for the next page; empty on the last one. Treat as opaque.')),
  remainingItemCount: opt(
    int('How many items follow this page; absent when unknown or when selectors are used.', {
      format: 'int64',
    }),
  ),
  resourceVersion: opt(str('Version of the collection; start a watch from it. Treat as opaque.')),
  selfLink: opt(str('No longer filled in.')),
});
