/** The `/scale` subresource: an autoscaling/v1 Scale as a view of an object. */
import { cause } from '../api/causes.ts';
import { badRequest, invalid } from '../api/errors.ts';
import { at, isObject, type Json, type JsonObject } from '../api/json.ts';
import type { Kind } from '../api/kind.ts';
import { formatSelector, type LabelSelector } from '../kinds/fields.ts';
import { metadataOf, metaText, withMetadata } from './body.ts';
import type { StoredObject, Target } from './registry.ts';
import { own, withPath } from './tree.ts';

const API_VERSION = 'autoscaling/v1';

/** The Scale of a stored object. Throws for a kind without scale. */
export function toScale(kind: Kind, object: JsonObject): JsonObject {
  const { scale } = kind;
  if (scale === undefined) throw new Error(`kind ${kind.kind} has no scale`);
  const selector = scale.labelSelector === undefined ? '' : selectorText(at(object, scale.labelSelector));
  const metadata: JsonObject = {};
  for (const field of ['name', 'namespace', 'uid', 'resourceVersion', 'creationTimestamp']) {
    const value = own(metadataOf(object), field);
    if (value !== undefined) metadata[field] = value;
  }
  return {
    kind: 'Scale',
    apiVersion: API_VERSION,
    metadata,
    spec: { replicas: count(at(object, scale.specReplicas)) },
    status: {
      replicas: count(at(object, scale.statusReplicas)),
      ...(selector === '' ? {} : { selector }),
    },
  };
}

/**
 * Own kinds keep the text of their selector in the status, as CustomResourceDefinitions do; Deployments and the
 * like have the selector itself. source: kubernetes pkg/registry/apps/deployment/storage scaleFromDeployment.
 */
function selectorText(selector: unknown): string {
  if (typeof selector === 'string') return selector;
  // Admitted with the kind's schema, so its parts have the right types.
  const text = isObject(selector) ? formatSelector(selector as LabelSelector) : '';
  return text === '<none>' ? '' : text;
}

const count = (value: unknown): number => (typeof value === 'number' ? value : 0);

/** The object with the replicas and, as a precondition, the resourceVersion of a Scale. Throws 400 and 422. */
export function fromScale(target: Target, object: JsonObject, body: unknown): JsonObject {
  const { kind, name } = target;
  if (kind.scale === undefined) throw new Error(`kind ${kind.kind} has no scale`);
  if (!isObject(body)) throw badRequest('the body must be one object of kind Scale');
  for (const [field, expected] of [
    ['kind', 'Scale'],
    ['apiVersion', API_VERSION],
  ] as const) {
    const value = own(body, field);
    if (value !== undefined && value !== expected) {
      throw badRequest(`${field} in the data (${JSON.stringify(value)}) does not match ${expected}`);
    }
  }
  const given = metaText(body, 'name');
  if (given !== '' && given !== name) {
    throw badRequest(`the name of the object (${given}) does not match the name on the URL (${name})`);
  }
  const replicas = readReplicas(target, at(body, 'spec.replicas'));
  const scaled = withPath(object, kind.scale.specReplicas.split('.'), replicas);
  const resourceVersion = metaText(body, 'resourceVersion');
  return withMetadata(scaled, { ...metadataOf(object), resourceVersion });
}

/** The Scale of a stored object as an answer. */
export function scaleOf(stored: StoredObject, kind: Kind): StoredObject {
  const scale = toScale(kind, stored.read());
  const bytes = Buffer.from(JSON.stringify(scale));
  const { key, namespace, name, revision } = stored;
  return { key, namespace, name, revision, bytes, size: bytes.length, read: () => scale };
}

function readReplicas({ kind, name }: Target, value: unknown): Json {
  if (value === undefined) return 0;
  if (typeof value !== 'number' || !Number.isInteger(value)) {
    throw badRequest('spec.replicas must be an integer');
  }
  if (value >= 0 && value <= 0x7fff_ffff) return value;
  const why = 'should be a non-negative integer';
  throw invalid(kind, name, [cause.invalid('spec.replicas', value, why)]);
}
