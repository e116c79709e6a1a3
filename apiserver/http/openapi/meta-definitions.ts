/** The types that every group's documents share: metadata, options, answers. source: meta/v1, autoscaling/v1. */
import { LIST_META_SCHEMA, OBJECT_META_SCHEMA } from '../../api/meta-schema.ts';
import { API_VERSION_SCHEMA, KIND_SCHEMA } from '../../api/object-schema.ts';
import { bool, int, list, obj, opt, str, type Schema } from '../../api/schema.ts';
import { metaName, scaleName, type MetaType, type Origin } from './names.ts';
import { describedReference, toOpenApi, type Node, type Version } from './node.ts';

const typeFields = { apiVersion: API_VERSION_SCHEMA, kind: KIND_SCHEMA };

const deleteOptions = obj('How to delete; may be sent as the body of a delete request.', {
  ...typeFields,
  dryRun: opt(list('All: answer as if, but keep the object.', str('All.'))),
  gracePeriodSeconds: opt(int('Seconds the object may take to end; not negative.', { format: 'int64' })),
  orphanDependents: opt(bool('Old form of propagationPolicy: true is Orphan, false is Background.')),
  preconditions: opt(
    obj('Delete only while these still hold; 409 otherwise.', {
      resourceVersion: opt(str('Version the object must have.')),
      uid: opt(str('UID the object must have.')),
    }),
  ),
  propagationPolicy: opt(str('What happens to dependents: Background (default), Foreground or Orphan.')),
});

const statusDetails = obj('Details that depend on the reason.', {
  causes: opt(
    list(
      'One entry per problem.',
      obj('One problem.', {
        field: opt(str('Path of the field, such as spec.parts[0].name.')),
        message: opt(str('What is wrong, for people.')),
        reason: opt(str('What is wrong, for machines.')),
      }),
    ),
  ),
  group: opt(str('API group of the object.')),
  kind: opt(str('Resource or kind of the object.')),
  name: opt(str('Name of the object.')),
  retryAfterSeconds: opt(int('Seconds to wait before trying again.')),
  uid: opt(str('UID of the object.')),
});

const status = obj('Outcome of a request that returns no object.', {
  ...typeFields,
  code: opt(int('HTTP status code.')),
  details: opt(statusDetails),
  message: opt(str('What happened, for people.')),
  metadata: opt(LIST_META_SCHEMA),
  reason: opt(str('What happened, for machines.')),
  status: opt(str('Success or Failure.')),
});

const patch: Schema = {
  kind: 'object',
  description: 'A change to an object, in the form its content type names.',
};

const SCHEMAS: Readonly<Record<MetaType, Schema>> = {
  ObjectMeta: OBJECT_META_SCHEMA,
  ListMeta: LIST_META_SCHEMA,
  DeleteOptions: deleteOptions,
  Patch: patch,
  Status: status,
};

const scaleSpec = obj('Desired size.', { replicas: opt(int('How many instances there should be.')) });
const scaleStatus = obj('Observed size.', {
  replicas: int('How many instances there are.'),
  selector: opt(str('Label selector of the instances, as text.')),
});

/** The shared definitions under the names of one origin. None of them carries a group, version and kind. */
export function metaDefinitions(origin: Origin, version: Version): Node {
  const types = Object.entries(SCHEMAS) as [MetaType, Schema][];
  return Object.fromEntries(
    types.map(([type, schema]) => [metaName(origin, type), toOpenApi(schema, version)]),
  );
}

/** `autoscaling/v1 Scale`, for kinds that have `/scale`. */
export function scaleDefinition(origin: Origin, version: Version): Node {
  return {
    [scaleName(origin)]: {
      description: 'Size of an object that can be scaled.',
      type: 'object',
      properties: {
        apiVersion: toOpenApi(API_VERSION_SCHEMA, version),
        kind: toOpenApi(KIND_SCHEMA, version),
        metadata: describedReference(version, metaName(origin, 'ObjectMeta'), 'Standard object metadata.'),
        spec: toOpenApi(scaleSpec, version),
        status: toOpenApi(scaleStatus, version),
      },
    },
  };
}
