/** Metadata that only the server sets: given at creation, restored on every update, whatever the client sent. */
import { randomUUID } from 'node:crypto';
import type { JsonObject } from '../api/json.ts';
import type { Kind } from '../api/kind.ts';
import { timestamp } from '../runtime/clock.ts';
import { metadataOf, withMetadata } from './body.ts';
import { equal, own, takeKey, without } from './tree.ts';

/**
 * Native kinds without a desired state that is counted, as on a cluster.
 * source: the PrepareForCreate of kubernetes/pkg/registry strategies.
 */
const GROUPS_WITH_GENERATION: readonly string[] = [
  'apps',
  'batch',
  'networking.k8s.io',
  'policy',
  'admissionregistration.k8s.io',
  'discovery.k8s.io',
];
const countsGenerations = (kind: Kind): boolean =>
  kind.origin === 'own' ||
  GROUPS_WITH_GENERATION.includes(kind.group) ||
  (kind.group === '' && kind.kind === 'ReplicationController');

/** A new object under `name`. What a client sent of these fields is ignored. */
export function asCreated(kind: Kind, object: JsonObject, name: string, nowMs: number): JsonObject {
  const given = metadataOf(object);
  const namespace = own(given, 'namespace');
  // Labels first, as they are stored; see `serialise`.
  const labels = own(given, 'labels');
  const metadata: JsonObject = labels === undefined ? { name } : { labels, name };
  if (namespace !== undefined) metadata['namespace'] = namespace;
  metadata['uid'] = randomUUID();
  if (countsGenerations(kind)) metadata['generation'] = 1;
  metadata['creationTimestamp'] = timestamp(nowMs);
  // Pruned before, so there is no name among them that assigning would mistake.
  for (const field of Object.keys(given)) {
    if (!SET_AT_CREATION.has(field)) metadata[field] = given[field] ?? null;
  }
  return withMetadata(object, metadata);
}
const SET_AT_CREATION: ReadonlySet<string> = new Set([
  'labels',
  'name',
  'namespace',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'selfLink',
]);

const ALWAYS_RESTORED = ['resourceVersion', 'creationTimestamp', 'generation'] as const;
const RESTORED_WHEN_TERMINATING = ['deletionTimestamp', 'deletionGracePeriodSeconds'] as const;

/** The object with the server's fields as they are stored. A deletionTimestamp on a living object stays: it is refused. */
export function asUpdated(object: JsonObject, old: JsonObject): JsonObject {
  const oldMetadata = metadataOf(old);
  let metadata = without(metadataOf(object), 'selfLink');
  for (const field of ALWAYS_RESTORED) metadata = takeKey(metadata, field, oldMetadata);
  if (Object.hasOwn(oldMetadata, 'deletionTimestamp')) {
    for (const field of RESTORED_WHEN_TERMINATING) metadata = takeKey(metadata, field, oldMetadata);
  } else {
    metadata = without(metadata, 'deletionGracePeriodSeconds');
  }
  for (const field of ['uid', 'namespace']) {
    if (!Object.hasOwn(metadata, field)) metadata = takeKey(metadata, field, oldMetadata);
  }
  return withMetadata(object, metadata);
}

const IDENTITY = ['name', 'namespace', 'uid', ...ALWAYS_RESTORED, ...RESTORED_WHEN_TERMINATING] as const;

/** The object with identity and server fields of `like`: mutation has no say in them. */
export function keepIdentity(object: JsonObject, like: JsonObject): JsonObject {
  let metadata = metadataOf(object);
  for (const field of IDENTITY) metadata = takeKey(metadata, field, metadataOf(like));
  return withMetadata(object, metadata);
}

/** generation counts changes outside of metadata and, where status is a subresource, outside of status. */
export function withGeneration(kind: Kind, object: JsonObject, old: JsonObject): JsonObject {
  const before = own(metadataOf(old), 'generation');
  if (typeof before !== 'number' || !countsGenerations(kind)) return object;
  const apart = ['apiVersion', 'kind', 'metadata', ...(kind.hasStatus ? ['status'] : [])];
  const isSame = equal(without(object, ...apart), without(old, ...apart));
  return withMetadata(object, { ...metadataOf(object), generation: isSame ? before : before + 1 });
}
