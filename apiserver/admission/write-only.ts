/** Takes `spec.stringData` out of a Credential and out of every copy that clients leave in its metadata. */
import { isObject, type Json, type JsonObject } from '../api/json.ts';
import { Credential } from '../kinds/credential.ts';

const FIELD = 'stringData';
/** source: kubectl, the manifest as it was applied last. */
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/** The same object when there is nothing to take out. */
export function withoutValues(object: JsonObject): JsonObject {
  const spec = object['spec'];
  const metadata = object['metadata'];
  return {
    ...object,
    ...(isObject(spec) ? { spec: withoutField(spec, FIELD) } : {}),
    ...(isObject(metadata) ? { metadata: cleanMetadata(metadata) } : {}),
  };
}

function withoutField(object: JsonObject, field: string): JsonObject {
  if (!Object.hasOwn(object, field)) return object;
  const { [field]: _removed, ...rest } = object;
  return rest;
}

function cleanMetadata(metadata: JsonObject): JsonObject {
  const { annotations, managedFields } = metadata;
  return {
    ...metadata,
    ...(isObject(annotations) && Object.hasOwn(annotations, LAST_APPLIED)
      ? { annotations: cleanAnnotations(annotations) }
      : {}),
    ...(Array.isArray(managedFields) ? { managedFields: managedFields.map(cleanEntry) } : {}),
  };
}

function cleanAnnotations(annotations: JsonObject): JsonObject {
  const cleaned = cleanManifest(annotations[LAST_APPLIED]);
  const { [LAST_APPLIED]: _removed, ...rest } = annotations;
  return cleaned === undefined ? rest : { ...rest, [LAST_APPLIED]: cleaned };
}

/**
 * Only fields of the schema survive: a value under a misspelt key is pruned from the object and must not stay here.
 * undefined: not JSON, so nobody can say what is in it.
 */
function cleanManifest(text: Json | undefined): string | undefined {
  if (typeof text !== 'string') return undefined;
  let manifest: unknown;
  try {
    manifest = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(manifest)) return undefined;
  const { apiVersion = '', kind = '', metadata, spec } = manifest;
  const cleaned = {
    apiVersion,
    kind,
    metadata: isObject(metadata) ? nested(metadata) : {},
    ...(isObject(spec) ? { spec: knownFields(spec) } : {}),
  };
  return `${JSON.stringify(cleaned)}\n`;
}

function knownFields(spec: JsonObject): JsonObject {
  const known = Credential.schema.properties?.['spec']?.properties ?? {};
  return Object.fromEntries(
    Object.entries(spec).filter(([key]) => key !== FIELD && Object.hasOwn(known, key)),
  );
}

/** kubectl writes an empty annotations map; anything in it under our key would be a copy of a copy. */
function nested(metadata: JsonObject): JsonObject {
  const { annotations } = metadata;
  return isObject(annotations)
    ? { ...metadata, annotations: withoutField(annotations, LAST_APPLIED) }
    : metadata;
}

/** Nobody owns a field that is never stored. */
function cleanEntry(entry: Json): Json {
  const fields = isObject(entry) ? entry['fieldsV1'] : undefined;
  const spec = isObject(fields) ? fields['f:spec'] : undefined;
  if (!isObject(entry) || !isObject(fields) || !isObject(spec)) return entry;
  return { ...entry, fieldsV1: { ...fields, 'f:spec': withoutField(spec, `f:${FIELD}`) } };
}
