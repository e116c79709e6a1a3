/** From a request body to an object of the kind the URL names, with every refusal that needs no stored state. */
import { badRequest, invalid, type Cause } from '../api/errors.ts';
import { isObject, type JsonObject } from '../api/json.ts';
import { apiVersionOf, type Kind } from '../api/kind.ts';
import { requireMetadataTypes, withoutNulls } from './metadata-types.ts';
import type { Body, Target } from './registry.ts';
import { own, without, withKey } from './tree.ts';

export const metadataOf = (object: JsonObject): JsonObject => {
  const metadata = own(object, 'metadata');
  return isObject(metadata) ? metadata : {};
};
/** A string field of the metadata; empty when absent. */
export function metaText(object: JsonObject, field: string): string {
  const value = own(metadataOf(object), field);
  return typeof value === 'string' ? value : '';
}
export const withMetadata = (object: JsonObject, metadata: JsonObject): JsonObject =>
  withKey(object, 'metadata', metadata);

/** Throws 400 for what is no object of this kind and 422 for numbers that cannot be stored as they were sent. */
export function readObject(kind: Kind, body: Body): JsonObject {
  const object = ofKind(kind, body.value);
  const metadata = metadataOf(object);
  requireMetadataTypes(kind, metadata);
  requireExact(kind, metaText(object, 'name'), body);
  const filled = withoutNulls(metadata);
  return filled === metadata ? object : withMetadata(object, filled);
}

/** The object with apiVersion and kind of its endpoint and with metadata. Throws 400. */
export function ofKind(kind: Kind, value: unknown): JsonObject {
  if (!isObject(value)) throw badRequest(`the body must be one object of kind ${kind.kind}`);
  const expected = { apiVersion: apiVersionOf(kind), kind: kind.kind };
  requireType(value, 'kind', { expected: expected.kind, words: 'kind', kind });
  requireType(value, 'apiVersion', { expected: expected.apiVersion, words: 'API version', kind });
  const metadata = own(value, 'metadata') ?? {};
  if (!isObject(metadata)) throw badRequest('metadata must be an object');
  // In the order in which objects are stored; a name that is there already keeps its place.
  const object: JsonObject = { ...expected, metadata, ...value };
  return Object.assign(object, expected, { metadata });
}

interface TypeRule {
  readonly expected: string;
  readonly words: string;
  readonly kind: Kind;
}

function requireType(object: JsonObject, field: string, rule: TypeRule): void {
  const value = own(object, field);
  // Kubernetes fills in the type for its own kinds and demands it for all others, as for custom resources.
  if ((value === undefined || value === null || value === '') && rule.kind.origin === 'native') return;
  if (value === rule.expected) return;
  if (typeof value !== 'string' || value === '') {
    throw badRequest(`${field} must be set; this endpoint expects ${rule.expected}`);
  }
  throw badRequest(
    `the ${rule.words} in the data (${value}) does not match the expected ${rule.words} (${rule.expected})`,
  );
}

/** A number that a double cannot hold would be stored as another number. */
export function requireExact(kind: Kind, name: string, body: Body): void {
  if (body.lossy.length === 0) return;
  const causes = body.lossy.map(({ field }): Cause => ({
    reason: 'FieldValueInvalid',
    field,
    message: `Invalid value: the number cannot be stored without loss; integers up to 2^53 are exact`,
  }));
  throw invalid(kind, name, causes);
}

/** The object in the namespace of the URL. Throws 400 when it says another one. */
export function inNamespace(object: JsonObject, namespace: string): JsonObject {
  const metadata = metadataOf(object);
  const given = metaText(object, 'namespace');
  if (namespace === '') {
    return Object.hasOwn(metadata, 'namespace')
      ? withMetadata(object, without(metadata, 'namespace'))
      : object;
  }
  if (given === namespace) return object;
  if (given !== '') {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  return withMetadata(object, { ...metadata, namespace });
}

/** Throws 400 when the object is not the one the URL names. */
export function requireName(object: JsonObject, target: Target): void {
  const name = metaText(object, 'name');
  if (name === target.name) return;
  if (name === '') {
    const why = 'was undeterminable: name must be provided';
    throw badRequest(`the name of the object (${target.name} based on URL) ${why}`);
  }
  throw badRequest(`the name of the object (${name}) does not match the name on the URL (${target.name})`);
}
