/**
 * The bridge from client-side apply: fields that kubectl recorded in its annotation may be taken over without a
 * conflict, and the annotation follows what is applied.
 * source: apimachinery util/managedfields internal (lastappliedmanager.go, lastappliedupdater.go).
 */
import { isObject, type Json, type JsonObject } from '../../api/json.ts';
import type { Endpoint } from './endpoint.ts';
import { typeProblems } from './check-type.ts';
import { compare } from './compare.ts';
import type { FieldSet } from './field-set.ts';
import { goJson } from './go-text.ts';
import { metadataOf } from './managed-fields.ts';
import { fieldSetOf } from './owned-fields.ts';
import { fieldOf } from './values.ts';

export const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
/** Only this manager takes over from client-side apply; any other name opts out. */
export const KUBECTL = 'kubectl';
const MAX_ANNOTATION_BYTES = 256 * 1024;

function annotationsOf(object: JsonObject): JsonObject | undefined {
  const { annotations } = metadataOf(object);
  return isObject(annotations) ? annotations : undefined;
}

function lastAppliedOf(object: JsonObject): string {
  const value = fieldOf(annotationsOf(object), LAST_APPLIED);
  return typeof value === 'string' ? value : '';
}

/** Fields that client-side apply set and that still have its value. Undefined: there is nothing to go by. */
export function takeOverSet(endpoint: Endpoint, live: JsonObject): FieldSet | undefined {
  const config = parseConfig(lastAppliedOf(live));
  const isOurs = config?.['apiVersion'] === endpoint.apiVersion && config['kind'] === endpoint.kind.kind;
  if (config === undefined || !isOurs) return undefined;
  if (typeProblems(endpoint.atom, config).length + typeProblems(endpoint.atom, live).length > 0)
    return undefined;
  const { added, modified, removed } = compare(endpoint.atom, config, live);
  return fieldSetOf(endpoint.atom, config).difference(modified).difference(added).difference(removed);
}

function parseConfig(text: string): JsonObject | undefined {
  if (text === '') return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Writes the applied configuration into the annotation if the object has one; too large a one is removed. */
export function syncLastApplied(object: JsonObject, applied: JsonObject): JsonObject {
  if (lastAppliedOf(object) === '') return object;
  const { [LAST_APPLIED]: _replaced, ...others } = annotationsOf(object) ?? {};
  const annotations: JsonObject = { ...others, [LAST_APPLIED]: `${goJson(withoutLastApplied(applied))}\n` };
  const kept = bytesOf(annotations) > MAX_ANNOTATION_BYTES ? others : annotations;
  return { ...object, metadata: { ...metadataOf(object), annotations: kept } };
}

function withoutLastApplied(applied: JsonObject): JsonObject {
  const annotations = annotationsOf(applied);
  if (annotations === undefined || !Object.hasOwn(annotations, LAST_APPLIED)) return applied;
  const { [LAST_APPLIED]: _itself, ...others } = annotations;
  return { ...applied, metadata: { ...metadataOf(applied), annotations: others } };
}

function bytesOf(annotations: Readonly<Record<string, Json>>): number {
  let bytes = 0;
  for (const [key, value] of Object.entries(annotations)) {
    bytes += Buffer.byteLength(key) + (typeof value === 'string' ? Buffer.byteLength(value) : 0);
  }
  return bytes;
}
