/** Reading and replacing `metadata.managedFields` of an object without touching the object itself. */
import { isObject, type Json, type JsonObject } from '../../api/json.ts';
import { sameValue } from './values.ts';

export function metadataOf(object: JsonObject | undefined): JsonObject {
  const metadata = object?.['metadata'];
  return isObject(metadata) ? metadata : {};
}

export const managedFieldsOf = (object: JsonObject | undefined): Json | undefined =>
  metadataOf(object)['managedFields'];

/** Copies the root and metadata, shares the rest. Undefined leaves the field out. */
export function withManagedFields(
  object: JsonObject,
  managedFields: readonly Json[] | undefined,
): JsonObject {
  const before = metadataOf(object);
  if (managedFields !== undefined && !Object.hasOwn(before, 'managedFields')) {
    return { ...object, metadata: { ...before, managedFields } };
  }
  const { managedFields: _replaced, ...metadata } = before;
  if (managedFields !== undefined) metadata['managedFields'] = managedFields;
  return { ...object, metadata };
}

/**
 * The old object if the new one differs in nothing but times of managedFields entries, else the new one. The
 * last step before a write, so that a repeated request stays without a new resourceVersion.
 * source: apiserver handlers/fieldmanager/equality.go.
 */
export function dropTimeOnlyChange(oldObject: JsonObject, newObject: JsonObject): JsonObject {
  const before = managedFieldsOf(oldObject);
  const after = managedFieldsOf(newObject);
  if (!Array.isArray(before) || !Array.isArray(after) || before.length !== after.length) return newObject;
  const same = sameValue(withoutTimes(before), withoutTimes(after));
  if (!same || !sameValue(withManagedFields(oldObject, []), withManagedFields(newObject, [])))
    return newObject;
  return withManagedFields(newObject, before);
}

const withoutTimes = (entries: readonly Json[]): readonly Json[] =>
  entries.map((entry) => (isObject(entry) ? { ...entry, time: '' } : entry));
